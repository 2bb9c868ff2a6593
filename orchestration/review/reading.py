"""What a plan does to people and permissions, worked out once for all rules and for the summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestration.review.door import Door, doors, place
from orchestration.review.guards import guards
from orchestration.review.masking import Unseen
from orchestration.review.people import CLIENTS, POOL, USER, people, sign_ins
from orchestration.review.plan import Action, Change, Plan
from orchestration.review.policies import Gain, Statement, covers
from orchestration.review.records import records
from orchestration.review.shifts import Shift, shifts
from orchestration.review.subjects import PermissionShift, permissions, read_policies
from orchestration.review.unjudged import unjudged
from orchestration.review.values import mapping

INVOKE = "bedrock-agentcore:invokeagentruntime"
CALLS = tuple(
    f"{INVOKE}{suffix}" for suffix in ("", "command", "foruser", "withwebsocketstream", "withwebsocketstreamforuser")
)
"""The actions that reach a runtime's code (service authorization reference: Bedrock AgentCore), in lower case."""
TAGS = ("Environment", "ManagedBy", "Project", "Repository")


@dataclass(frozen=True, slots=True)
class Casualty:
    """Something whose users or tokens die: `words` say which."""

    address: str
    type: str
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One plan, read."""

    plan: Plan
    doors: tuple[tuple[str, Door], ...]
    shifts: tuple[Shift, ...]
    permissions: tuple[PermissionShift, ...]
    casualties: tuple[Casualty, ...]
    sign_ins: tuple[tuple[str, str], ...]
    destroyed: tuple[Change, ...]
    untagged: tuple[tuple[str, str], ...]
    unjudged: tuple[str, ...]
    policies: tuple[tuple[str, str, Statement], ...]
    records: tuple[tuple[str, str], ...]


def read(plan: Plan) -> Reading:
    found = list(doors(plan))
    moved = [
        replace(shift, words=place(door.address) + shift.words)
        for door in found
        for shift in shifts(door.address, door.before, door.after)
    ]
    if not plan.brand_new:
        moved += people(plan, found)
    return Reading(
        plan=plan,
        doors=tuple((door.address, door.after) for door in found if door.after is not None),
        shifts=tuple(moved),
        permissions=(*permissions(plan), *guards(plan)),
        casualties=tuple(_casualties(plan)),
        sign_ins=tuple(sign_ins(plan)),
        destroyed=tuple(change for change in plan.changes if change.gone),
        untagged=tuple(_untagged(plan)),
        unjudged=unjudged(plan),
        policies=tuple(read_policies(plan)),
        records=tuple(records(plan)),
    )


def lets_call(gain: Gain) -> bool:
    """Whether what was gained contains an action that invokes a runtime."""
    actions = (gain.value,) if gain.kind == "action" else gain.actions
    return any(covers(action.lower(), call) for action in actions for call in CALLS)


def _casualties(plan: Plan) -> Iterator[Casualty]:
    pools = {mapping(change.before).get("id") for change in plan.of(POOL) if change.gone and not change.deposed}
    for change in plan.of(POOL, *CLIENTS, USER, "aws_cognito_resource_server", "aws_cognito_user_pool_domain"):
        if not change.gone or change.deposed:
            continue
        before = mapping(change.before)
        how = "is replaced" if change.action == Action.REPLACE else "is destroyed"
        if change.type == POOL:
            words = f"user pool {before.get('name')} {how}: every user in it is lost and every token of it is refused"
        elif before.get("user_pool_id") in pools:
            continue
        elif change.type in CLIENTS:
            words = f"app client {before.get('name')} {how}: its id and its refresh tokens end, its sign-ins begin anew"
        elif change.type == USER:
            words = f"user {before.get('username')} {how}: password, sub and sessions of that person are lost"
        elif change.type == "aws_cognito_resource_server":
            words = f"resource server {before.get('identifier')} {how}: its scopes cannot be asked for meanwhile"
        else:
            words = f"domain {before.get('domain')} {how}: no token can be had from its token endpoint meanwhile"
        yield Casualty(change.address, change.type, words)


def _untagged(plan: Plan) -> Iterator[tuple[str, str]]:
    """(address, the tags that are missing). A taggable resource is one whose provider computes tags_all."""
    for change in plan.changes:
        if change.after is None or "tags_all" not in change.after:
            continue
        tags = change.after["tags_all"]
        if isinstance(tags, Unseen) and change.after.get("tags"):
            continue
        if missing := [name for name in TAGS if name not in mapping(tags)]:
            yield change.address, ", ".join(missing)
