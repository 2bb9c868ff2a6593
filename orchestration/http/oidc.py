"""Any OpenID Connect provider by its discovery document: grants at its token endpoint, revocation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from orchestration.errors import TokenRefused, Unfit
from orchestration.tokens.held import Issued


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
        """Raises Unfit when the document cannot be had, or sends secrets anywhere but to HTTPS or this machine."""
        try:
            document = self.client.get(self.place(self.discovery_url)).raise_for_status().json()
            found = Discovered(
                issuer=str(document["issuer"]),
                authorization_endpoint=_safe(document["authorization_endpoint"]),
                token_endpoint=_safe(document["token_endpoint"]),
                revocation_endpoint=_safe(document["revocation_endpoint"])
                if "revocation_endpoint" in document
                else None,
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as e:
            raise unreachable(self.discovery_url, e) from None
        return found

    def code(self, client_id: str, secret: str | None, *, code: str, redirect_uri: str, verifier: str) -> Issued:
        """Tokens for an authorization code (RFC 6749, 4.1.3; RFC 7636, 4.5)."""
        form = {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        return self.grant("authorization_code", client_id, secret, form)

    def refresh(self, client_id: str, secret: str | None, refresh: str) -> Issued:
        return self.grant("refresh_token", client_id, secret, {"refresh_token": refresh})

    def machine(self, client_id: str, secret: str | None, scope: str) -> Issued:
        return self.grant("client_credentials", client_id, secret, {"scope": scope} if scope else {})

    def grant(self, kind: str, client_id: str, secret: str | None, form: Mapping[str, str]) -> Issued:
        """Raises TokenRefused with the endpoint's error code, Unfit when it does not answer."""
        return grant(self.client, self.discover().token_endpoint, kind, client_id, secret, form)

    def revoke(self, client_id: str, secret: str | None, refresh: str) -> bool:
        """RFC 7009; False where the provider revokes nothing."""
        url = self.discover().revocation_endpoint
        if url is None:
            return False
        try:
            answer = _post(self.client, url, client_id, secret, {"token": refresh, "token_type_hint": "refresh_token"})
        except httpx.HTTPError as e:
            raise unreachable(url, e) from None
        return answer.status_code == 200


def grant(
    client: httpx.Client, url: str, kind: str, client_id: str, secret: str | None, form: Mapping[str, str]
) -> Issued:
    """One grant at a token endpoint. Raises TokenRefused with its error code, Unfit when it does not answer."""
    try:
        answer = _post(client, url, client_id, secret, {"grant_type": kind, **form})
        body: Any = answer.json()
    except httpx.HTTPError as e:
        raise unreachable(url, e) from None
    except ValueError:
        body = None
    said: Mapping[str, Any] = body if isinstance(body, dict) else {}
    access = said.get("access_token")
    if answer.status_code != 200 or not isinstance(access, str):
        raise TokenRefused(
            f"the token endpoint answered {answer.status_code} ({said.get('error', 'no error code')}) "
            f"to app client {client_id}",
            remedy="run `make up`, which puts the app client right; with a provider of your own look there",
        )
    lifetime = said.get("expires_in")
    return Issued(
        access=access,
        refresh=str(said.get("refresh_token") or ""),
        id=str(said.get("id_token") or ""),
        expires_in_s=float(lifetime) if isinstance(lifetime, int | float) else None,
    )


def client_credentials(client: httpx.Client, url: str, client_id: str, client_secret: str, scope: str) -> str:
    """An access token by client_credentials (RFC 6749, 4.4). Raises as `grant`."""
    return grant(client, url, "client_credentials", client_id, client_secret, {"scope": scope}).access


def unreachable(url: str, error: Exception) -> Unfit:
    return Unfit(
        f"the identity provider at {url} does not answer as it should: {type(error).__name__}",
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
    parts = urlsplit(str(url))
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("neither HTTPS nor loopback")
    return str(url)
