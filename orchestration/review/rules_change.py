"""Rules on the way from before to after: who gains, what dies. A scanner of end states cannot see these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.people import CLIENTS, POOL
from orchestration.review.plan import Action
from orchestration.review.policies import Gain
from orchestration.review.reading import Reading
from orchestration.review.shifts import Shift
from orchestration.review.subjects import PermissionShift

HOLDINGS = ("aws_s3_bucket", "aws_ecr_repository", "aws_secretsmanager_secret", "aws_cloudwatch_log_group")


VERBS: Mapping[str, tuple[str, str]] = {
    "action": ("may now do", "may no longer do"),
    "boundary": ("no longer bounded by", "now bounded by"),
    "caller": ("may now be called by", "may no longer be called by"),
    "condition": ("no longer asks for", "now asks for"),
    "condition values": ("now takes", "no longer takes"),
    "deny": ("no longer denies", "now denies"),
    "group": ("enters the group", "leaves the group"),
    "inline policy": ("keeps the unseen policy", "loses the unseen policy"),
    "key": ("gets an access key for", "loses an access key of"),
    "list": ("no longer has", "now has"),
    "member": ("gets the member", "loses the member"),
    "password": ("gets a password for", "loses the password of"),
    "policy": ("gets the policy", "loses the policy"),
    "principal": ("now lets in", "no longer lets in"),
    "profile": ("is lent to machines through", "is no longer lent through"),
    "resource": ("now reaches", "no longer reaches"),
    "statement": ("now allows", "no longer allows"),
}


def words(gain: Gain, *, gained: bool) -> str:
    """One gain as a sentence on its statement; `gained` False: the same, taken away."""
    place = f"statement {gain.statement}: " if gain.statement else ""
    return f"{place}{VERBS[gain.kind][0 if gained else 1]} {gain.value}"


def _destroyed(*kinds: str) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for casualty in reading.casualties:
            if casualty.type in kinds or (not kinds and casualty.type not in (POOL, *CLIENTS)):
                yield casualty.address, casualty.words

    return check


def _shifted(wanted: Callable[[Shift], bool]) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for shift in reading.shifts:
            if wanted(shift) and not reading.plan.brand_new:
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


def _unread(*, trust: bool) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for shift in reading.permissions:
            if shift.unread and shift.trust is trust:
                yield shift.address, f"{shift.subject}: {shift.unread}"

    return check


def _holdings(reading: Reading) -> Iterator[Hit]:
    for change in reading.destroyed:
        if change.type in HOLDINGS and not change.deposed:
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
        _destroyed(*CLIENTS),
        change_only=True,
    ),
    Rule(
        "AIA072",
        Severity.MEDIUM,
        "User, scope or token endpoint destroyed",
        "keep it, or do it when nobody signs in",
        _destroyed(),
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
        Severity.HIGH,
        "Permissions that cannot be read",
        "build ARNs from names and mark no policy as sensitive, so that the plan shows what is permitted",
        _unread(trust=False),
        change_only=True,
    ),
    Rule(
        "AIA078",
        Severity.CRITICAL,
        "Trust that cannot be read",
        "write the trust policy so that the plan shows who may assume the role",
        _unread(trust=True),
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
