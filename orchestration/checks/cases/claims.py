"""Refused for what a soundly signed token says: issuer, time, client, kind of token."""

from __future__ import annotations

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Family, Verdict
from orchestration.checks.cases import families
from orchestration.checks.draft import Change, claims, own_key, same
from orchestration.checks.forge import ABSENT, Token


def refused(
    id: str,
    title: str,
    change: Change,
    cause: str,
    tag: str,
    family: Family = families.CLAIM,
    more: tuple[str, ...] = ("pool-key",),
) -> Case:
    """All begin with a person's token; most need the provider's key, which only the local emulator gives away."""
    return Case(id, title, Caller.PERSON, change, Verdict.REFUSED, family, cause, tags=frozenset({tag, *more}))


def real(id: str, title: str, caller: Caller, cause: str, tag: str, family: Family = families.CLAIM) -> Case:
    """A token as the provider issued it, to somebody who has no business here."""
    return Case(id, title, caller, same, Verdict.REFUSED, family, cause, tags=frozenset({tag}))


def time(id: str, title: str, cause: str, **seconds: int) -> Case:
    """A claim that many seconds from now."""
    change = own_key(lambda token, now: token.with_claims({name: now + s for name, s in seconds.items()}))
    return refused(id, title, change, cause, "time", families.TIME)


def _issuer(suffix: str) -> Change:
    return own_key(lambda token, now: token.with_claims({"iss": token.claims["iss"] + suffix}))


def _client_as(shape: type) -> Change:
    def alter(token: Token, now: int) -> Token:
        client = token.claims["client_id"]
        return token.with_claims({"client_id": [client] if shape is list else f"{client}-two"})

    return own_key(alter)


CASES = (
    time("expired", "expired a minute ago", "expiry", exp=-60),
    time("last-minute", "half a minute to live", "expiry", exp=30),
    refused("no-expiry", "no exp", claims(exp=ABSENT), "expiry", "time", families.TIME),
    refused("expiry-text", "exp as a text", claims(exp="4102444800"), "time_types", "time", families.TIME),
    time("not-yet-valid", "valid in an hour (nbf)", "not_before", nbf=3600),
    time("issued-in-future", "issued in an hour (iat)", "issued_at", iat=3600),
    refused("issuer-missing", "no iss", claims(iss=ABSENT), "issuer", "issuer"),
    refused("issuer-slash", "an issuer with one slash more", _issuer("/"), "issuer", "issuer"),
    refused("issuer-longer", "an issuer that begins with the right one", _issuer("2"), "issuer", "issuer"),
    real(
        "other-pool",
        "the same name in another user pool",
        Caller.OTHER_POOL,
        "issuer",
        "issuer",
        families.CLAIM_OR_KEY,
    ),
    real("outsider", "an app client that is not allowed", Caller.OUTSIDER, "client", "client"),
    real("outsider-machine", "a machine's client that is not allowed", Caller.OUTSIDER_MACHINE, "client", "client"),
    real(
        "probe-machine",
        "the client of the scope door's machine, which belongs there alone",
        Caller.SCOPED,
        "client",
        "client",
    ),
    real("id-token", "the ID token instead of the access token", Caller.PERSON_ID, "client", "token-use"),
    real(
        "refresh-token",
        "the refresh token instead of the access token",
        Caller.PERSON_REFRESH,
        "token_use",
        "token-use",
        families.UNREADABLE,
    ),
    refused("client-missing", "no client_id", claims(client_id=ABSENT), "client", "client"),
    refused("client-list", "client_id as a list that holds the right one", _client_as(list), "client", "client"),
    refused("client-longer", "a client_id that begins with the right one", _client_as(str), "client", "client"),
)
