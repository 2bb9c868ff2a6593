"""Signing in: which flow, whose password, what is said when it cannot be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.stub import Stubber

from orchestration.aws.sign_in import CognitoPool
from orchestration.commands.chat import Chat
from orchestration.console import Console
from orchestration.desks import Desks
from orchestration.errors import BadInput, OrchestrationError, SignInEnded, TokenRefused
from orchestration.lock import turn
from orchestration.terminal import Terminal
from orchestration.tokens import AppClient, Desk, Flow, Issued, Issuers, TokenStore, Wallet, Wish
from tests.fakes.orchestration import COGNITO, PASSWORD, PROBES, FakeClock, jwt, settings, without
from tests.unit.orchestration.test_aws import Stubs

PEOPLE = AppClient(
    "client-of-people",
    frozenset({Flow.CODE, Flow.SRP, Flow.PASSWORD}),
    redirect_uris=("http://localhost:8765/callback",),
    scopes=("openid", "agent/invoke"),
)
MACHINES = AppClient("client-of-machines", frozenset({Flow.MACHINE}), scopes=("agent/act", "agent/invoke"), secret="s")
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"


@dataclass
class FakePool:
    clients: dict[str, AppClient]
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def app_client(self, client_id: str) -> AppClient:
        if client_id not in self.clients:
            raise BadInput(f"--client is {client_id!r}", remedy="none", code="bad_client")
        return self.clients[client_id]

    def password(self, client_id: str, username: str, password: str) -> Issued:
        self.calls.append(("password", client_id, username, password))
        return Issued(jwt(client_id=client_id, username=username, exp=9e9), "refresh")

    def srp(self, client_id: str, username: str, password: str) -> Issued:
        self.calls.append(("srp", client_id, username, password))
        return Issued(jwt(client_id=client_id, username=username, exp=9e9), "refresh")

    def refresh(self, client_id: str, refresh: str) -> Issued:
        raise SignInEnded("ended", remedy="none")

    def revoke(self, client_id: str, refresh: str) -> None:
        raise OrchestrationError("the pool does not answer", remedy="none")


@dataclass(frozen=True)
class Endpoints:
    issuer: str = ISSUER
    authorization_endpoint: str = "https://idp.example.com/authorize"


@dataclass
class FakeProvider:
    nonce: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)

    def discover(self) -> Endpoints:
        return Endpoints()

    def code(self, client_id: str, secret: str | None, *, code: str, redirect_uri: str, verifier: str) -> Issued:
        self.asked.append({"code": code, "redirect_uri": redirect_uri, "verifier": verifier, "secret": secret})
        said = {"iss": ISSUER, "aud": client_id, "nonce": self.nonce, "exp": 9e9}
        return Issued(jwt(username="ann", exp=9e9), "refresh", jwt(**said))

    def machine(self, client_id: str, secret: str | None, scope: str) -> Issued:
        self.asked.append({"client_id": client_id, "secret": secret, "scope": scope})
        return Issued(jwt(client_id=client_id, exp=9e9))

    def refresh(self, client_id: str, secret: str | None, refresh: str) -> Issued:
        raise SignInEnded("ended", remedy="none")

    def revoke(self, client_id: str, secret: str | None, refresh: str) -> bool:
        return False


@dataclass
class FakeRedirect:
    redirect_uri: str
    target: str = ""
    wanted: Callable[[str], bool] = lambda target: False

    def expect(self, wanted: Callable[[str], bool]) -> None:
        self.wanted = wanted

    def wait(self, timeout_s: float) -> str:
        assert self.wanted(self.target)
        return self.target


@dataclass
class Scene:
    folder: Path
    pool: FakePool = field(default_factory=lambda: FakePool({c.client_id: c for c in (PEOPLE, MACHINES)}))
    provider: FakeProvider = field(default_factory=FakeProvider)
    typed: str | None = None
    said: list[str] = field(default_factory=list)
    redirect: FakeRedirect | None = None

    def desk(self, **changes: Any) -> Desk:
        @contextmanager
        def listen(uris: Sequence[str]) -> Iterator[FakeRedirect]:
            self.redirect = FakeRedirect(uris[0])
            yield self.redirect

        def browse(url: str) -> bool:
            asked = parse_qs(urlsplit(url).query)
            self.provider.nonce = asked["nonce"][0]
            assert self.redirect is not None
            self.redirect.target = f"/callback?code=the-code&state={asked['state'][0]}"
            return True

        read = None if self.typed is None else lambda what: str(self.typed)
        wallet = Wallet(
            ISSUER, TokenStore(self.folder / "tokens", turn), Issuers(self.pool, self.provider), FakeClock()
        )
        return Desk(
            settings=settings(**changes),
            pool=self.pool,
            provider=self.provider,
            wallet=wallet,
            terminal=Terminal(self.said.append, read, browse),
            listen=listen,
            secret_of=lambda arn: PASSWORD,
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_the_browser_is_the_first_choice_and_brings_code_and_proof(scene: Scene) -> None:
    held = scene.desk().login(Wish())
    (asked,) = scene.provider.asked
    assert (held.flow, held.username, asked["code"]) == ("code", "ann", "the-code")
    assert asked["verifier"] and asked["redirect_uri"] == "http://localhost:8765/callback"
    assert any(line.startswith("https://idp.example.com/authorize?") for line in scene.said)
    assert not any(asked["verifier"] in line for line in scene.said)


def test_an_id_token_with_another_nonce_ends_the_sign_in(scene: Scene) -> None:
    desk = scene.desk()
    browse = desk.terminal.browse  # type: ignore[attr-defined]

    def late(url: str) -> bool:
        browse(url)
        scene.provider.nonce = "of another sign-in"
        return True

    object.__setattr__(desk.terminal, "browse", late)
    with pytest.raises(TokenRefused) as caught:
        desk.login(Wish())
    assert caught.value.code == "wrong_id_token" and desk.wallet.held("client-of-people") is None


def test_the_demo_caller_needs_no_typing_and_anybody_else_does(scene: Scene) -> None:
    scene.desk().login(Wish(flow="srp"))
    with pytest.raises(BadInput) as caught:
        scene.desk().login(Wish(flow="srp", username="bob"))
    assert caught.value.code == "no_terminal"
    scene.typed = "typed-by-bob"
    scene.desk().login(Wish(flow="srp", username="bob"))
    assert [call[2:] for call in scene.pool.calls] == [
        (COGNITO["caller_username"], PASSWORD),
        ("bob", "typed-by-bob"),
    ]


def test_without_a_sign_in_the_demo_caller_calls(scene: Scene) -> None:
    assert scene.desk().take().username == COGNITO["caller_username"]
    assert scene.desk().take("user", PROBES["probe_second_username"]).username == PROBES["probe_second_username"]
    with pytest.raises(TokenRefused, match="nobody is signed in"):
        scene.desk().take("user", "bob")


def test_a_machine_asks_for_its_own_scope_unless_told_otherwise(scene: Scene) -> None:
    scene.desk().take("machine")
    scene.desk().login(Wish(client="machine", scope="agent/act"))
    assert [asked["scope"] for asked in scene.provider.asked] == ["agent/invoke", "agent/act"]
    assert "'s'" not in repr(MACHINES)


@pytest.mark.parametrize(
    ("client", "flows", "flow", "environment", "remedy"),
    [
        pytest.param(
            "user",
            {Flow.SRP},
            "code",
            "dev",
            'set user_auth_flows = ["code", "refresh", "srp"] in terraform/environments/dev.tfvars, '
            "then `invoke apply`",
            id="the-built-in-client",
        ),
        pytest.param(
            "web",
            {Flow.SRP},
            "password",
            "dev",
            'set web = { kind = "person", auth_flows = ["password", "refresh", "srp"] } in app_clients in '
            "terraform/environments/dev.tfvars, then `invoke apply`",
            id="a-client-of-app_clients",
        ),
        pytest.param("user", {Flow.MACHINE}, "srp", "dev", "invoke login --client user", id="a-machine-s-client"),
    ],
)
def test_a_flow_that_the_client_does_not_allow_is_refused_with_the_line_to_add(
    scene: Scene, client: str, flows: set[Flow], flow: str, environment: str, remedy: str
) -> None:
    scene.pool.clients["client-of-people"] = AppClient("client-of-people", frozenset(flows))
    names = {client: "client-of-people"}
    with pytest.raises(TokenRefused) as caught:
        scene.desk(authorizer_allowed_clients=names).login(Wish(client=client, flow=flow))
    assert (caught.value.code, caught.value.remedy) == ("flow_off", remedy)


def test_the_machines_flow_is_the_machines_clients_unless_another_is_named(scene: Scene) -> None:
    assert scene.desk().login(Wish(flow="machine")).client_id == "client-of-machines"
    assert scene.desk().login(Wish(flow="srp")).client_id == "client-of-people"
    with pytest.raises(TokenRefused):
        scene.desk().login(Wish(client="user", flow="machine"))


@pytest.mark.parametrize("wish", [Wish(flow="implicit"), Wish(client=""), Wish(client="a b"), Wish(client="usr")])
def test_what_nobody_knows_is_refused(scene: Scene, wish: Wish) -> None:
    with pytest.raises(BadInput):
        scene.desk().login(wish)


@pytest.mark.parametrize("flow", [Flow.SRP, Flow.PASSWORD])
def test_scopes_are_not_asked_for_where_none_can_be(scene: Scene, flow: Flow) -> None:
    with pytest.raises(BadInput, match=f"--scope has no say with --flow {flow}"):
        scene.desk().login(Wish(flow=flow, scope="agent/invoke"))
    assert scene.pool.calls == []


def test_a_mistyped_client_is_a_wrong_input_and_no_missing_sign_in(scene: Scene) -> None:
    with pytest.raises(BadInput, match="usr"):
        scene.desk().take("usr")


def test_logout_erases_even_where_nothing_can_be_revoked(scene: Scene) -> None:
    desk = scene.desk()
    desk.login(Wish(flow="srp"))
    held, revoked = desk.logout()
    assert held is not None and revoked is False
    assert desk.wallet.held("client-of-people") is None and desk.logout() == (None, False)


def test_logout_ends_the_waiting_for_who_s_sign_in_has_ended(scene: Scene) -> None:
    scene.typed = "typed-by-bob"
    desk = scene.desk()
    held = desk.login(Wish(flow="srp", username="bob"))
    desk.wallet.keep(replace(held, expires_at=0.0))
    for _ in range(2):
        with pytest.raises(SignInEnded, match="bob"):
            desk.take()
    desk.logout()
    assert desk.take().username == COGNITO["caller_username"]


# -- what Cognito says


@pytest.fixture(scope="module")
def stubs() -> Stubs:
    return Stubs()


@pytest.fixture
def cognito(stubs: Stubs) -> Iterator[tuple[CognitoPool, Stubber]]:
    stubber = stubs.stub("cognito-idp")
    yield CognitoPool(stubs.make("cognito-idp"), "us-east-1_pool", lambda: "123456"), stubber
    stubs.done()


@pytest.mark.parametrize(
    ("error", "text", "code"),
    [
        ("NotAuthorizedException", "Incorrect username or password.", "wrong_password"),
        ("NotAuthorizedException", "User is disabled.", "user_disabled"),
        ("NotAuthorizedException", "Password attempts exceeded", "too_many"),
        ("UserNotFoundException", "User does not exist.", "wrong_password"),
        ("PasswordResetRequiredException", "x", "password_reset"),
        ("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client", "flow_off"),
        ("ResourceNotFoundException", "x", "no_app_client"),
    ],
)
def test_each_refusal_of_the_pool_has_a_code_and_no_password(
    cognito: tuple[CognitoPool, Stubber], error: str, text: str, code: str
) -> None:
    pool, stubber = cognito
    stubber.add_client_error("initiate_auth", error, text)
    with pytest.raises(TokenRefused) as caught:
        pool.password("app", "ann", PASSWORD)
    assert caught.value.code == code and caught.value.remedy
    assert PASSWORD not in caught.value.message + caught.value.remedy


def test_the_code_of_an_authenticator_app_is_asked_for_and_sent(cognito: tuple[CognitoPool, Stubber]) -> None:
    pool, stubber = cognito
    challenge = {"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s" * 20, "ChallengeParameters": {}}
    stubber.add_response("initiate_auth", challenge)
    stubber.add_response(
        "respond_to_auth_challenge",
        {"AuthenticationResult": {"AccessToken": "a", "RefreshToken": "r", "ExpiresIn": 900}},
        {
            "ClientId": "app",
            "ChallengeName": "SOFTWARE_TOKEN_MFA",
            "ChallengeResponses": {"USERNAME": "ann", "SOFTWARE_TOKEN_MFA_CODE": "123456"},
            "Session": "s" * 20,
        },
    )
    assert pool.password("app", "ann", PASSWORD) == Issued("a", "r", "", 900.0)


@pytest.mark.parametrize(
    ("challenge", "code"), [("NEW_PASSWORD_REQUIRED", "new_password_required"), ("MFA_SETUP", "mfa_setup")]
)
def test_what_only_a_person_can_do_is_told_with_the_way_to_do_it(
    cognito: tuple[CognitoPool, Stubber], challenge: str, code: str
) -> None:
    pool, stubber = cognito
    stubber.add_response("initiate_auth", {"ChallengeName": challenge, "ChallengeParameters": {}})
    with pytest.raises(TokenRefused) as caught:
        pool.password("app", "ann", PASSWORD)
    assert caught.value.code == code and "invoke login --flow code" in caught.value.remedy


def test_a_rotated_refresh_token_is_followed(cognito: tuple[CognitoPool, Stubber]) -> None:
    pool, stubber = cognito
    result = {"AccessToken": "a2", "RefreshToken": "r2", "IdToken": "i2", "ExpiresIn": 900}
    asked = {"ClientId": "app", "RefreshToken": "r1"}
    stubber.add_response("get_tokens_from_refresh_token", {"AuthenticationResult": result}, asked)
    assert pool.refresh("app", "r1") == Issued("a2", "r2", "i2", 900.0)


def test_what_a_client_allows_is_read_from_its_settings(cognito: tuple[CognitoPool, Stubber]) -> None:
    pool, stubber = cognito
    found = {
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid"],
        "CallbackURLs": ["http://localhost:8765/callback"],
    }
    stubber.add_response("describe_user_pool_client", {"UserPoolClient": found})
    client = pool.app_client("app")
    assert client.flows == {Flow.SRP, Flow.CODE} and client.preferred is Flow.CODE


# -- the chat


class Talk:
    def __init__(self, *lines: str | BaseException) -> None:
        self.lines: Iterator[str | BaseException] = iter(lines)
        self.closed = threading.Event()

    def read(self) -> str:
        line = next(self.lines, EOFError())
        if isinstance(line, BaseException):
            raise line
        return line

    def ask(self, question: str) -> Iterator[str]:
        try:
            yield "part of "
            if question == "stop":
                raise KeyboardInterrupt
            if question == "end":
                raise KeyboardInterrupt("told to end")
            if question == "fail":
                raise OrchestrationError("the agent failed", remedy="none")
            yield question
        finally:
            self.closed.set()

    def run(self, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
        Chat(self.ask, Console(FakeClock()), self.read, "session").run()
        shown = capsys.readouterr()
        return shown.out, shown.err


def test_a_chat_goes_on_after_a_stopped_and_a_failed_answer(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Talk("stop", "fail", "", "hello")
    out, err = talk.run(capsys)
    assert out == "part of  [stopped]\npart of part of hello\n\n"
    assert "the agent failed" in err and talk.closed.is_set()


def test_at_the_prompt_ctrl_c_ends_the_chat_as_ctrl_d_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert Talk("hello", KeyboardInterrupt(), "more").run(capsys)[0] == "part of hello\n\n"
    with pytest.raises(KeyboardInterrupt):
        Talk(KeyboardInterrupt("told to end")).run(capsys)


def test_a_chat_that_is_told_to_end_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        Talk("end", "hello").run(capsys)
    assert "hello" not in capsys.readouterr().out


# -- a provider of one's own


def test_with_a_provider_of_one_s_own_the_environment_says_what_only_its_owner_knows(
    tmp_path: Path, stubs: Stubs
) -> None:
    env = {"OIDC_CLIENT_SECRET": "secret-of-mine", "OIDC_REDIRECT_URL": "http://localhost:9000/back"}
    desks = Desks(stubs, None, FakeClock(), Terminal(print, None, None), env)
    desk = desks.desk(settings(tmp_path, **without(COGNITO, PROBES)))
    assert (desk.pool, desk.client_secret, desk.redirect_uris) == (None, "secret-of-mine", (env["OIDC_REDIRECT_URL"],))
    assert "secret-of-mine" not in repr(desk)
    ours = desks.desk(settings(tmp_path))
    assert ours.pool is not None and ours.client_secret is None
