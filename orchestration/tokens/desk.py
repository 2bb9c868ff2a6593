"""Signs callers of one deployment in and out, by every flow, and hands out their tokens."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from orchestration.errors import BadInput, OrchestrationError
from orchestration.settings import Settings
from orchestration.tokens.broker import Person, people
from orchestration.tokens.code import code_request
from orchestration.tokens.flows import AppClient, Flow, Pool, Provider
from orchestration.tokens.held import Held, Issued, check_id_token, hold, user_of
from orchestration.tokens.remedies import flow_off
from orchestration.tokens.wallet import Fallback, Wallet

LOGIN_TIMEOUT_S = 300.0
# What Terraform gives the project's own clients; a provider of one's own must know it too.
REDIRECT_URIS = tuple(f"http://localhost:{port}/callback" for port in (8765, 8766, 8767))


class Redirect(Protocol):
    """Where the browser comes back to."""

    @property
    def redirect_uri(self) -> str: ...
    def expect(self, wanted: Callable[[str], bool]) -> None:
        """Accept the first request, by path and query, for which this is true."""

    def wait(self, timeout_s: float) -> str:
        """Path and query of that request. Raises Unfit when none comes in time."""


class Terminal(Protocol):
    """Whoever typed the command."""

    def open(self, url: str) -> None:
        """Show the URL, and open it where there is a browser."""

    def password(self, username: str) -> str:
        """Raises BadInput where nobody can be asked."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What `login` was asked for; empty: the usual. `client` is a short name or an id; None: whose the flow is."""

    client: str | None = None
    flow: str = ""
    username: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """`pool` is None where callers come from another provider; `client_secret` is then the client's, if it has one.

    `secret_of` reads a secret by its ARN: the password of a demo person.
    """

    settings: Settings
    pool: Pool | None
    provider: Provider
    wallet: Wallet
    terminal: Terminal
    listen: Callable[[Sequence[str]], AbstractContextManager[Redirect]]
    secret_of: Callable[[str], str]
    client_secret: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = REDIRECT_URIS

    def take(self, client: str = "user", username: str | None = None, *, refused: str = "") -> Held:
        """A token for calls through a client, renewed where needed; without a sign-in, the demo caller's.

        Raises TokenRefused when nobody is signed in and nobody can be without being asked.
        """
        client_id = self.client_id(client)
        return self.wallet.take(client_id, username, fallback=self._fallback(client_id, username), refused=refused)

    def login(self, wish: Wish) -> Held:
        """Sign in and keep the tokens. Raises BadInput, TokenRefused, Unfit."""
        client = self._app_client(self.client_id(self.client_of(wish)))
        flow = self._flow(wish, client)
        if wish.scope and flow in (Flow.SRP, Flow.PASSWORD):
            raise BadInput(
                f"--scope has no say with --flow {flow}: the pool gives such a token its own scope, and only that",
                remedy="leave --scope out, or use --flow code",
                code="bad_scope",
            )
        match flow:
            case Flow.CODE:
                held = self._by_browser(client, wish.scope)
            case Flow.MACHINE:
                held = self._as_machine(client, wish.scope)
            case Flow.SRP | Flow.PASSWORD:
                held = self._by_password(client, flow, wish.username)
        self.wallet.keep(held)
        return held

    def logout(self, client: str = "user", username: str | None = None) -> tuple[Held | None, bool]:
        """(what was erased, whether its provider revoked it). It is erased whatever the provider answers."""
        held = self.wallet.drop(self.client_id(client), username)
        if held is None or not held.refresh:
            return held, False
        try:
            return held, self.wallet.authority.revoke(held)
        except OrchestrationError:
            return held, False

    def client_id(self, client: str) -> str:
        """A short name of an allowed client, or an id as it is. Raises BadInput for neither."""
        if found := self.settings.outputs.door.allowed_clients.get(client):
            return found
        if client in self.settings.outputs.door.allowed_clients.values():
            return client
        if not client or client in ("user", "machine") or not client.isprintable() or " " in client:
            names = ", ".join(sorted(self.settings.outputs.door.allowed_clients)) or "none has a name"
            raise BadInput(
                f"--client is {client!r}",
                remedy=f"use the id of a client, or a name: {names}",
                code="bad_client",
            )
        if self.pool is not None:
            self.pool.app_client(client)  # a mistyped name is no client of this pool
        return client

    def _fallback(self, client_id: str, username: str | None) -> Fallback | None:
        pool = self.settings.outputs.cognito
        if pool is None:
            if self.client_secret is None:
                return None
            client = self._app_client(client_id)
            return Fallback("", lambda: self._as_machine(client, ""))
        if client_id == pool.machine_client_id:
            return Fallback("", lambda: self._as_machine(self._app_client(client_id), ""))
        name = pool.caller_username if username is None else username
        if client_id == pool.user_client_id and self._known(name):
            return Fallback(name, lambda: self._as_demo_person(name))
        return None

    def _as_demo_person(self, username: str) -> Held:
        client = self._app_client(self.settings.cognito.user_client_id)
        quiet = next((flow for flow in (Flow.PASSWORD, Flow.SRP) if flow in client.flows), None)
        if quiet is None:
            raise flow_off(self.settings, client, Flow.SRP)
        return self._by_password(client, quiet, username)

    def _app_client(self, client_id: str) -> AppClient:
        if self.pool is not None:
            return self.pool.app_client(client_id)
        flows = {Flow.CODE} if self.client_secret is None else {Flow.CODE, Flow.MACHINE}
        return AppClient(client_id, frozenset(flows), redirect_uris=self.redirect_uris, secret=self.client_secret)

    def client_of(self, wish: Wish) -> str:
        """The client that the wish names, or that its flow is for."""
        if wish.client is not None:
            return wish.client
        machine = wish.flow == Flow.MACHINE and "machine" in self.settings.outputs.door.allowed_clients
        return "machine" if machine else "user"

    def _flow(self, wish: Wish, client: AppClient) -> Flow:
        if wish.flow and wish.flow not in set(Flow):
            raise BadInput(f"--flow is {wish.flow!r}", remedy=f"use {', '.join(Flow)}", code="bad_flow")
        wanted = Flow(wish.flow) if wish.flow else client.preferred
        if wanted is None or wanted not in client.flows:
            raise flow_off(self.settings, client, wanted or Flow.CODE)
        return wanted

    def _by_browser(self, client: AppClient, scope: str) -> Held:
        found = self.provider.discover()
        scope = scope or self._scope(client)
        with self.listen(client.redirect_uris) as redirect:
            request = code_request(
                found.authorization_endpoint,
                client.client_id,
                redirect.redirect_uri,
                scope,
                lambda: secrets.token_urlsafe(48),
            )
            redirect.expect(request.answered_by)
            self.terminal.open(request.url)
            target = redirect.wait(LOGIN_TIMEOUT_S)
        issued = self.provider.code(
            client.client_id,
            client.secret,
            code=request.code_in(target),
            redirect_uri=redirect.redirect_uri,
            verifier=request.verifier,
        )
        now = self.wallet.clock.now()
        check_id_token(issued.id, issuer=found.issuer, client_id=client.client_id, nonce=request.nonce, now=now)
        return self._held(client, issued, Flow.CODE, user_of(issued), scope)

    def _as_machine(self, client: AppClient, scope: str) -> Held:
        pool = self.settings.outputs.cognito
        if pool and client.client_id == pool.machine_client_id:
            scope = scope or pool.scope
        scope = scope or self._scope(client)
        issued = self.provider.machine(client.client_id, client.secret, scope)
        return self._held(client, issued, Flow.MACHINE, "", scope)

    def _by_password(self, client: AppClient, flow: Flow, username: str) -> Held:
        if self.pool is None:
            raise flow_off(self.settings, client, flow)
        name = username or self.settings.cognito.caller_username
        known = self._known(name)
        password = self.secret_of(known.secret_arn) if known else self.terminal.password(name)
        if flow is Flow.SRP:
            issued = self.pool.srp(client.client_id, name, password)
        else:
            issued = self.pool.password(client.client_id, name, password)
        return self._held(client, issued, flow, name, "")

    def _known(self, username: str) -> Person | None:
        """A demo person of this pool, whose password nobody has to type: it is in a secret."""
        pool_id = self.settings.cognito.user_pool_id
        return next((p for p in people(self.settings) if (p.pool_id, p.username) == (pool_id, username)), None)

    def _held(self, client: AppClient, issued: Issued, flow: Flow, username: str, scope: str) -> Held:
        return hold(
            issued,
            issuer=self.wallet.issuer,
            client_id=client.client_id,
            flow=flow,
            now=self.wallet.clock.now(),
            username=username,
            scope=scope,
        )

    def _scope(self, client: AppClient) -> str:
        """Every scope that the client may ask for; with another provider those that the door looks at."""
        if client.scopes:
            return " ".join(sorted(client.scopes))
        wanted = self.settings.outputs.door.allowed_scopes
        return " ".join(wanted if Flow.MACHINE in client.flows else ("openid", *wanted))


@dataclass(frozen=True, slots=True)
class DeskTokens:
    """client.TokenSource: the tokens of one caller."""

    desk: Desk
    client: str = "user"
    username: str | None = None

    def token(self) -> str:
        return self.desk.take(self.client, self.username).access

    def renewed(self, refused: str) -> str:
        return self.desk.take(self.client, self.username, refused=refused).access
