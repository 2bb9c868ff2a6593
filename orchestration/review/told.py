"""What the outputs tell the launch of a door, beside the door of the plan: the launch makes what the outputs say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.review.door import INPUT, NO_DOOR, Described, at_gateway, door_of_rules, doors, is_door
from orchestration.review.masking import Unseen
from orchestration.review.plan import Action, Plan
from orchestration.review.promises import broken
from orchestration.review.root_outputs import NOT_SAID, Output

OF_RUNTIME: Mapping[str, str] = {f"authorizer_{rule}": rule for rule in sorted(INPUT)}
AT_GATEWAY = "gateway_authorizer"
FIELDS: Mapping[str, str] = {
    "allowed_audience": "audience",
    "allowed_clients": "clients",
    "allowed_scopes": "scopes",
    "custom_claims": "claims",
    "discovery_url": "discovery_url",
}


def handed_over(plan: Plan) -> Iterator[tuple[str, str]]:
    """(output, why) of what tells the orchestrator of a door, or of anything else, and is not what the plan says.

    Where the values of a door cannot be compared, an output must not change without its door.
    """
    yield from broken(plan)
    compared = dict(_compared(plan))
    changing = {at_gateway(c.address) for c in plan.changes if is_door(c) and c.action != Action.KEEP}
    for output in plan.outputs:
        if output.name in compared:
            if differs := compared[output.name]:
                yield output.name, f"its {', '.join(differs)} is not the door's"
        elif output.name in (*OF_RUNTIME, AT_GATEWAY) and output.changes and not plan.brand_new:
            if (output.name == AT_GATEWAY) not in changing:
                yield output.name, "it changes, and the door does not"


def _compared(plan: Plan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(output, rules in which it differs from a door of its kind) of each that can be compared."""
    outputs = {output.name: output for output in plan.outputs if output.value is not NOT_SAID}
    for gateway in (False, True):
        there = [one for one in doors(plan) if at_gateway(one.address) is gateway]
        if not all(map(_of_data, there)):
            continue  # the provider's own resource: nobody is told
        sides = [one.after for one in there if one.after is not None]
        for name, rules, rule in _told(outputs, gateway):
            asked = (rule,) if rule else tuple(sorted(INPUT))
            said = door_of_rules(rules)
            differing = [r for r in asked if any(_form(said, r) != _form(door, r) for door in sides)]
            if not sides and said != NO_DOOR:
                differing = list(asked)
            yield name, tuple(differing)


def _of_data(door: Described) -> bool:
    return "terraform_data." in door.address


def _told(outputs: Mapping[str, Output], gateway: bool) -> Iterator[tuple[str, Any, str]]:
    """(output, the rules that it tells, the one rule that it is about)."""
    if gateway:
        if AT_GATEWAY in outputs:
            yield AT_GATEWAY, outputs[AT_GATEWAY].value, ""
        return
    for name, rule in OF_RUNTIME.items():
        if name in outputs:
            yield name, {rule: outputs[name].value}, rule


def _form(door: Any, rule: str) -> Any:
    """A rule in a form in which order tells nothing."""
    value = getattr(door, FIELDS[rule])
    return value if isinstance(value, Unseen | Mapping | str) or value is None else frozenset(value)
