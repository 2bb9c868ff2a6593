"""Who can sign in: users, groups that a door asks for, and the flows of clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.review.door import GROUPS, Described
from orchestration.review.masking import Unseen
from orchestration.review.plan import Action, Change, Plan
from orchestration.review.shifts import Shift
from orchestration.review.values import block, mapping, texts

POOL, USER = "aws_cognito_user_pool", "aws_cognito_user"
CLIENTS = ("aws_cognito_managed_user_pool_client", "aws_cognito_user_pool_client")


def people(plan: Plan, doors: list[Described]) -> Iterator[Shift]:
    yield from _users(plan)
    yield from _registration(plan)
    yield from _memberships(plan, doors)
    yield from _new_clients(plan, doors)


def sign_ins(plan: Plan) -> Iterator[tuple[str, str]]:
    """(address, sentence) of each flow that a client did not have before."""
    for change in plan.of(*CLIENTS):
        if change.before is None or change.after is None:
            continue
        name = change.after.get("name") or change.after.get("name_prefix")
        for argument in ("explicit_auth_flows", "allowed_oauth_flows"):
            then, now = change.before.get(argument), change.after.get(argument)
            if isinstance(now, Unseen) and argument in change.changed and change.action == Action.UPDATE:
                yield change.address, f"client {name} can be used with flows that are not seen: {now}"
            added = () if isinstance(now, Unseen) else {*texts(now)} - {*texts(then)}
            for flow in sorted(added):
                yield change.address, f"client {name} can be used with {flow}"


def _users(plan: Plan) -> Iterator[Shift]:
    """Users made in a pool that stands, under another name, or let in again."""
    for change in plan.of(USER):
        then, now = mapping(change.before), mapping(change.after)
        who, whom = now.get("username"), then.get("username")
        enters = f"person {who} can sign in to the pool {now.get('user_pool_id')}"
        if change.deposed:
            continue
        if change.action == Action.CREATE and not _pool_is_made(plan, now.get("user_pool_id")):
            yield Shift(change.address, True, "person", enters)
        elif change.action == Action.REPLACE and who != whom:
            yield Shift(change.address, True, "person", enters)
            yield Shift(change.address, False, "person", f"person {whom} cannot sign in")
        elif change.action == Action.DELETE:
            yield Shift(change.address, False, "person", f"person {whom} cannot sign in")
        elif change.action == Action.UPDATE and then.get("enabled") != now.get("enabled"):
            let_in = now.get("enabled") is not False
            yield Shift(change.address, let_in, "person", enters if let_in else f"person {who} cannot sign in")


def _pool_is_made(plan: Plan, pool: Any) -> bool:
    """Unknown only until the apply is a pool that the same plan makes; a sensitive one may be any."""
    made = [change for change in plan.of(POOL) if change.action in (Action.CREATE, Action.REPLACE)]
    return pool is Unseen.UNKNOWN and bool(made)


def _registration(plan: Plan) -> Iterator[Shift]:
    for change in plan.of(POOL):
        then, now = (only_admins(values) for values in (change.before, change.after))
        if change.before is not None and change.after is not None and then != now:
            words = "anyone may register in" if then else "nobody can register by themselves in"
            yield Shift(change.address, then, "registration", f"{words} the pool {change.after.get('name')}", True)


def _memberships(plan: Plan, doors: list[Described]) -> Iterator[Shift]:
    asked = set(_groups(doors))
    for change in plan.of("aws_cognito_user_in_group"):
        if change.deposed or change.action in (Action.KEEP, Action.FORGET):
            continue
        then, now = (_membership(values) for values in (change.before, change.after))
        if then == now or (change.action == Action.REPLACE and _only_pool_differs(change)):
            continue
        for membership, enters in ((now, True), (then, False)):
            if membership and asked and (membership[0] in asked or not isinstance(membership[0], str)):
                group, who = membership
                words = f"person {who} {'joins' if enters else 'leaves'} the group {group}, which the door asks for"
                yield Shift(change.address, enters, "group", words)


def _membership(values: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    return None if values is None else (values.get("group_name"), values.get("username"))


def _only_pool_differs(change: Change) -> bool:
    """The same person and group in a pool that is replaced, in which the group's name may be known later."""
    return mapping(change.before).get("username") == mapping(change.after).get("username") and (
        mapping(change.after).get("group_name") in (mapping(change.before).get("group_name"), Unseen.UNKNOWN)
        and mapping(change.after).get("user_pool_id") is Unseen.UNKNOWN
    )


def _new_clients(plan: Plan, doors: list[Described]) -> Iterator[Shift]:
    """Where the door names no clients, every client of its issuer is a way in."""
    if not any(d.after is not None and d.after.discovery_url is not None and not d.after.clients for d in doors):
        return
    for change in plan.of(*CLIENTS):
        if change.action == Action.CREATE:
            name = mapping(change.after).get("name") or mapping(change.after).get("name_prefix")
            yield Shift(change.address, True, "client", f"client {name} may call: the door names no clients")


def _groups(doors: list[Described]) -> Iterator[str]:
    for door in (described.after for described in doors if described.after is not None):
        claims = () if isinstance(door.claims, Unseen) else door.claims
        yield from (value for claim in claims if claim.name == GROUPS for value in claim.values)


def only_admins(values: Mapping[str, Any] | None) -> bool:
    return block(mapping(values).get("admin_create_user_config")).get("allow_admin_create_user_only") is True
