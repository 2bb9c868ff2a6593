"""An identity provider over HTTP: its keys, its token endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from orchestration.errors import Unfit


@dataclass(frozen=True, slots=True)
class Issuer:
    """What a provider says of itself: its name in tokens, and its public keys as JWKs."""

    name: str
    keys: list[Mapping[str, Any]]


def place_of(region: str, emulator: str | None) -> Callable[[str], str]:
    """Where a provider's URL is fetched: locally a Cognito issuer's documents are the emulator's."""
    cognito = f"https://cognito-idp.{region}.amazonaws.com/"
    return lambda url: f"{emulator}/{url.removeprefix(cognito)}" if emulator and url.startswith(cognito) else url


def issuer_of(client: httpx.Client, discovery_url: str, place: Callable[[str], str]) -> Issuer:
    """The issuer behind a discovery URL and its keys. `place` maps a URL to where it is fetched from.

    Raises Unfit when they cannot be had.
    """
    try:
        document = client.get(place(discovery_url), follow_redirects=False).raise_for_status().json()
        keys = client.get(place(document["jwks_uri"]), follow_redirects=False).raise_for_status().json()["keys"]
        return Issuer(str(document["issuer"]), [key for key in keys if isinstance(key, dict)])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as e:
        raise Unfit(
            f"the provider behind {discovery_url} cannot be read: {type(e).__name__}",
            remedy="look at that URL; locally `invoke local.status`",
            code="issuer_unreachable",
        ) from None
