"""Refused at doors that ask for more than a client: a scope, a group, an audience."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Family, Verdict
from orchestration.checks.cases import families
from orchestration.checks.draft import Change, own_key, part, same
from orchestration.checks.forge import ABSENT

GROUPS = "cognito:groups"
RULES = {
    Door.SCOPE: ("scopes", "scope"),
    Door.GROUP: ("custom_claim_1", "group"),
    Door.AUDIENCE: ("audience", "audience"),
}


def refused(door: Door, id: str, title: str, caller: Caller, change: Change = same, *more: str) -> Case:
    """Refused by the rule that this door has."""
    cause, tag = RULES[door]
    tags = frozenset({tag, *more})
    return Case(id, title, caller, change, Verdict.REFUSED, families.CLAIM, cause, door, tags)


def forged(door: Door, id: str, title: str, caller: Caller, claims: Mapping[str, Any]) -> Case:
    """The claim that the door asks for, written in after signing."""
    change = part(lambda token: token.with_claims(claims))
    tags = frozenset({RULES[door][1], "signature"})
    return Case(id, title, caller, change, Verdict.REFUSED, families.UNVERIFIED, "signature", door, tags)


def outsider(door: Door, id: str, title: str, caller: Caller, family: Family = families.CLAIM) -> Case:
    """What the door asks for, but through a client that is not allowed."""
    return Case(id, title, caller, same, Verdict.REFUSED, family, "client", door, frozenset({"client", RULES[door][1]}))


def signed(door: Door, id: str, title: str, caller: Caller, name: str, alter: Callable[[Any], Any]) -> Case:
    """One claim altered, by the provider's own key."""
    change = own_key(lambda token, now: token.with_claims({name: alter(token.claims.get(name))}))
    return refused(door, id, title, caller, change, "pool-key")


SCOPE, GROUP, AUDIENCE = Door.SCOPE, Door.GROUP, Door.AUDIENCE

CASES = (
    refused(SCOPE, "scope-missing", "a person's token, which has Cognito's own scope alone", Caller.PERSON),
    refused(SCOPE, "scope-other", "a scope of the same resource server that is not the one", Caller.SCOPED_OTHER),
    refused(SCOPE, "scope-longer", "a scope that begins with the right one", Caller.SCOPED_LONGER),
    refused(SCOPE, "scope-of-main", "the scope of the main door", Caller.MACHINE),
    signed(SCOPE, "scope-absent", "no scope claim at all", Caller.SCOPED, "scope", lambda good: ABSENT),
    signed(SCOPE, "scope-list", "the right scope in a list", Caller.SCOPED, "scope", lambda good: good.split(" ")),
    signed(SCOPE, "scope-commas", "scopes separated by commas", Caller.SCOPED, "scope", lambda good: f"a/b,{good}"),
    signed(SCOPE, "scope-capitals", "the right scope in capitals", Caller.SCOPED, "scope", str.upper),
    forged(
        SCOPE, "scope-forged", "the right scope written in after signing", Caller.SCOPED_OTHER, {"scope": "probe/call"}
    ),
    outsider(SCOPE, "scope-outsider", "the right scope, through a client that is not allowed", Caller.OUTSIDER_MACHINE),
    refused(GROUP, "group-missing", "a person who is not in the group", Caller.SECOND),
    refused(GROUP, "group-machine", "a machine, which has no groups", Caller.MACHINE),
    signed(
        GROUP,
        "group-longer",
        "a group that begins with the right one",
        Caller.PERSON,
        GROUPS,
        lambda good: [f"{g}-two" for g in good],
    ),
    signed(
        GROUP, "group-text", "the group as a text instead of a list", Caller.PERSON, GROUPS, lambda good: " ".join(good)
    ),
    signed(GROUP, "group-nested", "the group in a list within the list", Caller.PERSON, GROUPS, lambda good: [good]),
    outsider(GROUP, "group-outsider", "a member, through a client that is not allowed", Caller.OUTSIDER),
    refused(AUDIENCE, "audience-missing", "an access token, which has no audience", Caller.PERSON),
    refused(AUDIENCE, "audience-other", "an ID token for another client", Caller.OUTSIDER_ID),
    signed(
        AUDIENCE,
        "audience-longer",
        "an audience that begins with the right one",
        Caller.PERSON_ID,
        "aud",
        lambda good: f"{good}-two",
    ),
    signed(
        AUDIENCE,
        "audience-nested",
        "the audience in a list within a list",
        Caller.PERSON_ID,
        "aud",
        lambda good: [[good]],
    ),
    signed(AUDIENCE, "audience-empty", "an empty list of audiences", Caller.PERSON_ID, "aud", lambda good: []),
)
