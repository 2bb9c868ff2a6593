"""One broker for every way to get a token. Tokens live in memory only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from orchestration.errors import TokenRefused
from orchestration.settings import Settings


class Client(StrEnum):
    """The app clients of the pool, by what they are for."""

    USER = "user"
    MACHINE = "machine"
    OUTSIDER = "outsider"


@dataclass(frozen=True, slots=True)
class UserTokens:
    """What InitiateAuth answers. Compact JWTs; repr never shows them."""

    access: str
    id: str

    def __repr__(self) -> str:
        return "UserTokens(...)"


class IdentityProvider(Protocol):
    """The Cognito and Secrets Manager calls that we need."""

    def secret(self, secret_arn: str) -> str:
        """GetSecretValue's SecretString."""

    def sign_in(self, client_id: str, username: str, password: str) -> UserTokens:
        """InitiateAuth with USER_PASSWORD_AUTH. Raises TokenRefused."""

    def client_secret(self, pool_id: str, client_id: str) -> str:
        """DescribeUserPoolClient's ClientSecret."""

    def is_confirmed(self, pool_id: str, username: str) -> bool:
        """True if the user has a permanent password (UserStatus CONFIRMED)."""

    def set_password(self, pool_id: str, username: str, password: str) -> None:
        """AdminSetUserPassword, permanent."""


TokenEndpoint = Callable[[str, str, str, str], str]
"""(token URL, client id, client secret, scope) -> access token; raises TokenRefused."""


class TokenBroker:
    """Issues tokens for the callers of one deployment; each is fetched once per broker."""

    def __init__(self, settings: Settings, provider: IdentityProvider, token_endpoint: TokenEndpoint) -> None:
        self._settings = settings
        self._provider = provider
        self._token_endpoint = token_endpoint
        self._users: dict[Client, UserTokens] = {}
        self._machine: str | None = None

    def user(self, client: Client = Client.USER) -> UserTokens:
        """Tokens of the demo caller, signed in through the people's app client or the outsider's."""
        if client not in self._users:
            outputs = self._settings.outputs
            client_id = {
                Client.USER: outputs.cognito_user_client_id,
                Client.OUTSIDER: outputs.cognito_outsider_client_id,
            }[client]
            password = self._provider.secret(outputs.caller_password_secret_arn)
            self._users[client] = self._provider.sign_in(client_id, outputs.caller_username, password)
        return self._users[client]

    def machine(self) -> str:
        """An access token by client_credentials with the scope of the resource server."""
        if self._machine is None:
            outputs = self._settings.outputs
            secret = self._provider.client_secret(outputs.cognito_user_pool_id, outputs.cognito_machine_client_id)
            self._machine = self._token_endpoint(
                self._settings.token_url, outputs.cognito_machine_client_id, secret, outputs.cognito_scope
            )
        return self._machine

    def access(self, client: Client) -> str:
        """The access token of a client."""
        return self.machine() if client is Client.MACHINE else self.user(client).access

    def give_caller_a_password(self, *, force: bool = False) -> bool:
        """Set the demo caller's password from its secret; False when it was set before.

        Terraform makes the user and the secret but never sees the password (docs/decisions/0004-secrets.md).
        With force the password is set again, which repairs a pool and a secret that went apart.
        """
        outputs = self._settings.outputs
        if not force:
            if (
                self._provider.is_confirmed(outputs.cognito_user_pool_id, outputs.caller_username)
                and self._can_sign_in()
            ):
                return False
        password = self._provider.secret(outputs.caller_password_secret_arn)
        self._provider.set_password(outputs.cognito_user_pool_id, outputs.caller_username, password)
        return True

    def _can_sign_in(self) -> bool:
        try:
            self.user()
        except TokenRefused:
            return False
        return True
