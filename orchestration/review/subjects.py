"""Who holds what: every policy, attachment and boundary of a plan, attributed to the principal or resource it acts on.

Two sides of a plan are compared by subject, not by address: a policy that moves to another role is that role's gain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.review.masking import Unseen
from orchestration.review.plan import Action, Change, Plan
from orchestration.review.policies import Gain, Statement, allowed_anew, denied_no_more
from orchestration.review.policy_text import parse_policy
from orchestration.review.values import entries, texts

Subject = tuple[str, str]
"""(kind, name), e.g. ("role", "demo-runtime")."""

# Type -> (kind of subject, the argument that names it, the argument that must hold a policy).
CARRIERS: Mapping[str, tuple[str, str, str]] = {
    "aws_bedrockagentcore_resource_policy": ("resource", "resource_arn", "policy"),
    "aws_cloudwatch_log_resource_policy": ("log policy", "policy_name", "policy_document"),
    "aws_ecr_registry_policy": ("registry", "", "policy"),
    "aws_ecr_repository_policy": ("repository", "repository", "policy"),
    "aws_iam_group_policy": ("group", "group", "policy"),
    "aws_iam_policy": ("policy", "name", "policy"),
    "aws_iam_role": ("role", "name", "assume_role_policy"),
    "aws_iam_role_policy": ("role", "role", "policy"),
    "aws_iam_user_policy": ("user", "user", "policy"),
    "aws_kms_key_policy": ("key", "key_id", "policy"),
    "aws_s3_bucket_policy": ("bucket", "bucket", "policy"),
    "aws_secretsmanager_secret_policy": ("secret", "secret_arn", "policy"),
}
# What is a subject itself: type -> (kind, the arguments by which others may name it).
MAKERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "aws_ecr_repository": ("repository", ("name",)),
    "aws_iam_group": ("group", ("name",)),
    "aws_iam_policy": ("policy", ("name",)),
    "aws_iam_role": ("role", ("name", "id")),
    "aws_iam_user": ("user", ("name",)),
    "aws_kms_key": ("key", ("key_id", "arn")),
    "aws_s3_bucket": ("bucket", ("bucket", "id")),
    "aws_secretsmanager_secret": ("secret", ("arn", "id")),
}
# Type -> what is given to whom: (kind of subject, argument that names it, argument with what it gets, word for that).
GRANTS: Mapping[str, tuple[tuple[str, str, str, str], ...]] = {
    "aws_iam_access_key": (("user", "user", "user", "key"),),
    "aws_iam_group_membership": (("group", "group", "users", "member"),),
    "aws_iam_group_policy_attachment": (("group", "group", "policy_arn", "policy"),),
    "aws_iam_group_policy_attachments_exclusive": (("group", "group_name", "policy_arns", "policy"),),
    "aws_iam_instance_profile": (("role", "role", "name", "profile"),),
    "aws_iam_policy_attachment": tuple(
        (kind, f"{kind}s", "policy_arn", "policy") for kind in ("role", "user", "group")
    ),
    "aws_iam_role": (("role", "name", "managed_policy_arns", "policy"),),
    "aws_iam_role_policy_attachment": (("role", "role", "policy_arn", "policy"),),
    "aws_iam_role_policy_attachments_exclusive": (("role", "role_name", "policy_arns", "policy"),),
    "aws_iam_user_group_membership": (("user", "user", "groups", "group"),),
    "aws_iam_user_login_profile": (("user", "user", "user", "password"),),
    "aws_iam_user_policy_attachment": (("user", "user", "policy_arn", "policy"),),
    "aws_iam_user_policy_attachments_exclusive": (("user", "user_name", "policy_arns", "policy"),),
    "aws_lambda_permission": (("function", "function_name", "principal", "caller"),),
}
# The service fills these where nobody wrote a policy: unknown at their making, they hide nothing.
COMPUTED = ("aws_iam_role", "aws_kms_key", "aws_s3_bucket", "aws_secretsmanager_secret")


@dataclass(frozen=True, slots=True)
class Hold:
    """What one resource gives one subject on one side. `unread`: why its text could not be read."""

    address: str
    subject: Subject
    trust: bool = False
    statements: tuple[Statement, ...] = ()
    marks: frozenset[Gain] = frozenset()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class PermissionShift:
    """What one resource's subject may do after the change and could not before, and the reverse.

    `fresh`: the subject is made by the same plan, in an environment that did not exist. `unread`: why the new text
    cannot be read.
    """

    address: str
    subject: str
    trust: bool
    fresh: bool
    gains: tuple[Gain, ...]
    losses: tuple[Gain, ...]
    unread: str = ""


def permissions(plan: Plan) -> Iterator[PermissionShift]:
    """One shift for each resource and subject whose permissions are not what they were."""
    changes = [change for change in plan.changes if not change.deposed]
    before = [hold for change in changes for hold in _holds(change, change.before)]
    after = [hold for change in changes for hold in _holds(change, change.standing)]
    after = [_resolved(hold, before, plan) for hold in after]
    made, gone = _made(changes), _gone(changes)
    then, now = _by_subject(before), _by_subject(after)
    for address, subject, trust in sorted({(h.address, h.subject, h.trust) for h in (*before, *after)}):
        if subject in gone:
            continue
        shift = _shift(address, then.get((subject, trust), []), now.get((subject, trust), []))
        fresh = plan.brand_new and _is_made(subject, made)
        # Where nothing was, nothing is narrowed.
        gained, lost, unread = shift
        lost = () if plan.brand_new else lost
        found = PermissionShift(address, " ".join(subject).rstrip(), trust, fresh, gained, lost, unread)
        if found.gains or found.losses or found.unread:
            yield found


def read_policies(plan: Plan) -> Iterator[tuple[str, str, Statement]]:
    """(address, type, statement) of every policy that can be read and will be there."""
    for change in plan.changes:
        for hold in _documents(change, change.after):
            for statement in hold.statements:
                yield change.address, "trust" if hold.trust else change.type, statement


def is_document(value: Any) -> bool:
    """Whether a text claims to be an IAM policy, readable or not."""
    return isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and '"statement"' in value.lower()


def _by_subject(holds: list[Hold]) -> dict[tuple[Subject, bool], list[Hold]]:
    found: dict[tuple[Subject, bool], list[Hold]] = {}
    for hold in holds:
        found.setdefault((hold.subject, hold.trust), []).append(hold)
    return found


def _shift(address: str, old: list[Hold], new: list[Hold]) -> tuple[tuple[Gain, ...], tuple[Gain, ...], str]:
    then, now = ([s for hold in holds for s in hold.statements] for holds in (old, new))
    marked, marks = ({mark for hold in holds for mark in hold.marks} for holds in (old, new))
    mine, here = ([hold for hold in holds if hold.address == address] for holds in (old, new))
    was, is_ = (tuple(s for hold in holds for s in hold.statements) for holds in (mine, here))
    unread = next((h.unread for h in here if h.unread and h not in mine), "")
    gained = [*allowed_anew([*was, *then], is_), *_only(here, marked)]
    lost = [*allowed_anew([*is_, *now], was), *_only(mine, marks)]
    # What is denied is lifted by the whole, so that a denial may move from one policy to another.
    gained += (g for g in denied_no_more(was, now))
    lost += (g for g in denied_no_more(is_, then))
    return (tuple(gained), () if unread else tuple(lost), unread)


def _only(holds: list[Hold], others: set[Gain]) -> Iterator[Gain]:
    yield from sorted({mark for hold in holds for mark in hold.marks} - others, key=lambda g: (g.kind, g.value))


def _holds(change: Change, values: Mapping[str, Any] | None) -> Iterator[Hold]:
    if values is None:
        return
    yield from _documents(change, values)
    for kind, target, argument, word in GRANTS.get(change.type, ()):
        marks = frozenset(Gain("", word, value, ()) for value in texts(values.get(argument)))
        for name in texts(values.get(target)):
            if marks:
                yield Hold(change.address, (kind, name), marks=marks)


def _documents(change: Change, values: Mapping[str, Any] | None) -> Iterator[Hold]:
    """Every policy in the arguments of a resource, whatever its type: an argument is one by its name and its text."""
    kind, target, required = CARRIERS.get(change.type, (change.type, "", ""))
    maker, names = MAKERS.get(change.type, ("", ()))
    for path, value in _policies(values or {}, change.type, required):
        if change.type in CARRIERS:
            name = (texts((values or {}).get(target)) or ("",))[0] if target else ""
            subject = (kind, change.address if target and not name else name)
        else:
            own = next((str((values or {})[n]) for n in names if isinstance((values or {}).get(n), str)), "")
            subject = (maker, own) if own else (change.type, change.address)
        statements = parse_policy(value)
        trust = path == "assume_role_policy"
        unread = ""
        if isinstance(value, Unseen):
            words = {Unseen.UNKNOWN: "is known only after apply", Unseen.SENSITIVE: "is sensitive, so nobody sees it"}
            unread = f"what {path} permits {words[value]}"
        elif statements is None:
            unread = f"{path} is no policy that can be read"
        yield Hold(change.address, subject, trust, statements or (), unread=unread)


def _policies(values: Mapping[str, Any], kind: str, required: str, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        here = f"{path}.{name}" if path else name
        if here == required:
            if value is not None:
                yield here, value
        elif isinstance(value, Mapping):
            yield from _policies(value, kind, "", here)
        elif isinstance(value, list):
            for block in entries(value):
                yield from _policies(block, kind, "", here)
        elif "policy" in here and (is_document(value) or (value is Unseen.SENSITIVE and name == "policy")):
            yield here, value
        elif name in ("policy", "policy_document") and value is Unseen.UNKNOWN and kind not in COMPUTED:
            yield here, value


def _resolved(hold: Hold, before: list[Hold], plan: Plan) -> Hold:
    """A subject known only after apply is the former one if that one is replaced and no other of its kind is made."""
    kind, name = hold.subject
    if name != str(Unseen.UNKNOWN):
        return hold
    makers = [c for c in plan.changes if MAKERS.get(c.type, ("",))[0] == kind and c.action in RENEWING]
    former = next((h.subject for h in before if (h.address, h.subject[0]) == (hold.address, kind)), None)
    if former is None or len(makers) != 1 or former not in _names(makers[0], makers[0].before):
        return hold
    return Hold(hold.address, former, hold.trust, hold.statements, hold.marks, hold.unread)


RENEWING = (Action.CREATE, Action.REPLACE)


def _names(change: Change, values: Mapping[str, Any] | None) -> set[Subject]:
    kind, arguments = MAKERS.get(change.type, ("", ()))
    return {(kind, str(values[name])) for name in arguments if values and isinstance(values.get(name), str)}


def _made(changes: list[Change]) -> set[Subject]:
    made = {name for change in changes if change.action == Action.CREATE for name in _names(change, change.after)}
    # Something of the kind is made whose name only the apply will tell.
    kinds = {MAKERS[change.type][0] for change in changes if change.type in MAKERS and change.action == Action.CREATE}
    return made | {(kind, str(Unseen.UNKNOWN)) for kind in kinds}


def _is_made(subject: Subject, made: set[Subject]) -> bool:
    kinds = {kind for kind, _ in MAKERS.values()}
    return subject in made or subject[0] not in kinds | {"function", "log policy", "registry", "resource"}


def _gone(changes: list[Change]) -> set[Subject]:
    """Subjects that are there and will not be: what they held goes with them."""
    there = {name for change in changes for name in _names(change, change.standing)}
    deleted = {n for c in changes if c.action in (Action.DELETE, Action.REPLACE) for n in _names(c, c.before)}
    kept = {n for c in changes if c.action == Action.REPLACE for n in _names(c, c.before)}
    return deleted - there - kept
