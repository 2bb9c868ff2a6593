"""Whose records a caller sees: the outputs by which the agent knows which customer a token speaks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.review.masking import Unseen
from orchestration.review.people import USER
from orchestration.review.plan import Plan
from orchestration.review.root_outputs import NOT_SAID, Output
from orchestration.review.values import mapping

CUSTOMERS, SCOPE = "customers", "customers_scope"


def records(plan: Plan) -> Iterator[tuple[str, str]]:
    """(output, sentence) of each change. A new environment shows its callers what its own variables say."""
    for output in plan.outputs:
        if not output.changes or not output.kept:
            continue
        if output.name == CUSTOMERS:
            yield from ((output.name, words) for words in _customers(plan, output))
        elif output.name == SCOPE and not plan.brand_new:
            then, now = ("no scope" if v is None else _seen(v) for v in (output.former, output.value))
            yield output.name, f"with {now} a machine names the customer whom it asks about, before with {then}"


def _customers(plan: Plan, output: Output) -> Iterator[str]:
    now = {} if output.value is None else output.value
    if not isinstance(now, Mapping):
        if not plan.brand_new or now is Unseen.SENSITIVE:
            yield f"which caller sees which customer's records cannot be seen: {_seen(now)}"
        return
    then = mapping(plan.variables.get(CUSTOMERS)) if plan.brand_new else mapping(output.former)
    people = {mapping(c.standing).get("sub"): mapping(c.standing).get("username") for c in plan.of(USER)}
    for subject in sorted({*then, *now}):
        old, new = then.get(subject), now.get(subject)
        who = f"{subject} ({people[subject]})" if subject in people else subject
        if new is None and not plan.brand_new:
            yield f"{who} no longer sees the records of customer {_seen(old)}"
        elif new is not None and (new != old or isinstance(new, Unseen)):
            instead = "" if old is None else f", before of customer {_seen(old)}"
            yield f"{who} sees the records of customer {_seen(new)}{instead}"


def _seen(value: Any) -> str:
    return "what this document does not hold" if value is NOT_SAID else str(value)
