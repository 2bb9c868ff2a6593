"""Gateways as an ASGI app on the data plane's listener: finds the gateway, asks its door, lets MCP speak behind it."""

import asyncio
import contextlib
import re
from collections.abc import MutableMapping
from typing import Any

from agentcore_local.data import Call
from agentcore_local.edge import Body, Head, Receive, Scope, Send, Spooled, answer, read_head, spool
from agentcore_local.gate import kind_of
from agentcore_local.gateway.door import METADATA, GatewayDoor
from agentcore_local.gateway.functions import Functions
from agentcore_local.gateway.records import Gateway, GatewayStore
from agentcore_local.guard import Guard
from agentcore_local.headers import trace_id
from agentcore_local.protocols import read_rpc_id
from agentcore_local.shapes import decode_segment
from agentcore_local.wire import AWS_REQUEST_ID, Refused, encode

PREFIX = b"/gateways/"
MAX_REQUEST = 6 * 1024 * 1024  # AWS Lambda quotas: synchronous payload
SERVED = ("READY", "UPDATING", "UPDATE_UNSUCCESSFUL")
_PATH = re.compile(rb"/gateways/(?P<id>[^/]+)/(?P<rest>mcp|" + re.escape(METADATA.encode()) + rb")")
_CANARY = re.compile(r"[0-9a-f]{32}", re.ASCII)


def load_speech() -> Any:
    """The MCP library takes a second to import, so that happens when the first gateway is made."""
    from agentcore_local.gateway.speech import speak

    return speak


class GatewayPlane:
    """ASGI application. Every request ends in one line of the decision log."""

    def __init__(self, guard: Guard, records: GatewayStore, door: GatewayDoor, functions: Functions) -> None:
        self._guard, self._records, self._door, self._functions = guard, records, door, functions
        self._speak: Any = None

    async def prepare(self) -> None:
        """Make ready to serve; done before a gateway is READY."""
        if self._speak is None:
            self._speak = await asyncio.to_thread(load_speech)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def serve(call: Call) -> None:
            await self._serve(call, scope, receive, send)

        await self._guard.run(send, serve)

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        head = read_head(scope)
        call.method, call.trace = kind_of(next(iter(head.every("authorization")), None)), trace_id(head)
        gateway, rest = self._find(call, head)
        if rest == METADATA:
            if head.method != "GET":
                raise Refused("method_not_allowed", headers=[("allow", "GET")])
            document = encode(self._door.metadata(gateway))
            call.operation, call.reason, call.status = "GetGatewayProtectedResourceMetadata", "public_document", 200
            return await answer(send, 200, document, call.request_id)
        call.operation, call.protocol = "InvokeGateway", "MCP"
        body = Body(receive, MAX_REQUEST, head.one("content-length"))
        admitted = await self._door.admit(head, gateway, body)
        call.by, call.subject, call.client = admitted.by, admitted.subject, admitted.client
        content = await _content(head, admitted.body, body)
        gateway = self._still(gateway)
        found = read_rpc_id(content)
        call.canary = found if isinstance(found, str) and _CANARY.fullmatch(found) else None
        await self.prepare()
        answering = _Answering(call, send)
        await self._speak(
            gateway,
            self._records.targets(gateway.id),
            self._functions,
            call,
            head,
            scope,
            _replay(content, receive),
            answering,
        )

    def _find(self, call: Call, head: Head) -> tuple[Gateway, str]:
        """Read the undecoded path, so that an encoded slash stays inside its segment. Raises Refused."""
        match = _PATH.fullmatch(head.raw_path)
        if match is None:
            raise Refused("unknown_operation")
        gateway = self._records.gateway(decode_segment(match["id"]) or "")
        if gateway is None or gateway.status not in SERVED:
            raise Refused("no_gateway")
        call.gateway = gateway.id
        return gateway, match["rest"].decode()

    def _still(self, gateway: Gateway) -> Gateway:
        """Deciding takes its time, a slow body even more: what counts is the door that stands there afterwards."""
        now = self._records.gateway(gateway.id)
        if now is None or now.status not in SERVED:
            raise Refused("no_gateway")
        if now.authorizer != gateway.authorizer:
            raise Refused("gateway_bad_token", log_reason="door_changed")
        return now


async def _content(head: Head, spooled: Spooled | None, body: Body) -> bytes:
    """The whole message, read now unless the signature asked for it already. Raises Refused."""
    with contextlib.ExitStack() as files:
        if spooled is not None:
            files.enter_context(spooled.file)
        if head.method != "POST":
            # No stream of the server's own is offered, and no session that could be ended.
            raise Refused("method_not_allowed", headers=[("allow", "POST")])
        spooled = spooled or await spool(body)
        files.enter_context(spooled.file)
        return spooled.read()


class _Answering:
    """Adds the request id to an answer and notes its status."""

    def __init__(self, call: Call, send: Send) -> None:
        self._call, self._send = call, send

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._call.status = message["status"]
            own = (AWS_REQUEST_ID.encode(), self._call.request_id.encode())
            message = {**message, "headers": [*message.get("headers", []), own]}
        await self._send(message)


def _replay(content: bytes, receive: Receive) -> Receive:
    """The body that was read already, then whatever becomes of the connection."""
    pending = [{"type": "http.request", "body": content, "more_body": False}]

    async def again() -> MutableMapping[str, Any]:
        return pending.pop() if pending else await receive()

    return again
