"""What holds permissions down, and is lifted: boundaries, and lists that keep every other policy away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.review.plan import Action, Change, Plan
from orchestration.review.policies import Gain
from orchestration.review.subjects import PermissionShift, Subject
from orchestration.review.values import mapping, texts

BOUNDED = {"aws_iam_role": "role", "aws_iam_user": "user"}
# Type -> (kind of subject, argument that names it, argument with the list).
EXCLUSIVE: Mapping[str, tuple[str, str, str]] = {
    "aws_iam_role_policies_exclusive": ("role", "role_name", "policy_names"),
    "aws_iam_role_policy_attachments_exclusive": ("role", "role_name", "policy_arns"),
    "aws_iam_user_policies_exclusive": ("user", "user_name", "policy_names"),
    "aws_iam_user_policy_attachments_exclusive": ("user", "user_name", "policy_arns"),
}


def guards(plan: Plan) -> Iterator[PermissionShift]:
    for kind in (BOUNDED, EXCLUSIVE):
        changes = [change for change in plan.of(*kind) if not change.deposed]
        yield from _boundaries(changes) if kind is BOUNDED else _lists(plan, changes)


def _boundaries(changes: list[Change]) -> Iterator[PermissionShift]:
    """By subject: a role that is made anew under its name, or under another, brings no boundary of its own along."""
    former = {_subject(c, c.before): c.before for c in changes if c.before is not None}
    for change in changes:
        if change.after is None:
            continue
        subject = _subject(change, change.after)
        then = mapping(former.get(subject) or change.before).get("permissions_boundary")
        now = change.after.get("permissions_boundary")
        if then != now or "permissions_boundary" in change.hidden:
            lifted = (Gain("", "boundary", str(then), ()),) if then else ()
            laid = (Gain("", "boundary", str(now), ()),) if now else ()
            if lifted or change.before is not None:
                yield PermissionShift(change.address, " ".join(subject), False, False, lifted, laid)


def _subject(change: Change, values: Mapping[str, Any] | None) -> Subject:
    return BOUNDED[change.type], str(mapping(values).get("name"))


def _lists(plan: Plan, changes: list[Change]) -> Iterator[PermissionShift]:
    for change in changes:
        kind, target, argument = EXCLUSIVE[change.type]
        values = change.after or change.before or {}
        subject = (kind, str(values.get(target)))
        gains: list[Gain] = []
        if change.action == Action.DELETE and not _goes(plan, subject):
            gains.append(Gain("", "list", "a list that keeps every other policy away", ()))
        elif change.action not in (Action.DELETE, Action.FORGET, Action.KEEP) and argument == "policy_names":
            before = mapping(change.before).get(target) == subject[1] and texts(mapping(change.before).get(argument))
            known = {*(before or ()), *_inline(plan, subject)}
            named = set() if plan.brand_new else {*texts(values.get(argument))}
            gains += (Gain("", "inline policy", name, ()) for name in sorted(named - known))
        if gains:
            yield PermissionShift(change.address, " ".join(subject), False, False, tuple(gains), ())


def _inline(plan: Plan, subject: Subject) -> set[str]:
    """Names of the inline policies of which the plan shows the text."""
    found = (c.after for c in plan.of(f"aws_iam_{subject[0]}_policy") if c.after is not None)
    return {str(values.get("name")) for values in found if str(values.get(subject[0])) == subject[1]}


def _goes(plan: Plan, subject: Subject) -> bool:
    kind = next(kind for kind, word in BOUNDED.items() if word == subject[0])
    return any(c.action == Action.DELETE and mapping(c.before).get("name") == subject[1] for c in plan.of(kind))
