"""Any OpenID Connect provider by its discovery document: grants at its token endpoint, revocation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from orchestration.errors import SignInEnded, TokenRefused, Unfit
from orchestration.tokens.held import OTHER_SCOPES, Issued, error_code, finite

WELL_KNOWN = "/.well-known/openid-configuration"
LOOPBACK = ("127.0.0.1", "localhost")
# What says nothing of the grant: the endpoint is busy (RFC 9110: 408, 429).
BUSY = (408, 429)
PUT_RIGHT = "run `make up`, which puts the app client right; with a provider of your own look there"


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a provider says of itself (OpenID Connect Discovery, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """`place` maps a URL to where it is fetched from; `client` follows no redirect."""

    client: httpx.Client
    discovery_url: str
    place: Callable[[str], str]

    def discover(self) -> Discovered:
        """Raises Unfit when the document cannot be had, is another issuer's (OpenID Connect Discovery, 4.3), or sends
        secrets anywhere but to HTTPS or this machine.
        """
        with _readable(self.discovery_url):
            document = self.client.get(self.place(self.discovery_url)).raise_for_status().json()
            return Discovered(
                issuer=_same(document["issuer"], self.discovery_url),
                authorization_endpoint=_safe(document["authorization_endpoint"]),
                token_endpoint=_safe(document["token_endpoint"]),
                revocation_endpoint=_safe(document["revocation_endpoint"])
                if "revocation_endpoint" in document
                else None,
            )

    def code(self, client_id: str, secret: str | None, *, code: str, redirect_uri: str, verifier: str) -> Issued:
        """Tokens for an authorization code (RFC 6749, 4.1.3; RFC 7636, 4.5)."""
        form = {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        return self.grant("authorization_code", client_id, secret, form)

    def refresh(self, client_id: str, secret: str | None, refresh: str) -> Issued:
        return self.grant("refresh_token", client_id, secret, {"refresh_token": refresh})

    def machine(self, client_id: str, secret: str | None, scope: str) -> Issued:
        return self.grant("client_credentials", client_id, secret, {"scope": scope} if scope else {})

    def grant(self, kind: str, client_id: str, secret: str | None, form: Mapping[str, str]) -> Issued:
        """As `grant` below."""
        return grant(self.client, self.discover().token_endpoint, kind, client_id, secret, form)

    def revoke(self, client_id: str, secret: str | None, refresh: str) -> bool:
        """RFC 7009; False where the provider revokes nothing."""
        url = self.discover().revocation_endpoint
        if url is None:
            return False
        with _readable(url):
            answer = _post(self.client, url, client_id, secret, {"token": refresh, "token_type_hint": "refresh_token"})
        return answer.status_code == 200


def grant(
    client: httpx.Client, url: str, kind: str, client_id: str, secret: str | None, form: Mapping[str, str]
) -> Issued:
    """One grant at a token endpoint.

    Raises TokenRefused with its error code, SignInEnded when it knows a refresh token no more (RFC 6749, 5.2), Unfit
    when it does not answer or answers with something else.
    """
    with _readable(url):
        answer = _post(client, url, client_id, secret, {"grant_type": kind, **form})
        status = answer.status_code
        if status >= 500 or status in BUSY:
            raise _Unusable(str(status))
        said: Any = answer.json()
    access = said.get("access_token") if isinstance(said, dict) else None
    if status != 200 or not isinstance(access, str):
        error = error_code(said.get("error", "no error code")) if isinstance(said, dict) else "no error code"
        ended = kind == "refresh_token" and error == "invalid_grant"
        raise (SignInEnded if ended else TokenRefused)(
            f"the token endpoint answered {status} ({error}) to app client {client_id}",
            remedy=OTHER_SCOPES if error == "invalid_scope" else PUT_RIGHT,
        )
    return Issued(
        access=access,
        refresh=str(said.get("refresh_token") or ""),
        id=str(said.get("id_token") or ""),
        expires_in_s=finite(said.get("expires_in")),
    )


def client_credentials(client: httpx.Client, url: str, client_id: str, client_secret: str, scope: str) -> str:
    """An access token by client_credentials (RFC 6749, 4.4). Raises as `grant`."""
    return grant(client, url, "client_credentials", client_id, client_secret, {"scope": scope}).access


class _Unusable(Exception):
    """An answer that says nothing, or that must not be followed; the message says why."""


@contextmanager
def _readable(url: str) -> Iterator[None]:
    """What goes wrong with a provider's answer, of whatever shape, as Unfit."""
    try:
        yield
    except _Unusable as e:
        why = str(e)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError, RecursionError) as e:
        why = type(e).__name__
    else:
        return
    raise Unfit(
        f"the identity provider at {url} does not answer as it should: {why}",
        remedy="look at that URL and the network; locally `invoke local.status`",
        code="issuer_unreachable",
    )


def _post(
    client: httpx.Client, url: str, client_id: str, secret: str | None, form: Mapping[str, str]
) -> httpx.Response:
    """A client with a secret authenticates with HTTP Basic, one without names itself (RFC 6749, 2.3.1, 3.2.1)."""
    if secret is None:
        return client.post(url, data={**form, "client_id": client_id})
    return client.post(url, data=dict(form), auth=httpx.BasicAuth(client_id, secret))


def _safe(url: object) -> str:
    """A URL that may get secrets and may be opened in a browser."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        raise _Unusable("an endpoint is no URL")
    parts = urlsplit(url)
    there = parts.scheme == "https" and parts.hostname or parts.scheme == "http" and parts.hostname in LOOPBACK
    if not there or "@" in parts.netloc or parts.port == 0:
        raise _Unusable("an endpoint is neither at HTTPS nor on this machine")
    return url


def _same(issuer: object, discovery_url: str) -> str:
    # A slash at the issuer's end is not doubled in the URL (OpenID Connect Discovery, 4.1).
    if not isinstance(issuer, str) or issuer.removesuffix("/") != discovery_url.removesuffix(WELL_KNOWN):
        raise _Unusable("its document names another issuer than the discovery URL")
    return issuer
