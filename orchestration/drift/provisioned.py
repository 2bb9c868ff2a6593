"""What Terraform would put right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.drift.differences import Drift, differences
from orchestration.review.plan import Action, Change, parse_plan

# What a replacement makes anew is no drift: the argument that forces it is.
MADE_ANEW = frozenset({"arn", "id", "tags_all"})


def plan_drifts(plan: Mapping[str, Any]) -> list[Drift]:
    """Rows of `terraform show -json <plan>`, of a plan that has changes: what it would change back. Raises BadInput.

    Fields that Terraform merely reads (dates, counts) may differ from the state without being in the plan: they are
    nobody's setting.
    """
    return list(_all(plan)) or [Drift("terraform", "plan", "no changes", "changes")]


def _all(plan: Mapping[str, Any]) -> Iterator[Drift]:
    for change in parse_plan(plan).changes:
        if change.action not in (Action.KEEP, Action.READ):
            yield from _rows(change)
        elif change.previous_address:
            yield Drift(change.address, "address", change.address, change.previous_address)
    for name, output in sorted((plan.get("output_changes") or {}).items()):
        yield from _output(name, output)


def _rows(change: Change) -> Iterator[Drift]:
    """Before the change is what is live, after it what the code says."""
    if change.before is None:
        yield Drift(change.address, "resource", "there", None)
    elif change.after is None:
        yield Drift(change.address, "resource", None, "there")
    else:
        for field in sorted(change.changed):
            if change.action is Action.REPLACE and field in MADE_ANEW:
                continue
            rows = list(differences(change.address, change.after.get(field), change.before.get(field), field))
            # Two secrets look the same here: that they differ is all there is to say.
            yield from rows or [Drift(change.address, field, change.after.get(field), "another value")]


def _output(name: str, change: Mapping[str, Any]) -> Iterator[Drift]:
    if change.get("actions") in (["no-op"], None):
        return
    if change.get("after_sensitive") or change.get("before_sensitive"):
        yield Drift("outputs", name, "(sensitive)", "another value")
    elif change.get("after_unknown"):
        yield Drift("outputs", name, "(known after apply)", change.get("before"))
    else:
        yield from differences("outputs", change.get("after"), change.get("before"), name)
