"""Hands out access tokens that still hold for a while: kept ones, renewed ones, or by signing in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from orchestration.clock import Clock
from orchestration.errors import OrchestrationError, SignInEnded, TokenRefused
from orchestration.tokens.held import Held, Issued, hold
from orchestration.tokens.store import Kept, TokenStore

# The authorizer refuses the last minute; the rest is for the way there.
USABLE_S = 65.0


class Authority(Protocol):
    """Whoever issued a token."""

    def refresh(self, held: Held) -> Issued:
        """New tokens for a refresh token. Raises SignInEnded when that is expired, revoked or used up."""

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
        """A token with at least two minutes to live, renewed where needed; while its provider is away, a minute.

        `refused` is a token that was just turned away: if it is still the kept one, it is renewed whatever its end.
        Raises TokenRefused when nobody is signed in, or the sign-in has ended.
        """
        with self.store.turn():
            kept = self.store.load()
            found = kept.find(self.issuer, client_id, username)
            if found and found.fresh(self.clock.now()) and found.access != refused:
                return found
            last = kept.current.get(client_id) if username is None else username
            if fallback and last not in (None, fallback.username):
                fallback = None  # somebody signed in: nobody else may answer in that name
            try:
                renewed = self._renewed(kept, found, fallback, client_id, last)
            except TokenRefused:
                raise
            except OrchestrationError:
                if found and found.access != refused and found.expires_at - self.clock.now() > USABLE_S:
                    return found
                raise
            # To act once as somebody named is not to sign in as them.
            self.store.save(kept.with_held(renewed, current=username is None))
            return renewed

    def drop(self, client_id: str, username: str | None = None) -> Held | None:
        """Forget a user of a client, by default the one who signed in last; what was held."""
        with self.store.turn():
            kept = self.store.load()
            found = kept.find(self.issuer, client_id, username)
            name = found.username if found else kept.current.get(client_id) if username is None else username
            if name is not None:
                self.store.save(kept.without(client_id, name))
            return found

    def _renewed(
        self, kept: Kept, found: Held | None, fallback: Fallback | None, client_id: str, last: str | None
    ) -> Held:
        if found and found.refresh:
            try:
                return self._refreshed(found)
            except SignInEnded:
                self.store.save(kept.ended(found))
        if fallback is not None:
            return fallback.sign_in()
        login = f"{self.login} --client {client_id}"
        if last is not None and (found or kept.current.get(client_id) == last):
            raise SignInEnded(
                f"the sign-in of {last or 'the machine'} through client {client_id} has ended "
                "(its tokens are expired, revoked or used up)",
                remedy=login,
            )
        raise TokenRefused(f"nobody is signed in through client {client_id}", remedy=login, code="not_signed_in")

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
