"""The data plane over HTTP: one request, one reply."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

import h11
import httpx

from orchestration.checks.request import Reply, Request
from orchestration.errors import NoAnswer, Unfit
from orchestration.http.exact import connected, exact_request

MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class DataPlane:
    """checks.request.Sender over one base URL. What a client would repair goes over a connection of its own."""

    client: httpx.Client
    base_url: str
    timeout_s: float
    """For the whole call, however slowly the answer drips."""
    monotonic: Callable[[], float] = time.monotonic
    proxy: str | None = None
    """For what is sent verbatim; the client knows its own."""

    def send(self, request: Request) -> Reply:
        """Raises Unfit when nobody is there, NoAnswer when this one call is not answered."""
        deadline = self.monotonic() + self.timeout_s
        if request.verbatim:
            return self._verbatim(request, deadline)
        try:
            sent = exact_request(self.client, self.base_url, request)
            with contextlib.closing(self.client.send(sent, stream=True)) as answer:
                body = self._beginning(answer, deadline)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as e:
            raise nobody(self.base_url, e) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as e:
            raise NoAnswer(type(e).__name__) from None
        return Reply(answer.status_code, body.decode("utf-8", "replace"), answer.headers.get("x-amzn-errortype", ""))

    def _beginning(self, answer: httpx.Response, deadline: float) -> bytes:
        """As much of the body as is read: an agent may send without end. Raises NoAnswer after the deadline."""
        body = b""
        for piece in answer.iter_bytes():
            body += piece[: MAX_BODY_BYTES - len(body)]
            if len(body) >= MAX_BODY_BYTES:
                break
            self._time_left(deadline)
        return body

    def _time_left(self, deadline: float) -> float:
        """Raises NoAnswer when there is none."""
        if (left := deadline - self.monotonic()) <= 0:
            raise NoAnswer(f"no end of the answer within {self.timeout_s:g} s")
        return left

    def _verbatim(self, request: Request, deadline: float) -> Reply:
        url = httpx.URL(self.base_url)
        head = [f"{request.method} {request.target} HTTP/1.1", f"Host: {url.netloc.decode()}", "Connection: close"]
        head += [f"{name}: {value}" for name, value in request.headers]
        try:
            sent = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + request.body
        except UnicodeEncodeError as e:
            raise NoAnswer(type(e).__name__) from None
        try:
            connection = connected(url, self.proxy, self.timeout_s)
        except OSError as e:
            raise nobody(self.base_url, e) from None
        try:
            with connection if url.scheme == "http" else _secured(connection, url.host) as stream:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    stream.sendall(sent)  # a refusal may come before all of it is read

                def receive() -> bytes:
                    stream.settimeout(self._time_left(deadline))
                    return stream.recv(65536)

                return read_reply(receive)
        except (OSError, h11.RemoteProtocolError) as e:
            raise NoAnswer(type(e).__name__) from None


def nobody(base_url: str, error: Exception) -> Unfit:
    return Unfit(
        f"the data plane at {httpx.URL(base_url).netloc.decode()} does not answer: {type(error).__name__}",
        remedy="make up",
        code="data_plane_unreachable",
    )


def _secured(connection: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)


def read_reply(receive: Callable[[], bytes]) -> Reply:
    """Read one HTTP/1.1 answer. Raises h11.RemoteProtocolError for what is none, or ends early."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("Host", "-")]))
    parser.send(h11.EndOfMessage())
    answer: h11.Response | None = None
    body = b""
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            parser.receive_data(receive())
        elif isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and answer is not None:
            break
        elif isinstance(event, h11.ConnectionClosed) or len(body) > MAX_BODY_BYTES:
            raise h11.RemoteProtocolError("no whole answer")
    kind = dict(answer.headers).get(b"x-amzn-errortype", b"").decode("latin-1")
    return Reply(answer.status_code, body.decode("utf-8", "replace"), kind)
