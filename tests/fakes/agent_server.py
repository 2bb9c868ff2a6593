"""An agent's HTTP server that says exactly what a test tells it to, byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Talk = Callable[["Caller"], Awaitable[None]]


@dataclass
class Caller:
    """One connection as the server sees it; `number` counts them from 0."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heads: list[bytes] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def head(self) -> bytes:
        """The next request's head; raises IncompleteReadError when the other side has closed."""
        self.heads.append(await self.reader.readuntil(b"\r\n\r\n"))
        return self.heads[-1]

    async def say(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()


@dataclass
class Server:
    port: int = 0
    callers: list[Caller] = field(default_factory=list)


@contextlib.asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[Server]:
    """Serve on loopback; each connection is talked to, then closed."""
    made = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = Caller(len(made.callers), reader, writer)
        made.callers.append(caller)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await talk(caller)
        writer.close()
        caller.left.set()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listening.close()
        for caller in made.callers:
            caller.writer.transport.abort()
            await caller.left.wait()
        await asyncio.sleep(0)  # what was closed is gone a turn of the loop later
        await asyncio.sleep(0)


def answers(*parts: bytes) -> Talk:
    """Say this to each request, on and on."""

    async def talk(caller: Caller) -> None:
        while True:
            await caller.head()
            await caller.say(*parts)

    return talk


def once(*parts: bytes) -> Talk:
    """Say this to the first request, then close."""

    async def talk(caller: Caller) -> None:
        await caller.head()
        await caller.say(*parts)

    return talk


def endless(beginning: bytes, part: bytes) -> Talk:
    """Say a part again and again until the caller leaves."""

    async def talk(caller: Caller) -> None:
        await caller.head()
        await caller.say(beginning)
        while True:
            await caller.say(part)

    return talk
