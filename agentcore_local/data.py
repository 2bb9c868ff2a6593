"""The data plane: InvokeAgentRuntime, StopRuntimeSession and the protected-resource metadata, as an ASGI app."""

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from agentcore_local.artifact import ArtifactError
from agentcore_local.edge import Body, ClientGone, Head, Receive, Scope, Send, answer, read_head, refuse
from agentcore_local.gate import Admitted, Gate
from agentcore_local.headers import for_agent
from agentcore_local.host import StartFailed
from agentcore_local.journal import Journal
from agentcore_local.proxy import AgentBroke, Proxy
from agentcore_local.rollout import DEFAULT, Rollouts
from agentcore_local.shapes import decode_segment, read_query
from agentcore_local.store import Door, Store
from agentcore_local.wire import AWS_REQUEST_ID, REQUEST_ID, SESSION_ID, Refused, encode

MAX_PAYLOAD = 100_000_000  # botocore model: InvokeAgentRuntime payload
_PATH = re.compile(
    rb"/runtimes/(?P<agent>[^/]+)/"
    rb"(?P<rest>invocations|stopruntimesession|invocations/\.well-known/oauth-protected-resource)"
)
_OPERATIONS = {
    ("POST", b"invocations"): "InvokeAgentRuntime",
    ("POST", b"stopruntimesession"): "StopRuntimeSession",
    ("GET", b"invocations/.well-known/oauth-protected-resource"): "GetRuntimeProtectedResourceMetadata",
}
_ARN = re.compile(
    r"arn:aws:bedrock-agentcore:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):runtime/"
    r"(?P<id>[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Target:
    """Which operation on which endpoint, as asked for. runtime_id is None when it cannot be one of ours."""

    operation: str
    agent: str
    qualifier: str
    runtime_id: str | None

    def absent(self) -> Refused:
        return Refused("no_endpoint", qualifier=self.qualifier[:100], agent=self.agent[:300])


def read_target(head: Head, region: str, account: str) -> Target:
    """Read the undecoded path, so that an encoded slash stays inside its segment. Raises Refused."""
    match = _PATH.fullmatch(head.raw_path)
    operation = _OPERATIONS.get((head.method, match["rest"])) if match else None
    if match is None or operation is None:
        raise Refused("unknown_operation")
    query = read_query(head.query)
    agent = decode_segment(match["agent"])
    if agent is None:
        raise _invalid("agentRuntimeArn", "Member must be percent-encoded UTF-8")
    qualifier = _once(query, "qualifier") if "qualifier" in query else DEFAULT
    asked_account = _once(query, "accountId") if "accountId" in query else None
    if asked_account is not None and not re.fullmatch("[0-9]{12}", asked_account, re.ASCII):
        raise _invalid("accountId", "Member must satisfy regular expression pattern: [0-9]{12}")
    if arn := _ARN.fullmatch(agent):
        ours = arn["region"] == region and arn["account"] == account and asked_account in (None, account)
        return Target(operation, agent, qualifier, arn["id"] if ours else None)
    if not agent.startswith("arn:") and asked_account is None:
        raise _invalid("accountId", "Member must not be null when the agent is named by its id")
    ours = not agent.startswith("arn:") and asked_account == account
    return Target(operation, agent, qualifier, agent if ours else None)


def read_session(head: Head) -> str | None:
    """The caller's session id, None when there is none. Raises Refused for one that does not fit."""
    session = head.one(SESSION_ID)
    if session is None:
        return None
    for bad, text in (
        (len(session) < 33, "greater than or equal to 33"),
        (len(session) > 256, "less than or equal to 256"),
    ):
        if bad:
            raise _invalid("runtimeSessionId", f"Member must have length {text}")
    if not (session.isascii() and session.isprintable()):
        raise _invalid("runtimeSessionId", "Member must be printable ASCII")
    return session


def _once(query: dict[str, list[str]], name: str) -> str:
    if len(query[name]) != 1:
        raise _invalid(name, "Member must be given once")
    return query[name][0]


def _invalid(name: str, message: str) -> Refused:
    detail = f"1 validation error detected: Value at '{name}' failed to satisfy constraint: {message}"
    return Refused("validation", detail=detail, fields=[(name, message)])


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
    reason: str = "allowed"
    status: int = 0


class DataPlane:
    """ASGI application. Every request ends in one line of the decision log."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        rollouts: Rollouts,
        proxy: Proxy,
        journal: Journal,
        region: str,
        account: str,
        new_id: Callable[[], uuid.UUID],
    ) -> None:
        self._store, self._gate, self._rollouts, self._proxy = store, gate, rollouts, proxy
        self._journal, self._region, self._account, self._new_id = journal, region, account, new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(str(self._new_id()), time.monotonic())
        try:
            await self._serve(call, scope, receive, send)
        except Refused as e:
            call.reason, call.status = e.log_reason, e.row.status
            await refuse(send, e, call.request_id)
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
        head = read_head(scope)
        target = read_target(head, self._region, self._account)
        call.operation, call.qualifier, call.runtime = target.operation, target.qualifier, target.runtime_id
        door = self._store.door(target.runtime_id, target.qualifier) if target.runtime_id else None
        if target.operation == "GetRuntimeProtectedResourceMetadata":
            return await self._metadata(call, target, door, send)
        body = Body(receive, MAX_PAYLOAD, head.one("content-length"))
        admitted = await self._gate.admit(head, door, target.absent(), body)
        try:
            if door is None:
                raise target.absent()
            call.version, call.by, call.subject = door.version, admitted.by, admitted.subject
            if door.spec["metadataConfiguration"]["requireMMDSV2"] is not True:
                raise Refused("not_mmdsv2")
            if target.operation == "StopRuntimeSession":
                await self._stop(call, head, send)
            else:
                await self._invoke(call, head, door, admitted, body, send)
        finally:
            if admitted.body is not None:
                admitted.body.file.close()

    async def _metadata(self, call: Call, target: Target, door: Door | None, send: Send) -> None:
        if door is None or door.authorizer is None:
            raise target.absent()
        call.reason, call.status = "public_document", 200
        await answer(send, 200, encode(self._gate.resource_metadata(door)), call.request_id)

    async def _stop(self, call: Call, head: Head, send: Send) -> None:
        session = read_session(head)
        if session is None:
            raise _invalid("runtimeSessionId", "Member must not be null")
        call.status = 200
        await answer(send, 200, b"{}", call.request_id, ((SESSION_ID, session),))

    async def _invoke(self, call: Call, head: Head, door: Door, admitted: Admitted, body: Body, send: Send) -> None:
        session = read_session(head) or str(self._new_id())
        headers = [*for_agent(head, door.spec), (SESSION_ID, session), (REQUEST_ID, call.request_id)]
        if admitted.body is not None:
            headers.append(("content-length", str(admitted.body.size)))
        elif body.declared is not None:
            headers.append(("content-length", body.declared))
        try:
            agent = await self._rollouts.agent(door.runtime_id, door.version, door.spec)
        except (ArtifactError, StartFailed) as e:
            raise Refused("agent_start", log_reason="agent_start_failed") from e
        chunks = admitted.body.chunks() if admitted.body is not None else body.chunks()
        own = [(AWS_REQUEST_ID, call.request_id), (SESSION_ID, session)]
        agent.in_flight += 1
        try:
            url = f"http://127.0.0.1:{agent.port}/invocations"
            call.status = await self._proxy.relay(url, headers, chunks, body, send, own)
        finally:
            agent.in_flight -= 1
