"""WebSocket connections: the same door at the handshake, then messages both ways until either side ends.

The door is asked once: a connection outlives its token, up to its time limit (observed by users).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import EXTERNAL_CLOSE_CODES
from websockets.typing import Subprotocol

from agentcore_local.base64url import NotBase64Url, decode
from agentcore_local.calls import Calls, Seat, read_session
from agentcore_local.data import WEBSOCKET, Call, DataPlane
from agentcore_local.edge import Body, Head, Receive, Scope, Send, read_head, refuse
from agentcore_local.headers import for_agent, traced
from agentcore_local.journal import Journal
from agentcore_local.protocols import CONTRACTS, protocol_of
from agentcore_local.sessions import Over
from agentcore_local.shapes import read_query
from agentcore_local.store import Door
from agentcore_local.wire import AWS_REQUEST_ID, CUSTOM_PREFIX, REQUEST_ID, SESSION_ID, Refused

MAX_FRAME = 64 * 1024  # AgentCore devguide: bedrock-agentcore-limits (WebSocket frame)
MAX_MESSAGE = 1024 * 1024  # a message of many frames is held in memory, so it is bounded too (ours)
TOTAL_S = 60 * 60.0  # the same page (streaming and WebSocket, 60 min)
OPEN_S = 10.0
GOING_AWAY, BROKEN = 1001, 1011
BEARER = "base64UrlBearerAuthorization"  # AgentCore devguide: runtime-get-started-websocket


@dataclass(frozen=True, slots=True)
class Closing:
    """Which side ended the connection, and how."""

    by: str
    code: int
    reason: str = ""


def read_bearer(head: Head) -> tuple[Head, list[str]]:
    """Take a browser's token out of Sec-WebSocket-Protocol; the head with it, and what else was offered.

    Browsers cannot set headers, so the token comes as `base64UrlBearerAuthorization.<base64url of it>`.
    Raises Refused for two credentials and for one that cannot be read.
    """
    offered = [p.strip() for v in head.every("sec-websocket-protocol") for p in v.split(",") if p.strip()]
    tokens = [p.removeprefix(f"{BEARER}.") for p in offered if p.startswith(f"{BEARER}.")]
    others = [p for p in offered if not p.startswith(f"{BEARER}.")]
    if not tokens:
        return head, others
    if len(tokens) > 1 or head.one("authorization") is not None:
        raise Refused("two_credentials")
    try:
        token = decode(tokens[0]).decode("ascii")
    except (NotBase64Url, UnicodeDecodeError):
        raise Refused("malformed_token") from None
    return replace(head, headers=(*head.headers, ("authorization", f"Bearer {token}"))), others


def read_query_headers(head: Head) -> Head:
    """Session id and custom headers may come in the query. Raises Refused when one comes in both places."""
    query = read_query(head.query)
    found: list[tuple[str, str]] = []
    for name, values in query.items():
        lowered = name.lower()
        if lowered != SESSION_ID and not lowered.startswith(CUSTOM_PREFIX):
            continue
        if len(values) != 1 or head.every(lowered) or lowered in dict(found):
            raise Refused("bad_request", detail=f"{lowered[:128]} must be given once", log_reason="repeated_header")
        if not (values[0].isascii() and values[0].isprintable()):
            raise Refused("bad_request", detail=f"{lowered[:128]} must be printable ASCII", log_reason="bad_header")
        found.append((lowered, values[0]))
    return replace(head, headers=(*head.headers, *found))


class WebSockets:
    """ASGI application for `websocket` scopes of the data plane. total_s bounds a connection."""

    def __init__(
        self,
        plane: DataPlane,
        calls: Calls,
        journal: Journal,
        new_id: Callable[[], str],
        total_s: float = TOTAL_S,
    ) -> None:
        self._plane, self._calls, self._journal, self._new_id = plane, calls, journal, new_id
        self._total_s = total_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(self._new_id(), time.monotonic())
        try:
            await receive()  # websocket.connect
            await self._serve(call, scope, receive, send)
        except Refused as e:
            call.refused(e, e.row.status)
            await self._refuse(call, e, send)
        except Exception as e:
            call.reason, call.status = f"crashed:{type(e).__name__}", 500
            self._journal.crash(e)
            await self._refuse(call, Refused("internal"), send)

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        head, offered = read_bearer(traced(read_head({**scope, "method": "GET"}), call.request_id))
        target, door = self._plane.find(call, head)
        if target.operation != WEBSOCKET:
            raise Refused("unknown_operation")
        admitted, door = await self._plane.admit(call, head, target, door, Body(_nothing, 0, None))
        if admitted.body is not None:
            admitted.body.file.close()
        if not CONTRACTS[protocol_of(door.spec)].websocket:
            raise Refused("no_websocket", protocol=protocol_of(door.spec))
        head = read_query_headers(head)
        session_id = call.session = read_session(head) or self._new_id()
        with await self._calls.seat(door, session_id) as seat:
            call.version = seat.session.version
            agent = await self._open(call, head, door, seat, session_id, offered)
            closing = Closing("us", BROKEN)
            try:
                await _accept(call, agent, session_id, offered, send)
                self._decide(call, 101)
                closing = await self._carry(seat, agent, receive, send)
            finally:
                await _close(agent, closing)
                self._journal.event("websocket_closed", request=call.request_id, by=closing.by, code=closing.code)
            if closing.by != "caller":
                await send({"type": "websocket.close", "code": sendable(closing.code), "reason": closing.reason})

    async def _open(
        self, call: Call, head: Head, door: Door, seat: Seat, session_id: str, offered: list[str]
    ) -> ClientConnection:
        wanted = [Subprotocol(p) for p in offered if p != BEARER]
        headers = [(n, v) for n, v in for_agent(head, door.spec) if n not in ("content-type", "accept")]
        headers += [(SESSION_ID, session_id), (REQUEST_ID, call.request_id), *self._calls.platform(door.runtime_id)]
        try:
            return await connect(
                seat.url("ws", "/ws"),
                additional_headers=headers,
                subprotocols=wanted or None,
                compression=None,
                user_agent_header=None,
                proxy=None,
                open_timeout=OPEN_S,
                close_timeout=2,
                max_size=(MAX_MESSAGE, MAX_FRAME),
                max_queue=1,
            )
        except InvalidStatus as e:
            raise Refused("agent_refused_upgrade", code=e.response.status_code) from e
        except (InvalidHandshake, OSError, TimeoutError) as e:
            raise Refused("agent_refused_upgrade", code=502) from e

    async def _carry(self, seat: Seat, agent: ClientConnection, receive: Receive, send: Send) -> Closing:
        """Messages both ways, each waiting for the other side to take the one before. Returns who ended it."""
        tasks = [
            asyncio.create_task(_from_caller(receive, agent)),
            asyncio.create_task(_from_agent(agent, send)),
            asyncio.create_task(_when_over(seat.session.over)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, timeout=self._total_s, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result() if done else Closing("us", GOING_AWAY, "time limit")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _decide(self, call: Call, status: int) -> None:
        call.status = status
        self._journal.decision("data", call)

    async def _refuse(self, call: Call, refused: Refused, send: Send) -> None:
        """Answer the handshake with an HTTP error; once it was accepted, only the connection can end."""
        self._decide(call, call.status)
        with contextlib.suppress(Exception):  # the caller may have left, or the handshake be over
            await refuse(_denying(send), refused, call.request_id)


async def _nothing() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _denying(send: Send) -> Send:
    async def deny(message: MutableMapping[str, Any]) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return deny


async def _accept(call: Call, agent: ClientConnection, session_id: str, offered: list[str], send: Send) -> None:
    chosen = agent.subprotocol or (BEARER if BEARER in offered else None)
    fields = {AWS_REQUEST_ID: call.request_id, SESSION_ID: session_id}
    headers = [(n.encode(), v.encode()) for n, v in fields.items()]
    await send({"type": "websocket.accept", "subprotocol": chosen, "headers": headers})


async def _from_caller(receive: Receive, agent: ClientConnection) -> Closing:
    while True:
        message: Mapping[str, Any] = await receive()
        if message["type"] == "websocket.disconnect":
            return Closing("caller", message.get("code") or GOING_AWAY, message.get("reason") or "")
        text = message.get("text")
        try:
            await agent.send(text if text is not None else message["bytes"])
        except ConnectionClosed as e:
            return closing_of(e)


async def _from_agent(agent: ClientConnection, send: Send) -> Closing:
    while True:
        try:
            message = await agent.recv()
        except ConnectionClosed as e:
            return closing_of(e)
        try:
            await send({"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message})
        except OSError:  # uvicorn's ClientDisconnected
            return Closing("caller", GOING_AWAY)


async def _when_over(over: Over) -> Closing:
    await over.wait()
    return Closing("us", GOING_AWAY, "session ended")


def closing_of(e: ConnectionClosed) -> Closing:
    """How the agent ended it, or we did for what it sent (1009 for a frame too large)."""
    frame = e.sent if e.rcvd is None or e.rcvd_then_sent is False else e.rcvd
    return Closing("agent", frame.code, frame.reason) if frame is not None else Closing("agent", BROKEN)


async def _close(agent: ClientConnection, closing: Closing) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        await agent.close(sendable(closing.code, GOING_AWAY), closing.reason)


def sendable(code: int, other: int = BROKEN) -> int:
    """1005 and 1006 describe a closing and cannot be sent (RFC 6455 section 7.4)."""
    return code if code in EXTERNAL_CLOSE_CODES or 3000 <= code < 5000 else other
