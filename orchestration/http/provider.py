"""An identity provider over HTTP: its keys, its token endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from orchestration.errors import Unfit

MAX_DOCUMENT_BYTES = 1_000_000


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
        document = _json(client, place(discovery_url))
        keys = _json(client, place(document["jwks_uri"]))["keys"]
        return Issuer(str(document["issuer"]), [key for key in keys if isinstance(key, dict)])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, RecursionError) as e:
        raise Unfit(
            f"the provider behind {discovery_url} cannot be read: {type(e).__name__}",
            remedy="look at that URL; locally `invoke local.status`",
            code="issuer_unreachable",
        ) from None


def time_of(client: httpx.Client, url: str) -> float | None:
    """Unix time of whoever answers there, to the second (RFC 9110, 6.6.1); None where it says none."""
    try:
        with client.stream("GET", url, follow_redirects=False) as answer:
            return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError):
        return None


def _json(client: httpx.Client, url: str) -> Any:
    """Raises httpx.HTTPError, ValueError for what is no JSON or larger than any such document."""
    body = b""
    with client.stream("GET", url, follow_redirects=False) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > MAX_DOCUMENT_BYTES:
                raise ValueError("too large")
    return json.loads(body)
