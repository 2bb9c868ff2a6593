"""A plan in plain words: who may call, whose tokens die, what is widened, what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
    widened: tuple[str, ...]
    narrowed: tuple[str, ...]
    destroyed: tuple[str, ...]
    untagged: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]


SECTIONS = (
    ("may_call", "May call after this change and could not before"),
    ("may_no_longer_call", "May no longer call"),
    ("lost", "Tokens and users that die"),
    ("widened", "Permissions widened"),
    ("narrowed", "Permissions narrowed"),
    ("destroyed", "Destroyed"),
    ("untagged", "Without tags"),
)
"""(member of Summary, title), in the order in which they are shown."""


def summarize(reading: Reading) -> Summary:
    changes = [change for change in reading.plan.changes if change.action not in SILENT]
    counts = Counter(str(change.action) for change in changes)
    by_iam = [f"by IAM: {line}" for line in _lines(reading.permissions, gained=True, calls=True)]
    no_longer = [f"by IAM: {line}" for line in _lines(reading.permissions, gained=False, calls=True)]
    return Summary(
        headline=tuple(_headline(reading, counts)),
        may_call=(*(shift.words for shift in reading.shifts if shift.gains), *by_iam),
        may_no_longer_call=(*(shift.words for shift in reading.shifts if not shift.gains), *no_longer),
        lost=tuple(casualty.words for casualty in reading.casualties),
        widened=tuple(_lines(reading.permissions, gained=True)),
        narrowed=tuple(_lines(reading.permissions, gained=False)),
        destroyed=tuple(
            f"{change.address} ({'replaced' if change.action == Action.REPLACE else 'destroyed'})"
            for change in reading.destroyed
        ),
        untagged=tuple(f"{address}: {missing}" for address, missing in reading.untagged),
        counts=tuple(sorted(counts.items())),
    )


def _headline(reading: Reading, counts: Counter[str]) -> Iterable[str]:
    """One line for each thing that matters, the worst first; always at least one."""
    total = sum(counts.values())
    if not total:
        yield "Nothing changes: who may call stays as it is"
        return
    if counts[Action.CREATE] == total and _fresh(reading):
        yield f"New environment with {total} resources: {_who(door for _, door in reading.doors)}"
        return
    if counts[Action.DELETE] == total and not reading.doors:
        yield f"Everything is destroyed: {total} resources, {_users_lost(reading)}"
        return
    yield from (casualty.words[0].upper() + casualty.words[1:] for casualty in reading.casualties)
    yield from _door_lines(reading)
    yield from _permission_lines(reading)
    yield from _other_lines(reading, counts, total)


def _fresh(reading: Reading) -> bool:
    return all(change.before is None for change in reading.plan.changes)


def _door_lines(reading: Reading) -> Iterable[str]:
    gains = [shift.words for shift in reading.shifts if shift.gains]
    losses = [shift.words for shift in reading.shifts if not shift.gains]
    calls = _lines(reading.permissions, gained=True, calls=True)
    if gains or losses or calls:
        yield f"Who may call changes: {'; '.join([*gains, *losses, *calls])}"
    else:
        yield "Who may call stays as it is"


def _permission_lines(reading: Reading) -> Iterable[str]:
    if widened := _lines((p for p in reading.permissions if not p.fresh), gained=True):
        yield f"Permissions are widened: {'; '.join(widened)}"
    if narrowed := _lines((p for p in reading.permissions if not p.fresh), gained=False):
        yield f"Permissions are narrowed: {'; '.join(narrowed)}"


def _other_lines(reading: Reading, counts: Counter[str], total: int) -> Iterable[str]:
    if reading.untagged:
        number = len(reading.untagged)
        yield f"{number} resource{'s have' if number > 1 else ' has'} no owner's tags: {_first(reading.untagged)}"
    shown = ", ".join(f"{number} {action}" for action, number in sorted(counts.items()))
    yield f"{total} resource{'s change' if total > 1 else ' changes'} ({shown})"


def _first(untagged: tuple[tuple[str, str], ...]) -> str:
    rest = f" and {len(untagged) - 1} more" if len(untagged) > 1 else ""
    return untagged[0][0] + rest


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
