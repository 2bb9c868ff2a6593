"""The claims of a token whose signature holds, against the policy. Every failure is collected.

Types are judged strictly: a value of another type fails its claim and is never converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentcore_local.policy import ClaimRule, Policy
from agentcore_local.verdict import Reason

# The service refuses a token that "will expire within the next minute" (observed by users, not promised).
# Whether sixty seconds exactly still pass is not known: here they do not.
EXPIRY_FLOOR_S = 60
# No tolerance for the issuer's clock is documented, so none is granted to `nbf` and `iat`. Raise it for an
# issuer whose clock runs ahead of this machine's.
CLOCK_SKEW_S = 0
# RFC 7519 section 2 permits fractions of a second and Cognito issues whole ones. What the service does with
# fractions is not known. (`bool` is an int to Python and is excluded by comparing types exactly.)
TIME_TYPES: tuple[type, ...] = (int,)
# The end of the year 9999: a time beyond it was not meant as seconds.
MAX_TIME_S = 253_402_300_799
# Scopes are a string (RFC 9068) or, from some providers, a string or a list in `scp` (observed by users, not
# promised). Which one wins where both are present is not known: here each one present must grant.
SCOPE_CLAIMS = ("scope", "scp")

_SCOPE_STRING = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*")

Failure = tuple[Reason, str]


def failures(claims: Mapping[str, Any], policy: Policy, issuer: str, now: int) -> list[Failure]:
    """Every rule that the claims break, as (reason, safe text), in a fixed order. `now` in Unix seconds."""
    broken: list[Failure] = []
    for _, found in judgements(claims, policy, issuer, now):
        if found:
            broken += found
    return broken


def judgements(
    claims: Mapping[str, Any], policy: Policy, issuer: str, now: int
) -> Iterator[tuple[str, Sequence[Failure]]]:
    """Each rule by its slug with what breaks it, in the order in which they count."""
    yield "issuer", _issuer(claims, issuer)
    yield "time_types", _time_types(claims)
    yield "expiry", _expiry(claims, now)
    yield "not_before", _not_in_future(claims, "nbf", Reason.NOT_YET_VALID, "Token is not valid yet", now)
    yield "issued_at", _not_in_future(claims, "iat", Reason.ISSUED_IN_FUTURE, "Token was issued in the future", now)
    yield "client", _client(claims, policy)
    yield "audience", _audience(claims, policy)
    yield "scopes", _scopes(claims, policy)
    yield "identifiers", _identifiers(claims)
    for number, rule in enumerate(policy.claims, start=1):
        yield f"custom_claim_{number}", _custom(claims, rule)


def holds_during(claims: Mapping[str, Any]) -> range:
    """The seconds at which the rules about time hold for claims that were found to break no rule."""
    begins = max((claims[name] for name in ("nbf", "iat") if name in claims), default=0)
    return range(begins - CLOCK_SKEW_S, claims["exp"] - EXPIRY_FLOOR_S)


def issuer_differs(claims: Mapping[str, Any], issuer: str) -> bool:
    """Whether `iss` is anything but exactly the issuer."""
    value = claims.get("iss")
    return not isinstance(value, str) or value != issuer


def _mismatch(reason: Reason, name: str) -> Failure:
    # The service's words for client_id, aud and iss (observed by users), used for every claim here.
    return reason, f"Claim '{name}' value mismatch with configuration."


# Most rules are kept by most tokens: a list is made for what breaks one, and nothing for the others.


def _issuer(claims: Mapping[str, Any], issuer: str) -> Sequence[Failure]:
    return [_mismatch(Reason.ISSUER_MISMATCH, "iss")] if issuer_differs(claims, issuer) else ()


def _time_types(claims: Mapping[str, Any]) -> Sequence[Failure]:
    found: Sequence[Failure] = ()
    for name in ("exp", "nbf", "iat"):
        if name in claims and _time(claims, name) is None:
            found = [*found, (Reason.MALFORMED_TIME, f"Claim '{name}' is not a time in whole seconds")]
    return found


def _expiry(claims: Mapping[str, Any], now: int) -> Sequence[Failure]:
    expiry = _time(claims, "exp")
    if "exp" not in claims:
        return [(Reason.MISSING_EXPIRY, "Claim 'exp' is missing")]
    if expiry is None or expiry > now + EXPIRY_FLOOR_S:
        return ()
    if expiry <= now:
        return [(Reason.EXPIRED, "Token has expired")]
    return [(Reason.EXPIRING, "Ineffectual token, will expire within the next minute")]


def _not_in_future(claims: Mapping[str, Any], name: str, reason: Reason, text: str, now: int) -> Sequence[Failure]:
    moment = _time(claims, name)
    return [(reason, text)] if moment is not None and moment > now + CLOCK_SKEW_S else ()


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value: Any = claims.get(name)
    return value if type(value) in TIME_TYPES and 0 <= value <= MAX_TIME_S else None


def _client(claims: Mapping[str, Any], policy: Policy) -> Sequence[Failure]:
    value = claims.get("client_id", "")
    if not isinstance(value, str) or (policy.clients and value not in policy.clients):
        return [_mismatch(Reason.CLIENT_MISMATCH, "client_id")]
    return ()


def _audience(claims: Mapping[str, Any], policy: Policy) -> Sequence[Failure]:
    present = "aud" in claims
    values = _one_or_many(claims["aud"]) if present else frozenset()
    if (present and not values) or (policy.audience and policy.audience.isdisjoint(values)):
        return [_mismatch(Reason.AUDIENCE_MISMATCH, "aud")]
    return ()


def _one_or_many(value: object) -> frozenset[str]:
    """A string or a list of strings (RFC 7519 section 4.1.3) as a set; empty for anything else."""
    if isinstance(value, str):
        return frozenset({value})
    return _strings(value)


def _strings(value: object) -> frozenset[str]:
    """The elements of a list of nothing but strings; empty for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return frozenset()
    return frozenset(value)


def _scopes(claims: Mapping[str, Any], policy: Policy) -> Sequence[Failure]:
    found: Sequence[Failure] = ()
    is_there = False
    for name in SCOPE_CLAIMS:
        if name not in claims:
            continue
        is_there, value = True, claims[name]
        listed = name == "scp" and isinstance(value, list) and all(isinstance(item, str) for item in value)
        if not (listed or isinstance(value, str)) or (policy.scopes and policy.scopes.isdisjoint(_granted(value))):
            found = [*found, _mismatch(Reason.SCOPE_MISMATCH, name)]
    return found if is_there or not policy.scopes else [_mismatch(Reason.SCOPE_MISMATCH, "scope")]


def _granted(value: str | list[str]) -> frozenset[str]:
    """The scopes of a claim. A string that is not the grammar of RFC 6749 section 3.3 grants none."""
    if isinstance(value, list):
        return frozenset(value)
    return frozenset(value.split(" ")) if _SCOPE_STRING.fullmatch(value) else frozenset()


def _identifiers(claims: Mapping[str, Any]) -> Sequence[Failure]:
    found: Sequence[Failure] = ()
    for name in ("sub", "jti"):
        if not isinstance(claims.get(name, ""), str):
            found = [*found, _mismatch(Reason.CLAIM_MISMATCH, name)]
    return found


def _custom(claims: Mapping[str, Any], rule: ClaimRule) -> Sequence[Failure]:
    value = claims.get(rule.name)
    if rule.is_array:
        held = _strings(value)
    else:
        held = frozenset({value}) if isinstance(value, str) else frozenset()
    return [_mismatch(Reason.CLAIM_MISMATCH, rule.name)] if rule.values.isdisjoint(held) else ()
