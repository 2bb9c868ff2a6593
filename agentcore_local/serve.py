"""Two HTTP listeners on loopback in one process, with a deadline for slow requests and one way to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from agentcore_local.app import Asgi
from agentcore_local.edge import BODY_IS_HERE, MAX_FIELDS
from agentcore_local.websocket import MAX_FRAME, MAX_MESSAGE

IDLE_S = 65
MAX_UNREAD_HEAD = 512 * 1024  # far above what edge.py answers with 431; past it the connection ends
MAX_CONNECTIONS = 2048
MAX_UPGRADE_LINE = 8000  # what the WebSocket parser takes for one line of a handshake


class PatientProtocol(HttpToolsProtocol):
    """Bounds what uvicorn leaves open: how long and how large a request's headers may be, and trailers.

    uvicorn appends trailer fields to the headers. A credential there would be seen by nothing that stands
    in front of this listener, so trailers are dropped.
    """

    headers_deadline_s = 10.0
    _deadline: asyncio.TimerHandle | None = None
    _head_size = 0
    _in_headers = True
    _begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            self._head_size += len(data)
            if self._head_size > MAX_UNREAD_HEAD:
                self._give_up()
                return
        super().data_received(data)
        if self._begun and self._in_headers and not self.transport.is_closing():
            self._expect_headers()  # most heads come in one piece and need no timer

    def on_message_begin(self) -> None:
        self._in_headers = self._begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_headers:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers, self._head_size = False, 0
        self._headers_are_here()
        if self.parser.should_upgrade() and not self._should_upgrade():
            # The parser takes what follows for another protocol: a body would be lost, and its rest read as a request.
            self._turn_away(b"400 Bad Request")
            return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.cycle is not None:  # a handshake has none
            self.scope[BODY_IS_HERE] = bytes(self.cycle.body)  # type: ignore[literal-required]
        if not self.transport.is_closing():
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """uvicorn hands the connection over without the caps it has for requests, and a body with it."""
        names = {n.lower() for n, _ in self.headers}
        limit = self.limit_concurrency or MAX_CONNECTIONS
        if len(self.connections) >= limit or len(self.tasks) >= limit:
            self._turn_away(b"503 Service Unavailable")
        elif self.scope["method"] != "GET" or self.scope["http_version"] != "1.1":
            self._turn_away(b"400 Bad Request")  # RFC 6455 section 4.1
        elif names & {b"content-length", b"transfer-encoding"}:
            self._turn_away(b"400 Bad Request")
        elif len(self.headers) > MAX_FIELDS or max(len(n) + len(v) for n, v in self.headers) > MAX_UPGRADE_LINE:
            self._turn_away(b"431 Request Header Fields Too Large")
        elif len(self.url) > MAX_UPGRADE_LINE:
            self._turn_away(b"431 Request Header Fields Too Large")
        else:
            super().handle_websocket_upgrade()

    def _turn_away(self, status: bytes) -> None:
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_are_here()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.headers_deadline_s, self._give_up)

    def _headers_are_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._headers_are_here()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()


class PatientWebSocket(WebSocketsSansIOProtocol):
    """Ends a connection whose handshake the WebSocket parser refuses; uvicorn would leave it to the event loop."""

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except Exception:
            self.transport.close()


class Listener(uvicorn.Server):
    """A server that leaves signals to the process, which has two of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int) -> socket.socket:
    """A listening socket on loopback. Raises OSError when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(2048)
        listener.set_inheritable(False)
    except OSError:
        listener.close()
        raise
    return listener


def server(app: Asgi, protocol: type[PatientProtocol] = PatientProtocol, *, websockets: bool = False) -> Listener:
    """A server for one plane. Without compression: a small frame could unpack to any size."""
    ws = PatientWebSocket if websockets else "none"
    settings: dict[str, Any] = {"http": protocol, "ws": ws, "lifespan": "off", "log_config": None}
    settings |= {"access_log": False, "server_header": False, "proxy_headers": False, "interface": "asgi3"}
    settings |= {"timeout_keep_alive": IDLE_S, "limit_concurrency": MAX_CONNECTIONS}
    settings |= {"timeout_graceful_shutdown": 3}
    settings |= {"ws_max_size": (MAX_MESSAGE, MAX_FRAME), "ws_per_message_deflate": False}
    return Listener(uvicorn.Config(app, **settings))


async def serve_until(stop: asyncio.Event, listeners: list[tuple[Listener, socket.socket]]) -> None:
    """Run all listeners until `stop`; then let requests under way finish for a few seconds."""
    running = [asyncio.create_task(s.serve(sockets=[sock])) for s, sock in listeners]
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for s, _ in listeners:
        s.should_exit = True
    await asyncio.gather(*running)
