"""A plan in plain words: who may call, whose tokens die, what is widened, what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.review.door import Door
from orchestration.review.plan import Action
from orchestration.review.reading import POOL, USER, PermissionShift, Reading, lets_call
from orchestration.review.rules_change import words

SILENT = (Action.KEEP, Action.READ)


@dataclass(frozen=True, slots=True)
class Summary:
    """Sentences, each list in a fixed order. `headline` is what a reviewer must see first."""

    headline: tuple[str, ...]
    may_call: tuple[str, ...]
    may_no_longer_call: tuple[str, ...]
    lost: tuple[str, ...]
    sign_ins: tuple[str, ...]
    granted: tuple[str, ...]
    widened: tuple[str, ...]
    narrowed: tuple[str, ...]
    destroyed: tuple[str, ...]
    untagged: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]


SECTIONS = (
    ("may_call", "May call after this change and could not before"),
    ("may_no_longer_call", "May no longer call"),
    ("lost", "Tokens and users that die"),
    ("sign_ins", "Ways to sign in that are added"),
    ("granted", "Permissions of what is made here"),
    ("widened", "Permissions widened"),
    ("narrowed", "Permissions narrowed"),
    ("destroyed", "Destroyed"),
    ("untagged", "Without tags"),
)
"""(member of Summary, title), in the order in which they are shown."""


def summarize(reading: Reading, broken: Sequence[str]) -> Summary:
    """`broken`: sentences on grave rules that what will stand breaks, for the headline."""
    changes = [change for change in reading.plan.changes if change.action not in SILENT]
    counts = Counter(str(change.action) for change in changes)
    standing = [shift for shift in reading.permissions if not shift.fresh]
    by_iam = [f"by IAM: {line}" for line in _lines(reading.permissions, gained=True, calls=True)]
    no_longer = [f"by IAM: {line}" for line in _lines(standing, gained=False, calls=True)]
    return Summary(
        headline=tuple(_headline(reading, counts, broken)),
        may_call=(*(shift.words for shift in reading.shifts if shift.gains), *by_iam),
        may_no_longer_call=(*(shift.words for shift in reading.shifts if not shift.gains), *no_longer),
        lost=tuple(casualty.words for casualty in reading.casualties),
        sign_ins=tuple(sentence for _, sentence in reading.sign_ins),
        granted=tuple(_lines((shift for shift in reading.permissions if shift.fresh), gained=True)),
        widened=tuple(_lines(standing, gained=True)),
        narrowed=tuple(_lines(standing, gained=False)),
        destroyed=tuple(
            f"{change.address} ({'replaced' if change.action == Action.REPLACE else 'destroyed'})"
            for change in reading.destroyed
        ),
        untagged=tuple(f"{address}: {missing}" for address, missing in reading.untagged),
        counts=tuple(sorted(counts.items())),
    )


def _headline(reading: Reading, counts: Counter[str], broken: Sequence[str]) -> Iterator[str]:
    """One line for each thing that matters, the worst first; always at least one."""
    total = sum(counts.values())
    if not total:
        yield "Nothing changes: who may call stays as it is"
    elif counts[Action.CREATE] == total and all(change.before is None for change in reading.plan.changes):
        yield f"New environment with {total} resources: {_who(door for _, door in reading.doors)}"
    elif counts[Action.DELETE] == total and not reading.doors:
        yield f"Everything is destroyed: {total} resources, {_users_lost(reading)}"
        return
    else:
        yield from (casualty.words[0].upper() + casualty.words[1:] for casualty in reading.casualties)
        yield _door_line(reading)
        yield from _permission_lines(reading)
    yield from broken
    if reading.untagged:
        number = len(reading.untagged)
        rest = f" and {number - 1} more" if number > 1 else ""
        yield f"Tags are missing at {reading.untagged[0][0]}{rest}"
    if total:
        yield f"Resources: {', '.join(f'{number} {action}' for action, number in sorted(counts.items()))}"


def _door_line(reading: Reading) -> str:
    gains = [shift.words for shift in reading.shifts if shift.gains]
    losses = [shift.words for shift in reading.shifts if not shift.gains]
    standing = [shift for shift in reading.permissions if not shift.fresh]
    calls = [line for gained in (True, False) for line in _lines(standing, gained=gained, calls=True)]
    if gains or losses or calls:
        return f"Who may call changes: {'; '.join([*gains, *losses, *calls])}"
    return "Who may call stays as it is"


def _permission_lines(reading: Reading) -> Iterator[str]:
    if reading.sign_ins:
        yield f"Ways to sign in are added: {'; '.join(sentence for _, sentence in reading.sign_ins)}"
    standing = [shift for shift in reading.permissions if not shift.fresh]
    for gained, verb in ((True, "widened"), (False, "narrowed")):
        for trust, subject in ((True, "Trust is"), (False, "Permissions are")):
            if lines := _lines((shift for shift in standing if shift.trust is trust), gained=gained):
                yield f"{subject} {verb}: {'; '.join(lines)}"


def _who(doors: Iterable[Door]) -> str:
    """Everything that the door demands, since a newcomer's question is who gets in at all."""
    sentences = []
    for door in doors:
        demands = [f"the clients {', '.join(sorted(door.clients))}"] if door.clients else ["any client"]
        demands += [f"one of the scopes {', '.join(door.scopes)}"] if door.scopes else []
        demands += [f"one of the audiences {', '.join(door.audience)}"] if door.audience else []
        demands += [f"{claim.name} {claim.operator} {', '.join(claim.values)}" for claim in door.claims]
        issuer = door.discovery_url if isinstance(door.discovery_url, str) else "a pool that is made"
        sentences.append(f"callers need a token of {issuer} for {' with '.join(demands)}")
    return "; ".join(sentences) or "no door is described, so who may call is not known"


def _users_lost(reading: Reading) -> str:
    pools = sum(casualty.type == POOL for casualty in reading.casualties)
    known = sum(change.type == USER for change in reading.destroyed)
    if not pools:
        return "no user pool among them"
    return (
        f"{pools} user pool{'s' if pools > 1 else ''} with every user ({known} of them made here), every token refused"
    )


def _lines(permissions: Iterable[PermissionShift], *, gained: bool, calls: bool = False) -> list[str]:
    """Sentences of gains or losses; with `calls` only of those that concern invoking a runtime."""
    found = []
    for shift in permissions:
        for gain in shift.gains if gained else shift.losses:
            if not calls or lets_call(gain):
                found.append(f"{shift.subject}: {words(gain, gained=gained)}")
    return found
