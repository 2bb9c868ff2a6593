"""What the caller's token says.

The claims are read without verifying them again: the runtime hands Authorization on only after its authorizer has
verified it (AgentCore devguide: runtime-header-allowlist), and nothing else can reach the agent.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


class Unreadable(Exception):
    """A header that holds no claims, or claims that name nobody."""


def claims_of(authorization: str) -> Mapping[str, Any]:
    """The claims behind "Bearer <token>", a compact JWT of three parts. Raises Unreadable."""
    scheme, _, token = authorization.partition(" ")
    parts = token.split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        raise Unreadable
    try:
        part = parts[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(claims, dict):
        raise Unreadable
    return claims


def identity_of(claims: Mapping[str, Any]) -> tuple[str, str]:
    """(issuer, subject, or client where there is no subject). Raises Unreadable."""
    issuer, subject = claims.get("iss"), claims.get("sub") or claims.get("client_id")
    if not (isinstance(issuer, str) and issuer and isinstance(subject, str) and subject):
        raise Unreadable
    return issuer, subject
