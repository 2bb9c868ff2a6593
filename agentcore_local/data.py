"""The data plane as an ASGI app: reads the target, asks the gate, and hands admitted callers to `calls`."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from agentcore_local.calls import Calls, invalid
from agentcore_local.edge import BODY_IS_HERE, Body, ClientGone, Head, Receive, Scope, Send, answer, read_head, refuse
from agentcore_local.gate import Gate, kind_of
from agentcore_local.headers import trace_id, traced
from agentcore_local.journal import Journal
from agentcore_local.permissions import Asked
from agentcore_local.protocols import JSON_RPC, envelope, protocol_of, read_rpc_id
from agentcore_local.proxy import AgentBroke
from agentcore_local.remembered import Admitted
from agentcore_local.rollout import DEFAULT
from agentcore_local.shapes import decode_segment, read_query
from agentcore_local.store import Door, Store, runtime_arn
from agentcore_local.wire import SESSION_ID, Refused, encode

MAX_PAYLOAD = 100_000_000  # botocore model: InvokeAgentRuntime payload
_PATH = re.compile(
    rb"/runtimes/(?P<agent>[^/]+)/"
    rb"(?P<rest>invocations|stopruntimesession|commands|ws|"
    rb"invocations/\.well-known/(?:oauth-protected-resource|agent-card\.json))"
)
WEBSOCKET = "InvokeAgentRuntimeWithWebSocketStream"
_OPERATIONS = {
    ("POST", b"invocations"): "InvokeAgentRuntime",
    ("POST", b"stopruntimesession"): "StopRuntimeSession",
    ("POST", b"commands"): "InvokeAgentRuntimeCommand",
    ("GET", b"ws"): WEBSOCKET,
    ("GET", b"invocations/.well-known/agent-card.json"): "GetAgentCard",
    ("GET", b"invocations/.well-known/oauth-protected-resource"): "GetRuntimeProtectedResourceMetadata",
}
_ARN = re.compile(
    r"arn:aws:bedrock-agentcore:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):runtime/"
    r"(?P<id>[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Target:
    """Which operation on which endpoint, as asked for. runtime_id is None when it cannot be one of ours.

    asked is the same as policies see it.
    """

    operation: str
    agent: str
    qualifier: str
    runtime_id: str | None
    asked: Asked

    def absent(self) -> Refused:
        return Refused("no_endpoint", qualifier=self.qualifier[:100], agent=self.agent[:300])


def read_target(head: Head, region: str, account: str) -> Target:
    """Read the undecoded path, so that an encoded slash stays inside its segment. Raises Refused."""
    return _read_target(head.method, head.raw_path, head.query, region, account)


@lru_cache(maxsize=256)
def _read_target(method: str, raw_path: bytes, raw_query: bytes, region: str, account: str) -> Target:
    match = _PATH.fullmatch(raw_path)
    operation = _OPERATIONS.get((method, match["rest"])) if match else None
    if match is None or operation is None:
        raise Refused("unknown_operation")
    query = read_query(raw_query)
    agent = decode_segment(match["agent"])
    if agent is None:
        raise invalid("agentRuntimeArn", "Member must be percent-encoded UTF-8")
    qualifier = _once(query, "qualifier") if "qualifier" in query else DEFAULT
    asked_account = _once(query, "accountId") if "accountId" in query else None
    if asked_account is not None and not re.fullmatch("[0-9]{12}", asked_account, re.ASCII):
        raise invalid("accountId", "Member must satisfy regular expression pattern: [0-9]{12}")
    if arn := _ARN.fullmatch(agent):
        ours = arn["region"] == region and arn["account"] == account and asked_account in (None, account)
        return Target(operation, agent, qualifier, arn["id"] if ours else None, Asked(operation, agent, qualifier))
    if not agent.startswith("arn:") and asked_account is None:
        raise invalid("accountId", "Member must not be null when the agent is named by its id")
    ours = not agent.startswith("arn:") and asked_account == account
    asked = Asked(operation, runtime_arn(region, account, agent) if ours else agent, qualifier)
    return Target(operation, agent, qualifier, agent if ours else None, asked)


def _once(query: dict[str, list[str]], name: str) -> str:
    if len(query[name]) != 1:
        raise invalid(name, "Member must be given once")
    return query[name][0]


@dataclass(slots=True)
class Call:
    """What is known of one call so far; the decision log is written from it."""

    request_id: str
    started: float
    operation: str = "-"
    runtime: str | None = None
    qualifier: str | None = None
    version: int | None = None
    by: str | None = None
    subject: str | None = None
    client: str | None = None
    session: str | None = None
    method: str | None = None
    reason: str = "allowed"
    status: int = 0
    protocol: str = "HTTP"
    body: Body | None = None
    trace: str | None = None
    gateway: str | None = None
    tool: str | None = None
    outcome: str | None = None
    canary: str | None = None
    function_request: str | None = None

    def refused(self, by: Refused, status: int) -> None:
        self.reason, self.status = by.log_reason, status
        self.client, self.subject = self.client or by.client, self.subject or by.subject


class DataPlane:
    """ASGI application. Every request ends in one line of the decision log."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        calls: Calls,
        journal: Journal,
        region: str,
        account: str,
        new_id: Callable[[], str],
    ) -> None:
        self._store, self._gate, self._calls = store, gate, calls
        self._journal, self._region, self._account, self._new_id = journal, region, account, new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(self._new_id(), time.monotonic())
        try:
            await self._serve(call, scope, receive, send)
        except Refused as e:
            worn = envelope(e, call.protocol, await self._call_id(call))
            call.refused(e, worn.status)
            await refuse(send, e, call.request_id, worn.status, worn.body, worn.content_type)
        except ClientGone:
            call.reason, call.status = "client_gone", 499
        except AgentBroke:
            call.reason = "agent_broke_off"  # returning without the end of the answer closes the connection
        except Exception as e:
            # The one place that catches everything: whatever went wrong, nobody is let in by it.
            call.reason, call.status = f"crashed:{type(e).__name__}", 500
            self._journal.crash(e)
            await refuse(send, Refused("internal"), call.request_id)
        finally:
            self._journal.decision("data", call)

    async def _serve(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        head = traced(read_head(scope), call.request_id)
        target, door = self.find(call, head)
        if target.operation == "GetRuntimeProtectedResourceMetadata":
            return await self._metadata(call, target, door, send)
        body = call.body = Body(receive, MAX_PAYLOAD, head.one("content-length"), scope.get(BODY_IS_HERE))
        if call.protocol in JSON_RPC:
            body.beginning = bytearray()
        admitted, door = await self.admit(call, head, target, door, body)
        spooled = admitted.body
        try:
            match target.operation:
                case "InvokeAgentRuntime":
                    call.status, call.version = await self._calls.invoke(
                        call.request_id, head, door, spooled, body, send
                    )
                case "StopRuntimeSession":
                    await self._calls.stop(call.request_id, head, door, spooled, body, send)
                    call.status = 200
                case "GetAgentCard":
                    call.status = await self._calls.card(call.request_id, head, door, body, send)
                case "InvokeAgentRuntimeCommand":
                    raise Refused("no_commands")
                case _:
                    raise Refused("upgrade_required")
        finally:
            if spooled is not None:
                spooled.file.close()

    def find(self, call: Call, head: Head) -> tuple[Target, Door | None]:
        """What is asked for, and the door that stands before it. Raises Refused."""
        credentials, sessions = head.every("authorization"), head.every(SESSION_ID)
        call.method = kind_of(credentials[0] if credentials else None)
        call.session, call.trace = sessions[0] if sessions else None, trace_id(head)
        target = read_target(head, self._region, self._account)
        call.operation, call.qualifier, call.runtime = target.operation, target.qualifier, target.runtime_id
        door = self._store.door(target.runtime_id, target.qualifier) if target.runtime_id else None
        if door is not None and target.operation == "InvokeAgentRuntime":
            call.protocol = protocol_of(door.spec)
        return target, door

    async def admit(
        self, call: Call, head: Head, target: Target, door: Door | None, body: Body
    ) -> tuple[Admitted, Door]:
        """Let the caller pass, through the door as it is now. Raises Refused."""
        admitted = await self._gate.admit(head, door, target.absent, body, target.asked)
        try:
            # Deciding takes its time, a slow body even more: what counts is the door that stands there afterwards.
            now = self._store.door(target.runtime_id, target.qualifier) if target.runtime_id else None
            if door is None or now is None:
                raise target.absent()
            if now is not door and now.authorizer != door.authorizer:
                if admitted.by == "sigv4":
                    raise Refused("method_mismatch", log_reason="door_changed")
                return await self.admit(call, head, target, now, body)
            door = now
            call.version, call.by = door.version, admitted.by
            call.subject, call.client = admitted.subject, admitted.client
            if door.spec["metadataConfiguration"]["requireMMDSV2"] is not True:
                raise Refused("not_mmdsv2")
        except Refused:
            if admitted.body is not None:
                admitted.body.file.close()
            raise
        return admitted, door

    async def _call_id(self, call: Call) -> str | int | None:
        """The id by which a JSON-RPC caller knows its call again; without it, it would wait for ever.

        Looked for in admitted calls only: nobody else's body is read to refuse them.
        """
        return read_rpc_id(await call.body.first()) if call.body is not None and call.by is not None else None

    async def _metadata(self, call: Call, target: Target, door: Door | None, send: Send) -> None:
        if door is None or door.authorizer is None:
            raise target.absent()
        call.reason, call.status = "public_document", 200
        await answer(send, 200, encode(self._gate.resource_metadata(door)), call.request_id)
