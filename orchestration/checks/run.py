"""Runs cases against their doors, several at a time, and judges the answers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any, Protocol

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Verdict, judge
from orchestration.checks.draft import finish, good
from orchestration.checks.kit import Kit, Unavailable
from orchestration.checks.request import Reply, Request, Sender, new_session_id
from orchestration.clock import Clock
from orchestration.errors import OrchestrationError, Unfit

_TOKEN_IN_URL = re.compile(r"(access_token=)[^&]*")


class Canaries(Protocol):
    """Tells which calls reached the agent."""

    def seen(self, sent: Collection[str], expected: Collection[str]) -> set[str]:
        """Those of `sent` that an agent noted. Waits a bounded time for the `expected`; the others are in by then."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is put to the test."""

    doors: Mapping[Door, str]
    """Runtime ARNs. A case whose door is not among them is skipped."""
    kit: Kit
    sender: Sender
    canaries: Canaries | None
    """None: nobody can tell what reached the agent."""
    local: bool
    excluded: Mapping[Caller, str]
    """Callers whom the main door keeps out by what it asks for, and what that is."""
    foreign: bool = False
    """A runtime that this project did not make: any answer of its agent is an answer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it went out, in memory alone: its headers hold tokens, and repr does not show them."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body_bytes: int

    def __repr__(self) -> str:
        return f"Sent({self.method})"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A case's own call and its answer, in memory alone, for whoever explains it."""

    runtime_arn: str
    request: Request
    reply: Reply


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case. `elapsed_ms` covers its own call alone, not getting tokens nor what came before."""

    case: Case
    verdict: Verdict | None
    """None: skipped."""
    status: int | None
    reason: str
    elapsed_ms: float | None
    ok: bool
    """False for what was skipped, too."""
    canary: str = ""
    reached: bool | None = None
    """Whether the agent noted the call; None: not looked at."""
    skipped: str | None = None
    """Why the case did not run."""
    explanation: str | None = None
    sent: tuple[Sent, ...] = ()
    exchange: Exchange | None = None


def run_cases(
    cases: Iterable[Case],
    subject: Subject,
    clock: Clock,
    done: Callable[[Outcome], None],
    *,
    parallel: int = 4,
) -> list[Outcome]:
    """Every case once, `parallel` at a time; `done` is told each outcome as it comes. In the order of the cases.

    What reached the agent is looked up once, at the end. Raises Unfit when there is no data plane at all.
    """
    chosen = list(cases)
    outcomes: dict[str, Outcome] = {}
    pool = ThreadPoolExecutor(max_workers=parallel)
    try:
        futures = [pool.submit(_run, case, subject, clock) for case in chosen]
        for future in as_completed(futures):
            outcome = future.result()
            outcomes[outcome.case.id] = outcome
            done(outcome)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return look_up([outcomes[case.id] for case in chosen], subject.canaries)


def look_up(outcomes: Sequence[Outcome], canaries: Canaries | None) -> list[Outcome]:
    """Mark what reached the agent; an answer that does not fit to that is wrong, whatever its status was."""
    sent = {outcome.canary for outcome in outcomes if outcome.canary}
    if canaries is None or not sent:
        return list(outcomes)
    expected = {o.canary for o in outcomes if o.canary and o.case.reached and o.ok}
    seen = canaries.seen(sent, expected)
    return [_marked(outcome, outcome.canary in seen) if outcome.canary else outcome for outcome in outcomes]


def _marked(outcome: Outcome, reached: bool) -> Outcome:
    if reached == outcome.case.reached or not outcome.ok:
        return replace(outcome, reached=reached)
    text = "refused, but the call reached the agent" if reached else "answered, but the call never reached the agent"
    return replace(outcome, reached=reached, ok=False, reason=f"{text}: {outcome.reason}")


def _run(case: Case, subject: Subject, clock: Clock) -> Outcome:
    try:
        return _called(case, subject, clock)
    except Unavailable as e:
        return Outcome(case, None, None, "", None, False, skipped=str(e))
    except Unfit:
        raise
    except OrchestrationError as e:
        return Outcome(case, Verdict.BROKEN, None, e.message, None, False)


def _called(case: Case, subject: Subject, clock: Clock) -> Outcome:
    arn = _door_of(case, subject)
    session_id = new_session_id()
    sent: list[Sent] = []
    if case.opener is not None:
        opening = finish(good(subject.kit, case.opener, arn, session_id, secrets.token_hex(16)))
        sent.append(_as_sent(opening))
        if (reply := subject.sender.send(opening)).status != 200:
            reason = f"the call that opens the session was answered {reply.status}"
            return Outcome(case, Verdict.BROKEN, reply.status, reason, None, False, sent=tuple(sent))
    canary = secrets.token_hex(16)
    request = finish(case.change(good(subject.kit, case.caller, arn, session_id, canary)))
    sent.append(_as_sent(request))
    started = clock.monotonic()
    reply = subject.sender.send(request)
    elapsed_ms = (clock.monotonic() - started) * 1000
    verdict, reason, ok = judge(case, reply, any_answer=subject.foreign)
    return Outcome(
        case,
        verdict,
        reply.status,
        reason,
        elapsed_ms,
        ok,
        canary,
        sent=tuple(sent),
        exchange=Exchange(arn, request, reply),
    )


def _door_of(case: Case, subject: Subject) -> str:
    """The ARN to call. Raises Unavailable for a case that makes no sense here."""
    if case.only_locally and not subject.local:
        raise Unavailable(case.only_locally)
    if subject.foreign and "agent" in case.tags:
        raise Unavailable("the agent there is not this project's")
    arn = subject.doors.get(case.door)
    if arn is None:
        raise Unavailable(f"there is no {case.door.value} door here")
    for caller in (case.opener, case.caller if case.reached else None):
        if caller is not None and case.door is Door.MAIN and caller in subject.excluded:
            raise Unavailable(subject.excluded[caller])
    return arn


def _as_sent(request: Request) -> Sent:
    url = _TOKEN_IN_URL.sub(r"\1<token>", request.target)
    return Sent(request.method, url, request.headers, len(request.body))


def select(cases: Iterable[Case], *, ids: Sequence[str] = (), tags: Sequence[str] = ()) -> list[Case]:
    """The cases of these ids, or with any of these tags (doors are tags too); all when nothing is asked for."""
    everything = list(cases)
    if not ids and not tags:
        return everything
    return [c for c in everything if c.id in ids or c.tags.intersection(tags) or c.door.value in tags]


def document_of(outcome: Outcome) -> dict[str, Any]:
    """One case for machines; no token, no canary."""
    case = outcome.case
    return {
        "id": case.id,
        "title": case.title,
        "door": case.door.value,
        "credential": case.credential,
        "tags": sorted(case.tags),
        "expected": case.verdict.value,
        "got": outcome.verdict.value if outcome.verdict else None,
        "status": outcome.status,
        "reason": outcome.reason,
        "elapsed_ms": None if outcome.elapsed_ms is None else round(outcome.elapsed_ms, 1),
        "ok": outcome.ok,
        "expected_reached": case.reached,
        "reached": outcome.reached,
        "skipped": outcome.skipped,
        "explanation": outcome.explanation,
    }
