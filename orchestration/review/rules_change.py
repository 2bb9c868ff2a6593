"""Rules on the way from before to after: who gains, what dies. A scanner of end states cannot see these."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestration.review.door import Shift
from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.plan import Action
from orchestration.review.policies import Gain
from orchestration.review.reading import CLIENT, POOL, PermissionShift, Reading

HOLDINGS = ("aws_s3_bucket", "aws_ecr_repository", "aws_secretsmanager_secret", "aws_cloudwatch_log_group")


def words(gain: Gain, *, gained: bool) -> str:
    """One gain as a sentence on its statement; `gained` False: the same, taken away."""
    place = {"attachment": "", "boundary": ""}.get(gain.statement, f"statement {gain.statement}: ")
    verbs = {
        "action": ("may now do", "may no longer do"),
        "boundary": ("no longer bounded by", "now bounded by"),
        "condition": ("no longer asks for", "now asks for"),
        "condition values": ("now takes", "no longer takes"),
        "deny": ("no longer denies", "now denies"),
        "policy": ("gets the policy", "loses the policy"),
        "principal": ("now lets in", "no longer lets in"),
        "resource": ("now reaches", "no longer reaches"),
        "statement": ("now allows", "no longer allows"),
    }
    return f"{place}{verbs[gain.kind][0 if gained else 1]} {gain.value}"


def _destroyed(kind: str) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for casualty in reading.casualties:
            if (casualty.type == kind) or (kind == "" and casualty.type not in (POOL, CLIENT)):
                yield casualty.address, casualty.words

    return check


def _shifted(wanted: Callable[[Shift], bool]) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        made = {change.address for change in reading.plan.changes if change.action == Action.CREATE}
        doors = {address for address, _ in reading.doors}
        for shift in reading.shifts:
            if wanted(shift) and not (shift.address in made and shift.address in doors):
                yield shift.address, shift.words

    return check


def _widened(wanted: Callable[[PermissionShift], bool]) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for shift in reading.permissions:
            if wanted(shift) and not shift.fresh:
                for gain in shift.gains:
                    yield shift.address, f"{shift.subject}: {words(gain, gained=True)}"

    return check


def _narrowed(reading: Reading) -> Iterator[Hit]:
    for shift in reading.permissions:
        for loss in () if shift.fresh else shift.losses:
            yield shift.address, f"{shift.subject}: {words(loss, gained=False)}"


def _unread(reading: Reading) -> Iterator[Hit]:
    for shift in reading.permissions:
        if shift.unread:
            yield shift.address, f"{shift.subject}: what it permits is known only after apply"


def _holdings(reading: Reading) -> Iterator[Hit]:
    for change in reading.destroyed:
        if change.type in HOLDINGS:
            how = "replaced" if change.action == Action.REPLACE else "destroyed"
            yield change.address, f"{how}, and what it holds is lost"


RULES = (
    Rule(
        "AIA070",
        Severity.CRITICAL,
        "User pool replaced or destroyed",
        'undo what forces it (see the plan\'s "forces replacement"), or move the users first',
        _destroyed(POOL),
        change_only=True,
    ),
    Rule(
        "AIA071",
        Severity.HIGH,
        "App client replaced or destroyed",
        "keep the client, or tell its users that their sign-ins end",
        _destroyed(CLIENT),
        change_only=True,
    ),
    Rule(
        "AIA072",
        Severity.MEDIUM,
        "User, scope or token endpoint destroyed",
        "keep it, or do it when nobody signs in",
        _destroyed(""),
        change_only=True,
    ),
    Rule(
        "AIA073",
        Severity.HIGH,
        "What holds data is destroyed",
        "keep it, or copy what it holds first",
        _holdings,
        change_only=True,
    ),
    Rule(
        "AIA074",
        Severity.HIGH,
        "Permissions widened",
        "grant no more than the agent needs; a reviewer of permissions must agree",
        _widened(lambda shift: not shift.trust),
        change_only=True,
    ),
    Rule(
        "AIA075",
        Severity.CRITICAL,
        "Trust widened",
        "let nobody else assume the role",
        _widened(lambda shift: shift.trust),
        change_only=True,
    ),
    Rule(
        "AIA076",
        Severity.LOW,
        "Permissions narrowed",
        "see that nothing still needs what is taken away",
        _narrowed,
        change_only=True,
    ),
    Rule(
        "AIA077",
        Severity.LOW,
        "Permissions known only after apply",
        "build ARNs from names, so that the plan shows them",
        _unread,
        change_only=True,
    ),
    Rule(
        "AIA080",
        Severity.MEDIUM,
        "Someone may call who could not",
        "see that whoever is named is meant to call the agent",
        _shifted(lambda shift: shift.gains and not shift.whole),
        change_only=True,
    ),
    Rule(
        "AIA081",
        Severity.CRITICAL,
        "A whole rule of the door is dropped or its issuer changed",
        "keep the rule; to change it, replace its values",
        _shifted(lambda shift: shift.gains and shift.whole),
        change_only=True,
    ),
    Rule(
        "AIA082",
        Severity.MEDIUM,
        "Someone may no longer call",
        "tell whoever is named before the change",
        _shifted(lambda shift: not shift.gains),
        change_only=True,
    ),
    Rule(
        "AIA083",
        Severity.MEDIUM,
        "Client gains a way to sign in",
        "see that the flow is wanted for this client",
        lambda reading: reading.sign_ins,
        change_only=True,
    ),
)
