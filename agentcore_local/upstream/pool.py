"""Kept connections to agents, by port. An agent that ends closes them itself."""

import asyncio
from collections import deque

from agentcore_local.upstream.connection import Broken, Connection, Silent

KEEP_S = 2.0
"""How long an unused connection is kept: less than agents' servers wait (5 s), so that none closes under a request."""
CONNECT_S = 5.0
MAX_CONNECTIONS = 512


class Pool:
    """One per event loop. At most `limit` exchanges at once; others wait. answer_s: how long an agent may be silent."""

    def __init__(self, answer_s: float, limit: int = MAX_CONNECTIONS, keep_s: float = KEEP_S) -> None:
        self._answer_s, self._keep_s, self._loop = answer_s, keep_s, asyncio.get_running_loop()
        self._free, self._waiting = limit, deque[asyncio.Future[None]]()
        self._kept: dict[int, deque[tuple[float, Connection]]] = {}
        self._taken: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None

    async def take(self, port: int) -> Connection:
        """A connection for one exchange, to be given back. Raises Broken when there is none."""
        while not self._free:
            await self._place()
        self._free -= 1
        try:
            connection = self._kept_one(port) or await self._connect(port)
        except BaseException:
            self._free += 1
            self._wake_one()
            raise
        self._taken.add(connection)
        if self._sweep is None:
            self._look_later()
        return connection

    def give_back(self, connection: Connection) -> None:
        """The exchange is over; its connection is closed unless it came to its end."""
        self._free += 1
        if self._waiting:
            self._wake_one()
        self._taken.discard(connection)
        if connection.finish():
            until = self._loop.time() + self._keep_s
            self._kept.setdefault(connection.port, deque()).append((until, connection))

    def close(self) -> None:
        """Close what is kept."""
        if self._sweep is not None:
            self._sweep.cancel()
        for kept in self._kept.values():
            for _, connection in kept:
                connection.close()
        self._kept.clear()

    async def _place(self) -> None:
        """Wait until a place is free; somebody else may be quicker."""
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake_one()  # the place was meant for this one
            raise

    def _wake_one(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break

    def _kept_one(self, port: int) -> Connection | None:
        """The one that was used last, so that the others may end."""
        kept, now = self._kept.get(port), self._loop.time()
        while kept:
            until, connection = kept.pop()
            if connection.closed:
                continue
            if now < until:
                return connection
            connection.close()
        return None

    async def _connect(self, port: int) -> Connection:
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await self._loop.create_connection(lambda: Connection(port), "127.0.0.1", port)
        except (OSError, TimeoutError) as e:
            raise Broken from e
        return connection

    def _look_later(self) -> None:
        self._sweep = self._loop.call_later(self._keep_s, self._look)

    def _look(self) -> None:
        """One timer for all connections: close what was kept for too long, give up on agents that are silent."""
        now, self._sweep = self._loop.time(), None
        for port, kept in list(self._kept.items()):
            while kept and (kept[0][0] <= now or kept[0][1].closed):
                kept.popleft()[1].close()
            if not kept:
                del self._kept[port]
        for connection in self._taken:
            if connection.waits_since is not None and now - connection.waits_since >= self._answer_s:
                connection.fail(Silent())
        if self._kept or self._taken:
            self._look_later()
