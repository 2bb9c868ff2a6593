"""A plan in plain words: who may call, whose tokens die, what is widened, what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestration.review.cost import idle_cost
from orchestration.review.door import Door, place
from orchestration.review.masking import Unseen
from orchestration.review.people import POOL, USER
from orchestration.review.plan import Action, Change
from orchestration.review.promises import later
from orchestration.review.reading import Reading, lets_call
from orchestration.review.rules_change import words
from orchestration.review.subjects import PermissionShift
from orchestration.review.unjudged import BUILD

SILENT = (Action.KEEP, Action.READ)


@dataclass(frozen=True, slots=True)
class Summary:
    """Sentences, each list in a fixed order. `headline` is what a reviewer must see first."""

    headline: tuple[str, ...]
    may_call: tuple[str, ...]
    may_no_longer_call: tuple[str, ...]
    records: tuple[str, ...]
    lost: tuple[str, ...]
    sign_ins: tuple[str, ...]
    granted: tuple[str, ...]
    widened: tuple[str, ...]
    narrowed: tuple[str, ...]
    destroyed: tuple[str, ...]
    untagged: tuple[str, ...]
    later: tuple[str, ...]
    cost: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]


SECTIONS = (
    ("may_call", "May call after this change and could not before"),
    ("may_no_longer_call", "May no longer call"),
    ("records", "Whose records a caller sees"),
    ("lost", "Tokens and users that die"),
    ("sign_ins", "Ways to sign in that are added"),
    ("granted", "Permissions of what is made here"),
    ("widened", "Permissions widened"),
    ("narrowed", "Permissions narrowed"),
    ("destroyed", "Destroyed"),
    ("untagged", "Without tags"),
    ("later", "Handed over, and known only after the apply: the next review compares it with what it names"),
    ("cost", "Cost on AWS while nobody calls, by list price (docs/cost.md)"),
)
"""(member of Summary, title), in the order in which they are shown."""


def summarize(reading: Reading, broken: Sequence[str], *, spoken: bool) -> Summary:
    """`broken`: sentences on grave rules, for the headline. `spoken`: whether any rule above low has a finding."""
    changes = [change for change in reading.plan.changes if change.action not in SILENT]
    counts = Counter(str(change.action) for change in changes)
    standing = [shift for shift in reading.permissions if not shift.fresh]
    by_iam = [f"by IAM: {line}" for line in _lines(reading.permissions, gained=True, calls=True)]
    no_longer = [f"by IAM: {line}" for line in _lines(standing, gained=False, calls=True)]
    return Summary(
        headline=tuple(_headline(reading, counts, broken, spoken)),
        may_call=(*(shift.words for shift in reading.shifts if shift.gains), *by_iam),
        may_no_longer_call=(*(shift.words for shift in reading.shifts if not shift.gains), *no_longer),
        records=tuple(words for _, words in reading.records),
        lost=tuple(casualty.words for casualty in reading.casualties),
        sign_ins=tuple(sentence for _, sentence in reading.sign_ins),
        granted=tuple(_lines((shift for shift in reading.permissions if shift.fresh), gained=True)),
        widened=tuple(_lines(standing, gained=True)),
        narrowed=tuple(_lines(standing, gained=False)),
        destroyed=tuple(f"{change.address} ({_end(change)})" for change in reading.destroyed),
        untagged=tuple(f"{address}: {missing}" for address, missing in reading.untagged),
        later=(", ".join(names),) if (names := later(reading.plan)) else (),
        cost=tuple(idle_cost(reading.plan)),
        counts=tuple(sorted(counts.items())),
    )


def _end(change: Change) -> str:
    if change.deposed:
        return f"the earlier object {change.deposed} is destroyed"
    return "replaced" if change.action == Action.REPLACE else "destroyed"


def _headline(reading: Reading, counts: Counter[str], broken: Sequence[str], spoken: bool) -> Iterator[str]:
    """One line for each thing that matters, the worst first; always at least one."""
    total = sum(counts.values())
    changes = reading.plan.changes
    if not total:
        yield _nothing(reading, spoken)
    elif reading.plan.brand_new:
        yield f"New environment with {total} resources: {_who(reading.doors)}"
        if reading.unjudged:
            yield _not_judged(reading)
    elif all(change.after is None and change.action == Action.DELETE for change in changes):
        yield f"Everything is destroyed: {total} resources, {_users_lost(reading)}"
        return
    else:
        yield from _shipping_lines(reading)
        yield from (casualty.words[0].upper() + casualty.words[1:] for casualty in reading.casualties)
        yield from _door_lines(reading, spoken)
        yield from _permission_lines(reading)
    if reading.records:
        yield f"Whose records a caller sees changes: {'; '.join(sentence for _, sentence in reading.records)}"
    yield from broken
    if reading.untagged:
        number = len(reading.untagged)
        rest = f" and {number - 1} more" if number > 1 else ""
        yield f"Tags are missing at {reading.untagged[0][0]}{rest}"
    if total:
        yield f"Resources: {', '.join(f'{number} {action}' for action, number in sorted(counts.items()))}"


def _shipping_lines(reading: Reading) -> Iterator[str]:
    """What builds the agent's image comes or goes."""
    for change in reading.plan.of(BUILD):
        if change.before is None:
            yield f"The agent is to be shipped as a container: {change.address} builds its image"
        elif change.after is None:
            yield f"The agent is no longer to be shipped as a container: {change.address} goes, and what it built"


def _nothing(reading: Reading, spoken: bool) -> str:
    if reading.unjudged:
        return _not_judged(reading)
    if reading.records:
        return "No resource changes"
    return f"Nothing changes: {'see what is found in what stands' if spoken else 'who may call stays as it is'}"


def _door_lines(reading: Reading, spoken: bool) -> Iterator[str]:
    """That all stays as it is, only where everything could be judged and no rule has anything to say."""
    gains = [shift.words for shift in reading.shifts if shift.gains]
    losses = [shift.words for shift in reading.shifts if not shift.gains]
    standing = [shift for shift in reading.permissions if not shift.fresh]
    calls = [line for gained in (True, False) for line in _lines(standing, gained=gained, calls=True)]
    if gains or losses or calls:
        yield f"Who may call changes: {'; '.join([*gains, *losses, *calls])}"
    if reading.unjudged:
        yield _not_judged(reading)
    elif not (gains or losses or calls):
        quiet = "Who may call stays as it is"
        yield "The door stays as it is; what is found below is for a reviewer to judge" if spoken else quiet


def _not_judged(reading: Reading) -> str:
    return f"Who may call cannot be judged: {'; '.join(reading.unjudged)}"


def _permission_lines(reading: Reading) -> Iterator[str]:
    if reading.sign_ins:
        yield f"Ways to sign in are added: {'; '.join(sentence for _, sentence in reading.sign_ins)}"
    standing = [shift for shift in reading.permissions if not shift.fresh]
    for gained, verb in ((True, "widened"), (False, "narrowed")):
        for trust, subject in ((True, "Trust is"), (False, "Permissions are")):
            if lines := _lines((shift for shift in standing if shift.trust is trust), gained=gained):
                yield f"{subject} {verb}: {'; '.join(lines)}"


def _who(doors: Iterable[tuple[str, Door]]) -> str:
    """Everything that each door demands, since a newcomer's question is who gets in at all."""
    sentences = []
    for address, door in doors:
        demands = [f"the clients {_all(sorted(door.named_clients))}"] if door.named_clients else [_any_client(door)]
        demands += [f"one of the scopes {_all(door.scopes)}"] if door.scopes else []
        demands += [f"one of the audiences {_all(door.audience)}"] if door.audience else []
        claims = () if isinstance(door.claims, Unseen) else door.claims
        demands += [f"{claim.name} {claim.operator} {', '.join(claim.values)}" for claim in claims]
        issuer = door.discovery_url if isinstance(door.discovery_url, str) else "a pool that is made"
        sentences.append(f"{place(address)}callers need a token of {issuer} for {' with '.join(demands)}")
    return "; ".join(sentences) or "no door is described, so who may call is not known"


def _all(values: Sequence[str] | Unseen) -> str:
    return str(values) if isinstance(values, Unseen) else ", ".join(values)


def _any_client(door: Door) -> str:
    return f"clients {door.clients}" if isinstance(door.clients, Unseen) else "any client"


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
