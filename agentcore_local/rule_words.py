"""What each rule about claims asks for, and what a token says about it, in words that are fit to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from agentcore_local.claims import EXPIRY_FLOOR_S, SCOPE_CLAIMS
from agentcore_local.policy import ClaimRule, Policy
from agentcore_local.shown import shown, shown_text

_TIMES = {"expiry": "exp", "not_before": "nbf", "issued_at": "iat"}


def wanted(rule: str, policy: Policy, issuer: str) -> str:
    """`rule` is one of claims.judgements."""
    if rule.startswith("custom_claim_"):
        return _claim_wanted(_custom(rule, policy))
    texts = {
        "issuer": issuer,
        "time_types": "exp, nbf and iat in whole seconds",
        "expiry": f"more than {EXPIRY_FLOOR_S} s before exp",
        "not_before": "nbf not in the future",
        "issued_at": "iat not in the future",
        "client": _one_of("client_id", policy.clients),
        "audience": _one_of("aud", policy.audience),
        "scopes": _one_of("scope", policy.scopes),
        "identifiers": "sub and jti as text",
    }
    return texts[rule]


def _one_of(name: str, values: frozenset[str]) -> str:
    return f"{name} one of {listed(sorted(values))}" if values else f"no rule about {name}"


def _claim_wanted(rule: ClaimRule) -> str:
    values = listed(sorted(rule.values))
    return f"{rule.name} containing one of {values}" if rule.is_array else f"{rule.name} equal to {values}"


def _custom(rule: str, policy: Policy) -> ClaimRule:
    return policy.claims[int(rule.rpartition("_")[2]) - 1]


def seen(rule: str, claims: Mapping[str, Any], policy: Policy, now: int) -> str:
    """The claims that the rule looks at."""
    if name := _TIMES.get(rule):
        value = claims.get(name)
        offset = f" ({value - now:+d} s from now)" if type(value) is int and abs(value) < 10**12 else ""
        return shown(value, present=name in claims) + offset
    if rule == "identifiers":
        return ", ".join(
            f"{n} {'as text' if isinstance(claims.get(n, ''), str) else 'not text'}" for n in ("sub", "jti")
        )
    names: Sequence[str] = {
        "issuer": ("iss",),
        "time_types": ("exp", "nbf", "iat"),
        "client": ("client_id",),
        "audience": ("aud",),
        "scopes": [n for n in SCOPE_CLAIMS if n in claims] or ("scope",),
    }.get(rule) or (_custom(rule, policy).name,)
    return ", ".join(f"{n} {shown(claims.get(n), present=n in claims)}" for n in names)


def listed(values: Sequence[str]) -> str:
    """At most five, so that a long list does not bury the rest."""
    more = [f"and {len(values) - 5} more"] if len(values) > 5 else []
    return ", ".join(chain(map(shown_text, values[:5]), more))
