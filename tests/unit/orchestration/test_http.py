from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import h11
import httpx
import pytest

from orchestration.checks.request import Reply, Request
from orchestration.errors import NoAnswer, OrchestrationError, TokenRefused, Unfit
from orchestration.http import (
    DataPlane,
    aws_client,
    client_credentials,
    healthy,
    issuer_of,
    local_client,
    read_reply,
)
from tests.fakes.orchestration import CLIENT_SECRET

BASE = "http://127.0.0.1:8082"
TARGET = "/runtimes/arn%3Aaws%3Ax%2Fr/invocations?qualifier=DEFAULT"
TOKEN_URL = "http://127.0.0.1:4566/oauth2/token"
CALL = Request("POST", TARGET, (("Content-Type", "application/json"), ("Authorization", "Bearer the-token")), b"{}")


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def plane(answer: Callable[[httpx.Request], httpx.Response]) -> DataPlane:
    return DataPlane(client(answer), BASE, 5.0)


def sent(call: Request) -> httpx.Request:
    """The request that a call sends."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, text="{}")

    plane(answer).send(call)
    [request] = requests
    return request


def test_a_call_goes_out_with_its_headers_body_and_target() -> None:
    request = sent(CALL)
    assert (request.method, request.read()) == ("POST", b"{}")
    assert request.headers["authorization"] == "Bearer the-token"
    assert request.headers["content-type"] == "application/json"
    assert request.url.raw_path == TARGET.encode()


def test_without_a_credential_none_is_added() -> None:
    assert "authorization" not in sent(replace(CALL, headers=())).headers


def test_a_repeated_header_is_sent_as_often_as_it_is_there() -> None:
    twice = (("Authorization", "Bearer one"), ("Authorization", "Bearer two"))
    assert sent(replace(CALL, headers=twice)).headers.get_list("authorization") == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize("status", [200, 401, 403, 404, 424, 500])
def test_every_status_is_an_answer(status: int) -> None:
    reply = plane(lambda request: httpx.Response(status, text="words", headers={"x-amzn-ErrorType": "Kind"})).send(CALL)
    assert reply == Reply(status, "words", "Kind")


def test_no_error_type_is_an_empty_one() -> None:
    assert plane(lambda request: httpx.Response(401)).send(CALL).error_type == ""


def test_redirects_are_not_followed_with_the_token() -> None:
    there = {"location": "http://elsewhere.example.com"}
    assert plane(lambda request: httpx.Response(302, headers=there)).send(CALL).status == 302


FAILURES = [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]


def failing(error: Exception) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return client(answer)


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")], ids=repr)
def test_nobody_there_is_unfit_and_names_the_host_but_no_token(error: Exception) -> None:
    with pytest.raises(Unfit) as caught:
        DataPlane(failing(error), BASE, 5.0).send(CALL)
    assert caught.value.code == "data_plane_unreachable"
    assert "127.0.0.1:8082" in caught.value.message
    assert type(error).__name__ in caught.value.message
    assert "the-token" not in everything(caught.value)


@pytest.mark.parametrize("error", FAILURES[1:], ids=lambda error: type(error).__name__)
def test_one_call_without_an_answer_is_no_reason_to_stop(error: Exception) -> None:
    with pytest.raises(NoAnswer) as caught:
        DataPlane(failing(error), BASE, 5.0).send(CALL)
    assert type(error).__name__ in caught.value.message
    assert "the-token" not in everything(caught.value)


# -- answers to what is sent verbatim


def fed(*pieces: bytes) -> Reply:
    left = list(pieces)
    return read_reply(lambda: left.pop(0) if left else b"")


@pytest.mark.parametrize(
    ("pieces", "reply"),
    [
        pytest.param(
            [b"HTTP/1.1 401 No\r\nContent-Length: 2\r\nX-Amzn-ErrorType: Kind\r\n\r\n{}"],
            Reply(401, "{}", "Kind"),
            id="whole",
        ),
        pytest.param([b"HTTP/1.1 401 No\r\nConten", b"t-Length: 2\r\n\r\n{", b"}"], Reply(401, "{}"), id="in-pieces"),
        pytest.param(
            [b"HTTP/1.1 400 No\r\nConnection: close\r\n\r\nwor", b"ds"], Reply(400, "words"), id="until-the-end"
        ),
        pytest.param(
            [b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"], Reply(413, ""), id="after-100"
        ),
        pytest.param(
            [b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"],
            Reply(400, "no"),
            id="chunked",
        ),
    ],
)
def test_an_answer_is_read_whole(pieces: list[bytes], reply: Reply) -> None:
    assert fed(*pieces) == reply


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([], id="nothing"),
        pytest.param([b"HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n{}"], id="cut-short"),
        pytest.param([b"SSH-2.0-x\r\n\r\n"], id="another-protocol"),
        pytest.param([b"HTTP/1.1 400 No\r\nContent-Length: 9000000\r\n\r\n", b"x" * 2_000_000], id="endless"),
    ],
)
def test_half_an_answer_is_none(pieces: list[bytes]) -> None:
    with pytest.raises(h11.RemoteProtocolError):
        fed(*pieces)


# -- providers

DISCOVERY = "https://idp.invalid/pool/.well-known/openid-configuration"


def provider(**changes: Any) -> httpx.Client:
    documents = {
        "/pool/.well-known/openid-configuration": {"issuer": "https://idp.invalid/pool", "jwks_uri": "https://keys/k"},
        "/k": {"keys": [{"kid": "one"}, "no key"]},
    } | changes
    return client(lambda request: httpx.Response(200, json=documents[request.url.path]))


def test_an_issuer_is_read_from_where_its_documents_are_fetched() -> None:
    asked: list[str] = []

    def place(url: str) -> str:
        asked.append(url)
        return url

    issuer = issuer_of(provider(), DISCOVERY, place)
    assert (issuer.name, issuer.keys) == ("https://idp.invalid/pool", [{"kid": "one"}])
    assert asked == [DISCOVERY, "https://keys/k"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(provider(**{"/k": {"keys": None}}), id="no-keys"),
        pytest.param(provider(**{"/pool/.well-known/openid-configuration": {"issuer": "x"}}), id="no-jwks-uri"),
        pytest.param(client(lambda request: httpx.Response(404)), id="404"),
        pytest.param(client(lambda request: httpx.Response(302, headers={"location": "http://x"})), id="elsewhere"),
        pytest.param(client(lambda request: httpx.Response(200, text="<html>")), id="no-json"),
        pytest.param(failing(httpx.ConnectError("refused")), id="nobody"),
    ],
)
def test_a_provider_that_cannot_be_read_is_unfit(answer: httpx.Client) -> None:
    with pytest.raises(Unfit) as caught:
        issuer_of(answer, DISCOVERY, lambda url: url)
    assert DISCOVERY in caught.value.message


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
        pytest.param(httpx.Response(400, json={"error": "a\x1b[31m" + "b" * 99}), f"(a31m{'b' * 56})", id="escapes"),
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
        self.server.seen.append(self)
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


def test_local_clients_share_the_authorities_by_which_a_foreign_provider_is_known() -> None:
    with local_client(5.0) as one, local_client(5.0) as other:
        first, second = (client._transport._pool._ssl_context for client in (one, other))  # type: ignore[attr-defined]
    assert first is second
    assert first.verify_mode is ssl.CERT_REQUIRED and first.check_hostname and first.get_ca_certs()


@pytest.mark.enable_socket
@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize("make", [local_client, aws_client])
@pytest.mark.parametrize(("headers", "header"), [(CALL.headers, "Bearer the-token"), ((), None)])
def test_netrc_neither_replaces_nor_adds_a_credential(
    server: Server,
    make: Callable[[float], httpx.Client],
    headers: tuple[tuple[str, str], ...],
    header: str | None,
) -> None:
    with make(5.0) as http:
        DataPlane(http, url_of(server), 5.0).send(replace(CALL, headers=headers))
    assert server.seen[0].headers["Authorization"] == header


@pytest.mark.enable_socket
def test_the_local_client_goes_past_every_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with local_client(5.0) as http:
        assert DataPlane(http, url_of(server), 5.0).send(CALL).status == 200


@pytest.mark.enable_socket
@pytest.mark.parametrize("verbatim", [False, True])
def test_the_target_reaches_the_server_as_it_is(server: Server, verbatim: bool) -> None:
    target = "/runtimes/x/..%2fy%00//z/./invocations?qualifier=a&qualifier=b"
    with local_client(5.0) as http:
        DataPlane(http, url_of(server), 5.0).send(Request("POST", target, (), b"", verbatim))
    assert server.seen[0].path == target


@pytest.mark.enable_socket
def test_what_is_sent_verbatim_is_neither_repaired_nor_counted(server: Server) -> None:
    headers = (("Authorization", "Bearer\r\n the-token"), ("Content-Length", "100000001"))
    with local_client(5.0) as http:
        reply = DataPlane(http, url_of(server), 5.0).send(Request("POST", "/", headers, b"", verbatim=True))
    assert reply.status == 200
    seen = server.seen[0].headers
    assert (seen["Authorization"].split(), seen["Content-Length"]) == (["Bearer", "the-token"], "100000001")


@pytest.mark.enable_socket
@pytest.mark.parametrize("verbatim", [False, True])
def test_a_closed_port_is_nobody_there(server: Server, verbatim: bool) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(Unfit), local_client(5.0) as http:
        DataPlane(http, url_of(server), 5.0).send(replace(CALL, verbatim=verbatim))


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


# -- answers without end


def endless(pieces: Iterator[bytes], timeout_s: float, times: list[float]) -> DataPlane:
    """A plane whose answer is those pieces; each look at the clock is one of `times`, then the last again."""

    def now() -> float:
        return times.pop(0) if len(times) > 1 else times[0]

    return DataPlane(client(lambda request: httpx.Response(200, content=pieces)), BASE, timeout_s, now)


def test_of_an_answer_without_end_only_the_beginning_is_read() -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 100_000

    reply = endless(pieces(), 5.0, [0.0]).send(CALL)
    assert (reply.status, len(reply.body), read) == (200, 1_000_000, 10)


def test_an_answer_that_drips_is_none_after_the_deadline() -> None:
    with pytest.raises(NoAnswer, match="no end of the answer within 5 s"):
        endless(iter([b"x"] * 100), 5.0, [0.0, 1.0, 4.0, 5.5]).send(CALL)


@pytest.mark.parametrize("verbatim", [False, True])
def test_a_header_that_http_cannot_carry_is_no_traceback(verbatim: bool) -> None:
    call = replace(CALL, headers=(("Authorization", "Bearer \u20ac\u20ac"),), verbatim=verbatim)
    with pytest.raises(NoAnswer, match="UnicodeEncodeError"):
        plane(lambda request: httpx.Response(200)).send(call)


def test_a_provider_that_sends_without_end_cannot_be_read() -> None:
    huge = client(lambda request: httpx.Response(200, content=iter([b" " * 100_000] * 11)))
    with pytest.raises(Unfit, match="cannot be read: ValueError"):
        issuer_of(huge, "https://idp.invalid/.well-known/openid-configuration", lambda url: url)
