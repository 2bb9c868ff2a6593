"""The same flows at an identity provider that is not Cognito, by its discovery document alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestration.errors import TokenRefused
from orchestration.http import OidcProvider, listening, local_client
from orchestration.lock import turn
from orchestration.terminal import Terminal
from orchestration.tokens import Desk, Held, Issuers, TokenStore, Wallet, Wish, claims_of
from tests.browser.driver import driven
from tests.contract.cloud import eventually, free_port, get
from tests.fakes.orchestration import COGNITO, PROBES, FakeClock, settings, without

PASSWORD = "correct horse battery"
SECRET = "secret-of-the-batch"
SETTINGS = """
config_version: 1
server: {{host: 127.0.0.1, port: {port}}}
oauth:
  issuer: http://127.0.0.1:{port}
  audience: agent
  token_expiry_minutes: 10
  refresh_token_rotation: true
  require_pkce: true
  clients:
    - client_id: laptop
      token_endpoint_auth_method: none
      redirect_uris: ["{redirect}"]
    - client_id: batch
      client_secret: {secret}
"""
USERS = """
config_version: 1
users:
  ann: {{password: "{password}", email: ann@example.com, roles: [USER]}}
"""


@dataclass(frozen=True)
class Provider:
    url: str
    redirect: str

    def desk(self, http: httpx.Client, folder: Path, secret: str | None = None) -> Desk:
        """As the composition root makes it where callers come from a provider of one's own."""

        def browse(url: str) -> bool:
            def sit_down() -> None:
                with driven(folder / "profile") as tab:
                    tab.visit(url)
                    tab.sign_in("ann", PASSWORD)

            threading.Thread(target=sit_down, daemon=True).start()
            return True

        provider = OidcProvider(http, f"{self.url}/.well-known/openid-configuration", lambda url: url)
        issuers = Issuers(None, provider, secret)
        clock = FakeClock()
        store = TokenStore(folder / "tokens", turn)
        doors: dict[str, Any] = {"authorizer_discovery_url": provider.discovery_url, "authorizer_allowed_clients": {}}
        return Desk(
            settings=settings(**without(COGNITO, PROBES), **doors, authorizer_allowed_audience=["agent"]),
            pool=None,
            provider=provider,
            wallet=Wallet(self.url, store, issuers, clock),
            terminal=Terminal(lambda line: None, None, browse),
            listen=listening,
            secret_of=lambda arn: "",
            client_secret=secret,
            redirect_uris=(self.redirect,),
        )


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    folder = tmp_path_factory.mktemp("provider")
    port, redirect = free_port(), f"http://localhost:{free_port()}/callback"
    (folder / "settings.yaml").write_text(SETTINGS.format(port=port, redirect=redirect, secret=SECRET))
    (folder / "users.yaml").write_text(USERS.format(password=PASSWORD))
    program = [str(Path(sys.executable).with_name("nanoidp")), "--config", str(folder), "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(program, stdout=log, stderr=log, cwd=folder)
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: get(f"{url}/.well-known/openid-configuration"), "the provider answers")
        yield Provider(url, redirect)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with local_client(20.0) as client:
        yield client


@pytest.fixture(scope="module")
def signed_in(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> tuple[Held, Path]:
    """What a person got in a real browser, and the folder in which it is kept."""
    folder = tmp_path_factory.mktemp("signed-in")
    with local_client(20.0) as client:
        held = provider.desk(client, folder).login(Wish(client="laptop", scope="openid offline_access"))
    return held, folder


@pytest.mark.browser
def test_a_person_signs_in_by_browser_with_a_code(signed_in: tuple[Held, Path], provider: Provider) -> None:
    held, _ = signed_in
    said = claims_of(held.access)
    assert (held.flow, said["iss"], said["sub"]) == ("code", provider.url, "ann")


def test_a_machine_gets_its_token_by_client_credentials(provider: Provider, http: httpx.Client, tmp_path: Path) -> None:
    held = provider.desk(http, tmp_path, SECRET).take("batch")
    assert (held.flow, held.refresh) == ("machine", "")
    assert claims_of(held.access)["iss"] == provider.url


def test_a_machine_with_a_wrong_secret_gets_the_provider_s_own_code(
    provider: Provider, http: httpx.Client, tmp_path: Path
) -> None:
    with pytest.raises(TokenRefused, match="invalid_client") as caught:
        provider.desk(http, tmp_path, "wrong-secret").take("batch")
    assert "wrong-secret" not in caught.value.message


@pytest.mark.browser
def test_a_rotating_refresh_token_is_followed_twice(
    signed_in: tuple[Held, Path], provider: Provider, http: httpx.Client
) -> None:
    held, folder = signed_in
    desk = provider.desk(http, folder)
    seen = [held]
    for _ in range(2):
        desk.wallet.keep(replace(seen[-1], expires_at=0.0))
        seen.append(desk.take("laptop"))
    assert len({one.access for one in seen}) == len({one.refresh for one in seen}) == 3
    assert {one.username for one in seen} == {held.username}


@pytest.mark.browser
def test_a_used_refresh_token_ends_the_sign_in_with_one_line(
    signed_in: tuple[Held, Path], provider: Provider, http: httpx.Client
) -> None:
    held, folder = signed_in
    desk = provider.desk(http, folder)
    desk.wallet.keep(replace(held, refresh="a token of yesterday", expires_at=0.0))
    with pytest.raises(TokenRefused) as caught:
        desk.take("laptop")
    assert caught.value.code == "sign_in_ended" and "\n" not in caught.value.message
    assert desk.wallet.held("laptop") is None
