"""One connection to an agent's server, one exchange at a time. The agent is a stranger: what it sends is bounded."""

import asyncio
from collections.abc import Sequence

import httptools

HIGH_WATER = 64 * 1024
"""Bytes of an answer that are held while the caller does not take them; the agent is held back beyond."""
MAX_SILENT = 64 * 1024
"""Bytes that may arrive without one of the answer's body among them: a head, trailers, extensions of chunks."""


class Broken(Exception):
    """The agent closed the connection, was silent for too long or does not speak HTTP."""


class Silent(Broken):
    """It said nothing for as long as it may."""


class Connection(asyncio.Protocol):
    """Speaks for one caller at a time; `usable` says whether the next one may have it."""

    def __init__(self, port: int) -> None:
        self.port, self._loop = port, asyncio.get_running_loop()
        self.waits_since: float | None = None  # seconds of the loop's clock: somebody waits for the agent
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._asked = False
        self._waiter: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._error: BaseException | None = None
        self.closed = False
        self._begin()

    def _begin(self) -> None:
        self.status, self._silent, self._held = 0, 0, 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.length: bytes | None = None
        self._body: list[bytes] = []
        self._chunked = self._complete = self._spoiled = self._kept_alive = self._paused = self._all_sent = False

    # The exchange, in this order: request, write..., sent, head, read...

    def request(self, head: bytes) -> None:
        """Begin an exchange. The parser is at a message's end, or this connection would not be used again."""
        self._begin()
        self._asked = True
        self._transport.write(head)

    async def write(self, data: bytes) -> None:
        """A part of the body, when the agent takes it. Raises Broken."""
        if self.closed:
            raise Broken
        self._transport.write(data)
        if not self._writable.is_set():
            await self._writable.wait()

    def sent(self) -> None:
        """The request is whole; without it the connection is not used again."""
        self._all_sent = True

    async def head(self) -> None:
        """Wait for `status` and `headers` (names in lower case). Raises Broken, or what `fail` was given."""
        while not self.status:
            await self._more()

    async def read(self) -> tuple[bytes, bool]:
        """What has arrived of the answer's body, and whether that is its end. Raises as `head` does."""
        while not self._body and not self._complete:
            await self._more()
        return self.taken()

    def taken(self) -> tuple[bytes, bool]:
        """As `read`, but what is here already, which may be nothing."""
        data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body, self._held = [], 0
        if self._paused and not self.closed:
            self._paused = False
            self._transport.resume_reading()
        return data, self._complete

    async def _more(self) -> None:
        if self._error is not None:
            raise self._error
        waiter = self._waiter = self._loop.create_future()
        self.waits_since = self._loop.time()
        try:
            await waiter
        finally:
            self._waiter = self.waits_since = None
        if self._error is not None and not (self._body or self._complete):
            raise self._error

    def fail(self, error: BaseException) -> None:
        """Whoever waits for the agent gets this error; the connection is over."""
        self._error = self._error or error
        self.close()
        self._wake()

    def finish(self) -> bool:
        """End the exchange. Whether another one may follow; the connection is closed if not."""
        self._asked = False
        if self._complete and self._kept_alive and self._all_sent and not (self._spoiled or self.closed):
            return True
        self.close()
        return False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # Called by the event loop.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._asked or self._complete:
            self._spoiled = True  # nobody asked: whose answer would the next one be?
            self.close()
            return
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return self.fail(Broken())
        if self._silent > MAX_SILENT:
            return self.fail(Broken())
        if self._held > HIGH_WATER and not self._paused and not self._complete:
            self._paused = True
            self._transport.pause_reading()
        if self.status:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._writable.set()
        until_end = self.status and self.length is None and not self._chunked
        if until_end and exc is None and self._error is None:
            self._complete = True
        elif not self._complete:
            self._error = self._error or Broken()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # Called by the parser.

    def on_message_begin(self) -> None:
        self._spoiled = self._spoiled or self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._complete or self.status:
            return
        if 100 <= status < 200:  # an interim answer: the one that counts follows
            self.headers = []
            return
        if status < 100:
            return self.fail(Broken())
        self.status, self._kept_alive = status, self._parser.should_keep_alive()
        for name, value in self.headers:
            if name == b"content-length":
                self.length = value
            elif name == b"transfer-encoding":
                self._chunked = True

    def on_body(self, body: bytes) -> None:
        if not self._spoiled:
            self._silent = 0
            self._body.append(body)
            self._held += len(body)

    def on_message_complete(self) -> None:
        if self.status:
            self._complete = True


def request_head(method: str, target: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """The beginning of a request. Raises ValueError for text that would end a line."""
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(map("%s: %s\r\n".__mod__, headers))
    lines = len(headers) + 1
    if head.count("\r") != lines or head.count("\n") != lines or "\0" in head:
        raise ValueError("a header holds a control character")
    return (head + "\r\n").encode("latin-1")
