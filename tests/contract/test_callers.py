"""Callers as the commands make them, against a real pool, its sign-in page and a real runtime."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from orchestration.aws.sign_in import CognitoPool
from orchestration.checks.request import SESSION_HEADER
from orchestration.client import (
    AgentClient,
    AgentFailed,
    AuthenticationFailed,
    AuthorizationFailed,
    BadRequest,
    CallFailed,
    ConnectionLost,
    NotRouted,
    StaticToken,
)
from orchestration.errors import OrchestrationError, TokenRefused
from orchestration.http import Calls, OidcProvider, listening, local_client, place_of
from orchestration.lock import turn
from orchestration.settings import Endpoints
from orchestration.terminal import Terminal
from orchestration.tokens import Desk, DeskTokens, Held, Issuers, TokenStore, Wallet, Wish, claims_of
from tests.browser.driver import driven
from tests.contract.cloud import ISSUER_BASE, PASSWORD, REGION, Emulator, Local, eventually, free_port
from tests.contract.deployed import Deployed
from tests.fakes.orchestration import FakeClock, settings

ANN = "ann"
AGENT = Path(__file__).parents[2] / "agent"


@dataclass
class Scene:
    """A pool with a client for people and one for machines, and a runtime that lets both in."""

    emulator: Emulator
    local: Local
    cognito: Any
    pool_id: str
    person: str
    machine: str
    arn: str
    http: httpx.Client
    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def issuer(self) -> str:
        return f"{ISSUER_BASE}/{self.pool_id}"

    def wallet(self) -> Wallet:
        pool, provider = self.pool(), self.provider()
        return Wallet(self.issuer, TokenStore(self.folder / "tokens", turn), Issuers(pool, provider), self.clock)

    def pool(self) -> CognitoPool:
        return CognitoPool(self.cognito, self.pool_id, lambda: "000000")

    def provider(self) -> OidcProvider:
        url = f"{self.issuer}/.well-known/openid-configuration"
        return OidcProvider(self.http, url, place_of(REGION, self.emulator.url))

    def desk(self, open_page: Callable[[str], None] = lambda url: None) -> Desk:
        def browse(url: str) -> bool:
            threading.Thread(target=open_page, args=(url,), daemon=True).start()
            return True

        return Desk(
            settings=settings(
                endpoints=Endpoints(self.emulator.url, self.local.control_url, self.local.data_url),
                cognito_user_pool_id=self.pool_id,
                cognito_user_client_id=self.person,
                cognito_machine_client_id=self.machine,
                authorizer_allowed_clients={"user": self.person, "machine": self.machine},
                caller_username=ANN,
            ),
            pool=self.pool(),
            provider=self.provider(),
            wallet=self.wallet(),
            terminal=Terminal(lambda line: None, None, browse),
            listen=listening,
            secret_of=lambda arn: PASSWORD,
        )

    def about_to_end(self, held: Held) -> Held:
        """The same, kept as if it had 50 seconds left."""
        self.wallet().keep(replace(held, expires_at=self.clock.now() + 50))
        return held

    def agent(self, desk: Desk, client: str = "user") -> AgentClient:
        calls = Calls(self.http, self.local.data_url)
        return AgentClient(self.arn, DeskTokens(desk, client), transport=calls, clock=self.clock)

    def agent_with(self, token: str, *, arn: str = "", client: httpx.Client | None = None) -> AgentClient:
        calls = Calls(client or self.http, self.local.data_url)
        return AgentClient(arn or self.arn, StaticToken(token), transport=calls, clock=self.clock)


@pytest.fixture(scope="module")
def pool(emulator: Emulator) -> tuple[Any, str, str, str]:
    """(client of cognito-idp, pool, people's app client, machines' app client)"""
    idp = emulator.client("cognito-idp")
    pool = idp.create_user_pool(PoolName="signing-in")["UserPool"]["Id"]
    idp.create_resource_server(
        UserPoolId=pool,
        Identifier="agent",
        Name="agent",
        Scopes=[{"ScopeName": "invoke", "ScopeDescription": "call"}],
    )
    person = idp.create_user_pool_client(
        UserPoolId=pool,
        ClientName="people",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid", "agent/invoke"],
        CallbackURLs=[f"http://localhost:{free_port()}/callback"],
        SupportedIdentityProviders=["COGNITO"],
    )["UserPoolClient"]["ClientId"]
    machine = idp.create_user_pool_client(
        UserPoolId=pool,
        ClientName="machines",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["agent/invoke"],
    )["UserPoolClient"]["ClientId"]
    idp.admin_create_user(UserPoolId=pool, Username=ANN, MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool, Username=ANN, Password=PASSWORD, Permanent=True)
    return idp, pool, person, machine


@pytest.fixture(scope="module")
def deployed(pool: tuple[Any, str, str, str], create: Callable[..., Deployed]) -> Deployed:
    _, pool_id, *clients = pool
    url = f"{ISSUER_BASE}/{pool_id}/.well-known/openid-configuration"
    return create(authorizerConfiguration={"customJWTAuthorizer": {"discoveryUrl": url, "allowedClients": clients}})


@pytest.fixture
def scene(
    pool: tuple[Any, str, str, str], deployed: Deployed, emulator: Emulator, local: Local, tmp_path: Path
) -> Iterator[Scene]:
    with local_client(20.0) as http:
        made = Scene(emulator, local, *pool, arn=deployed.arn, http=http, folder=tmp_path)
        made.clock.time = time.time()  # tokens are issued by the real clock
        yield made


@pytest.mark.parametrize(
    ("wish", "flow"),
    [
        pytest.param(Wish(flow="password"), "password", id="password"),
        pytest.param(Wish(flow="srp"), "srp", id="srp"),
        pytest.param(Wish(flow="machine"), "machine", id="client-credentials"),
    ],
)
def test_a_flow_gets_a_token_with_which_the_agent_answers(scene: Scene, wish: Wish, flow: str) -> None:
    desk = scene.desk()
    held = desk.login(wish)
    assert held.flow == flow
    assert scene.agent(desk, desk.client_of(wish)).call({"prompt": "x"})["size"] > 0


@pytest.mark.browser
def test_a_person_signs_in_at_the_pool_s_page_in_a_real_browser(scene: Scene, tmp_path: Path) -> None:
    shown: list[str] = []

    def sit_down(url: str) -> None:
        with driven(tmp_path / "profile") as tab:
            tab.visit(url)
            shown.append(tab.sign_in(ANN, "wrong password"))
            shown.append(tab.sign_in(ANN, PASSWORD))

    desk = scene.desk(sit_down)
    held = desk.login(Wish(flow="code"))
    said = claims_of(held.access)
    assert (held.flow, held.username, said["client_id"]) == ("code", ANN, scene.person)
    assert set(str(said["scope"]).split()) == {"openid", "agent/invoke"}
    assert scene.agent(desk).call({"prompt": "x"})["size"] > 0
    assert "Incorrect username or password" in shown[0]


def test_a_refreshed_token_is_let_in_and_keeps_its_user(scene: Scene) -> None:
    desk = scene.desk()
    first = scene.about_to_end(desk.login(Wish(flow="srp")))
    second = desk.take()
    assert second.access != first.access
    assert claims_of(second.access)["sub"] == claims_of(first.access)["sub"]
    assert scene.agent(desk).call({"prompt": "x"})["size"] > 0


def test_a_token_turned_away_is_renewed_once_and_the_call_goes_on(scene: Scene) -> None:
    desk = scene.desk()
    good = desk.login(Wish(flow="srp"))
    scene.wallet().keep(replace(good, access=good.access[:-8] + "AAAAAAAA"))
    # A spoilt signature is 403; the door answers 401 to what it does not know at all.
    with pytest.raises(AuthorizationFailed):
        scene.agent(desk).call({"prompt": "x"})
    foreign = scene.pool().password(scene.person, ANN, PASSWORD)
    scene.wallet().keep(replace(good, access=foreign.id))
    assert scene.agent(desk).call({"prompt": "x"})["size"] > 0


def test_after_logout_the_refresh_token_is_worth_nothing(scene: Scene) -> None:
    desk = scene.desk()
    held = desk.login(Wish(flow="srp"))
    assert desk.logout()[1] is True
    with pytest.raises(TokenRefused):
        scene.pool().refresh(held.client_id, held.refresh)


def test_a_sign_in_that_was_revoked_elsewhere_leads_to_one_line(scene: Scene) -> None:
    scene.cognito.admin_create_user(UserPoolId=scene.pool_id, Username="bob", MessageAction="SUPPRESS")
    scene.cognito.admin_set_user_password(UserPoolId=scene.pool_id, Username="bob", Password=PASSWORD, Permanent=True)
    desk = scene.desk()
    asking = replace(desk, terminal=Terminal(lambda line: None, lambda what: PASSWORD, None))
    held = asking.login(Wish(flow="srp", username="bob"))
    scene.pool().revoke(held.client_id, held.refresh)
    scene.about_to_end(held)
    with pytest.raises(TokenRefused) as caught:
        desk.take()
    assert caught.value.code == "sign_in_ended"
    assert "bob" in caught.value.message and "invoke login" in caught.value.remedy
    assert held.refresh not in caught.value.message


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        pytest.param({"Password": PASSWORD, "Permanent": False}, "new_password_required", id="must-change-it"),
        pytest.param({"Password": "Another-horse-9", "Permanent": True}, "wrong_password", id="wrong-password"),
    ],
)
@pytest.mark.parametrize("flow", ["password", "srp"])
def test_a_refused_person_is_told_why(scene: Scene, prepare: dict[str, Any], code: str, flow: str) -> None:
    name = f"carl-{code.replace('_', '-')}-{flow}"
    scene.cognito.admin_create_user(UserPoolId=scene.pool_id, Username=name, MessageAction="SUPPRESS")
    scene.cognito.admin_set_user_password(UserPoolId=scene.pool_id, Username=name, **prepare)
    pool = scene.pool()
    with pytest.raises(TokenRefused) as caught:
        pool.password(scene.person, name, PASSWORD) if flow == "password" else pool.srp(scene.person, name, PASSWORD)
    assert caught.value.code == code
    assert PASSWORD not in caught.value.message + caught.value.remedy


def test_commands_side_by_side_refresh_once(scene: Scene) -> None:
    """With rotation a second use of a refresh token would end the sign-in."""
    held = scene.about_to_end(scene.desk().login(Wish(flow="srp")))
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: scene.desk().take().access, range(8)))
    assert len(set(taken)) == 1 and taken[0] != held.access


@pytest.fixture
def token(scene: Scene) -> str:
    return scene.pool().password(scene.person, ANN, PASSWORD).access


def refused(agent: AgentClient, payload: object, **more: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        agent.call(payload, **more)
    return caught.value


def test_the_errors_of_the_door_the_routing_and_the_agent_are_told_apart(scene: Scene, token: str) -> None:
    ours = scene.agent_with(token)
    id_token = scene.pool().password(scene.person, ANN, PASSWORD).id
    unknown = scene.arn[:-10] + "Zz99Zz99Zz"
    found = {
        401: refused(scene.agent_with(id_token), {}),
        403: refused(scene.agent_with(token[:-8] + "AAAAAAAA"), {}),
        404: refused(scene.agent_with(token, arn=unknown), {}),
        424: refused(ours, {"status": 500}),
    }
    assert {status: type(error) for status, error in found.items()} == {
        401: AuthenticationFailed,
        403: AuthorizationFailed,
        404: NotRouted,
        424: AgentFailed,
    }
    assert all(error.status == status for status, error in found.items())
    assert not any(token in error.message + error.remedy for error in found.values())


def test_a_request_that_the_service_does_not_take_is_a_bad_request(scene: Scene, token: str) -> None:
    with local_client(20.0) as http:
        http.event_hooks = {"request": [lambda request: request.headers.update({SESSION_HEADER: "short"})]}
        error = refused(scene.agent_with(token, client=http), {})
    assert isinstance(error, BadRequest) and error.status == 400


def test_events_arrive_while_the_agent_still_writes(scene: Scene, token: str) -> None:
    # It goes on after a minute, when the client would have given up.
    events = scene.agent_with(token).stream({"stream": 2, "pause": 60})
    assert next(events) == 0
    events.close()  # type: ignore[attr-defined]
    assert list(scene.agent_with(token).stream({"stream": 3})) == [0, 1, 2]


@pytest.fixture(scope="module")
def slow(
    pool: tuple[Any, str, str, str], create: Callable[..., Deployed], upload: Callable[..., dict[str, Any]]
) -> Deployed:
    """Our own agent, with a minute before each further piece of its text."""
    _, pool_id, *clients = pool
    url = f"{ISSUER_BASE}/{pool_id}/.well-known/openid-configuration"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(AGENT.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(AGENT))
    return create(
        agentRuntimeArtifact=upload(content.getvalue()),
        environmentVariables={"MODEL_PROVIDER": "scripted", "SCRIPTED_PAUSE_MS": "60000"},
        requestHeaderConfiguration={"requestHeaderAllowlist": ["Authorization"]},
        authorizerConfiguration={"customJWTAuthorizer": {"discoveryUrl": url, "allowedClients": clients}},
    )


def logged(scene: Scene, runtime: Deployed) -> str:
    logs = (scene.local.folder / "state" / "agents" / runtime.id).rglob("*.log")
    return "".join(log.read_text() for log in logs)


def test_a_caller_who_leaves_a_stream_of_minutes_has_had_its_beginning_and_stops_the_agent(
    scene: Scene, slow: Deployed, token: str
) -> None:
    pieces = scene.agent_with(token, arn=slow.arn).ask("hello")
    assert next(pieces)
    assert '"stopped"' not in logged(scene, slow)
    pieces.close()  # type: ignore[attr-defined]
    eventually(lambda: '"stopped"' in logged(scene, slow), "the agent notices that its caller left")


def test_an_agent_that_dies_in_the_middle_is_a_lost_connection(scene: Scene, slow: Deployed, token: str) -> None:
    pieces = scene.agent_with(token, arn=slow.arn).ask("hello")
    assert next(pieces)
    *_, started = (e for e in scene.local.events() if (e["event"], e.get("runtime")) == ("agent_started", slow.id))
    psutil.Process(started["pid"]).kill()
    with pytest.raises(ConnectionLost):
        list(pieces)


def test_a_connection_that_drops_in_the_middle_is_lost_and_not_tried_again(scene: Scene, token: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n"
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(head + b'data: {"text": "I thin"}\n\n')

        thread = threading.Thread(target=answer)
        thread.start()
        calls = Calls(scene.http, f"http://127.0.0.1:{server.getsockname()[1]}")
        pieces = AgentClient(scene.arn, StaticToken(token), transport=calls, clock=scene.clock).ask("x")
        assert next(pieces) == "I thin"
        with pytest.raises(ConnectionLost):
            next(pieces)
        thread.join()
    assert len(asked) == 1


def test_an_unreachable_provider_is_one_line(scene: Scene) -> None:
    away = replace(scene.provider(), place=lambda url: f"http://127.0.0.1:{free_port()}/none")
    with pytest.raises(OrchestrationError) as caught:
        replace(scene.desk(), provider=away).login(Wish(flow="code"))
    assert caught.value.code == "issuer_unreachable" and "\n" not in caught.value.message


def test_the_file_of_tokens_is_for_its_owner_alone(scene: Scene) -> None:
    scene.desk().login(Wish(flow="srp"))
    path = scene.folder / "tokens" / "tokens.json"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(path.read_text())["version"] == 1
