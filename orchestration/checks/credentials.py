"""Makes each case's credential from a good one, changing exactly one thing."""

from __future__ import annotations

import base64
import json
from typing import Any

from orchestration.checks.cases import Credential
from orchestration.tokens import Client, TokenBroker


def bearer(credential: Credential, broker: TokenBroker) -> str | None:
    """The bearer token of a case; None where the case sends no token (nobody, SigV4)."""
    match credential:
        case Credential.USER:
            return broker.user().access
        case Credential.MACHINE:
            return broker.machine()
        case Credential.NONE | Credential.SIGV4:
            return None
        case Credential.GARBAGE:
            return "garbage"
        case Credential.TAMPERED:
            return with_claim(broker.user().access, "username", "somebody-else")
        case Credential.UNSIGNED:
            return unsigned(broker.user().access)
        case Credential.OUTSIDER:
            return broker.user(Client.OUTSIDER).access
        case Credential.IDENTITY:
            return broker.user().id


def with_claim(token: str, name: str, value: Any) -> str:
    """The compact JWT with one claim replaced and the old signature kept."""
    header, payload, signature = token.split(".")
    claims = _decode(payload)
    claims[name] = value
    return f"{header}.{_encode(claims)}.{signature}"


def unsigned(token: str) -> str:
    """The compact JWT with "alg": "none" and an empty signature (RFC 8725, 2.1)."""
    header, payload, _ = token.split(".")
    return f"{_encode({**_decode(header), 'alg': 'none'})}.{payload}."


def _decode(part: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def _encode(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()
