"""What a plan does to people and permissions, worked out once for all rules and for the summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.review.door import GROUPS, Door, Shift, doors, shifts
from orchestration.review.plan import Action, Change, Plan, Unseen
from orchestration.review.policies import Gain, Statement, covers, gains, parse_policy
from orchestration.review.values import block, mapping, texts

POOL, CLIENT, USER = "aws_cognito_user_pool", "aws_cognito_user_pool_client", "aws_cognito_user"
INVOKE = "bedrock-agentcore:invokeagentruntime"
TAGS = ("Environment", "ManagedBy", "Project", "Repository")

# Type of a policy's carrier: the argument that holds the document, and the argument that names whom it is about.
CARRIERS: Mapping[str, tuple[str, str]] = {
    "aws_ecr_repository_policy": ("policy", "repository"),
    "aws_iam_group_policy": ("policy", "group"),
    "aws_iam_policy": ("policy", "name"),
    "aws_iam_role": ("assume_role_policy", "name"),
    "aws_iam_role_policy": ("policy", "role"),
    "aws_iam_user_policy": ("policy", "user"),
    "aws_s3_bucket_policy": ("policy", "bucket"),
    "aws_secretsmanager_secret_policy": ("policy", "secret_arn"),
}
NAMES = ("name", "bucket", "arn", "id")


@dataclass(frozen=True, slots=True)
class PermissionShift:
    """What one policy permits after the change and did not before, and the reverse.

    `fresh`: its subject is made by the same plan. `unread`: the new text is known only after apply.
    """

    address: str
    subject: str
    trust: bool
    fresh: bool
    gains: tuple[Gain, ...]
    losses: tuple[Gain, ...]
    unread: bool = False


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


def read(plan: Plan) -> Reading:
    found = list(doors(plan))
    moved = [shift for change, before, after in found for shift in shifts(change.address, before, after)]
    standing = any(before is not None for _, before, _ in found)
    if standing:
        moved += [*_people(plan), *_memberships(plan, {group for _, _, after in found for group in _groups(after)})]
    return Reading(
        plan=plan,
        doors=tuple((change.address, after) for change, _, after in found if after is not None),
        shifts=tuple(moved),
        permissions=tuple(_permissions(plan)),
        casualties=tuple(_casualties(plan)),
        sign_ins=tuple(_sign_ins(plan)),
        destroyed=tuple(change for change in plan.changes if change.gone),
        untagged=tuple(_untagged(plan)),
    )


def statements(plan: Plan) -> Iterator[tuple[str, bool, Statement]]:
    """(address, whether it is a role's trust, statement) of every policy that can be read and will be there."""
    for address, values, carrier in _carriers_after(plan):
        for statement in parse_policy(values.get(CARRIERS[carrier][0])) or ():
            yield address, carrier == "aws_iam_role", statement


def lets_call(gain: Gain) -> bool:
    """Whether what was gained contains the action that invokes a runtime."""
    actions = (gain.value,) if gain.kind == "action" else gain.actions
    return any(covers(action.lower(), INVOKE) for action in actions)


def _carriers_after(plan: Plan) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for change in plan.of(*CARRIERS):
        if change.after is not None:
            yield change.address, change.after, change.type


def _permissions(plan: Plan) -> Iterator[PermissionShift]:
    made = _names(plan, Action.CREATE)
    gone = _names(plan, Action.DELETE)
    for change in plan.of(*CARRIERS):
        argument, target = CARRIERS[change.type]
        subject = (change.after or change.before or {}).get(target)
        if argument not in change.changed or (change.after is None and subject in gone):
            continue
        before, after = (parse_policy(mapping(v).get(argument)) for v in (change.before, change.after))
        yield PermissionShift(
            change.address,
            _subject(change.type, subject),
            trust=change.type == "aws_iam_role",
            fresh=change.action == Action.CREATE and (isinstance(subject, Unseen) or subject in made),
            gains=gains(before or (), after or ()) if after is not None or change.after is None else (),
            losses=gains(after or (), before or ()) if after is not None or change.after is None else (),
            unread=isinstance(mapping(change.after).get(argument), Unseen),
        )
    yield from _attachments(plan, made)
    yield from _boundaries(plan)


def _attachments(plan: Plan, made: set[Any]) -> Iterator[PermissionShift]:
    for change in plan.of("aws_iam_role_policy_attachment"):
        if not change.changed:
            continue
        role = (change.after or change.before or {}).get("role")
        then, now = (
            (Gain("attachment", "policy", str(values["policy_arn"]), ()),) if values else ()
            for values in (change.before, change.after)
        )
        fresh = isinstance(role, Unseen) or role in made
        yield PermissionShift(change.address, _subject("aws_iam_role", role), False, fresh, now, then)


def _boundaries(plan: Plan) -> Iterator[PermissionShift]:
    for change in plan.of("aws_iam_role"):
        then, now = (mapping(values).get("permissions_boundary") for values in (change.before, change.after))
        if change.action == Action.UPDATE and then != now:
            lifted = (Gain("boundary", "boundary", str(then), ()),) if then else ()
            laid = (Gain("boundary", "boundary", str(now), ()),) if now else ()
            subject = _subject(change.type, mapping(change.after).get("name"))
            yield PermissionShift(change.address, subject, False, False, lifted, laid)


def _casualties(plan: Plan) -> Iterator[Casualty]:
    pools = {mapping(change.before).get("id") for change in plan.of(POOL) if change.gone}
    for change in plan.of(POOL, CLIENT, USER, "aws_cognito_resource_server", "aws_cognito_user_pool_domain"):
        if not change.gone:
            continue
        before = mapping(change.before)
        how = "is replaced" if change.action == Action.REPLACE else "is destroyed"
        if change.type == POOL:
            words = f"user pool {before.get('name')} {how}: every user in it is lost and every token of it is refused"
        elif before.get("user_pool_id") in pools:
            continue
        elif change.type == CLIENT:
            words = f"app client {before.get('name')} {how}: its id and its refresh tokens end, its sign-ins begin anew"
        elif change.type == USER:
            words = f"user {before.get('username')} {how}: password, sub and sessions of that person are lost"
        elif change.type == "aws_cognito_resource_server":
            words = f"resource server {before.get('identifier')} {how}: its scopes cannot be asked for meanwhile"
        else:
            words = f"domain {before.get('domain')} {how}: no token can be had from its token endpoint meanwhile"
        yield Casualty(change.address, change.type, words)


def _people(plan: Plan) -> Iterator[Shift]:
    """Users made in a pool that stands, and a pool that begins to let anyone register."""
    made = _names(plan, Action.CREATE)
    for change in plan.of(USER):
        pool = mapping(change.after).get("user_pool_id")
        if change.action == Action.CREATE and isinstance(pool, str) and pool not in made:
            name = mapping(change.after).get("username")
            yield Shift(change.address, True, "person", f"person {name} can sign in to the pool {pool}")
        elif change.action == Action.DELETE:
            yield Shift(
                change.address, False, "person", f"person {mapping(change.before).get('username')} cannot sign in"
            )
    for change in plan.of(POOL):
        then, now = (_only_admins(values) for values in (change.before, change.after))
        if change.before is not None and change.after is not None and then != now:
            words = "anyone may register in" if then else "nobody can register by themselves in"
            yield Shift(change.address, then, "registration", f"{words} the pool {change.after.get('name')}", True)


def _memberships(plan: Plan, groups: set[str]) -> Iterator[Shift]:
    for change in plan.of("aws_cognito_user_in_group"):
        values = change.after or change.before or {}
        if values.get("group_name") in groups and change.action in (Action.CREATE, Action.DELETE):
            enters = change.action == Action.CREATE
            verb = "joins" if enters else "leaves"
            words = (
                f"person {values.get('username')} {verb} the group {values.get('group_name')}, which the door asks for"
            )
            yield Shift(change.address, enters, "group", words)


def _groups(door: Door | None) -> Iterator[str]:
    yield from (value for claim in (door.claims if door else ()) if claim.name == GROUPS for value in claim.values)


def _sign_ins(plan: Plan) -> Iterator[tuple[str, str]]:
    """(address, sentence) of each flow that a client did not have before."""
    for change in plan.of(CLIENT):
        if change.before is None or change.after is None:
            continue
        for argument in ("explicit_auth_flows", "allowed_oauth_flows"):
            now = change.after.get(argument)
            added = () if isinstance(now, Unseen) else {*texts(now)} - {*texts(change.before.get(argument))}
            for flow in sorted(added):
                yield change.address, f"client {change.after.get('name')} can be used with {flow}"


def _only_admins(values: Mapping[str, Any] | None) -> bool:
    return block(mapping(values).get("admin_create_user_config")).get("allow_admin_create_user_only") is True


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


def _names(plan: Plan, action: Action) -> set[Any]:
    """Every name by which another resource may refer to one with this action."""
    found = (mapping(c.after or c.before).get(name) for c in plan.changes if c.action == action for name in NAMES)
    return {name for name in found if isinstance(name, str)}


def _subject(kind: str, name: Any) -> str:
    words = {"aws_iam_policy": "policy", "aws_s3_bucket_policy": "bucket", "aws_iam_user_policy": "user"}
    words |= {"aws_iam_group_policy": "group", "aws_ecr_repository_policy": "repository"}
    words |= {"aws_secretsmanager_secret_policy": "secret"}
    return " ".join((words.get(kind, "role"), *texts(name)))
