"""The trivial agent of the door's benchmark: answers at once, so that what is measured is what stands before it.

Uploaded as main.py, imports nothing of ours. What it does follows from the end of the request's body.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

ANSWER = b'{"output": {"message": "the same eighty-one bytes of JSON for each and every call of it"}}'
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PACE_S = 0.002
LONG = b"data: " + b"x" * 1016 + b"\n\n"
FLOOD_BYTES = 200 * 1024 * 1024
left_at: list[int] = []


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Upstream(asyncio.Protocol):
    transport: asyncio.Transport
    task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport, self.got = transport, b""
        self.may_write = asyncio.Event()
        self.may_write.set()

    def data_received(self, data: bytes) -> None:
        self.got += data
        if self.got.startswith(b"GET "):
            if self.got.endswith(b"\r\n\r\n"):
                self.answer(b'{"status": "Healthy"}')
        elif self.got.endswith(b'"json"}'):
            self.answer(ANSWER)
        elif self.got.endswith(b'"stream"}'):
            self.got = b""
            self.transport.write(STREAM)
            for number in range(10):
                self.transport.write(chunk(b"data: %d\n\n" % number))
            self.transport.write(b"0\r\n\r\n")
        elif self.got.endswith(b'"recall"}'):
            self.answer(json.dumps({"left_at": left_at, "port": int(os.environ["PORT"]), "pid": os.getpid()}).encode())
        elif self.got.endswith(b'"paced"}'):
            self.begin(self.paced)
        elif self.got.endswith(b'"flood"}'):
            self.begin(self.flood)

    def answer(self, body: bytes) -> None:
        self.got = b""
        self.transport.write(JSON % len(body) + body)

    def begin(self, work: Callable[[], "Coroutine[Any, Any, None]"]) -> None:
        self.got = b""
        self.transport.write(STREAM)
        self.task = asyncio.create_task(work())

    async def paced(self) -> None:
        """An event each two milliseconds, with its time, until the caller leaves."""
        while True:
            self.transport.write(chunk(b"data: %d\n\n" % time.monotonic_ns()))
            await asyncio.sleep(PACE_S)

    async def flood(self) -> None:
        for _ in range(FLOOD_BYTES // len(LONG)):
            await self.may_write.wait()
            self.transport.write(chunk(LONG))
        self.transport.write(b"0\r\n\r\n")

    def pause_writing(self) -> None:
        self.may_write.clear()

    def resume_writing(self) -> None:
        self.may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.task is not None and not self.task.done():
            self.task.cancel()
            left_at.append(time.monotonic_ns())


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, os.environ["HOST"], int(os.environ["PORT"]), backlog=1024)
    with contextlib.suppress(asyncio.CancelledError):
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
