from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from orchestration.errors import OrchestrationError, TokenRefused, Unfit
from orchestration.http import BearerCaller, aws_client, client_credentials, healthy, local_client
from tests.fakes.orchestration import CLIENT_SECRET

URL = "http://127.0.0.1:8082/runtimes/arn%3Aaws%3Ax%2Fr/invocations?qualifier=DEFAULT"
TOKEN_URL = "http://127.0.0.1:4566/oauth2/token"
SESSION = "s" * 36


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def sent(token: str | None) -> httpx.Request:
    """The request that a call sends."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, text="{}")

    BearerCaller(client(answer), URL).call(token, {"prompt": "hi"}, SESSION)
    [request] = requests
    return request


def test_a_token_goes_into_the_authorization_header() -> None:
    assert sent("abc").headers["authorization"] == "Bearer abc"


def test_without_a_token_there_is_no_such_header() -> None:
    assert "authorization" not in sent(None).headers


def test_an_empty_token_is_sent_as_it_is() -> None:
    assert sent("").headers["authorization"] == "Bearer "


def test_a_call_is_a_json_post_with_its_session_to_the_url_as_it_is_quoted() -> None:
    request = sent("abc")
    assert request.method == "POST"
    assert str(request.url) == URL
    assert request.headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"] == SESSION
    assert request.headers["content-type"] == "application/json"
    assert request.read() == b'{"prompt":"hi"}'


@pytest.mark.parametrize("status", [200, 401, 403, 404, 424, 500])
def test_every_status_is_an_answer(status: int) -> None:
    reply = BearerCaller(
        client(lambda request: httpx.Response(status, text="words", headers={"x-amzn-ErrorType": "Kind"})), URL
    ).call("abc", {}, SESSION)
    assert (reply.status, reply.body, reply.error_type) == (status, "words", "Kind")


def test_no_error_type_is_an_empty_one() -> None:
    reply = BearerCaller(client(lambda request: httpx.Response(401)), URL).call("abc", {}, SESSION)
    assert reply.error_type == ""


def test_redirects_are_not_followed_with_the_token() -> None:
    answer = client(lambda request: httpx.Response(302, headers={"location": "http://elsewhere.example.com"}))
    assert BearerCaller(answer, URL).call("abc", {}, SESSION).status == 302


FAILURES = [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]


def failing(error: Exception) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return client(answer)


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_no_answer_at_all_is_unfit_and_names_the_host_but_no_token(error: Exception) -> None:
    with pytest.raises(Unfit) as caught:
        BearerCaller(failing(error), URL).call("the-token", {}, SESSION)
    assert caught.value.code == "data_plane_unreachable"
    assert "127.0.0.1:8082" in caught.value.message
    assert type(error).__name__ in caught.value.message
    assert "the-token" not in caught.value.message


# -- the token endpoint


def ask(answer: httpx.Client) -> str:
    return client_credentials(answer, TOKEN_URL, "the-client", CLIENT_SECRET, "agent/invoke")


def test_client_credentials_are_asked_for_as_the_rfc_says() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"access_token": "abc", "token_type": "Bearer"})

    assert ask(client(answer)) == "abc"
    [request] = requests
    scheme, _, value = request.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(value).decode()) == ("Basic", f"the-client:{CLIENT_SECRET}")
    assert parse_qs(request.read().decode()) == {"grant_type": ["client_credentials"], "scope": ["agent/invoke"]}
    assert CLIENT_SECRET not in str(request.url)


@pytest.mark.parametrize(
    ("response", "words"),
    [
        pytest.param(httpx.Response(400, json={"error": "invalid_client"}), "400 (invalid_client)", id="refused"),
        pytest.param(httpx.Response(400, json={"access_token": "abc"}), "400 (no error code)", id="400-with-a-token"),
        pytest.param(httpx.Response(200, json={}), "200 (no error code)", id="no-token"),
        pytest.param(httpx.Response(200, json={"access_token": 7}), "200 (no error code)", id="token-as-number"),
        pytest.param(httpx.Response(200, json=["abc"]), "200 (no error code)", id="list"),
        pytest.param(httpx.Response(502, text="<html>"), "502 (no error code)", id="no-json"),
        pytest.param(httpx.Response(200, content=b"\xff\xfe"), "200 (no error code)", id="no-utf-8"),
        pytest.param(
            httpx.Response(400, json={"error": "invalid_client", "error_description": CLIENT_SECRET}),
            "400 (invalid_client)",
            id="secret-sent-back",
        ),
    ],
)
def test_a_token_that_is_not_given_is_a_refusal_without_the_secret(response: httpx.Response, words: str) -> None:
    with pytest.raises(TokenRefused) as caught:
        ask(client(lambda request: response))
    assert words in caught.value.message
    assert CLIENT_SECRET not in everything(caught.value)


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_silent_token_endpoint_is_unfit_without_the_secret(error: Exception) -> None:
    with pytest.raises(Unfit) as caught:
        ask(failing(error))
    assert TOKEN_URL in caught.value.message
    assert CLIENT_SECRET not in everything(caught.value)


def everything(error: OrchestrationError) -> str:
    return f"{error!r} {error.message} {error.remedy} {error.__cause__!r}"


# -- real clients on loopback


class Server(HTTPServer):
    status = 200
    seen: list[Any]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append(self.headers)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Tests print nothing."""


@pytest.fixture
def server(_no_sockets: None) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.seen = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password p\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.mark.enable_socket
@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize("make", [local_client, aws_client])
@pytest.mark.parametrize(("token", "header"), [("abc", "Bearer abc"), (None, None)])
def test_netrc_neither_replaces_nor_adds_a_credential(
    server: Server, make: Callable[[float], httpx.Client], token: str | None, header: str | None
) -> None:
    with make(5.0) as http:
        BearerCaller(http, url_of(server)).call(token, {}, SESSION)
    assert server.seen[0]["Authorization"] == header


@pytest.mark.enable_socket
def test_the_local_client_goes_past_every_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with local_client(5.0) as http:
        assert BearerCaller(http, url_of(server)).call(None, {}, SESSION).status == 200


@pytest.mark.enable_socket
@pytest.mark.parametrize(("status", "expected"), [(200, True), (204, False), (404, False), (500, False)])
def test_only_200_is_healthy(server: Server, status: int, expected: bool) -> None:
    server.status = status
    assert healthy(url_of(server)) is expected


@pytest.mark.enable_socket
def test_nobody_there_is_not_healthy(server: Server) -> None:
    url = url_of(server)
    server.shutdown()
    server.server_close()
    assert not healthy(url)
