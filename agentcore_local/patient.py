"""HTTP/1.1 with callers: strict, bounded in size and time, one answer after the other. uvicorn accepts and shuts down.

llhttp reads. What it leaves open is closed here: how long and how large a head may be, trailers (a credential there
would be seen by nothing that stands in front of this listener, so they are dropped), and what may follow an upgrade.
docs/decisions/0016-door-speed.md says why this is not uvicorn's protocol.
"""

import asyncio
import urllib.parse
from collections import deque
from functools import lru_cache
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from agentcore_local.edge import BODY_IS_HERE, MAX_FIELDS, Scope
from agentcore_local.exchange import Exchange

MAX_UNREAD_HEAD = 512 * 1024  # far above what edge.py answers with 431; past it the connection ends
MAX_UNREAD_BODY = 64 * 1024
MAX_UPGRADE_LINE = 8000  # what the WebSocket parser takes for one line of a handshake
_EARLY_S = 0.005  # by how much the loop's timers may be early


class PatientProtocol(asyncio.Protocol):
    """One caller's connection. `tasks` and `connections` are the server's, which waits for them when it stops."""

    headers_deadline_s = 10.0
    writable: asyncio.Event | None = None  # while the caller takes nothing more
    _transport: asyncio.Transport
    _timer: asyncio.TimerHandle | None = None
    _timer_at = 0.0
    _until: float | None = None  # loop's clock: when the connection ends unless something comes
    _head_size = 0
    _in_head = _head_is_timed = True
    _begun = _reading_paused = _expects = False
    _arriving: Exchange | None = None  # whose body is being read
    _fresh: Exchange | None = None  # its head has just come, perhaps its body with it
    _current: Exchange | None = None

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config, self._state, self._app_state = config, server_state, app_state
        self._app, self._loop = config.loaded_app, _loop or asyncio.get_running_loop()
        self._limit = config.limit_concurrency or 2048
        self.tasks = server_state.tasks
        self._parser: Any = httptools.HttpRequestParser(self)
        # What is sent behind a request that ends the connection is read, and never served.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._queue = deque[Exchange]()
        self._url, self._headers = b"", list[tuple[bytes, bytes]]()
        self._dated: tuple[object, bytes] = (None, b"")

    # Called by the event loop.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._state.connections.add(self)  # type: ignore[arg-type]
        self._server, self._client = get_local_addr(transport), get_remote_addr(transport)
        self._end_in(self.headers_deadline_s)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > MAX_UNREAD_HEAD:
                self._transport.close()
                return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
            return
        except httptools.HttpParserError:
            self._turn_away(b"400 Bad Request", b"Invalid HTTP request received.")
            return
        if self._fresh is not None:
            self._begin(self._fresh)
        if self._in_head and self._begun and not self._head_is_timed:
            self._head_is_timed = True
            self._end_in(self.headers_deadline_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self._rest()
        for exchange in (self._current, *self._queue):
            if exchange is not None and not exchange.complete:
                exchange.gone = True
                exchange.tell()
        self._queue.clear()
        self.resume_writing()
        self._parser = None  # it holds this connection

    def pause_writing(self) -> None:
        self.writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self.writable is not None:
            self.writable.set()
            self.writable = None

    def shutdown(self) -> None:
        """The server stops: called by uvicorn. What is being answered may come to its end."""
        if self._current is None or self._current.complete:
            self._transport.close()
        else:
            self._current.keep_alive = False

    # Called by the parser.

    def on_message_begin(self) -> None:
        self._in_head = self._begun = True
        self._expects, self._url, self._headers = False, b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            name = name.lower()
            self._headers.append((name, value))
            if name == b"expect" and value.lower() == b"100-continue":
                self._expects = True

    def on_headers_complete(self) -> None:
        parser = self._parser
        self._in_head = self._head_is_timed = False
        self._head_size, self._until, self._arriving = 0, None, None
        if self._transport.is_closing():
            return
        if parser.should_upgrade():
            # The parser takes what follows for another protocol: a body would be lost, and its rest read as a request.
            if not self._asks_for_websocket():
                self._turn_away(b"400 Bad Request")
            return
        version = parser.get_http_version()
        keep_alive = version != "1.0" and parser.should_keep_alive()
        scope = self._scope(parser.get_method().decode("ascii"), version)
        self._arriving = self._fresh = Exchange(self, scope, keep_alive, self._expects)

    def on_body(self, body: bytes) -> None:
        exchange = self._arriving
        if exchange is not None and not exchange.complete:
            exchange.body += body
            exchange.tell()
            if len(exchange.body) > MAX_UNREAD_BODY:
                self._pause_reading()

    def on_message_complete(self) -> None:
        exchange = self._arriving
        if exchange is None or exchange.complete:
            return
        exchange.is_whole = True
        exchange.tell()
        if exchange is self._fresh:
            exchange.scope[BODY_IS_HERE] = bytes(exchange.body)
            self._begin(exchange)

    # Called by the exchange.

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def date(self) -> bytes:
        """The server's own headers, which change each second."""
        headers = self._state.default_headers
        if self._dated[0] is not headers:
            self._dated = headers, b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._dated[1]

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    def answered(self, exchange: Exchange) -> None:
        self._state.total_requests += 1
        if not exchange.keep_alive:
            self._transport.close()
        if self._transport.is_closing():
            return
        self.resume_reading()
        if self._queue:
            self._serve(self._queue.popleft())
        elif not self._in_head:
            self._end_in(self._config.timeout_keep_alive)

    def break_off(self, exchange: Exchange) -> None:
        """It ended without an answer, or in the middle of one: the caller must not take that for a whole."""
        if exchange.started:
            self._transport.close()
        else:
            self._turn_away(b"500 Internal Server Error", b"Internal Server Error")

    def _begin(self, exchange: Exchange) -> None:
        self._fresh = None
        if self._current is None or self._current.complete:
            self._serve(exchange)
        else:
            self._pause_reading()
            self._queue.append(exchange)

    def _serve(self, exchange: Exchange) -> None:
        self._current = exchange
        is_full = len(self._state.connections) >= self._limit or len(self.tasks) >= self._limit
        app: Any = service_unavailable if is_full else self._app
        exchange.task = self._loop.create_task(exchange.run(app))
        self.tasks.add(exchange.task)

    def _pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _scope(self, method: str, version: str) -> Scope:
        path, raw_path, query = _split(self._url) if len(self._url) <= 1024 else _split.__wrapped__(self._url)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "server": self._server,
            "client": self._client,
            "scheme": "http",
            "root_path": "",
            "method": method,
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
            "state": {},
        }

    def _asks_for_websocket(self) -> bool:
        found = dict(self._headers)
        tokens = [t.strip() for t in found.get(b"connection", b"").lower().split(b",")]
        is_wanted = found.get(b"upgrade", b"").lower() == b"websocket" and b"upgrade" in tokens
        return is_wanted and self._config.ws_protocol_class is not None

    def _upgrade(self) -> None:
        """Hand the connection over to uvicorn's WebSocket protocol, which has none of these caps."""
        names = {n for n, _ in self._headers}
        is_get = self._parser.get_method() == b"GET" and self._parser.get_http_version() == "1.1"
        if self._transport.is_closing():
            return
        if len(self._state.connections) >= self._limit or len(self.tasks) >= self._limit:
            self._turn_away(b"503 Service Unavailable")
        elif not is_get or names & {b"content-length", b"transfer-encoding"}:  # RFC 6455 section 4.1
            self._turn_away(b"400 Bad Request")
        elif self._current is not None and not self._current.complete:  # its answer would go to the other protocol
            self._turn_away(b"400 Bad Request")
        elif len(self._headers) > MAX_FIELDS or max(len(n) + len(v) for n, v in self._headers) > MAX_UPGRADE_LINE:
            self._turn_away(b"431 Request Header Fields Too Large")
        elif len(self._url) > MAX_UPGRADE_LINE:
            self._turn_away(b"431 Request Header Fields Too Large")
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        self._state.connections.discard(self)
        self._rest()
        lines = [b"GET %b HTTP/1.1\r\n" % self._url, *(b"%b: %b\r\n" % h for h in self._headers), b"\r\n"]
        other: Any = self._config.ws_protocol_class
        protocol = other(config=self._config, server_state=self._state, app_state=self._app_state)
        protocol.connection_made(self._transport)
        protocol.data_received(b"".join(lines))
        self._transport.set_protocol(protocol)

    def _turn_away(self, status: bytes, text: bytes = b"") -> None:
        kind = b"content-type: text/plain; charset=utf-8\r\n" if text else b""
        head = b"HTTP/1.1 %b\r\nconnection: close\r\n%bcontent-length: %d\r\n\r\n" % (status, kind, len(text))
        self.write(head + text)
        self._transport.close()

    # One timer for a connection, set anew only where the end comes closer.

    def _end_in(self, seconds: float) -> None:
        self._until = until = self._loop.time() + seconds
        if self._timer is not None:
            if self._timer_at <= until:
                return
            self._timer.cancel()
        self._timer_at, self._timer = until, self._loop.call_at(until, self._look)

    def _look(self) -> None:
        self._timer, left = None, (self._until or 0.0) - self._loop.time()
        if self._until is None:
            return
        if left <= _EARLY_S:
            self._transport.close()
        else:
            self._end_in(left)

    def _rest(self) -> None:
        self._until = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@lru_cache(maxsize=256)
def _split(url: bytes) -> tuple[str, bytes, bytes]:
    """Decoded path, path and query. Raises ValueError or a parser's error for what is no request target."""
    parsed = httptools.parse_url(url)
    return urllib.parse.unquote(parsed.path.decode("ascii")), parsed.path, parsed.query or b""
