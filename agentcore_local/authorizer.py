"""The decision at the door: one Authorization header, one policy, one issuer's keys, one moment. Pure.

Nothing here fetches, waits or logs, and nothing raises: what cannot be judged is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentcore_local.bearer import SignedToken, read_bearer
from agentcore_local.claims import failures, issuer_differs
from agentcore_local.jwks import IssuerKeys, issuer_fits
from agentcore_local.policy import InvalidPolicy, Policy, parse_policy
from agentcore_local.strict_json import NotStrictJson, parse_object
from agentcore_local.verdict import Allow, Deny, Reason

# A Cognito refresh token is encrypted, so the service cannot read it. The embedded emulator signs its own as a
# JWT with the client's id, which would pass for an access token here. `token_use` is not looked at otherwise: the
# service admits ID tokens where the audience is what it asks for (both observed by users, not promised).
UNREADABLE_TOKEN_USES = frozenset({"refresh"})

__all__ = [
    "Allow",
    "Deny",
    "InvalidPolicy",
    "Policy",
    "Reason",
    "authorize",
    "authorize_token",
    "distrust",
    "parse_policy",
    "read_claims",
    "token_key_id",
    "unreadable",
]


def token_key_id(header: str | None) -> str | None:
    """The `kid` that a soundly shaped token names, else None. For the key store; proves nothing."""
    token = read_bearer(header)
    return token.kid if isinstance(token, SignedToken) else None


def authorize(header: str | None, policy: Policy, keys: IssuerKeys | None, now: int) -> Allow | Deny:
    """Decide about one request by its Authorization header."""
    return authorize_token(read_bearer(header), policy, keys, now)


def authorize_token(token: SignedToken | Deny, policy: Policy, keys: IssuerKeys | None, now: int) -> Allow | Deny:
    """Decide about one request, whose header was read already.

    `keys` are those of the policy's issuer, None when they cannot be known: then nobody gets in. `now` in
    Unix seconds. The first failed stage answers (shape, keys, signature, claims); within the claims all
    failures are collected, as the service does (observed by users, not promised).
    """
    if isinstance(token, Deny):
        return token
    if not policy.has_rules:
        return Deny(Reason.NO_POLICY, "the authorizer has no rule that a token could satisfy")
    if keys is None or not issuer_fits(keys.issuer, policy.discovery_url):
        return Deny(Reason.KEYS_UNAVAILABLE, "the issuer's keys cannot be known")
    if refusal := distrust(token, keys):
        return refusal
    claims = read_claims(token)
    if claims is None:
        return Deny(Reason.MALFORMED_TOKEN, "Failed to parse token: its payload is not one JSON object")
    if unreadable(claims):
        return Deny(Reason.MALFORMED_TOKEN, "Failed to parse token: a refresh token is not for this door")
    if found := failures(claims, policy, keys.issuer, now):
        (reason, detail), *further = found
        return Deny(reason, detail, tuple(dict.fromkeys(slug for slug, _ in further if slug != reason)), claims)
    return Allow(claims)


def distrust(token: SignedToken, keys: IssuerKeys) -> Deny | None:
    """Why the signature cannot be trusted, None if it holds."""
    key = keys.keys.get(token.kid)
    if key is None:
        claims = read_claims(token)
        if claims is not None and issuer_differs(claims, keys.issuer):
            # Another issuer's token names another issuer's key. The service answers it by its issuer
            # (observed by users), which is also what helps its sender. Refused either way.
            detail = "Claim 'iss' value mismatch with configuration."
            return Deny(Reason.ISSUER_MISMATCH, detail, (Reason.UNKNOWN_KEY,))
        return Deny(Reason.UNKNOWN_KEY, "the token's key is not one of the issuer's")
    if token.algorithm not in key.algorithms:
        return Deny(Reason.BAD_ALGORITHM, "the token's alg is not one of its key's")
    if not key.verifies(token.algorithm, token.signing_input, token.signature):
        return Deny(Reason.BAD_SIGNATURE, "the token's signature does not verify")
    return None


def read_claims(token: SignedToken) -> Mapping[str, Any] | None:
    """The payload, None when it is not one JSON object. Proves nothing before `distrust` has found nothing."""
    try:
        return parse_object(token.payload)
    except NotStrictJson:
        return None


def unreadable(claims: Mapping[str, Any]) -> bool:
    """Whether the service could not have read this token."""
    return str(claims.get("token_use")) in UNREADABLE_TOKEN_USES
