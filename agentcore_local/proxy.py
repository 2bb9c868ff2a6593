"""Carries an admitted call to the agent and its answer back, without holding either in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from agentcore_local.edge import Body, ClientGone, Send
from agentcore_local.wire import Refused

READ_IDLE_S = 15 * 60.0  # AgentCore devguide: bedrock-agentcore-limits (synchronous request, 15 min)
TOTAL_S = 60 * 60.0  # the same page (streaming, 60 min)
_ANSWERED = (
    "content-type",
    "content-encoding",
    "mcp-session-id",
    "mcp-protocol-version",
    "x-amzn-trace-id",
    "traceparent",
    "tracestate",
    "baggage",
)


class AgentBroke(Exception):
    """The agent's answer stopped half-way; the caller must see a broken answer, not a short one."""


@dataclass(frozen=True, slots=True)
class Request:
    """What goes to the agent. body belongs to the caller's request and tells when the caller has left."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    chunks: AsyncIterator[bytes] | None
    body: Body
    over: asyncio.Event


class Proxy:
    """Relays over one HTTP client, built by the composition root: no proxies, cookies or redirects."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def relay(self, request: Request, send: Send, answer_headers: list[tuple[str, str]]) -> int:
        """Send to the agent and stream its answer; returns its status.

        Raises Refused (424, 504) before the answer began, AgentBroke after, ClientGone when the caller left.
        """
        started = asyncio.Event()
        exchange = asyncio.ensure_future(self._exchange(request, send, answer_headers, started))
        over = asyncio.ensure_future(request.over.wait())
        watchers = (asyncio.ensure_future(request.body.gone()), over)
        try:
            await asyncio.wait({exchange, *watchers}, return_when=asyncio.FIRST_COMPLETED)
            if exchange.done():
                return exchange.result()
            if not over.done():
                raise ClientGone
        finally:
            for task in (exchange, *watchers):
                if not task.done():
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task
        if started.is_set():
            raise AgentBroke
        raise Refused("session_over")

    async def _exchange(
        self, request: Request, send: Send, answer_headers: list[tuple[str, str]], started: asyncio.Event
    ) -> int:
        broken: list[Exception] = []
        limits = aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=5, sock_read=READ_IDLE_S)
        data = None if request.chunks is None else _noting(request.chunks, broken)
        options: dict[str, Any] = {"headers": request.headers, "allow_redirects": False, "timeout": limits}
        try:
            async with self._session.request(request.method, request.url, data=data, **options) as reply:
                if not 200 <= reply.status < 300:
                    raise Refused("agent_error", code=reply.status)
                # The agent's own Mcp-Session-Id, if it gives one, stands for the platform's.
                given = [(n, v) for n in _ANSWERED if (v := reply.headers.get(n))]
                names = {n for n, _ in given}
                fields = [(n, v) for n, v in answer_headers if n not in names] + given
                if reply.content_length is not None:
                    fields.append(("content-length", str(reply.content_length)))
                encoded = [(n.encode("latin-1"), v.encode("latin-1", "replace")) for n, v in fields]
                started.set()
                await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
                async for chunk in reply.content.iter_any():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
                return reply.status
        except (aiohttp.ClientError, TimeoutError) as e:
            if started.is_set():
                raise AgentBroke from e
            if broken:
                raise broken[0] from None
            if isinstance(e, TimeoutError):
                raise Refused("agent_timeout") from e
            raise Refused("agent_error", code=502, log_reason="agent_closed_connection") from e


async def _noting(chunks: AsyncIterator[bytes], broken: list[Exception]) -> AsyncIterator[bytes]:
    """The HTTP client hides why a body ended early, so it is noted here."""
    try:
        async for chunk in chunks:
            yield chunk
    except (Refused, ClientGone) as e:
        broken.append(e)
        raise
