"""The ways to sign in, and what an app client allows of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orchestration.tokens.held import Held, Issued


class Flow(StrEnum):
    """In the order in which they are preferred: the browser's page knows more than we, a password sent knows least."""

    CODE = "code"
    SRP = "srp"
    PASSWORD = "password"  # noqa: S105 - the name of a flow
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class AppClient:
    """An app client as its provider describes it. repr never shows the secret."""

    client_id: str
    flows: frozenset[Flow]
    refreshes: bool = True
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    secret: str | None = field(default=None, repr=False)

    @property
    def preferred(self) -> Flow | None:
        return next((flow for flow in Flow if flow in self.flows), None)


class Pool(Protocol):
    """The project's own user pool, as people without a browser and their clients see it."""

    def app_client(self, client_id: str) -> AppClient:
        """Raises BadInput for an id that the pool does not have."""

    def password(self, client_id: str, username: str, password: str) -> Issued:
        """Raises TokenRefused."""

    def srp(self, client_id: str, username: str, password: str) -> Issued:
        """Raises TokenRefused."""

    def refresh(self, client_id: str, refresh: str) -> Issued:
        """Raises SignInEnded."""

    def revoke(self, client_id: str, refresh: str) -> None:
        """Raises OrchestrationError."""


class Discovery(Protocol):
    """What a provider says of itself."""

    @property
    def issuer(self) -> str: ...
    @property
    def authorization_endpoint(self) -> str: ...


class Provider(Protocol):
    """Any OpenID Connect provider."""

    def discover(self) -> Discovery:
        """Raises Unfit."""

    def code(self, client_id: str, secret: str | None, *, code: str, redirect_uri: str, verifier: str) -> Issued:
        """Raises TokenRefused, Unfit."""

    def machine(self, client_id: str, secret: str | None, scope: str) -> Issued:
        """Raises TokenRefused, Unfit."""

    def refresh(self, client_id: str, secret: str | None, refresh: str) -> Issued:
        """Raises SignInEnded, TokenRefused for any other refusal, Unfit."""

    def revoke(self, client_id: str, secret: str | None, refresh: str) -> bool:
        """False where the provider revokes nothing."""


@dataclass(frozen=True, slots=True)
class Issuers:
    """wallet.Authority: the project's own pool, or where there is none the provider of the discovery URL."""

    pool: Pool | None
    provider: Provider
    client_secret: str | None = field(default=None, repr=False)

    def refresh(self, held: Held) -> Issued:
        if self.pool:
            return self.pool.refresh(held.client_id, held.refresh)
        return self.provider.refresh(held.client_id, self.client_secret, held.refresh)

    def revoke(self, held: Held) -> bool:
        if self.pool:
            self.pool.revoke(held.client_id, held.refresh)
            return True
        return self.provider.revoke(held.client_id, self.client_secret, held.refresh)
