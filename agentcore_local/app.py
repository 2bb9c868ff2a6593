"""The control plane as an ASGI app, and what both planes share: the health page in front of them."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agentcore_local.control import Names, RuntimeOperations
from agentcore_local.data import Call
from agentcore_local.edge import Asgi as Asgi
from agentcore_local.edge import Body, Receive, Scope, Send, answer, read_head, spool
from agentcore_local.endpoints import EndpointOperations
from agentcore_local.gateway.control import GatewayOperations
from agentcore_local.gateway.records import is_gateway
from agentcore_local.gateway.targets import TargetOperations
from agentcore_local.gateway.wanted import gateway_wanted
from agentcore_local.grants import Principal
from agentcore_local.guard import Guard
from agentcore_local.headers import trace_id
from agentcore_local.identity.providers import ProviderOperations, provider_wanted
from agentcore_local.permissions import Permissions, Wanted, control_wanted
from agentcore_local.resource_policy import ResourcePolicies
from agentcore_local.shapes import Route, load_routes, read_query, read_request
from agentcore_local.wire import HEALTH_PATH, Refused, encode

MAX_CONTROL_BODY = 1024 * 1024
Params = Mapping[str, Any]
Anonymous = Callable[[Params], Awaitable[dict[str, Any]]]
Operation = Callable[[Params, Principal], Awaitable[dict[str, Any]]]
Wants = Callable[[str, Params], list[Wanted]]


def operations(
    runtimes: RuntimeOperations,
    endpoints: EndpointOperations,
    policies: ResourcePolicies,
    gateways: GatewayOperations,
    targets: TargetOperations,
    providers: ProviderOperations,
) -> dict[str, Operation]:
    """Every control-plane operation that is played, by its name in the service model."""
    played: dict[str, Anonymous] = {
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
        "TagResource": _by_resource(endpoints.tag, gateways.tag),
        "UntagResource": _by_resource(endpoints.untag, gateways.untag),
        "ListTagsForResource": _by_resource(endpoints.tags, gateways.tags),
        "PutResourcePolicy": policies.put,
        "GetResourcePolicy": policies.get,
        "DeleteResourcePolicy": policies.delete,
        "CreateGateway": gateways.create,
        "GetGateway": gateways.get,
        "UpdateGateway": gateways.update,
        "DeleteGateway": gateways.delete,
        "ListGateways": gateways.list,
        "CreateGatewayTarget": targets.create,
        "GetGatewayTarget": targets.get,
        "UpdateGatewayTarget": targets.update,
        "DeleteGatewayTarget": targets.delete,
        "ListGatewayTargets": targets.list,
        "CreateOauth2CredentialProvider": providers.create,
        "GetOauth2CredentialProvider": providers.get,
        "UpdateOauth2CredentialProvider": providers.update,
        "DeleteOauth2CredentialProvider": providers.delete,
        "ListOauth2CredentialProviders": providers.list,
    }
    return {name: _whoever_asks(work) for name, work in played.items()}


def _whoever_asks(work: Anonymous) -> Operation:
    async def run(params: Params, _: Principal) -> dict[str, Any]:
        return await work(params)

    return run


def _by_resource(of_runtimes: Anonymous, of_gateways: Anonymous) -> Anonymous:
    async def run(params: Params) -> dict[str, Any]:
        return await (of_gateways if is_gateway(params["resourceArn"]) else of_runtimes)(params)

    return run


def control_permissions(names: Names) -> Wants:
    """What a control-plane operation needs, whatever it is about."""

    def wants(operation: str, params: Params) -> list[Wanted]:
        if "Gateway" in operation or is_gateway(params.get("resourceArn", "")):
            return gateway_wanted(operation, params, names)
        if "CredentialProvider" in operation:
            return provider_wanted(operation, params, names)
        return control_wanted(operation, params, names.runtime_arn)

    return wants


class SignedPlane:
    """ASGI application of one service model. Every request must be signed, and its operation allowed to the signer."""

    def __init__(
        self, guard: Guard, handlers: Mapping[str, Operation], permissions: Permissions, wanted: Wants, service: str
    ) -> None:
        self._guard, self._handlers, self._permissions, self._wanted = guard, handlers, permissions, wanted
        self._routes = load_routes(list(handlers), service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def serve(call: Call) -> None:
            status, reply = await self._serve(call, scope, receive)
            call.status = status
            await answer(send, status, encode(reply), call.request_id)

        await self._guard.run(send, serve)

    async def _serve(self, call: Call, scope: Scope, receive: Receive) -> tuple[int, dict[str, Any]]:
        head = read_head(scope)
        call.trace = trace_id(head)
        claim = self._permissions.claim(head)
        spooled = await spool(Body(receive, MAX_CONTROL_BODY, head.one("content-length")))
        found: list[tuple[Route, dict[str, Any]]] = []

        def wanted() -> list[Wanted]:
            route, match = self._route(head.method, head.raw_path)
            call.operation = route.name
            params = read_request(route, match, read_query(head.query), spooled.read())
            call.runtime = params.get("agentRuntimeId") or params.get("agentRuntimeName")
            call.gateway = params.get("gatewayIdentifier")
            found.append((route, params))
            return self._wanted(route.name, params)

        with spooled.file:
            caller = await self._permissions.require(head, claim, spooled.sha256, wanted)
        call.by, call.subject = "sigv4", "root" if caller.root else caller.arn
        ((route, params),) = found
        return route.status, await self._handlers[route.name](params, caller)

    def _route(self, method: str, raw_path: bytes) -> tuple[Route, Any]:
        for route in self._routes:
            if route.method == method and (match := route.pattern.fullmatch(raw_path)):
                return route, match
        raise Refused("unknown_operation")


def by_prefix(prefixes: Mapping[bytes, Asgi], otherwise: Asgi) -> Asgi:
    """Several planes behind one listener, told apart by the undecoded path."""
    known = tuple(prefixes)

    def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope["raw_path"]
        if not path.startswith(known):
            return otherwise(scope, receive, send)
        return next(app for prefix, app in prefixes.items() if path.startswith(prefix))(scope, receive, send)

    return serve


def with_health(app: Asgi, plane: str, websockets: Asgi | None = None) -> Asgi:
    """Answer the health page without credentials, and leave the rest to the plane."""
    body = encode({"status": "ok", "service": "agentcore-local", "plane": plane, "pid": os.getpid()})

    def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket" and websockets is not None:
            return websockets(scope, receive, send)
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")
        if scope["raw_path"] == HEALTH_PATH and scope["method"] == "GET":
            return answer(send, 200, body, "health")
        return app(scope, receive, send)

    return serve
