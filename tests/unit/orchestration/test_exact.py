"""What is sent through a company's proxy, which a fake one writes down and refuses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from orchestration.checks.request import Request
from orchestration.errors import Unfit
from orchestration.http import DataPlane, aws_client, proxy_for
from orchestration.http.exact import connected

HOST = "bedrock-agentcore.eu-west-1.amazonaws.com"
CALL = Request("POST", "/runtimes/arn%3Aaws%3Ax%2Fr/../invocations", (), b"{}")


class Proxy(HTTPServer):
    """Keeps the first line and the credentials of every CONNECT; lets through what asks for port 80."""

    seen: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_CONNECT(self) -> None:
        self.server.seen.append((self.requestline, self.headers["Proxy-Authorization"]))
        if self.path.endswith(":80"):
            self.wfile.write(b"HTTP/1.1 200 Fine\r\n\r\nwhat the other side says")
            return
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def proxy(_no_sockets: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with Proxy(("127.0.0.1", 0), Handler) as running:
        running.seen = []
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:p%40ss@127.0.0.1:{running.server_port}")
        monkeypatch.setenv("NO_PROXY", "inside.example.com")
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.enable_socket
@pytest.mark.parametrize("verbatim", [False, True])
def test_a_proxy_is_asked_for_the_host_and_not_for_the_target(proxy: Proxy, verbatim: bool) -> None:
    call = Request(CALL.method, CALL.target, CALL.headers, CALL.body, verbatim)
    base_url = f"https://{HOST}"
    with aws_client(5.0) as client, pytest.raises(Unfit) as caught:
        DataPlane(client, base_url, 5.0, proxy=proxy_for(base_url)).send(call)
    assert caught.value.code == "data_plane_unreachable"
    assert proxy.seen == [(f"CONNECT {HOST}:443 HTTP/1.1", "Basic YW5uOnBAc3M=")]
    assert "p@ss" not in str(caught.value) and "p%40ss" not in str(caught.value)


@pytest.mark.enable_socket
def test_what_follows_the_proxys_head_is_left_to_be_read(proxy: Proxy) -> None:
    with connected(httpx.URL(f"http://{HOST}"), proxy_for(f"https://{HOST}"), 5.0) as connection:
        assert connection.recv(100) == b"what the other side says"


@pytest.mark.usefixtures("proxy")
@pytest.mark.enable_socket
def test_a_host_that_needs_no_proxy_gets_none() -> None:
    assert proxy_for("https://inside.example.com") is None
    assert proxy_for("http://elsewhere.example.com") is None


def test_a_proxy_behind_tls_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConnectionRefusedError, match="http://"):
        connected(httpx.URL(f"https://{HOST}"), "https://proxy.example.com", 5.0)
