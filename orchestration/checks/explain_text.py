"""An explanation for people."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.checks.decision import FAILED, OK
from orchestration.checks.explain import Explanation

_WHO = {
    "door": "the door",
    "agent": "the agent",
    "tool": "the gateway's tool",
    "service": "the service",
    "request": "the service",
}
_WHERE = {
    "routing": "a routing failure: the door was not asked",
    "request": "the request's form, not its credential",
    "agent": "the agent's own answer: the door let the call in",
    "tool": "the gateway's door let the call in",
    "nobody": "no answer",
}
_MARKS = {OK: "ok", FAILED: "FAILED"}


def lines(explanation: Explanation) -> Iterator[str]:
    """The answer, the first rule that failed with its remedy, and every rule."""
    live = "no answer" if explanation.status is None else str(explanation.status)
    who = _WHO.get(explanation.answered_by, explanation.answered_by)
    where = f" ({_WHERE[explanation.answered_by]})" if explanation.answered_by in _WHERE else ""
    yield f"live answer  {live} by {who}{where}"
    status = f" with {explanation.predicted_status}" if explanation.predicted_status else ""
    agreed = explanation.differs or ("as predicted" if explanation.predicted != "unknown" else "nothing was predicted")
    yield f"predicted    {explanation.predicted}{status}; {agreed}"
    if first := explanation.first:
        yield f"first rule   {first.rule}"
        yield f"  saw        {first.seen}"
        yield f"  wants      {first.wanted}"
    if explanation.trap:
        yield f"  trap       {explanation.trap.slug}: {explanation.trap.text}"
    if explanation.fix:
        yield f"  fix        {explanation.fix}"
    yield "every rule"
    width = max((len(rule.rule) for rule in explanation.rules), default=0)
    for rule in explanation.rules:
        wanted = "" if rule.verdict == OK and rule.seen else f"  (wants {rule.wanted})"
        yield f"  {_MARKS.get(rule.verdict, '-'):<6}  {rule.rule:<{width}}  {rule.seen}{wanted}"
    if not explanation.verified and any(rule.rule == "client" and rule.seen for rule in explanation.rules):
        yield "the token's claims are not verified: its signature does not hold or could not be checked"
