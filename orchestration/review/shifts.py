"""Who may pass a door after a change that could not before, and the reverse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from orchestration.review.door import GROUPS, Claim, Door
from orchestration.review.masking import Unseen


@dataclass(frozen=True, slots=True)
class Shift:
    """One sentence on who gains or loses access. `rule`: issuer, client, audience, scope or claim.

    `whole`: a rule of that kind appears or disappears, rather than one of its values.
    """

    address: str
    gains: bool
    rule: str
    words: str
    whole: bool = False


def shifts(address: str, before: Door | None, after: Door | None) -> Iterator[Shift]:
    """Who may call after that could not before, and the reverse. A door that is not there lets nobody in."""
    if before is None or after is None:
        if (door := before or after) is not None:
            yield from _whole_door(address, door, gains=before is None)
        return
    if after.discovery_url is None and before.discovery_url is not None:
        yield Shift(address, True, "issuer", "callers by IAM may call: the authorizer is gone", True)
        yield from _whole_door(address, before, gains=False)
        return
    if before.discovery_url != after.discovery_url:
        yield Shift(address, False, "issuer", f"tokens of {_text(before.discovery_url)} are refused", True)
        yield Shift(address, True, "issuer", f"tokens of {_text(after.discovery_url)} are looked at", True)
    yield from _rule(address, "client", before.clients, after.clients, _clients)
    yield from _rule(address, "audience", before.audience, after.audience, partial(_values, words=AUDIENCE))
    yield from _rule(address, "scope", before.scopes, after.scopes, partial(_values, words=SCOPE))
    yield from _rule(address, "claim", before.claims, after.claims, _claims)


def _rule(address: str, rule: str, before: Any, after: Any, compare: Callable[..., Iterator[Shift]]) -> Iterator[Shift]:
    """A rule that is not seen on one side is said to be so; where on both, Change.hidden tells of the change."""
    if not isinstance(before, Unseen) and not isinstance(after, Unseen):
        yield from compare(address, before=before, after=after)
    elif before != after:
        side, unseen = ("will be", after) if isinstance(after, Unseen) else ("was", before)
        yield Shift(
            address, True, rule, f"whoever the {rule} rule then lets in may call: what it {side} is {unseen}", True
        )


def _whole_door(address: str, door: Door, *, gains: bool) -> Iterator[Shift]:
    may = "may call" if gains else "may no longer call"
    for name, client in sorted(door.named_clients.items()):
        yield Shift(address, gains, "client", f"client {_client(name, client)} {may}")
    if door.discovery_url is None and not door.has_allow_list:
        yield Shift(address, gains, "issuer", f"callers by IAM {may}: there is no authorizer", True)
    elif not door.named_clients:
        yield Shift(address, gains, "issuer", f"holders of a token of {_text(door.discovery_url)} {may}", True)


def _clients(address: str, before: Mapping[str, str | Unseen], after: Mapping[str, str | Unseen]) -> Iterator[Shift]:
    if bool(before) != bool(after):
        words = "any client of the issuer may call: the list of clients is gone"
        listed = ", ".join(sorted(after))
        yield Shift(
            address, not after, "client", words if before else f"clients other than {listed} may no longer call", True
        )
        return
    then, now = _known(before), _known(after)
    for name, client in sorted(before.items()):
        if after.get(name) != client and client not in now:
            yield Shift(address, False, "client", f"client {_client(name, client)} may no longer call")
    for name, client in sorted(after.items()):
        if before.get(name) != client and client not in then:
            yield Shift(address, True, "client", f"client {_client(name, client)} may call")


@dataclass(frozen=True, slots=True)
class _Words:
    """How a rule's tokens are spoken of: those that have a value, and all of them."""

    rule: str
    having: str
    any: str


AUDIENCE = _Words("audience", "tokens for the audience", "tokens for any audience or none")
SCOPE = _Words("scope", "tokens with the scope", "tokens with any scope or none")
GROUP = _Words("group", "people in the group", "people in any group or none")


def _values(address: str, before: Sequence[str], after: Sequence[str], words: _Words) -> Iterator[Shift]:
    rule, having = words.rule, words.having
    if before and not after:
        gone = f"{words.any} may call: the {rule} rule ({', '.join(sorted(before))}) is gone"
        yield Shift(address, True, rule, gone, True)
    elif after and not before:
        yield Shift(address, False, rule, f"only {having} {' or '.join(sorted(after))} may call", True)
    else:
        for value in sorted({*after} - {*before}):
            yield Shift(address, True, rule, f"{having} {value} may call")
        for value in sorted({*before} - {*after}):
            yield Shift(address, False, rule, f"{having} {value} may no longer call")


def _claims(address: str, before: Sequence[Claim], after: Sequence[Claim]) -> Iterator[Shift]:
    """Rules are all demanded, so two on one claim are two: what is the same on both sides is taken out first."""
    gone, come = Counter(before) - Counter(after), Counter(after) - Counter(before)
    stays = {claim.name for claim in Counter(before) & Counter(after)}
    places = sorted({(claim.name, claim.operator, claim.type) for claim in (*gone, *come)})
    for place in places:
        old, new = (
            [claim for claim in side.elements() if (claim.name, claim.operator, claim.type) == place]
            for side in (gone, come)
        )
        name, operator, _ = place
        words = (
            GROUP
            if name == GROUPS
            else _Words(f"claim {name}", f"tokens whose {name} {operator}", f"tokens with any {name} or none")
        )
        if len(old) == len(new) == 1:
            yield from _values(address, old[0].values, new[0].values, words)
            continue
        for claim in old:
            values = ", ".join(sorted(claim.values))
            rest = "who fulfils the other rules" if name in stays or new else words.any
            yield Shift(address, True, words.rule, f"{rest} may call: the {words.rule} rule ({values}) is gone", True)
        for claim in new:
            yield from _values(address, (), claim.values, words)


def _known(clients: Mapping[str, str | Unseen]) -> set[str | Unseen]:
    return {client for client in clients.values() if isinstance(client, str)}


def _client(name: str, client: str | Unseen) -> str:
    return name if name == client else f"{name} {client}" if isinstance(client, Unseen) else f"{name} ({client})"


def _text(url: str | Unseen | None) -> str:
    return "no issuer" if url is None else f"an issuer {url}" if isinstance(url, Unseen) else url
