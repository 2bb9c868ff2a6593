"""Tokens of the demo identities: the caller, the second person, machines. In memory only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from orchestration.errors import TokenRefused
from orchestration.settings import Settings

T = TypeVar("T")


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
    refresh: str = ""

    def __repr__(self) -> str:
        return "UserTokens(...)"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of a pool, an app client of that pool to sign in through, and where the password is."""

    pool_id: str
    client_id: str
    username: str
    secret_arn: str


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


class Once:
    """Values made by the first who asks, from whichever thread; the others wait.

    A failure is tried again by the next one, unless failures are kept: then it is everybody's.
    """

    def __init__(self, *, keep_failures: bool = False) -> None:
        self._keep_failures = keep_failures
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._made: dict[Hashable, tuple[Any, Exception | None]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._made:
                try:
                    self._made[key] = (make(), None)
                except Exception as e:
                    if not self._keep_failures:
                        raise
                    self._made[key] = (None, e)
            value, error = self._made[key]
        if error is not None:
            raise error
        made: T = value
        return made


class TokenBroker:
    """Issues tokens for the callers of one deployment; each is fetched once per broker."""

    def __init__(self, settings: Settings, provider: IdentityProvider, token_endpoint: TokenEndpoint) -> None:
        self._settings = settings
        self._provider = provider
        self._token_endpoint = token_endpoint
        self._once = Once()

    def user(self, client: Client = Client.USER) -> UserTokens:
        """Tokens of the demo caller, signed in through the people's app client or the outsider's."""
        pool = self._settings.cognito
        client_id = self._settings.probes.outsider_client_id if client is Client.OUTSIDER else pool.user_client_id
        return self.person(Person(pool.user_pool_id, client_id, pool.caller_username, pool.caller_password_secret_arn))

    def person(self, person: Person) -> UserTokens:
        """Tokens of a person, signed in through an app client. Raises TokenRefused."""
        return self._once.get(
            person,
            lambda: self._provider.sign_in(person.client_id, person.username, self._provider.secret(person.secret_arn)),
        )

    def machine(self) -> str:
        """An access token by client_credentials with the scope of the resource server."""
        pool = self._settings.cognito
        return self.grant(pool.machine_client_id, pool.scope)

    def grant(self, client_id: str, scope: str) -> str:
        """An access token by client_credentials for a client of the caller pool. Raises TokenRefused."""
        pool_id = self._settings.cognito.user_pool_id
        return self._once.get(
            (client_id, scope),
            lambda: self._token_endpoint(
                self._settings.token_url, client_id, self._provider.client_secret(pool_id, client_id), scope
            ),
        )

    def access(self, client: Client) -> str:
        """The access token of a client."""
        return self.machine() if client is Client.MACHINE else self.user(client).access

    def secrets(self) -> dict[str, str]:
        """{what it is: value} of the passwords and client secrets behind the tokens: to be looked for, never shown."""
        pool, probes = self._settings.outputs.cognito, self._settings.outputs.probes
        if pool is None:
            return {}
        machines = [pool.machine_client_id]
        if probes is not None:
            machines += [probes.outsider_machine_client_id, probes.machine_client_id]
        passwords = {
            f"password of {person.username}": self._provider.secret(person.secret_arn)
            for person in people(self._settings)
        }
        return passwords | {
            f"secret of client {client_id}": self._provider.client_secret(pool.user_pool_id, client_id)
            for client_id in machines
        }

    def give_passwords(self, *, force: bool = False) -> bool:
        """Set each person's password from its secret; False when all were set before.

        Terraform makes users and secrets but never sees a password (docs/decisions/0004-secrets.md).
        With force the passwords are set again, which repairs a pool and a secret that went apart.
        """
        changed = False
        for person in people(self._settings):
            if not force and self._provider.is_confirmed(person.pool_id, person.username) and self._signs_in(person):
                continue
            self._provider.set_password(person.pool_id, person.username, self._provider.secret(person.secret_arn))
            changed = True
        return changed

    def _signs_in(self, person: Person) -> bool:
        try:
            self._provider.sign_in(person.client_id, person.username, self._provider.secret(person.secret_arn))
        except TokenRefused as e:
            return e.code == "flow_off"  # where this flow is not offered, a permanent password is all one can ask
        return True


def people(settings: Settings) -> list[Person]:
    """Everybody whose password is ours to set: the demo caller and, with probes, a second person in two pools."""
    pool, probes = settings.outputs.cognito, settings.outputs.probes
    if pool is None:
        return []
    found = [Person(pool.user_pool_id, pool.user_client_id, pool.caller_username, pool.caller_password_secret_arn)]
    if probes is not None:
        who = (probes.second_username, probes.second_password_secret_arn)
        found.append(Person(pool.user_pool_id, pool.user_client_id, *who))
        found.append(Person(probes.other_user_pool_id, probes.other_client_id, *who))
    return found
