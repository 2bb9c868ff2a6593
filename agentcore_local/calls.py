"""What an admitted caller may do with a runtime: call its agent within a session, stop one, read the agent card."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentcore_local.artifact import ArtifactError
from agentcore_local.caretaker import Caretaker
from agentcore_local.edge import Body, Head, Send, Spooled, answer
from agentcore_local.headers import for_agent
from agentcore_local.host import Agent, Resting
from agentcore_local.process import StartFailed
from agentcore_local.protocols import CARD_PATH, CONTRACTS, MCP_SESSION, accepts_mcp, protocol_of
from agentcore_local.proxy import Proxy, Request
from agentcore_local.rollout import Rollouts
from agentcore_local.sessions import Session, SessionKey, Sessions
from agentcore_local.store import Door, Store
from agentcore_local.wire import AWS_REQUEST_ID, REQUEST_ID, SESSION_ID, Refused

MAX_STOP_BODY = 16 * 1024


@dataclass(slots=True)
class Seat:
    """A caller's place in a session: the session, its agent, and the configuration of the session's version.

    It is taken already and is given back at the end of a `with` block.
    """

    session: Session
    agent: Agent
    spec: Mapping[str, Any]

    @property
    def protocol(self) -> str:
        return protocol_of(self.spec)

    def __enter__(self) -> "Seat":
        return self

    def __exit__(self, *_: object) -> None:
        self.agent.left()
        self.session.among.left(self.session)

    def url(self, scheme: str, path: str) -> str:
        return f"{scheme}://127.0.0.1:{self.agent.port}{path}"


class Calls:
    """Past the door. new_id() mints session ids; platform(runtime id) gives the platform's own headers to an agent."""

    def __init__(
        self,
        store: Store,
        rollouts: Rollouts,
        proxy: Proxy,
        sessions: Sessions,
        caretaker: Caretaker,
        new_id: Callable[[], str],
        platform: Callable[[str], list[tuple[str, str]]] = lambda _: [],
    ) -> None:
        self._store, self._rollouts, self._proxy = store, rollouts, proxy
        self._sessions, self._caretaker, self._new_id = sessions, caretaker, new_id
        self.platform = platform

    async def seat(self, door: Door, session_id: str) -> Seat:
        """Take part in a session, whose agent is started if need be. Raises Refused."""
        key = SessionKey(door.runtime_id, door.qualifier, session_id)
        self._drop_if_gone(key)
        session = self._sessions.call(key, door.version, door.spec["lifecycleConfiguration"])
        try:
            version = self._store.version(door.runtime_id, session.version)
            if version is None:
                raise Refused("agent_start", log_reason="version_deleted")
            try:
                agent = await self._rollouts.agent(door.runtime_id, session.version, version.spec)
            except (ArtifactError, StartFailed) as e:
                why = "agent_rests" if isinstance(e, Resting) else "agent_start_failed"
                raise Refused("agent_start", log_reason=why) from e
        except BaseException:
            self._sessions.left(session)
            raise
        agent.entered()
        if session.state == "starting":  # a stop that came meanwhile stays one
            session.state = "ready"
        return Seat(session, agent, version.spec)

    def _drop_if_gone(self, key: SessionKey) -> None:
        """A session whose version was deleted is over; the id begins anew on the live one."""
        session = self._sessions.find(key)
        if session is not None and self._store.version(key.runtime_id, session.version) is None:
            self._sessions.end(session)

    async def invoke(
        self, request_id: str, head: Head, door: Door, spooled: Spooled | None, body: Body, send: Send
    ) -> tuple[int, int]:
        """InvokeAgentRuntime. Returns (status, version that answered); raises Refused, AgentBroke, ClientGone."""
        protocol = protocol_of(door.spec)
        if protocol == "MCP" and not accepts_mcp(head.one("accept")):
            raise Refused("not_acceptable")
        session_id = read_session(head) or _mcp_session(head, protocol) or self._new_id()
        with await self.seat(door, session_id) as seat:
            ids = [(SESSION_ID, session_id), (REQUEST_ID, request_id), *self.platform(door.runtime_id)]
            # What may pass is the live version's to say: an old one may have listed Authorization behind
            # another kind of door.
            headers = [*for_agent(head, door.spec), *ids]
            own = [(AWS_REQUEST_ID, request_id), (SESSION_ID, session_id)]
            spoken = seat.protocol
            if spoken == "MCP" and head.one(MCP_SESSION) is None:
                headers.append((MCP_SESSION, session_id))
                own.append((MCP_SESSION, session_id))
            declared = None if body.declared is None else int(body.declared)
            length = declared if spooled is None else spooled.size
            content = spooled or body
            path, over = CONTRACTS[spoken].path, seat.session.over
            request = Request("POST", seat.agent.port, path, headers, content, length, body, over)
            return await self._proxy.relay(request, send, own), seat.session.version

    async def card(self, request_id: str, head: Head, door: Door, body: Body, send: Send) -> int:
        """GetAgentCard: the agent's own document, for A2A alone."""
        if protocol_of(door.spec) != "A2A":
            raise Refused("not_a2a")
        session_id = read_session(head) or self._new_id()
        with await self.seat(door, session_id) as seat:
            headers = [*for_agent(head, door.spec), (SESSION_ID, session_id), (REQUEST_ID, request_id)]
            headers = [(n, v) for n, v in headers if n != "content-type"]
            own = [(AWS_REQUEST_ID, request_id), (SESSION_ID, session_id)]
            body.skip()
            over = seat.session.over
            request = Request("GET", seat.agent.port, CARD_PATH, headers, None, None, body, over)
            return await self._proxy.relay(request, send, own)

    async def stop(
        self, request_id: str, head: Head, door: Door, spooled: Spooled | None, body: Body, send: Send
    ) -> None:
        """StopRuntimeSession."""
        session_id = read_session(head)
        if session_id is None:
            raise invalid("runtimeSessionId", "Member must not be null")
        key = SessionKey(door.runtime_id, door.qualifier, session_id)
        await self._caretaker.stop_session(key, await _client_token(spooled, body))
        await answer(send, 200, b"{}", request_id, ((SESSION_ID, session_id),))


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
            raise invalid("runtimeSessionId", f"Member must have length {text}")
    if not (session.isascii() and session.isprintable()):
        raise invalid("runtimeSessionId", "Member must be printable ASCII")
    return session


def invalid(name: str, message: str) -> Refused:
    detail = f"1 validation error detected: Value at '{name}' failed to satisfy constraint: {message}"
    return Refused("validation", detail=detail, fields=[(name, message)])


def _mcp_session(head: Head, protocol: str) -> str | None:
    """MCP clients are told their session in Mcp-Session-Id and come back with it."""
    session = head.one(MCP_SESSION) if protocol == "MCP" else None
    if session and (len(session) > 1024 or not (session.isascii() and session.isprintable())):
        raise invalid("mcpSessionId", "Member must be printable ASCII of at most 1024 characters")
    return session or None


async def _client_token(spooled: Spooled | None, body: Body) -> str | None:
    chunks, content = (spooled.chunks() if spooled is not None else body.chunks()), b""
    async for chunk in chunks:
        content += chunk
        if len(content) > MAX_STOP_BODY:
            raise Refused("body_too_large", limit=MAX_STOP_BODY)
    try:
        document = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        raise Refused("validation", detail="The request body is not JSON", reason="CannotParse") from None
    token = document.get("clientToken") if isinstance(document, dict) else None
    return token if isinstance(token, str) else None
