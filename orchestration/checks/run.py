"""Runs cases against their doors, several at a time, and judges the answers."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from orchestration.checks.case import Case, Door, Verdict, judge
from orchestration.checks.draft import finish, good
from orchestration.checks.kit import Unavailable
from orchestration.checks.masking import masked
from orchestration.checks.outcome import Canaries, Exchange, Outcome, Sent, Subject
from orchestration.checks.reached import look_up
from orchestration.checks.request import Request, new_session_id
from orchestration.checks.source import NO_GATEWAY
from orchestration.clock import Clock
from orchestration.errors import OrchestrationError, Unfit

__all__ = ["Canaries", "Exchange", "Outcome", "Sent", "Subject", "document_of", "run_cases", "select"]

_TOKEN_IN_URL = re.compile(r"(access_token=)[^&]*")


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
    return look_up([outcomes[case.id] for case in chosen], subject)


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
        if (reply := subject.sender_of(case.door).send(opening)).status != 200:
            reason = f"the call that opens the session was answered {reply.status}"
            return Outcome(case, Verdict.BROKEN, reply.status, reason, None, False, sent=tuple(sent))
    canary = secrets.token_hex(16)
    request = finish(case.change(good(subject.kit, case.caller, arn, session_id, canary)))
    sent.append(_as_sent(request))
    started = clock.monotonic()
    reply = subject.sender_of(case.door).send(request)
    elapsed_ms = (clock.monotonic() - started) * 1000
    verdict, reason, ok = judge(case, reply, lambda text: masked(text, request), any_answer=subject.foreign)
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
    """The ARN or URL to call. Raises Unavailable for a case that makes no sense here."""
    if case.only_locally and not subject.local:
        raise Unavailable(case.only_locally)
    if subject.foreign and "agent" in case.tags:
        raise Unavailable("the agent there is not this project's")
    if "gateway" in case.tags and Door.GATEWAY not in subject.doors:
        raise Unavailable(NO_GATEWAY)
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
