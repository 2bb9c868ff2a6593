from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.errors import TokenRefused
from orchestration.tokens import Client, TokenBroker, UserTokens
from tests.fakes.orchestration import (
    CLIENT_SECRET,
    COGNITO,
    OUTPUTS,
    PROBES,
    FakeIdentityProvider,
    decoded,
    settings,
    without,
)

SIGN_IN = f"sign_in client-of-people {OUTPUTS['caller_username']}"


class Scene:
    def __init__(self, provider: FakeIdentityProvider | None = None, outputs: Mapping[str, Any] | None = None) -> None:
        self.provider = provider or FakeIdentityProvider()
        self.asked: list[tuple[str, str, str, str]] = []
        self.broker = TokenBroker(settings(**(outputs or {})), self.provider, self._endpoint)

    def _endpoint(self, url: str, client_id: str, client_secret: str, scope: str) -> str:
        self.asked.append((url, client_id, client_secret, scope))
        return "machine-token"


def client_of(token: str) -> str:
    return str(decoded(token.split(".")[1])["client_id"])


@pytest.mark.parametrize(
    ("client", "client_id"),
    [(Client.USER, "client-of-people"), (Client.OUTSIDER, "client-of-outsiders")],
)
def test_a_person_signs_in_through_the_app_client_asked_for(client: Client, client_id: str) -> None:
    assert client_of(Scene().broker.access(client)) == client_id


def test_the_two_sign_ins_of_a_person_are_kept_apart() -> None:
    broker = Scene().broker
    assert client_of(broker.user(Client.OUTSIDER).access) != client_of(broker.user().access)


def test_a_machine_gets_its_token_with_its_own_secret_and_scope() -> None:
    scene = Scene()
    assert scene.broker.access(Client.MACHINE) == "machine-token"
    assert scene.asked == [("http://127.0.0.1:4566/oauth2/token", "client-of-machines", CLIENT_SECRET, "agent/invoke")]


def test_each_token_is_fetched_once() -> None:
    scene = Scene()
    for _ in range(3):
        scene.broker.user()
        scene.broker.machine()
    assert scene.provider.calls.count(SIGN_IN) == 1
    assert len(scene.asked) == 1


def test_a_refused_sign_in_is_tried_again() -> None:
    scene = Scene(FakeIdentityProvider(pool_password="other"))
    for _ in range(2):
        with pytest.raises(TokenRefused):
            scene.broker.user()
    assert scene.provider.calls.count(SIGN_IN) == 2


def test_tokens_are_not_shown() -> None:
    text = f"{UserTokens('secret-a', 'secret-b')!r} {UserTokens('secret-a', 'secret-b')}"
    assert "secret" not in text


@pytest.mark.parametrize(
    ("pool_password", "force", "was_set"),
    [
        pytest.param(None, False, True, id="never-set"),
        pytest.param("pass-word-of-the-caller", False, False, id="set-and-right"),
        pytest.param("older", False, True, id="pool-and-secret-apart"),
        pytest.param("pass-word-of-the-caller", True, True, id="forced"),
    ],
)
def test_a_password_is_set_where_it_must_be(pool_password: str | None, force: bool, was_set: bool) -> None:
    scene = Scene(FakeIdentityProvider(pool_password=pool_password))
    assert scene.broker.give_passwords(force=force) is was_set
    set_for = [call for call in scene.provider.calls if call.startswith("set_password")]
    everybody = [
        f"set_password {OUTPUTS['cognito_user_pool_id']} {OUTPUTS['caller_username']}",
        f"set_password {OUTPUTS['cognito_user_pool_id']} {OUTPUTS['probe_second_username']}",
        f"set_password {OUTPUTS['probe_other_user_pool_id']} {OUTPUTS['probe_second_username']}",
    ]
    assert set_for == (everybody if was_set else [])
    assert client_of(scene.broker.user().access) == "client-of-people"


def test_only_the_person_who_cannot_sign_in_gets_the_password_again() -> None:
    scene = Scene()
    pool, second = OUTPUTS["cognito_user_pool_id"], OUTPUTS["probe_second_username"]
    scene.provider.given[pool, second] = "older"
    assert scene.broker.give_passwords()
    assert [call for call in scene.provider.calls if call.startswith("set")] == [f"set_password {pool} {second}"]


def test_where_there_is_no_pool_there_is_nobody_to_give_a_password() -> None:
    scene = Scene(outputs=without(COGNITO, PROBES))
    assert not scene.broker.give_passwords(force=True)
    assert scene.provider.calls == []
