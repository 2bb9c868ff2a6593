"""The authorization code flow with PKCE (RFC 7636, RFC 8252): what is asked, and what answers it. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from orchestration.errors import TokenRefused
from orchestration.tokens.held import OTHER_SCOPES, error_code


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """One sign-in by browser. `url` is for the user to open; the verifier never leaves this process before the end."""

    url: str
    redirect_uri: str
    state: str
    nonce: str
    verifier: str = field(repr=False)

    def answered_by(self, target: str) -> bool:
        """True for a request to the redirect URI that carries this sign-in's state: anything else is not from it."""
        asked = urlsplit(target)
        state = parse_qs(asked.query).get("state", [""])[0]
        return asked.path == urlsplit(self.redirect_uri).path and hmac.compare_digest(
            state.encode(), self.state.encode()
        )

    def code_in(self, target: str) -> str:
        """The authorization code out of the redirect. Raises TokenRefused with the provider's error code."""
        query = parse_qs(urlsplit(target).query)
        if code := query.get("code", [""])[0]:
            return code
        error = query.get("error", ["no code"])[0]
        raise TokenRefused(
            f"the provider ended the sign-in: {error_code(error)}",
            remedy=OTHER_SCOPES
            if error == "invalid_scope"
            else "run `invoke login` again; access_denied means that it was cancelled",
            code="login_refused",
        )


def code_request(
    authorization_endpoint: str, client_id: str, redirect_uri: str, scope: str, random: Callable[[], str]
) -> CodeRequest:
    """`random` gives 43 to 128 URL-safe characters, each time others (RFC 7636, 4.1)."""
    state, nonce, verifier = random(), random(), random()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    join = "&" if urlsplit(authorization_endpoint).query else "?"
    return CodeRequest(f"{authorization_endpoint}{join}{query}", redirect_uri, state, nonce, verifier)
