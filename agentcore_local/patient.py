"""HTTP/1.1 with callers: strict, bounded in size and time, one answer after the other. uvicorn accepts and shuts down.

llhttp reads. What it leaves open is closed here: how long and how large a head may be, trailers (a credential there
would be seen by nothing that stands in front of this listener, so they are dropped), how much may be sent before its
turn, and what may follow an upgrade. What cannot be served is told after the answers that are owed before it.
docs/decisions/0016-door-speed.md says why this is not uvicorn's protocol.
"""

import asyncio
from collections import deque
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from agentcore_local.deadline import Deadline
from agentcore_local.edge import BODY_IS_HERE
from agentcore_local.exchange import Exchange
from agentcore_local.target import scope_of
from agentcore_local.upgrade import asks_for_websocket, objection

MAX_SILENT = 128 * 1024
"""Bytes that may arrive without a head's end or a body's part among them: heads (edge.py answers much smaller ones with
431), trailers, extensions of chunks. The parser joins a value anew for each segment: it must not grow for ever."""
MAX_UNREAD_BODY = 64 * 1024
MAX_WAITING, MAX_AHEAD = 64, 64 * 1024
"""Requests, and bytes of them, that wait for the answer to an earlier one. They are read at once, since nothing else
tells that the caller has left."""
LINGER_S = 60.0
"""How long a caller may take nothing of what it was sent last."""
_TOO_MUCH = b"503 Service Unavailable", b"Too many requests before their turn."


class PatientProtocol(Deadline, asyncio.Protocol):
    """One caller's connection. `tasks` and `connections` are the server's, which waits for them when it stops."""

    headers_deadline_s = 10.0
    linger_s = LINGER_S
    writable: asyncio.Event | None = None  # while the caller takes nothing more
    _transport: asyncio.Transport
    _silent = _ahead = _unsent = 0
    _fault: bytes | None = None  # nothing more is served; the last words, once all answers before them are given
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
        if self._fault is not None:
            return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            if self._fresh is not None:
                self._begin(self._fresh)  # its head was whole: it is a request, and is logged as one
            self._turn_away(b"400 Bad Request", b"Invalid HTTP request received.")
        if self._fresh is not None:
            self._begin(self._fresh)
        if self._silent > MAX_SILENT:
            self._turn_away()
        if self._in_head and self._begun and not self._head_is_timed and self._fault is None:
            self._head_is_timed = True
            self._end_in(self.headers_deadline_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self._rest()
        self._forsake()
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
            self._close()
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
        self._silent, self._until, self._arriving = 0, None, None
        if self._fault is not None or self._transport.is_closing():
            return
        version = parser.get_http_version()
        is_new = version == "1.1"
        if not is_new and version != "1.0":
            return self._turn_away(b"400 Bad Request", b"HTTP/1.1 is spoken here.")
        if parser.should_upgrade():
            # The parser takes what follows for another protocol: a body would be lost, and its rest read as a request.
            if self._config.ws_protocol_class is None or not asks_for_websocket(self._headers):
                self._turn_away(b"400 Bad Request")
            return
        scope = scope_of(parser.get_method(), version, self._url, self._headers, self._server, self._client)
        keep_alive, expects = is_new and parser.should_keep_alive(), is_new and self._expects
        self._arriving = self._fresh = Exchange(self, scope, keep_alive, expects)

    def on_body(self, body: bytes) -> None:
        self._silent, exchange = 0, self._arriving
        if exchange is not None and not exchange.complete:
            exchange.body += body
            exchange.tell()
            if len(exchange.body) > MAX_UNREAD_BODY:
                if exchange is self._current or exchange is self._fresh:
                    self._pause_reading()
                else:
                    self._turn_away(*_TOO_MUCH)

    def on_message_complete(self) -> None:
        exchange = self._arriving
        if exchange is None:
            return
        exchange.is_whole = True
        if exchange.complete:
            return
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
            self._close()
        if self._transport.is_closing():
            return
        if self._queue:
            following = self._queue.popleft()
            self._ahead -= following.size
            self._serve(following)
            if self._fault is not None and not following.is_whole:  # and never will be: the fault is in its body
                self._end(self._fault)
        elif self._fault is not None:
            self._end(self._fault)
        else:
            self.resume_reading()
            if not self._in_head:
                self._end_in(self._config.timeout_keep_alive)

    def break_off(self, exchange: Exchange) -> None:
        """It ended without an answer, or in the middle of one: the caller must not take that for a whole."""
        self._end(b"" if exchange.started else self._refusal(b"500 Internal Server Error", b"Internal Server Error"))

    def abort(self) -> None:
        """The caller takes nothing, so that it cannot be told anything either."""
        self._forsake()
        self._transport.abort()

    def _begin(self, exchange: Exchange) -> None:
        self._fresh = None
        if self._current is None or self._current.complete:
            self._serve(exchange)
            return
        size = exchange.size = len(exchange.body) + len(self._url) + sum(len(n) + len(v) for n, v in self._headers)
        if len(self._queue) < MAX_WAITING and self._ahead + size <= MAX_AHEAD:
            self._ahead += size
            self._queue.append(exchange)
        else:
            self._turn_away(*_TOO_MUCH)

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

    def _upgrade(self) -> None:
        """Hand the connection over to uvicorn's WebSocket protocol, which has none of these caps."""
        is_get = self._parser.get_method() == b"GET" and self._parser.get_http_version() == "1.1"
        if self._fault is not None or self._transport.is_closing():
            return
        if len(self._state.connections) >= self._limit or len(self.tasks) >= self._limit:
            self._turn_away(b"503 Service Unavailable")
        elif status := objection(is_get, self._url, self._headers):
            self._turn_away(status)
        elif self._current is not None and not self._current.complete:  # its answer would go to the other protocol
            self._turn_away(b"400 Bad Request")
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

    # How it ends.

    def _turn_away(self, status: bytes = b"", text: bytes = b"") -> None:
        """What came last is not served: without a status, not answered either."""
        if self._fault is not None:
            return
        self._fault = self._refusal(status, text) if status else b""
        self._arriving = None
        current = self._current
        if current is not None and not current.is_whole:  # it is about this one
            self._end(b"" if current.started else self._fault)
        elif current is None or current.complete:
            self._end(self._fault)
        else:
            self.resume_reading()  # to no other end than to see the caller leave

    def _refusal(self, status: bytes, text: bytes = b"") -> bytes:
        kind = b"content-type: text/plain; charset=utf-8\r\n" if text else b""
        head = b"HTTP/1.1 %b\r\n%bconnection: close\r\n%b" % (status, self.date(), kind)
        return b"%bcontent-length: %d\r\n\r\n%b" % (head, len(text), text)

    def _end(self, words: bytes) -> None:
        if words:
            self.write(words)
        self._forsake()
        self._close()

    def _forsake(self) -> None:
        """Whoever is at work for this caller works for nobody."""
        for exchange in (self._current, *self._queue):
            if exchange is not None and not exchange.complete:
                exchange.gone = True
                exchange.tell()
        self._queue.clear()

    def _close(self) -> None:
        self._transport.close()
        self._unsent = self._transport.get_write_buffer_size()
        if self._unsent:
            self._end_in(self.linger_s)

    def _time_is_up(self) -> None:
        if not self._transport.is_closing():
            self._turn_away()
        elif self._transport.get_write_buffer_size() < self._unsent:
            self._close()  # it takes its time
        else:
            self._transport.abort()
