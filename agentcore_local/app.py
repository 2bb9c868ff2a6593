"""The control plane as an ASGI app, and what both planes share: the health page in front of them."""

import os
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agentcore_local.control import Names, RuntimeOperations
from agentcore_local.data import Call
from agentcore_local.edge import Body, ClientGone, Receive, Scope, Send, answer, read_head, refuse, spool
from agentcore_local.endpoints import EndpointOperations
from agentcore_local.journal import Journal
from agentcore_local.permissions import Permissions, Wanted, control_wanted
from agentcore_local.resource_policy import ResourcePolicies
from agentcore_local.shapes import Route, load_routes, read_query, read_request
from agentcore_local.wire import HEALTH_PATH, Refused, encode

MAX_CONTROL_BODY = 1024 * 1024
Operation = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


def operations(
    runtimes: RuntimeOperations, endpoints: EndpointOperations, policies: ResourcePolicies
) -> dict[str, Operation]:
    """Every control-plane operation that is played, by its name in the service model."""
    return {
        "CreateAgentRuntime": runtimes.create,
        "GetAgentRuntime": runtimes.get,
        "UpdateAgentRuntime": runtimes.update,
        "DeleteAgentRuntime": runtimes.delete,
        "ListAgentRuntimes": runtimes.list,
        "ListAgentRuntimeVersions": runtimes.list_versions,
        "CreateAgentRuntimeEndpoint": endpoints.create,
        "GetAgentRuntimeEndpoint": endpoints.get,
        "UpdateAgentRuntimeEndpoint": endpoints.update,
        "DeleteAgentRuntimeEndpoint": endpoints.delete,
        "ListAgentRuntimeEndpoints": endpoints.list,
        "TagResource": endpoints.tag,
        "UntagResource": endpoints.untag,
        "ListTagsForResource": endpoints.tags,
        "PutResourcePolicy": policies.put,
        "GetResourcePolicy": policies.get,
        "DeleteResourcePolicy": policies.delete,
    }


class ControlPlane:
    """ASGI application. Every request must be signed, and its operation allowed to the signer."""

    def __init__(
        self,
        handlers: Mapping[str, Operation],
        permissions: Permissions,
        names: Names,
        journal: Journal,
        new_id: Callable[[], uuid.UUID],
    ) -> None:
        self._handlers, self._permissions, self._journal = handlers, permissions, journal
        self._names, self._new_id = names, new_id
        self._routes = load_routes(list(handlers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(str(self._new_id()), time.monotonic())
        try:
            status, reply = await self._serve(call, scope, receive)
            call.status = status
            await answer(send, status, encode(reply), call.request_id)
        except Refused as e:
            call.refused(e, e.row.status)
            await refuse(send, e, call.request_id)
        except ClientGone:
            call.reason, call.status = "client_gone", 499
        except Exception as e:
            call.reason, call.status = f"crashed:{type(e).__name__}", 500
            self._journal.crash(e)
            await refuse(send, Refused("internal"), call.request_id)
        finally:
            self._journal.decision("control", call)

    async def _serve(self, call: Call, scope: Scope, receive: Receive) -> tuple[int, dict[str, Any]]:
        head = read_head(scope)
        claim = self._permissions.claim(head)
        spooled = await spool(Body(receive, MAX_CONTROL_BODY, head.one("content-length")))
        found: list[tuple[Route, dict[str, Any]]] = []

        def wanted() -> list[Wanted]:
            route, match = self._route(head.method, head.raw_path)
            call.operation = route.name
            params = read_request(route, match, read_query(head.query), spooled.read())
            call.runtime = params.get("agentRuntimeId") or params.get("agentRuntimeName")
            found.append((route, params))
            return control_wanted(route.name, params, self._names.runtime_arn)

        with spooled.file:
            caller = await self._permissions.require(head, claim, spooled.sha256, wanted)
        call.by, call.subject = "sigv4", "root" if caller.root else caller.arn
        ((route, params),) = found
        return route.status, await self._handlers[route.name](params)

    def _route(self, method: str, raw_path: bytes) -> tuple[Route, Any]:
        for route in self._routes:
            if route.method == method and (match := route.pattern.fullmatch(raw_path)):
                return route, match
        raise Refused("unknown_operation")


def with_health(app: Asgi, plane: str, websockets: Asgi | None = None) -> Asgi:
    """Answer the health page without credentials, and leave the rest to the plane."""
    body = encode({"status": "ok", "service": "agentcore-local", "plane": plane, "pid": os.getpid()})

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and websockets is not None:
            return await websockets(scope, receive, send)
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")
        if scope["raw_path"] == HEALTH_PATH and scope["method"] == "GET":
            await answer(send, 200, body, "health")
        else:
            await app(scope, receive, send)

    return serve
