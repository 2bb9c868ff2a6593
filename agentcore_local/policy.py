"""The deployed `customJWTAuthorizer`, validated as the service documents it and turned into a policy.

Sources: botocore model CustomJWTAuthorizerConfiguration (required members, patterns, sizes, enumerations);
AgentCore devguide: inbound-jwt-authorizer (at least one rule, operator table).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from agentcore_local.urls import BadUrl, require_fetchable

# The devguide and the pinned model end every discovery URL so; a newer model also has RFC 8414's path. The
# model's `.+` in front would admit a query or a fragment, the newer one does not, and neither do we.
DISCOVERY_URL = re.compile(r"[^\s?#]+/\.well-known/openid-configuration")
SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,255}")
# `.-:` is a range in the model's class, from the full stop to the colon: slashes pass, hyphens do not.
CLAIM_NAME = re.compile(r"[A-Za-z0-9_.-:]{1,255}")
CLAIM_VALUE = re.compile(r"[A-Za-z0-9_.-]{1,255}")

# Claim type and operator: the member of claimMatchValue that they take (AgentCore devguide:
# inbound-jwt-authorizer). An older edition of that page also had CONTAINS on STRING; a substring match lets
# more in and is left out.
VALUE_MEMBERS: Mapping[tuple[str, str], str] = {
    ("STRING", "EQUALS"): "matchValueString",
    ("STRING_ARRAY", "CONTAINS"): "matchValueString",
    ("STRING_ARRAY", "CONTAINS_ANY"): "matchValueStringList",
}
# Refused as a custom claim's name, its values belong in allowedScopes (observed by users, not promised).
RESERVED_CLAIM_NAMES = frozenset({"scp"})

MAX_ADVERTISED_SCOPES = 50

_Pattern = re.Pattern[str] | None
_PLAYED = frozenset(
    {
        "discoveryUrl",
        "allowedAudience",
        "allowedClients",
        "allowedScopes",
        "advertisedScopeMapping",
        "customClaims",
    }
)


class InvalidPolicy(ValueError):
    """The authorizer's configuration breaks rules. `fields` holds every fault as (member path, message)."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in fields))
        self.fields = fields


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """A custom claim: one of `values` must be the claim (STRING) or among its elements (STRING_ARRAY)."""

    name: str
    is_array: bool
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a token must satisfy: every non-empty set (AND), each by any one of its members (OR).

    `advertised_scopes` maps an allowed scope to the name it is advertised by; it admits nobody.
    """

    discovery_url: str
    audience: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    claims: tuple[ClaimRule, ...] = ()
    advertised_scopes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def has_rules(self) -> bool:
        """Whether anything beyond issuer and time is asked. Without, any user of the issuer would pass."""
        return bool(self.audience or self.clients or self.scopes or self.claims)


def parse_policy(custom_jwt_authorizer: Mapping[str, Any]) -> Policy:
    """Parse a `customJWTAuthorizer` as the API sends it. Raises InvalidPolicy with all faults at once."""
    faults = _Faults()
    given = custom_jwt_authorizer
    for name in sorted(given.keys() - _PLAYED):
        # To ignore one (a private provider, an allow-list of workloads) could admit whom the service refuses.
        faults.add(name, "is not supported by the local runtime")
    policy = Policy(
        discovery_url=_discovery_url(given.get("discoveryUrl"), faults),
        audience=_strings(given, "allowedAudience", None, faults),
        clients=_strings(given, "allowedClients", None, faults),
        scopes=_strings(given, "allowedScopes", SCOPE, faults),
        claims=_claim_rules(given, faults),
        advertised_scopes=_advertised(given, faults),
    )
    if not faults.found and not policy.has_rules:
        faults.add(
            "customJWTAuthorizer",
            "at least one of allowedAudience, allowedClients, allowedScopes, customClaims is required",
        )
    if faults.found:
        raise InvalidPolicy(faults.found)
    return policy


class _Faults:
    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def add(self, name: str, message: str) -> None:
        self.found.append((name, message))


def _discovery_url(value: object, faults: _Faults) -> str:
    if not isinstance(value, str):
        faults.add("discoveryUrl", "is required and must be a string")
        return ""
    if not DISCOVERY_URL.fullmatch(value):
        faults.add("discoveryUrl", f"must match {DISCOVERY_URL.pattern}")
        return ""
    try:
        # Plain http is for a provider on this machine; the service's own rule on the scheme is not
        # documented.
        require_fetchable(value, local=True)
    except BadUrl as error:
        faults.add("discoveryUrl", str(error))
    return value


def _strings(given: Mapping[str, Any], name: str, pattern: _Pattern, faults: _Faults) -> frozenset[str]:
    if name not in given:
        return frozenset()
    return _string_list(given[name], name, pattern, faults)


def _string_list(value: object, name: str, pattern: _Pattern, faults: _Faults) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        faults.add(name, "must be a list of at least one string")
        return frozenset()
    good: set[str] = set()
    for number, item in enumerate(value, start=1):
        if _matches(item, pattern, f"{name}.{number}.member", faults):
            good.add(item)
    return frozenset(good)


def _matches(value: object, pattern: _Pattern, name: str, faults: _Faults) -> bool:
    if not isinstance(value, str) or not value:
        faults.add(name, "must be a non-empty string")
        return False
    if pattern is not None and not pattern.fullmatch(value):
        faults.add(name, f"must match {pattern.pattern}")
        return False
    return True


def _claim_rules(given: Mapping[str, Any], faults: _Faults) -> tuple[ClaimRule, ...]:
    if "customClaims" not in given:
        return ()
    value = given["customClaims"]
    if not isinstance(value, list) or not value:
        faults.add("customClaims", "must be a list of at least one rule")
        return ()
    rules = (_claim_rule(item, f"customClaims.{number}.member", faults) for number, item in enumerate(value, start=1))
    return tuple(rule for rule in rules if rule is not None)


def _claim_rule(value: object, path: str, faults: _Faults) -> ClaimRule | None:
    rule = _members(value, path, faults)
    match = _members(rule.get("authorizingClaimMatchValue"), f"{path}.authorizingClaimMatchValue", faults)
    name, kind, operator = (
        rule.get("inboundTokenClaimName"),
        rule.get("inboundTokenClaimValueType"),
        match.get("claimMatchOperator"),
    )
    named = _matches(name, CLAIM_NAME, f"{path}.inboundTokenClaimName", faults)
    if named and name in RESERVED_CLAIM_NAMES:
        faults.add(f"{path}.inboundTokenClaimName", f"{name} cannot be a custom claim, use allowedScopes")
        named = False
    member = VALUE_MEMBERS.get((str(kind), str(operator)))
    if member is None:
        faults.add(
            f"{path}.authorizingClaimMatchValue.claimMatchOperator",
            "type and operator must be STRING with EQUALS, or STRING_ARRAY with CONTAINS or CONTAINS_ANY",
        )
        return None
    values = _match_values(match.get("claimMatchValue"), member, f"{path}.authorizingClaimMatchValue", faults)
    return ClaimRule(str(name), kind == "STRING_ARRAY", values) if named and values else None


def _match_values(value: object, member: str, path: str, faults: _Faults) -> frozenset[str]:
    path = f"{path}.claimMatchValue"
    if not isinstance(value, Mapping) or set(value) != {member}:
        faults.add(path, f"must have exactly the member {member} for this type and operator")
        return frozenset()
    if member == "matchValueStringList":
        return _string_list(value[member], f"{path}.{member}", CLAIM_VALUE, faults)
    if _matches(value[member], CLAIM_VALUE, f"{path}.{member}", faults):
        return frozenset({str(value[member])})
    return frozenset()


def _members(value: object, path: str, faults: _Faults) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    faults.add(path, "is required and must be an object")
    return {}


def _advertised(given: Mapping[str, Any], faults: _Faults) -> Mapping[str, str]:
    name = "advertisedScopeMapping"
    value = given.get(name, {})
    if name in given and (not isinstance(value, Mapping) or not 0 < len(value) <= MAX_ADVERTISED_SCOPES):
        faults.add(name, f"must be a map of 1 to {MAX_ADVERTISED_SCOPES} scopes")
        return MappingProxyType({})
    for key, shown in value.items():
        _matches(key, SCOPE, f"{name}.key", faults)
        _matches(shown, SCOPE, f"{name}.value", faults)
    return MappingProxyType(dict(value))
