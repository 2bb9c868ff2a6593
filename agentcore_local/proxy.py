"""Carries an admitted call to the agent and its answer back, without holding either in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

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


class Proxy:
    """Relays over one HTTP client, built by the composition root: no proxies, cookies or redirects."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def relay(
        self,
        url: str,
        headers: list[tuple[str, str]],
        chunks: AsyncIterator[bytes],
        body: Body,
        send: Send,
        answer_headers: list[tuple[str, str]],
    ) -> int:
        """POST to the agent and stream its answer; returns its status.

        Raises Refused (424, 504) before the answer began, AgentBroke after, ClientGone when the caller left.
        """
        exchange = asyncio.ensure_future(self._exchange(url, headers, chunks, send, answer_headers))
        watcher = asyncio.ensure_future(body.gone())
        try:
            await asyncio.wait({exchange, watcher}, return_when=asyncio.FIRST_COMPLETED)
            if exchange.done():
                return exchange.result()
            raise ClientGone
        finally:
            for task in (exchange, watcher):
                if not task.done():
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _exchange(
        self,
        url: str,
        headers: list[tuple[str, str]],
        chunks: AsyncIterator[bytes],
        send: Send,
        answer_headers: list[tuple[str, str]],
    ) -> int:
        broken: list[Exception] = []
        started = False
        limits = aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=5, sock_read=READ_IDLE_S)
        try:
            async with self._session.post(
                url, data=_noting(chunks, broken), headers=headers, allow_redirects=False, timeout=limits
            ) as reply:
                if reply.status >= 300:
                    raise Refused("agent_error", code=reply.status)
                fields = answer_headers + [(n, v) for n in _ANSWERED if (v := reply.headers.get(n))]
                if reply.content_length is not None:
                    fields.append(("content-length", str(reply.content_length)))
                encoded = [(n.encode("latin-1"), v.encode("latin-1", "replace")) for n, v in fields]
                started = True
                await send({"type": "http.response.start", "status": 200, "headers": encoded})
                async for chunk in reply.content.iter_any():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
                return 200
        except (aiohttp.ClientError, TimeoutError) as e:
            if started:
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
