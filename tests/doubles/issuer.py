"""A tiny identity provider and its callers, for the double: made with PyJWT and cryptography, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from orchestration.aws.sign import sign
from orchestration.checks.callers import Caller
from orchestration.checks.kit import AwsCredentials, Signing
from orchestration.checks.request import Request

BASE_URL = "http://gate.invalid"
POOL, OTHER_POOL = "https://idp.invalid/pool-a", "https://idp.invalid/pool-b"
USER, MACHINE, PROBE, OUTSIDER, OUTSIDER_MACHINE = "app-user", "app-machine", "probe-machine", "outsider", "outsider-m"
PEOPLES_SCOPE, OWN_SCOPE = "aws.cognito.signin.user.admin", "agent/invoke"
AGENT, GATEWAY_OUTSIDER, GATEWAY_SCOPE = "agent", "outsider-g", "gateway/invoke"
SCOPE, SCOPE_LONGER, SCOPE_OTHER, GROUP = "probe/call", "probe/call-more", "probe/other", "probes"
REGION = "us-east-1"
ROLES: Mapping[Caller, AwsCredentials] = {
    Caller.OPERATOR: AwsCredentials("AKIA" + "O" * 16, "operators-secret"),
    Caller.INVOKER: AwsCredentials("ASIA" + "I" * 16, "invokers-secret", "invokers-session"),
    Caller.STRANGER: AwsCredentials("ASIA" + "S" * 16, "strangers-secret", "strangers-session"),
    Caller.ELSEWHERE: AwsCredentials("ASIA" + "E" * 16, "elsewheres-secret", "elsewheres-session"),
}


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """One key per pool and process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(pool: str) -> dict[str, Any]:
    """The entry of the pool's key set."""
    made: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key(pool).public_key()))
    return {**made, "kid": f"kid-of-{pool[-6:]}", "use": "sig", "alg": "RS256"}


@dataclass(frozen=True, slots=True)
class TinyIssuer:
    """checks.kit.Source: tokens in Cognito's shape for every caller of the matrix."""

    now: int
    private: bool = True
    _made: dict[Caller, str] = field(default_factory=dict)

    def token(self, caller: Caller) -> str:
        if caller not in self._made:
            self._made[caller] = self._issue(caller)
        return self._made[caller]

    def credentials(self, caller: Caller) -> AwsCredentials:
        return ROLES[caller]

    def public_keys(self) -> list[Mapping[str, Any]]:
        return [public_jwk(POOL)]

    def private_key(self, use: str) -> bytes:
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return key(POOL).private_bytes(pem, form, serialization.NoEncryption())

    def sign(self, request: Request, signing: Signing) -> Request:
        return sign(request, BASE_URL, signing)

    def _issue(self, caller: Caller) -> str:
        pool = OTHER_POOL if caller is Caller.OTHER_POOL else POOL
        claims = {"iss": pool, "iat": self.now - 5, "exp": self.now + 900} | _claims(caller)
        return jwt.encode(claims, key(pool), "RS256", headers={"kid": public_jwk(pool)["kid"]})


def _claims(caller: Caller) -> dict[str, Any]:
    match caller:
        case Caller.PERSON:
            return _person("ann", USER, [GROUP])
        case Caller.SECOND:
            return _person("bob", USER, [])
        case Caller.OTHER_POOL:
            return _person("ann", USER, [GROUP])
        case Caller.OUTSIDER:
            return _person("ann", OUTSIDER, [GROUP])
        case Caller.PERSON_ID | Caller.OUTSIDER_ID:
            client = USER if caller is Caller.PERSON_ID else OUTSIDER
            return {"sub": "ann", "aud": client, "token_use": "id", "cognito:groups": [GROUP]}
        case Caller.PERSON_REFRESH:
            return {"sub": "ann", "client_id": USER, "token_use": "refresh"}
        case Caller.MACHINE:
            return _machine(MACHINE, OWN_SCOPE)
        case Caller.AGENT:
            return _machine(AGENT, GATEWAY_SCOPE)
        case Caller.GATEWAY_OUTSIDER:
            return _machine(GATEWAY_OUTSIDER, GATEWAY_SCOPE)
        case Caller.OUTSIDER_MACHINE:
            return _machine(OUTSIDER_MACHINE, SCOPE)
    scopes = {
        Caller.SCOPED: SCOPE,
        Caller.SCOPED_BOTH: f"{SCOPE} {SCOPE_OTHER}",
        Caller.SCOPED_LONGER: SCOPE_LONGER,
        Caller.SCOPED_OTHER: SCOPE_OTHER,
    }
    return _machine(PROBE, scopes[caller])


def _person(name: str, client: str, groups: list[str]) -> dict[str, Any]:
    claims = {"sub": name, "client_id": client, "token_use": "access", "scope": PEOPLES_SCOPE, "username": name}
    return claims | ({"cognito:groups": groups} if groups else {})


def _machine(client: str, scope: str) -> dict[str, Any]:
    return {"sub": client, "client_id": client, "token_use": "access", "scope": scope}
