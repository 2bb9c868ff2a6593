"""The first look at a request: what the HTTP server does not check itself, and how answers are written."""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from agentcore_local.wire import AWS_REQUEST_ID, ERROR_TYPE, Refused

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_FIELDS = 100
MAX_HEADER_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024
BODY_IDLE_S = 60.0
SPOOL_DEADLINE_S = 120.0
SPOOL_IN_MEMORY = 1024 * 1024
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_LENGTH = re.compile(r"[0-9]{1,19}", re.ASCII)
KEPT_BYTES = 64 * 1024
KEPT_WAIT_S = 5.0
BODY_FOLLOWS = "agentcore_local.body_follows"
"""In the beginning of an answer: the server may hold it back, since a part of the body comes at once."""
BODY_IS_HERE = "agentcore_local.body_is_here"
"""In the scope: the whole body of a request that came in one piece, as most do. They need no timer and no waiting."""


class ClientGone(Exception):
    """The caller closed the connection before the exchange was over."""


@dataclass(slots=True)
class Head:
    """Method, undecoded target and headers (names in lower case) of one request; client is its address."""

    method: str
    raw_path: bytes
    query: bytes
    headers: tuple[tuple[str, str], ...]
    client: str = ""
    by_name: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name: dict[str, list[str]] = {}
        for name, value in self.headers:
            if name in by_name:
                by_name[name].append(value)
            else:
                by_name[name] = [value]
        self.by_name = by_name

    def add(self, name: str, value: str) -> None:
        self.headers += ((name, value),)
        self.by_name.setdefault(name, []).append(value)

    def every(self, name: str) -> Sequence[str]:
        return self.by_name.get(name, ())

    def one(self, name: str) -> str | None:
        """The only value of a header; a repeated header is refused, since two readers could differ on it."""
        values = self.by_name.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise Refused("bad_request", detail=f"Header {name} must be sent once", log_reason="repeated_header")
        return values[0]


def new_id() -> str:
    """A random UUID (RFC 9562, version 4) as text. The uuid module takes several times as long for each call."""
    x = os.urandom(16).hex()
    return f"{x[:8]}-{x[8:12]}-4{x[13:16]}-{_VARIANT[x[16]]}{x[17:20]}-{x[20:]}"


def read_head(scope: Scope) -> Head:
    """Check the request line and headers; raise Refused. The HTTP server has no caps and no Host check."""
    raw, size, headers = scope["headers"], 0, []
    for name, value in raw:
        size += len(name) + len(value)
        # The server leaves blanks at a value's end; they are no part of it (RFC 9110 section 5.5).
        headers.append((name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")))
    if len(raw) > MAX_FIELDS or size > MAX_HEADER_BYTES:
        raise Refused("headers_too_large")
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise Refused("headers_too_large", log_reason="target_too_long")
    client = (scope.get("client") or ("",))[0]
    head = Head(scope["method"], scope["raw_path"], scope["query_string"], tuple(headers), client)
    found = head.by_name
    if len(found.get("host", ())) != 1:
        raise Refused("bad_request", detail="Exactly one Host header is required", log_reason="bad_host")
    codings, lengths = found.get("transfer-encoding", ()), found.get("content-length", ())
    if codings and ([v.strip().lower() for v in codings] != ["chunked"] or scope.get("http_version") != "1.1"):
        raise Refused("bad_request", detail="Transfer-Encoding must be chunked", log_reason="bad_transfer_encoding")
    for length in lengths:
        if not _LENGTH.fullmatch(length):  # leading zeros may go on for thousands of digits
            raise Refused("bad_request", detail="Content-Length must be a number", log_reason="bad_length")
    if codings and lengths:
        raise Refused("bad_request", detail="Content-Length with Transfer-Encoding", log_reason="two_lengths")
    if len(found.get("authorization", ())) > 1:
        raise Refused("duplicate_authorization")
    return head


class Body:
    """The request's body as it arrives: counted against a limit, bounded in time between two chunks."""

    def __init__(self, receive: Receive, limit: int, declared: str | None, here: bytes | None = None) -> None:
        """here: all of it, if it has arrived already."""
        self._receive, self._limit, self.declared, self._seen = receive, limit, declared, 0
        self._here, self._is_read = here, False
        self._end: asyncio.Event | None = None
        self.beginning: bytearray | None = None  # set to keep the first bytes for whoever refuses the call later
        if declared is not None and declared.isdigit() and int(declared) > limit:
            raise Refused("body_too_large", limit=limit)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield chunks; raises ClientGone, or Refused when too large or too slow."""
        while not self._is_read:
            if chunk := await self._next():
                yield chunk

    async def whole(self) -> bytes:
        """All of it, for bodies that are known to be short. Raises as `chunks` does."""
        if self._is_read:
            return b""
        read = await self._next()
        while not self._is_read:
            read += await self._next()
        return read

    def skip(self) -> None:
        """Nobody is going to read it."""
        self._is_read = True
        if self._end is not None:
            self._end.set()

    async def _next(self) -> bytes:
        chunk, more = self._here, False
        if chunk is None:
            message = await self._in_time()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk, more = message.get("body", b""), message.get("more_body", False)
        self._here = None
        self._seen += len(chunk)
        if self._seen > self._limit:
            raise Refused("body_too_large", limit=self._limit)
        if self.beginning is not None and len(self.beginning) < KEPT_BYTES:
            self.beginning += chunk[: KEPT_BYTES - len(self.beginning)]
        if not more:
            self.skip()
        return chunk

    async def _in_time(self) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(BODY_IDLE_S):  # unlike wait_for without a task of its own
                return await self._receive()
        except TimeoutError:
            raise Refused("body_timeout") from None

    async def first(self) -> bytes:
        """The kept beginning, read on until it is whole or long enough; what cannot be had is left out."""
        if self.beginning is None:
            return b""
        with contextlib.suppress(Refused, ClientGone, TimeoutError):
            async with asyncio.timeout(KEPT_WAIT_S):
                async for _ in self.chunks():
                    if len(self.beginning) >= KEPT_BYTES:
                        break
        return bytes(self.beginning)

    async def gone(self) -> None:
        """Return once the caller has closed the connection (only meaningful after the body was read)."""
        if not self._is_read:
            self._end = asyncio.Event()
            await self._end.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


@dataclass(slots=True)
class Spooled:
    """A body that had to be read whole, because its hash is part of a signature. On disk past 1 MiB."""

    file: IO[bytes]
    sha256: str
    size: int

    async def chunks(self) -> AsyncIterator[bytes]:
        self.file.seek(0)
        while chunk := self.file.read(64 * 1024):
            yield chunk

    def read(self) -> bytes:
        self.file.seek(0)
        return self.file.read()

    async def whole(self) -> bytes:
        return self.read()


async def spool(body: Body) -> Spooled:
    """Read the whole body into a temporary file without a name, hashing it on the way."""
    file = tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY)  # noqa: SIM115  closed with its request
    digest, size = hashlib.sha256(), 0
    try:
        async with asyncio.timeout(SPOOL_DEADLINE_S):
            async for chunk in body.chunks():
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
    except TimeoutError:
        file.close()
        raise Refused("body_timeout") from None
    except BaseException:
        file.close()
        raise
    return Spooled(file, digest.hexdigest(), size)


async def answer(
    send: Send,
    status: int,
    body: bytes,
    request_id: str,
    headers: tuple[tuple[str, str], ...] = (),
    content_type: str = "application/json",
) -> None:
    """Write one complete answer."""
    fields = [
        ("content-type", content_type),
        ("content-length", str(len(body))),
        (AWS_REQUEST_ID, request_id),
        *headers,
    ]
    if status == 204:
        fields, body = [(AWS_REQUEST_ID, request_id)], b""
    encoded = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in fields]
    await send({"type": "http.response.start", "status": status, "headers": encoded, BODY_FOLLOWS: True})
    await send({"type": "http.response.body", "body": body})


async def refuse(
    send: Send,
    refused: Refused,
    request_id: str,
    status: int | None = None,
    body: bytes | None = None,
    content_type: str = "application/json",
) -> None:
    """Write a refusal, as its row says or in a protocol's own envelope.

    The connection is closed when an unread body may follow on it.
    """
    status = refused.row.status if status is None else status
    headers = [(ERROR_TYPE, refused.row.kind), *refused.headers]
    if refused.slug in ("body_too_large", "body_timeout", "headers_too_large", "bad_request"):
        headers.append(("connection", "close"))
    await answer(send, status, refused.body() if body is None else body, request_id, tuple(headers), content_type)
