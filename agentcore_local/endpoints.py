"""The control plane's operations on endpoints and tags. A named endpoint stays on its version until moved."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agentcore_local.control import BUSY, Changes, Names, Params, Reply, find_runtime
from agentcore_local.paging import page
from agentcore_local.rollout import DEFAULT, Rollouts
from agentcore_local.store import Endpoint, Runtime, Store
from agentcore_local.wire import Refused

MAX_ENDPOINTS = 10  # AgentCore devguide: bedrock-agentcore-limits
MAX_TAGS = 50


class EndpointOperations:
    def __init__(
        self, store: Store, rollouts: Rollouts, names: Names, changes: Changes, now: Callable[[], str]
    ) -> None:
        self._store, self._rollouts, self._names = store, rollouts, names
        self._changes, self._now = changes, now

    async def create(self, params: Params) -> Reply:
        return await self._changes.once("CreateAgentRuntimeEndpoint", params, lambda: self._create(params))

    async def update(self, params: Params) -> Reply:
        return await self._changes.once("UpdateAgentRuntimeEndpoint", params, lambda: self._update(params))

    async def delete(self, params: Params) -> Reply:
        return await self._changes.once("DeleteAgentRuntimeEndpoint", params, lambda: self._delete(params))

    async def get(self, params: Params) -> Reply:
        runtime, endpoint = self._find(params)
        reply = _item(runtime, endpoint)
        if endpoint.failure:
            reply["failureReason"] = endpoint.failure
        return reply

    async def list(self, params: Params) -> Reply:
        runtime = self._store.runtime(params["agentRuntimeId"])
        # No ResourceNotFoundException is modelled for this operation.
        items = [_item(runtime, e) for e in self._store.endpoints(runtime.id)] if runtime else []
        return page("runtimeEndpoints", items, params)

    async def tag(self, params: Params) -> Reply:
        runtime_id, arn = find_resource(self._store, params["resourceArn"])
        if len(self._store.tags(arn) | params["tags"]) > MAX_TAGS:
            raise Refused("quota", detail=f"Tags per resource must not exceed {MAX_TAGS}")
        with self._store.change():
            self._store.put_tags(runtime_id, arn, params["tags"])
        return {}

    async def untag(self, params: Params) -> Reply:
        _, arn = find_resource(self._store, params["resourceArn"])
        with self._store.change():
            self._store.drop_tags(arn, list(params["tagKeys"]))
        return {}

    async def tags(self, params: Params) -> Reply:
        _, arn = find_resource(self._store, params["resourceArn"])
        return {"tags": self._store.tags(arn)}

    async def _create(self, params: Params) -> Reply:
        runtime, now = self._idle(params["agentRuntimeId"]), self._now()
        existing = self._store.endpoints(runtime.id)
        if params["name"] in [e.name for e in existing]:
            raise Refused("conflict", detail="An endpoint with the specified name already exists")
        if len(existing) >= MAX_ENDPOINTS:
            raise Refused("quota", detail=f"Endpoints per agent must not exceed {MAX_ENDPOINTS}")
        target = self._target(runtime, params)
        name, suffix = params["name"], self._names.suffix()
        endpoint = Endpoint(
            runtime.id, name, f"{name}-{suffix}", None, target, params.get("description"), "CREATING", None, now, now
        )
        with self._store.change():
            self._store.put_endpoint(endpoint)
            self._store.put_tags(runtime.id, _arn(runtime, name), params.get("tags") or {})
        self._rollouts.start_endpoint(runtime.id, name)
        item = _item(runtime, endpoint)
        kept = ("targetVersion", "agentRuntimeEndpointArn", "agentRuntimeArn", "status", "createdAt")
        return {k: item[k] for k in kept} | {"agentRuntimeId": runtime.id, "endpointName": name}

    async def _update(self, params: Params) -> Reply:
        runtime, endpoint = self._find(params)
        self._idle(runtime.id)
        if endpoint.name == DEFAULT:
            raise Refused("conflict", detail="The DEFAULT endpoint follows the newest version")
        target = self._target(runtime, params) if "agentRuntimeVersion" in params else endpoint.target
        description = params.get("description", endpoint.description)
        endpoint = replace(
            endpoint, target=target, description=description, status="UPDATING", failure=None, updated_at=self._now()
        )
        with self._store.change():
            self._store.put_endpoint(endpoint)
        self._rollouts.start_endpoint(runtime.id, endpoint.name)
        item = _item(runtime, endpoint)
        return {k: v for k, v in item.items() if k not in ("name", "id", "description")}

    async def _delete(self, params: Params) -> Reply:
        runtime, endpoint = self._find(params)
        if endpoint.name == DEFAULT:
            raise Refused("conflict", detail="The DEFAULT endpoint cannot be deleted on its own")
        self._idle(runtime.id)
        with self._store.change():
            self._store.drop_endpoint(runtime.id, endpoint.name)
            self._store.drop_tags(_arn(runtime, endpoint.name))
            self._store.drop_resource_policy(_arn(runtime, endpoint.name))
        self._rollouts.start_retire(runtime.id)
        return {"status": "DELETING", "agentRuntimeId": runtime.id, "endpointName": endpoint.name}

    def _idle(self, runtime_id: str) -> Runtime:
        runtime = find_runtime(self._store, runtime_id)
        busy = [e.status for e in self._store.endpoints(runtime_id) if e.status in BUSY]
        if runtime.status in BUSY or busy:
            raise Refused("conflict", detail=f"Agent '{runtime_id}' has a change in progress")
        return runtime

    def _target(self, runtime: Runtime, params: Params) -> int:
        wanted = int(params.get("agentRuntimeVersion", runtime.latest))
        if self._store.version(runtime.id, wanted) is None:
            raise Refused("not_found", detail=f"Agent '{runtime.id}' has no version {wanted}")
        return wanted

    def _find(self, params: Params) -> tuple[Runtime, Endpoint]:
        runtime = find_runtime(self._store, params["agentRuntimeId"])
        endpoint = self._store.endpoint(runtime.id, params["endpointName"])
        if endpoint is None:
            raise Refused("not_found", detail=f"Endpoint '{params['endpointName'][:48]}' was not found")
        return runtime, endpoint


def find_resource(store: Store, arn: str) -> tuple[str, str]:
    """The runtime's id and the ARN of a runtime or endpoint that exists. Raises Refused (404)."""
    for runtime in store.runtimes():
        if arn in [runtime.arn, *(_arn(runtime, e.name) for e in store.endpoints(runtime.id))]:
            return runtime.id, arn
    raise Refused("not_found", detail="The resource was not found")


def _arn(runtime: Runtime, endpoint_name: str) -> str:
    return f"{runtime.arn}/runtime-endpoint/{endpoint_name}"


def _item(runtime: Runtime, e: Endpoint) -> dict[str, Any]:
    item: dict[str, Any] = {
        "name": e.name,
        "id": e.id,
        "agentRuntimeEndpointArn": _arn(runtime, e.name),
        "agentRuntimeArn": runtime.arn,
        "status": e.status,
        "targetVersion": str(e.target),
        "createdAt": e.created_at,
        "lastUpdatedAt": e.updated_at,
    }
    if e.live is not None:
        item["liveVersion"] = str(e.live)
    if e.description is not None:
        item["description"] = e.description
    return item
