"""Carries an admitted call to the agent and its answer back, without holding either in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from agentcore_local.edge import BODY_FOLLOWS, Body, ClientGone, Send, Spooled
from agentcore_local.sessions import Over
from agentcore_local.upstream.connection import Broken, Connection, Silent, request_head
from agentcore_local.upstream.pool import Pool
from agentcore_local.wire import Refused

READ_IDLE_S = 15 * 60.0  # AgentCore devguide: bedrock-agentcore-limits (synchronous request, 15 min)
TOTAL_S = 60 * 60.0  # the same page (streaming, 60 min)
SMALL_BODY = 64 * 1024
"""A body of at most that many bytes is read before the agent is asked, and sent in one piece."""
TICK_S = 0.02
"""Most answers are over by then; only the others are worth a task that looks whether the caller has left."""
_ANSWERED = frozenset(
    b"content-type content-encoding mcp-session-id mcp-protocol-version x-amzn-trace-id traceparent tracestate "
    b"baggage".split()
)


class AgentBroke(Exception):
    """The agent's answer stopped half-way; the caller must see a broken answer, not a short one."""


@dataclass(slots=True)
class Request:
    """What goes to the agent at `port`: `content` of `length` bytes, if that is known.

    body is the caller's own and tells when the caller has left.
    """

    method: str
    port: int
    path: str
    headers: list[tuple[str, str]]
    content: Body | Spooled | None
    length: int | None
    body: Body
    over: Over


class Proxy:
    """Relays over kept connections to agents."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._young: set[_Exchange] = set()
        self._older: set[_Exchange] = set()
        self._ticks = False

    async def relay(self, request: Request, send: Send, answer_headers: list[tuple[str, str]]) -> int:
        """Send to the agent and stream its answer; returns its status.

        Raises Refused (424, 504) before the answer began, AgentBroke after, ClientGone when the caller left.
        """
        exchange = _Exchange(request, send, answer_headers)
        self._young.add(exchange)
        if not self._ticks:
            self._tick()
        try:
            return await exchange.run(self._pool)
        except asyncio.CancelledError:
            if not exchange.was_cut_off():
                raise
            if exchange.left:
                raise ClientGone from None
            refusal = Refused("session_over" if request.over.is_set() else "agent_timeout")
        except Silent:
            refusal = Refused("agent_timeout")
        except Broken:
            refusal = Refused("agent_error", code=502, log_reason="agent_closed_connection")
        except Refused as e:
            refusal = e
        finally:
            self._young.discard(exchange)
            self._older.discard(exchange)
            if exchange.watch is not None:
                await exchange.end_watch()
        raise AgentBroke if exchange.answering else refusal

    def _tick(self) -> None:
        """Begin to watch what has lasted for a tick or two. One timer for all: each of its own would cost them more."""
        for exchange in self._older:
            exchange.begin_watch()
        self._older, self._young = self._young, set()
        self._ticks = bool(self._older)
        if self._ticks:
            asyncio.get_running_loop().call_later(TICK_S, self._tick)


class _Exchange:
    """One call on one connection. `answering` once the caller has got the beginning of the answer.

    Watched, it is cut off once the caller has left, the session is over or it has lasted too long.
    """

    answering = left = _cut = False
    watch: asyncio.Task[None] | None = None

    def __init__(self, request: Request, send: Send, answer_headers: list[tuple[str, str]]) -> None:
        self._request, self._send, self._own = request, send, answer_headers
        self._task = asyncio.current_task()

    def begin_watch(self) -> None:
        self.watch = asyncio.ensure_future(self._look())

    async def end_watch(self) -> None:
        if self.watch is not None and self.watch.cancel():
            with contextlib.suppress(asyncio.CancelledError):
                await self.watch

    def was_cut_off(self) -> bool:
        """Whether a cancellation is the watch's and nobody else's."""
        return self._cut and self._task is not None and self._task.uncancel() == 0

    async def _look(self) -> None:
        gone = asyncio.ensure_future(self._request.body.gone())
        over = asyncio.ensure_future(self._request.over.wait())
        try:
            await asyncio.wait({gone, over}, timeout=TOTAL_S, return_when=asyncio.FIRST_COMPLETED)
            self.left = gone.done() and not over.done()
            if self._task is not None:
                self._cut = self._task.cancel()
        finally:
            gone.cancel()
            over.cancel()

    async def run(self, pool: Pool) -> int:
        request, content = self._request, self._request.content
        headers = [("host", f"127.0.0.1:{request.port}"), *request.headers]
        if content is None:
            return await self._whole(pool, headers, b"")
        if request.length is None:
            headers.append(("transfer-encoding", "chunked"))
            return await self._piecemeal(pool, headers, _chunked(content.chunks()))
        headers.append(("content-length", str(request.length)))
        if request.length > SMALL_BODY:
            return await self._piecemeal(pool, headers, content.chunks())
        return await self._whole(pool, headers, await content.whole())

    async def _whole(self, pool: Pool, headers: list[tuple[str, str]], body: bytes) -> int:
        head = request_head(self._request.method, self._request.path, headers)
        agent = await pool.take(self._request.port)
        try:
            agent.request(head + body)
            agent.sent()
            return await self._answer(agent)
        finally:
            pool.give_back(agent)

    async def _piecemeal(self, pool: Pool, headers: list[tuple[str, str]], chunks: AsyncIterator[bytes]) -> int:
        """The agent may answer before it has the whole body."""
        head = request_head(self._request.method, self._request.path, headers)
        agent = await pool.take(self._request.port)
        agent.request(head)
        upload = asyncio.ensure_future(_upload(agent, chunks))
        try:
            return await self._answer(agent)
        finally:
            upload.cancel()
            pool.give_back(agent)
            with contextlib.suppress(asyncio.CancelledError):
                await upload

    async def _answer(self, agent: Connection) -> int:
        if not agent.status:
            await agent.head()
        if not 200 <= agent.status < 300:
            raise Refused("agent_error", code=agent.status)
        # The agent's own Mcp-Session-Id, if it gives one, stands for the platform's.
        given = {n for n, v in agent.headers if n in _ANSWERED and v}
        fields = [(name, v.encode("latin-1")) for n, v in self._own if (name := n.encode("latin-1")) not in given]
        fields += [field for field in agent.headers if field[0] in given and field[1]]
        if agent.length is not None and agent.status != 204:  # whatever it says, there is no body
            fields.append((b"content-length", agent.length))
        self.answering = True
        beginning = {"type": "http.response.start", "status": agent.status, "headers": fields}
        data, over = agent.taken()
        if data or over:
            beginning[BODY_FOLLOWS] = True
        await self._send(beginning)
        if data or over:
            await self._send({"type": "http.response.body", "body": data, "more_body": not over})
        while not over:
            data, over = await agent.read()
            await self._send({"type": "http.response.body", "body": data, "more_body": not over})
        return agent.status


async def _upload(agent: Connection, chunks: AsyncIterator[bytes]) -> None:
    """What goes wrong here is told to whoever waits for the answer."""
    try:
        async for chunk in chunks:
            await agent.write(chunk)
        agent.sent()
    except Exception as e:
        agent.fail(e)


async def _chunked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield b"%x\r\n%b\r\n" % (len(chunk), chunk)
    yield b"0\r\n\r\n"
