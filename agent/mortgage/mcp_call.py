"""One tools/call by Strands' MCP client, bounded in time and size whatever the server does.

A connection lives for one call: nothing of one caller is left for the next, each request has its own trace and a
gateway that was replaced needs no reconnecting.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client
from strands.tools.mcp import MCPClient

from mortgage.gateway import UNAUTHORIZED, CallFailed, ToolCall
from mortgage.settings import is_loopback
from mortgage.trace_id import child_of

MAX_RESPONSE_BYTES = 65_536
NAME = "mortgage-assistant"
CAUSES = {401: UNAUTHORIZED, 403: "forbidden", 404: "not_found"}


@dataclass(slots=True)
class Trouble:
    """What went wrong on the way; the MCP client itself tells little more than that something did."""

    cause: str = ""


def call_tool(call: ToolCall, transport: httpx2.AsyncBaseTransport | None = None) -> str:
    """The one text of the tool's result. Raises CallFailed. transport None: the network."""
    if call.left_s() <= 0:
        raise CallFailed("timeout")
    trouble = Trouble()

    @asynccontextmanager
    async def connection() -> AsyncIterator[Any]:
        async with (
            BoundedClient(call, trouble, transport) as http,
            streamable_http_client(call.url, http_client=http) as streams,
        ):
            yield streams

    try:
        with MCPClient(connection, application_name=NAME, startup_timeout=int(call.left_s()) + 1) as client:
            patience = timedelta(seconds=max(call.left_s(), 0))
            result = client.call_tool_sync("call", call.tool, dict(call.arguments), read_timeout_seconds=patience)
    except Exception as e:  # whatever the transport, the SDK or the server's answers brought about
        raise CallFailed(trouble.cause or "no_connection") from e
    if result["status"] != "success":
        raise CallFailed(trouble.cause or ("timeout" if call.left_s() <= 0 else "tool_error"))
    texts = [content["text"] for content in result["content"] if "text" in content]
    if len(texts) != 1 or len(result["content"]) != 1:
        raise CallFailed("malformed_result")
    return texts[0]


class BoundedClient(httpx2.AsyncClient):
    """Sends the call's requests within its time, and reads no more than MAX_RESPONSE_BYTES of each answer."""

    def __init__(self, call: ToolCall, trouble: Trouble, transport: httpx2.AsyncBaseTransport | None) -> None:
        super().__init__(
            headers={
                "Authorization": f"Bearer {call.token}",
                "Accept-Encoding": "identity",
                "traceparent": child_of(call.trace),
            },
            timeout=call.left_s(),
            transport=transport,
            # A proxy of the environment is for other machines; a redirection is followed nowhere.
            trust_env=not is_loopback(call.url),
            verify=trusted(),
        )
        self._left_s, self._trouble = call.left_s, trouble

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if listing := _listing(request):
            return listing
        try:
            async with asyncio.timeout(self._left_s()):
                response = await super().send(request, **options)
        except (TimeoutError, httpx2.TimeoutException) as e:
            self._trouble.cause = "timeout"
            raise httpx2.ReadTimeout("no answer in time", request=request) from e
        if response.status_code >= 300:
            self._trouble.cause = CAUSES.get(response.status_code, f"http_{response.status_code}")
        # What is packed all the same is not unpacked: a small answer can be a large one.
        response.headers.pop("content-encoding", None)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _BoundedStream(response.stream, self._left_s, self._trouble)
        return response


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, left_s: Callable[[], float], trouble: Trouble) -> None:
        self._stream, self._left_s, self._trouble = stream, left_s, trouble

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks, taken = aiter(self._stream), 0
        while True:
            try:
                async with asyncio.timeout(self._left_s()):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except (TimeoutError, httpx2.TimeoutException):
                self._trouble.cause = "timeout"
                raise httpx2.StreamError("no answer in time") from None
            taken += len(chunk)
            if taken > MAX_RESPONSE_BYTES:
                self._trouble.cause = "too_large"
                raise httpx2.StreamError("more than is accepted")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _listing(request: httpx2.Request) -> httpx2.Response | None:
    """The answer to tools/list, which the client asks for to look for an output schema.

    The server is not asked: its tools are not used, and its schema would be run as a program over its result (patterns
    that never end, references that are fetched).
    """
    try:
        message = json.loads(request.content) if request.method == "POST" else {}
    except (ValueError, httpx2.RequestNotRead):
        return None
    if not isinstance(message, dict) or message.get("method") != "tools/list":
        return None
    result = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": []}
    return httpx2.Response(200, json={"jsonrpc": "2.0", "id": message["id"], "result": result}, request=request)


@cache
def trusted() -> ssl.SSLContext:
    """Made once: it takes longer than a call does."""
    return httpx2.create_ssl_context()
