"""Looks at an identity provider the way sign-in and smoke test will."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from orchestration.http.oidc import OidcProvider
from orchestration.http.provider import Issuer, issuer_of, time_of


@dataclass(frozen=True, slots=True)
class ProviderProbe:
    """`place` maps a URL to where it is fetched from."""

    client: httpx.Client
    url: str
    place: Callable[[str], str]

    def issuer(self) -> Issuer:
        """Its name and keys. Raises Unfit where either command could not go on."""
        OidcProvider(self.client, self.url, self.place).discover()
        return issuer_of(self.client, self.url, self.place)

    def time(self) -> float | None:
        """Unix time of whoever answers there, to the second."""
        return time_of(self.client, self.place(self.url))
