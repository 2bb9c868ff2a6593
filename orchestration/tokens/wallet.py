"""Hands out access tokens that still hold for a while: kept ones, renewed ones, or by signing in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from orchestration.clock import Clock
from orchestration.errors import TokenRefused
from orchestration.tokens.held import Held, Issued, hold
from orchestration.tokens.store import Kept, TokenStore


class Authority(Protocol):
    """Whoever issued a token."""

    def refresh(self, held: Held) -> Issued:
        """New tokens for a refresh token. Raises TokenRefused when that is expired, revoked or used up."""

    def revoke(self, held: Held) -> bool:
        """End what was signed in; False where the provider cannot. Raises OrchestrationError."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """How to sign in without asking anybody: known only for the demo identities and for machines."""

    username: str
    sign_in: Callable[[], Held]


@dataclass(frozen=True, slots=True)
class Wallet:
    """Tokens of one issuer, between commands and between processes."""

    issuer: str
    store: TokenStore
    authority: Authority
    clock: Clock
    login: str = "invoke login"
    """The command that signs in, as the user must type it."""

    def keep(self, held: Held) -> None:
        with self.store.turn():
            self.store.save(self.store.load().with_held(held))

    def held(self, client_id: str, username: str | None = None) -> Held | None:
        """What is kept, good or not; nothing is renewed."""
        return self.store.load().find(self.issuer, client_id, username)

    def take(
        self, client_id: str, username: str | None = None, *, fallback: Fallback | None = None, refused: str = ""
    ) -> Held:
        """A token with at least two minutes to live, renewed where needed.

        `refused` is a token that was just turned away: if it is still the kept one, it is renewed whatever its end.
        Raises TokenRefused when nobody is signed in, or the sign-in has ended.
        """
        with self.store.turn():
            kept = self.store.load()
            found = kept.find(self.issuer, client_id, username)
            if found and found.fresh(self.clock.now()) and found.access != refused:
                return found
            if fallback and found and found.username != fallback.username:
                fallback = None  # somebody signed in: nobody else may answer in that name
            renewed = self._renewed(kept, found, fallback, client_id)
            # To act once as somebody named is not to sign in as them.
            self.store.save(kept.with_held(renewed, current=username is None))
            return renewed

    def drop(self, held: Held) -> None:
        with self.store.turn():
            self.store.save(self.store.load().without(held))

    def _renewed(self, kept: Kept, found: Held | None, fallback: Fallback | None, client_id: str) -> Held:
        if found and found.refresh:
            try:
                return self._refreshed(found)
            except TokenRefused as e:
                self.store.save(kept.without(found))
                if fallback is None:
                    raise TokenRefused(
                        f"the sign-in of {found.username} through client {client_id} has ended "
                        "(its refresh token is expired, revoked or used up)",
                        remedy=f"{self.login} --client {client_id}",
                        code="sign_in_ended",
                    ) from e
        if fallback is None:
            raise TokenRefused(
                f"nobody is signed in through client {client_id}",
                remedy=f"{self.login} --client {client_id}",
                code="not_signed_in",
            )
        return fallback.sign_in()

    def _refreshed(self, found: Held) -> Held:
        issued = self.authority.refresh(found)
        fresh = hold(
            issued,
            issuer=found.issuer,
            client_id=found.client_id,
            flow=found.flow,
            now=self.clock.now(),
            username=found.username,
            scope=found.scope,
        )
        # Without rotation no new refresh token comes.
        return replace(fresh, refresh=issued.refresh or found.refresh)
