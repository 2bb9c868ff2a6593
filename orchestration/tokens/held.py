"""What is kept of one sign-in, and what its token says. Nothing here shows a token."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestration.errors import TokenRefused

# The authorizer refuses a token that ends within the next minute; one more is for the clocks.
MARGIN_S = 120.0

# What helps where a provider says invalid_scope (RFC 6749, 4.1.2.1 and 5.2).
OTHER_SCOPES = "leave --scope out, or name scopes that this app client may ask for, blanks between"


@dataclass(frozen=True, slots=True)
class Issued:
    """What a provider answers to any flow. `expires_in_s` is None where it does not say; repr shows no token."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    id: str = field(default="", repr=False)
    expires_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An access token with what it takes to renew it. `username` is empty for a machine; `expires_at` is Unix time."""

    issuer: str
    client_id: str
    username: str
    flow: str
    expires_at: float
    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    scope: str = ""

    def fresh(self, now: float) -> bool:
        """True while it need not be renewed."""
        return self.expires_at - now > MARGIN_S


def hold(
    issued: Issued, *, issuer: str, client_id: str, flow: str, now: float, username: str = "", scope: str = ""
) -> Held:
    """Name what was issued. Its end and its user are read from the token where that is a JWT."""
    said = claims_of(issued.access)
    end = finite(said.get("exp"))
    if end is None:
        end = now + (issued.expires_in_s or 0.0)
    return Held(
        issuer=issuer,
        client_id=client_id,
        username=username,
        flow=flow,
        expires_at=end,
        access=issued.access,
        refresh=issued.refresh,
        scope=scope,
    )


def user_of(issued: Issued) -> str:
    """Who signed in, by the access token or else the ID token; "" where neither says."""
    for token in (issued.access, issued.id):
        said = claims_of(token)
        for name in ("username", "cognito:username", "preferred_username", "sub"):
            if isinstance(said.get(name), str) and said[name]:
                return str(said[name])
    return ""


def claims_of(token: str) -> Mapping[str, Any]:
    """The claims as the token states them, unverified: for its owner to read. Empty for a token that is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        value = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def finite(value: object) -> float | None:
    """A JSON number as one can reckon with it: neither true, nor NaN or Infinity, nor of hundreds of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def error_code(value: object) -> str:
    """A provider's `error` as it may be shown: those of RFC 6749 have none but these characters."""
    return "".join(c for c in str(value) if c.isascii() and (c.isalnum() or c in "_ -"))[:60]


def check_id_token(token: str, *, issuer: str, client_id: str, nonce: str, now: float) -> None:
    """Raises TokenRefused unless the ID token answers this very sign-in.

    It came straight from the token endpoint, whose TLS stands for its signature (OpenID Connect Core, 3.1.3.7).
    """
    said = claims_of(token)
    audience = said.get("aud")
    subject, end = said.get("sub"), finite(said.get("exp"))
    faults = [
        what
        for what, good in (
            ("issuer", said.get("iss") == issuer),
            ("audience", client_id in (audience if isinstance(audience, list) else [audience])),
            ("nonce", said.get("nonce") == nonce),
            ("subject", isinstance(subject, str) and subject),
            ("end", end is not None and end > now),
        )
        if not good
    ]
    if faults:
        raise TokenRefused(
            f"the provider's ID token does not belong to this sign-in: wrong {', '.join(faults)}",
            remedy="run `invoke login` again; if it stays so, compare the provider's issuer with the discovery URL",
            code="wrong_id_token",
        )
