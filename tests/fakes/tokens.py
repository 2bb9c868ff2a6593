"""Tokens and keys of a made-up issuer, good by default; each test spoils one thing."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from agentcore_local.authorizer import Allow, Deny, Reason, authorize
from agentcore_local.jwks import IssuerKeys, parse_key_set
from agentcore_local.policy import Policy

NOW = 1_800_000_000
ISSUER = "https://idp.example.com/pool"
DISCOVERY_URL = f"{ISSUER}/.well-known/openid-configuration"
JWKS_URI = f"{ISSUER}/keys"
KID = "key/1+="
CLIENT = "app-client"
SCOPE = "agent/invoke"

# What a good access token says, in Cognito's shape.
CLAIMS: Mapping[str, Any] = {
    "sub": "user-1",
    "iss": ISSUER,
    "client_id": CLIENT,
    "token_use": "access",
    "scope": f"openid {SCOPE}",
    "iat": NOW - 10,
    "exp": NOW + 600,
    "jti": "id-1",
    "username": "ann",
}
ABSENT = object()  # as a value: leave the name out


@cache
def rsa_key(name: str = "issuer") -> RSAKey:
    """One 2048-bit key per name and process."""
    return RSAKey.generate_key(2048)


@cache
def ec_key(curve: str) -> ECKey:
    return ECKey.generate_key(curve)


def b64(raw: bytes | str) -> str:
    data = raw.encode() if isinstance(raw, str) else raw
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **changes}.items() if value is not ABSENT}


def claims(**changes: Any) -> dict[str, Any]:
    """The good claims with some changed or ABSENT."""
    return merged(CLAIMS, changes)


def compact(
    payload: bytes,
    header: Mapping[str, Any] | bytes | None = None,
    key: RSAKey | ECKey | OctKey | None = None,
    signed_as: str = "RS256",
) -> str:
    """A JWS over exactly these bytes. `header` may say anything, `signed_as` is what is done."""
    head = header if isinstance(header, bytes) else json.dumps(header or {"alg": signed_as, "kid": KID}).encode()
    signing_input = f"{b64(head)}.{b64(payload)}"
    algorithm = jws.JWSRegistry(algorithms=[signed_as]).get_alg(signed_as)
    signature = algorithm.sign(signing_input.encode(), key or rsa_key())
    return f"{signing_input}.{b64(signature)}"


def bearer(changes: Mapping[str, Any] | None = None, **header: Any) -> str:
    """An Authorization header with a correctly signed token; claims by `changes`, JOSE header by keyword."""
    payload = json.dumps(merged(CLAIMS, changes or {})).encode()
    return "Bearer " + compact(payload, merged({"alg": "RS256", "kid": KID}, header))


def jwk(key: RSAKey | ECKey | None = None, **changes: Any) -> dict[str, Any]:
    """The public entry of a key set, changed."""
    public = (key or rsa_key()).as_dict(private=False)
    return merged({**public, "kid": KID, "use": "sig", "alg": "RS256"}, changes)


def key_set(*entries: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": list(entries)}).encode()


def issuer_keys(*entries: Mapping[str, Any], issuer: str = ISSUER) -> IssuerKeys:
    """What the key store would hand out for these entries; the good key alone by default."""
    return IssuerKeys(issuer, parse_key_set(key_set(*(entries or (jwk(),)))))


def discovery(**changes: Any) -> bytes:
    return json.dumps(merged({"issuer": ISSUER, "jwks_uri": JWKS_URI}, changes)).encode()


BY_CLIENT = Policy(DISCOVERY_URL, clients=frozenset({"other-app", CLIENT}))


def decide(header: str | None, policy: Policy = BY_CLIENT, keys: IssuerKeys | None = None) -> Allow | Deny:
    """The decision at NOW, with the issuer's good key unless others are given."""
    return authorize(header, policy, keys or issuer_keys(), NOW)


def reason(header: str | None, policy: Policy = BY_CLIENT, keys: IssuerKeys | None = None) -> Reason:
    """Why it is refused; it must be."""
    decision = decide(header, policy, keys)
    assert isinstance(decision, Deny), "admitted"
    return decision.reason
