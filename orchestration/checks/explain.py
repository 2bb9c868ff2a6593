"""Why a call was answered as it was: the first rule that failed, what it saw, what it wants and the way out. Pure.

The rules are the door's own (a Decision of agentcore_local.decide over the live authorizer) and the request's. What
they predict is held against the live answer: where the two differ, the service or its configuration has changed.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from orchestration.checks.asked import Asked, rules_before_door, rules_behind_door
from orchestration.checks.decision import FAILED, Decision, Rule
from orchestration.checks.remedies import Place, Trap, fix, trap

SCHEMA_VERSION = 1
ROUTING_RULES = ("route", "runtime", "qualifier")
REQUEST_RULES = (
    *ROUTING_RULES,
    "one_credential",
    "transport",
    "header_size",
    "session_id",
    "body_size",
    "header_length",
)
# AWS General Reference: common errors, for callers that sign.
SIGNATURE_ERRORS = {
    "InvalidSignatureException": "sigv4_signature",
    "IncompleteSignatureException": "sigv4_signature",
    "UnrecognizedClientException": "sigv4_key",
    "InvalidClientTokenId": "sigv4_key",
    "ExpiredTokenException": "sigv4_session",
    "MissingAuthenticationTokenException": "header",
}
SIGNED_WANTED = {
    "sigv4_signature": "a signature by the secret of its access key",
    "sigv4_key": "an access key that exists",
    "sigv4_session": "credentials that have not expired",
    "header": "a signed request",
}
# botocore model: InvokeAgentRuntime's errors for quotas, conflicts and throttling.
BUSY = (402, 408, 409, 429)
_SAID = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """The live answer; `status` None when there was none. `words` is the message, already read from the body."""

    status: int | None
    error_type: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`answered_by`: door, routing, request, agent, tool, service, nobody; `differs`: how the prediction was wrong."""

    answered_by: str
    status: int | None
    predicted: str
    predicted_status: int | None
    differs: str | None
    first: Rule | None
    fix: str | None
    trap: Trap | None
    rules: tuple[Rule, ...]
    verified: bool

    @property
    def line(self) -> str:
        """All of it on one line."""
        who = {"door": "the door", "agent": "the agent", "service": "the service"}.get(
            self.answered_by, self.answered_by
        )
        if self.first is None:
            parts = [f"no rule of the live authorizer refuses this call; {who} answered {self.status}"]
        else:
            parts = [f"{who}: {self.first.rule}: saw {self.first.seen}, wants {self.first.wanted}"]
        parts += [self.trap.text] if self.trap else []
        parts += [f"fix: {self.fix}"] if self.fix else []
        parts += [self.differs] if self.differs else []
        return "; ".join(parts)

    def document(self) -> dict[str, Any]:
        """For --json."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}


def explain(asked: Asked, decision: Decision, answer: Answer, place: Place) -> Explanation:
    """Judge the request by every rule, and the answer by what they predict."""
    before = tuple(rules_before_door(asked, place.gateway))
    behind = rules_behind_door(asked, place.runtime_arn, place.qualifiers, place.forwarded)
    # What a gateway asks of a request behind its door is the protocol's.
    rules = (*before, *decision.rules, *(() if place.gateway else behind))
    expected = next((rule for rule in rules if rule.verdict == FAILED), None)
    predicted, status = _prediction(expected, decision, at_gateway=bool(place.gateway))
    first, more = _cause(rules, decision, answer, place)
    return Explanation(
        answered_by=_answered_by(first, answer, at_gateway=bool(place.gateway)),
        status=answer.status,
        predicted=predicted,
        predicted_status=status,
        differs=_difference(predicted, status, expected, answer),
        first=first,
        fix=fix(first.rule, place, decision.door) if first else None,
        trap=trap(first, decision) if first else None,
        rules=(*rules, *more),
        verified=decision.verified,
    )


def _prediction(expected: Rule | None, decision: Decision, *, at_gateway: bool) -> tuple[str, int | None]:
    if expected is not None and at_gateway:  # AgentCore devguide: gateway-inbound-auth
        return "refused", (403 if expected.rule == "scopes" else 401) if expected in decision.rules else None
    if expected is not None:  # with which status a request is refused for its form is not documented
        return "refused", decision.status if expected in decision.rules else None
    return ("unknown", None) if decision.decision == "unknown" else ("admitted", 200)


def _cause(
    rules: tuple[Rule, ...], decision: Decision, answer: Answer, place: Place
) -> tuple[Rule | None, tuple[Rule, ...]]:
    """(the rule that explains the answer, rules that only the answer tells of)."""
    failed = [rule for rule in rules if rule.verdict == FAILED]
    routing = next((rule for rule in failed if rule.rule in ROUTING_RULES), None)
    if answer.status == 404 and routing:
        return routing, ()
    told = _told(decision, answer, place)
    if answer.status is None or _of_the_agent(answer.status) or answer.status == 404:
        return told, (told,) if told else ()
    if failed:
        return failed[0], ()
    return told, (told,) if told else ()


def _told(decision: Decision, answer: Answer, place: Place) -> Rule | None:
    """What the answer alone says, where no rule of ours foresaw it."""
    said = _said(answer)
    if answer.status == 200:
        return None
    if answer.status is None:
        return Rule("service", FAILED, "an answer", said)
    if answer.status == 404:
        return Rule("endpoint", FAILED, f"{place.runtime_arn} with one of {', '.join(place.qualifiers)}", said)
    if _of_the_agent(answer.status):
        owner = re.search(r"\(403\)", answer.words) is not None
        return Rule("session_owner" if owner else "agent", FAILED, "an answer of the agent", said)
    if answer.status in BUSY:
        return Rule("busy", FAILED, "room for the call", said)
    kind = answer.error_type.partition(":")[0]
    if decision.door == "iam":
        if name := SIGNATURE_ERRORS.get(kind):
            return Rule(name, FAILED, SIGNED_WANTED[name], said)
        if answer.status == 403:
            return Rule("permission", FAILED, f"bedrock-agentcore:InvokeAgentRuntime on {place.runtime_arn}", said)
    return Rule("unforeseen", FAILED, "an answer that the rules foresee", said)


def _of_the_agent(status: int) -> bool:
    """424 is the agent's error and so, most often, is 500 (AgentCore devguide: runtime-troubleshooting)."""
    return status == 424 or status >= 500


def _said(answer: Answer) -> str:
    if answer.status is None:
        return answer.words[:_SAID] or "no answer"
    return " ".join(w for w in (str(answer.status), answer.error_type.partition(":")[0], answer.words[:_SAID]) if w)


def _answered_by(first: Rule | None, answer: Answer, *, at_gateway: bool) -> str:
    if answer.status is None:
        return "nobody"
    if answer.status == 200 or _of_the_agent(answer.status):
        return "tool" if at_gateway else "agent"
    if answer.status == 404:
        return "routing"
    if answer.status in (401, 403):
        return "door"
    return "request" if first and first.rule in REQUEST_RULES else "service"


def _difference(predicted: str, status: int | None, expected: Rule | None, answer: Answer) -> str | None:
    """How the answer is not what was predicted; None when it is, or when nothing was."""
    if predicted == "unknown" or answer.status is None:
        return None
    passed = answer.status == 200 or _of_the_agent(answer.status)
    if passed != (predicted == "admitted"):
        by = f" by {expected.rule}" if expected else ""
        return f"differs: predicted {predicted}{by}, the live answer is {answer.status}"
    if not passed and status is not None and status != answer.status:
        return f"differs: predicted status {status}, the live answer is {answer.status}"
    return None
