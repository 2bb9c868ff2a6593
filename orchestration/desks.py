"""Where callers of a deployment sign in, and the client they call with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.aws import Clients, CognitoProvider, cognito_pool
from orchestration.client import AgentClient, TokenSource
from orchestration.clock import Clock
from orchestration.http import Calls, OidcProvider, listening, place_of
from orchestration.lock import turn
from orchestration.settings import Settings
from orchestration.terminal import Terminal
from orchestration.tokens import REDIRECT_URIS, Desk, Issuers, TokenStore, Wallet

WELL_KNOWN = "/.well-known/openid-configuration"
OIDC_SECRET = "OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a variable


def redirect_uris(env: Mapping[str, str]) -> tuple[str, ...]:
    """Where a browser comes back to, as the client's owner told its provider."""
    given = env.get("OIDC_REDIRECT_URL")
    return (given,) if given else REDIRECT_URIS


@dataclass(frozen=True, slots=True)
class Desks:
    """`http` is the client for the target."""

    clients: Clients
    http: Any
    clock: Clock
    terminal: Terminal
    env: Mapping[str, str]

    def desk(self, settings: Settings) -> Desk:
        """With a provider of one's own, OIDC_CLIENT_SECRET and OIDC_REDIRECT_URL say what only its owner knows."""
        cognito = settings.outputs.cognito
        pool = cognito_pool(self.clients, cognito.user_pool_id, self.terminal.code) if cognito else None
        secret = None if pool else self.env.get(OIDC_SECRET) or None
        url = settings.outputs.door.discovery_url
        provider = OidcProvider(self.http, url, place_of(self.clients.region, settings.endpoints.aws))
        wallet = Wallet(
            issuer=url.removesuffix(WELL_KNOWN),
            store=TokenStore(settings.deployment.state_dir / "tokens", turn),
            authority=Issuers(pool, provider, secret),
            clock=self.clock,
            login=settings.deployment.command("invoke login"),
        )
        return Desk(
            settings=settings,
            pool=pool,
            provider=provider,
            wallet=wallet,
            terminal=self.terminal,
            listen=listening,
            secret_of=CognitoProvider(self.clients).secret,
            client_secret=secret,
            redirect_uris=redirect_uris(self.env),
        )

    def agent(self, settings: Settings, runtime_arn: str, tokens: TokenSource) -> AgentClient:
        calls = Calls(self.http, settings.endpoints.data_plane)
        return AgentClient(runtime_arn, tokens, transport=calls, clock=self.clock)
