"""One request and its answer, as an ASGI application sees them."""

import asyncio
import http
import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from agentcore_local.edge import BODY_FOLLOWS, Asgi, ClientGone, Scope

if TYPE_CHECKING:
    from agentcore_local.patient import PatientProtocol

_STATUS = {s.value: b"HTTP/1.1 %d %b\r\n" % (s, s.phrase.encode()) for s in http.HTTPStatus}
_HARMLESS = bytes({9, *range(32, 256)} - {127})
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_log = logging.getLogger("uvicorn.error")


class Exchange:
    """`is_whole`: the request has arrived; `gone`: there is nobody to answer; `size`: its bytes, if it had to wait.

    `started`: the first byte of the answer was written; `complete`: the last.
    """

    is_whole = started = complete = gone = False
    size = 0
    task: asyncio.Task[None]
    _head, _left, _chunked = b"", 0, False
    _news = False
    _event: asyncio.Event | None = None

    def __init__(self, connection: "PatientProtocol", scope: Scope, keep_alive: bool, expects: bool) -> None:
        """expects: the caller waits for 100 (Continue) before it sends the body."""
        self._connection, self.scope, self.keep_alive, self._expects = connection, scope, keep_alive, expects
        self.body = bytearray()

    async def run(self, app: Asgi) -> None:
        connection = self._connection
        try:
            await app(self.scope, self.receive, self.send)
        except ClientGone:
            pass
        except Exception as e:  # the planes answer for what goes wrong in them
            _log.error("crash", exc_info=e)
        finally:
            connection.tasks.discard(self.task)
            if not (self.complete or self.gone):
                connection.break_off(self)

    def tell(self) -> None:
        """Something has changed for whoever receives."""
        self._news = True
        if self._event is not None:
            self._event.set()

    async def receive(self) -> MutableMapping[str, Any]:
        if self._expects:
            self._connection.write(_CONTINUE)
            self._expects = False
        if not (self.gone or self.complete):
            self._connection.resume_reading()
            if not self._news:
                if self._event is None:
                    self._event = asyncio.Event()
                await self._event.wait()
                self._event.clear()
            self._news = False
        if self.gone or self.complete:
            return {"type": "http.disconnect"}
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": not self.is_whole}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Raises ClientGone when nothing was sent and nobody is left to send it to."""
        connection = self._connection
        if connection.writable is not None:
            await self._wait_for_room(connection.writable)
        if self.gone:
            if self.started:
                return
            raise ClientGone
        if message["type"] == "http.response.start":
            if self.started:
                raise RuntimeError("an answer has one beginning")
            self._head = self._beginning(message["status"], message["headers"])
            self._expects = False
            if BODY_FOLLOWS not in message:
                connection.write(self._head)
                self._head, self.started = b"", True
            return
        if not (self.started or self._head) or self.complete:
            raise RuntimeError("an answer's body follows its beginning, and ends once")
        more = message.get("more_body", False)
        data = self._head + self._framed(message.get("body", b""), more)
        self._head = b""
        if data:
            self.started = True
            connection.write(data)
        if not more:
            self.complete = True
            self.tell()
            connection.answered(self)

    async def _wait_for_room(self, writable: asyncio.Event) -> None:
        """Until the caller takes more: for ever in the middle of an answer, whose length others bound."""
        try:
            async with asyncio.timeout(None if self.started else self._connection.linger_s):
                await writable.wait()
        except TimeoutError:
            self._connection.abort()

    def _beginning(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Status line and headers, names in lower case as ASGI has them."""
        first = (_STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status) + self._connection.date()
        self._chunked, self._left = False, 0
        lines, length, closes = [first], None, False
        for name, value in headers:
            lines.append(b"%b: %b\r\n" % (name, value))
            if name == b"content-length":
                length = int(value)
            elif name == b"connection":
                closes = b"close" in value.lower()
        count = len(headers) + first.count(b"\n")
        if not self.keep_alive and not closes:
            lines.append(b"connection: close\r\n")
            count += 1
        self.keep_alive = self.keep_alive and not closes
        if length is not None:
            self._left = length
        elif self.scope["method"] != "HEAD" and status not in (204, 304):
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
            count += 1
        head = b"".join(lines)
        if head.translate(None, _HARMLESS) != b"\r\n" * count:
            raise RuntimeError("a header holds a control character")
        return head + b"\r\n"

    def _framed(self, body: bytes, more: bool) -> bytes:
        if self.scope["method"] == "HEAD":
            return b""
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return data if more else data + b"0\r\n\r\n"
        self._left -= len(body)
        if self._left < 0 or (self._left and not more):
            raise RuntimeError("an answer's body is as long as its head says")
        return body
