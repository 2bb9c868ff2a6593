"""Runs cases against one runtime and judges the answers."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from orchestration.checks.cases import Case, Credential, Verdict
from orchestration.checks.credentials import bearer
from orchestration.clock import Clock
from orchestration.errors import OrchestrationError, Unfit
from orchestration.tokens import TokenBroker

QUESTION = "what is the credit score for me? my customer id is 1234"
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the data plane. `body` is text; `error_type` the x-amzn-ErrorType header or ""."""

    status: int
    body: str
    error_type: str = ""


class Caller(Protocol):
    """Sends one InvokeAgentRuntime request."""

    def with_bearer(self, token: str | None, payload: Mapping[str, Any], session_id: str) -> Reply:
        """POST with `Authorization: Bearer <token>`, or without the header."""

    def with_sigv4(self, payload: Mapping[str, Any], session_id: str) -> Reply:
        """The same call signed with the operator's AWS credentials."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case. `elapsed_ms` covers the call alone, not getting the token."""

    case: Case
    verdict: Verdict
    status: int | None
    reason: str
    elapsed_ms: float
    ok: bool


def new_session_id() -> str:
    """A session id of 36 characters: the service wants 33 to 256 (botocore model: InvokeAgentRuntime)."""
    return f"smoke-{secrets.token_hex(15)}"


def judge(case: Case, reply: Reply) -> tuple[Verdict, str, bool]:
    """(verdict, reason to show, as expected). An admitted caller must have got an answer of the agent."""
    verdict = _verdict(reply)
    reason = answer_text(reply.body) if verdict is Verdict.ADMITTED else refusal_text(reply)
    if verdict is not case.verdict:
        return verdict, reason or f"HTTP {reply.status}", False
    if reply.status not in case.statuses:
        return verdict, f"HTTP {reply.status} instead of {sorted(case.statuses)}: {reason}", False
    if case.words and not re.search(case.words, reply.body, re.I):
        return verdict, f"refused, but not with the expected words: {reason}", False
    return verdict, reason, True


def _verdict(reply: Reply) -> Verdict:
    if reply.status in (401, 403):
        return Verdict.REFUSED
    if reply.status == 200 and answer_text(reply.body):
        return Verdict.ADMITTED
    return Verdict.BROKEN


def answer_text(body: str) -> str:
    """result.content[0].text of the agent's answer, or ""."""
    try:
        text = json.loads(body)["result"]["content"][0]["text"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return text if isinstance(text, str) else ""


def refusal_text(reply: Reply) -> str:
    """The service's message out of its two body shapes ({"message"}, JSON-RPC's {"error": {"message"}})."""
    try:
        body = json.loads(reply.body)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    error = body.get("error")
    nested = error.get("message") if isinstance(error, dict) else error
    message = body.get("message") or body.get("Message") or nested or ""
    return " ".join(part for part in (reply.error_type.partition(":")[0], str(message)[:300]) if part)


def run_cases(
    cases: Iterable[Case], caller: Caller, broker: TokenBroker, clock: Clock, done: Callable[[Outcome], None]
) -> list[Outcome]:
    """One call a case, in order; `done` is told each outcome. A call that cannot be made is a broken case."""
    outcomes = []
    for case in cases:
        outcome = _run(case, caller, broker, clock)
        done(outcome)
        outcomes.append(outcome)
    return outcomes


def _run(case: Case, caller: Caller, broker: TokenBroker, clock: Clock) -> Outcome:
    started = clock.monotonic()
    try:
        token = bearer(case.credential, broker)
        started = clock.monotonic()
        payload = {"prompt": QUESTION}
        if case.credential is Credential.SIGV4:
            reply = caller.with_sigv4(payload, new_session_id())
        else:
            reply = caller.with_bearer(token, payload, new_session_id())
    except Unfit:
        raise
    except OrchestrationError as e:
        return Outcome(case, Verdict.BROKEN, None, e.message, (clock.monotonic() - started) * 1000, False)
    elapsed_ms = (clock.monotonic() - started) * 1000
    verdict, reason, ok = judge(case, reply)
    return Outcome(case, verdict, reply.status, reason, elapsed_ms, ok)
