"""The control plane's operations on runtimes: what each changes, and what it answers (botocore model)."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agentcore_local.paging import page
from agentcore_local.rollout import DEFAULT, Rollouts
from agentcore_local.rules import LIFECYCLE, check_spec
from agentcore_local.store import Endpoint, Runtime, Store, Version, runtime_arn
from agentcore_local.wire import Refused

MAX_RUNTIMES = 1000  # AgentCore devguide: bedrock-agentcore-limits
BUSY = ("CREATING", "UPDATING", "DELETING")
_NOT_IN_SPEC = ("agentRuntimeName", "agentRuntimeId", "tags", "clientToken")
_ECHOED = (
    "roleArn",
    "networkConfiguration",
    "lifecycleConfiguration",
    "description",
    "agentRuntimeArtifact",
    "protocolConfiguration",
    "environmentVariables",
    "authorizerConfiguration",
    "requestHeaderConfiguration",
    "metadataConfiguration",
    "platformVersion",
)
Params = Mapping[str, Any]
Reply = dict[str, Any]


class AuthorizerCheck(Protocol):
    """Judges a customJWTAuthorizer before it is deployed; raises Refused when it cannot work."""

    async def __call__(self, configuration: Mapping[str, Any]) -> None: ...


class RoleCheck(Protocol):
    """Judges whether the service may assume a role for a runtime; raises Refused when it may not."""

    async def __call__(self, role_arn: str, runtime_arn: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Names:
    """Identifiers in the service's form. suffix() gives ten random letters and digits."""

    region: str
    account: str
    suffix: Callable[[], str]

    def runtime_arn(self, runtime_id: str) -> str:
        return runtime_arn(self.region, self.account, runtime_id)

    def workload_arn(self, runtime_id: str) -> str:
        return f"{self.workload_directory}/workload-identity/{runtime_id}"

    def gateway_arn(self, gateway_id: str) -> str:
        return self._arn(f"gateway/{gateway_id}")

    def provider_arn(self, name: str) -> str:
        return f"{self.token_vault}/oauth2credentialprovider/{name}"

    @property
    def workload_directory(self) -> str:
        return self._arn("workload-identity-directory/default")

    @property
    def token_vault(self) -> str:
        return self._arn("token-vault/default")

    def _arn(self, resource: str) -> str:
        return f"arn:aws:bedrock-agentcore:{self.region}:{self.account}:{resource}"


class Changes:
    """What every changing operation shares: one at a time, and client tokens answered once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()

    async def once(self, operation: str, params: Params, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """Run work, or repeat the answer it gave to the same request with the same token."""
        digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
        token = params.get("clientToken")
        async with self._lock:
            if token and (seen := self._store.client_token(operation, token)):
                if seen[0] != digest:
                    message = "The client token was used before with different parameters"
                    reason = "IdempotentParameterMismatchException"
                    raise Refused("validation", detail=message, reason=reason, log_reason="token_reused")
                return seen[1]
            reply = await work()
            if token:
                with self._store.change():
                    self._store.put_client_token(operation, token, digest, reply, _owner(reply, params))
            return reply


class RuntimeOperations:
    """Create, read, update, delete and list runtimes and their versions. now() is ISO 8601."""

    def __init__(
        self,
        store: Store,
        rollouts: Rollouts,
        names: Names,
        changes: Changes,
        check_authorizer: AuthorizerCheck,
        check_role: RoleCheck,
        now: Callable[[], str],
        mmds_v2_default: bool,
    ) -> None:
        self._store, self._rollouts, self._names, self._changes = store, rollouts, names, changes
        self._check_authorizer, self._check_role = check_authorizer, check_role
        self._now, self._mmds_v2_default = now, mmds_v2_default

    async def create(self, params: Params) -> Reply:
        return await self._changes.once("CreateAgentRuntime", params, lambda: self._create(params))

    async def update(self, params: Params) -> Reply:
        return await self._changes.once("UpdateAgentRuntime", params, lambda: self._update(params))

    async def delete(self, params: Params) -> Reply:
        return await self._changes.once("DeleteAgentRuntime", params, lambda: self._delete(params))

    async def get(self, params: Params) -> Reply:
        runtime = find_runtime(self._store, params["agentRuntimeId"])
        wanted = int(params.get("agentRuntimeVersion", runtime.latest))
        version = self._store.version(runtime.id, wanted)
        if version is None:
            raise Refused("not_found", detail=f"Agent '{runtime.id}' has no version {wanted}")
        reply = self._summary(runtime, version)
        reply |= {k: version.spec[k] for k in _ECHOED if version.spec.get(k) is not None}
        reply["createdAt"] = runtime.created_at
        reply["workloadIdentityDetails"] = {"workloadIdentityArn": self._names.workload_arn(runtime.id)}
        if runtime.failure and version.number == runtime.latest:
            reply["failureReason"] = runtime.failure
        if version.spec.get("description") is None:
            del reply["description"]
        return reply

    async def list(self, params: Params) -> Reply:
        items = [(r, self._store.version(r.id, r.latest)) for r in self._store.runtimes()]
        return page("agentRuntimes", [self._summary(r, v) for r, v in items if v], params)

    async def list_versions(self, params: Params) -> Reply:
        runtime = find_runtime(self._store, params["agentRuntimeId"])
        versions = self._store.versions(runtime.id)
        return page("agentRuntimes", [self._summary(runtime, v) for v in versions], params)

    async def _create(self, params: Params) -> Reply:
        name = params["agentRuntimeName"]
        taken = Refused("conflict", detail="An agent with the specified name already exists")
        if self._store.runtime_named(name):
            raise taken
        if len(self._store.runtimes()) >= MAX_RUNTIMES:
            raise Refused("quota", detail=f"Agents per account must not exceed {MAX_RUNTIMES}")
        runtime_id, now = f"{name}-{self._names.suffix()}", self._now()
        arn = self._names.runtime_arn(runtime_id)
        spec = await self._checked_spec(params, arn)
        runtime = Runtime(runtime_id, name, arn, 1, "CREATING", None, now, now)
        endpoint_id = f"{DEFAULT}-{self._names.suffix()}"
        try:
            with self._store.change():
                self._store.put_runtime(runtime)
                self._store.put_version(Version(runtime_id, 1, spec, "CREATING", now))
                self._store.put_endpoint(
                    Endpoint(runtime_id, DEFAULT, endpoint_id, None, 1, None, "CREATING", None, now, now)
                )
                self._store.put_tags(runtime_id, arn, params.get("tags") or {})
        except sqlite3.IntegrityError:
            raise taken from None
        self._rollouts.start_version(runtime_id, 1)
        return self._changed(runtime, "createdAt")

    async def _update(self, params: Params) -> Reply:
        runtime = self._idle(params["agentRuntimeId"], "updated")
        endpoint = self._store.endpoint(runtime.id, DEFAULT)
        if endpoint is None:
            raise Refused("internal")
        spec = await self._checked_spec(params, runtime.arn)
        now, number = self._now(), max(v.number for v in self._store.versions(runtime.id)) + 1
        runtime = replace(runtime, latest=number, status="UPDATING", failure=None, updated_at=now)
        with self._store.change():
            self._store.put_runtime(runtime)
            self._store.put_version(Version(runtime.id, number, spec, "UPDATING", now))
            self._store.put_endpoint(replace(endpoint, target=number, status="UPDATING", failure=None))
        self._rollouts.start_version(runtime.id, number)
        return self._changed(runtime, "createdAt", "lastUpdatedAt")

    async def _delete(self, params: Params) -> Reply:
        runtime = self._idle(params["agentRuntimeId"], "deleted")
        if "agentRuntimeVersion" in params:
            return self._delete_version(runtime, params["agentRuntimeVersion"])
        if named := [e.name for e in self._store.endpoints(runtime.id) if e.name != DEFAULT]:
            raise Refused("conflict", detail=f"Delete the agent's endpoints first: {', '.join(named)}")
        with self._store.change():
            self._store.put_runtime(replace(runtime, status="DELETING", updated_at=self._now()))
        self._rollouts.start_delete(runtime.id)
        return {"status": "DELETING", "agentRuntimeId": runtime.id}

    def _delete_version(self, runtime: Runtime, wanted: str) -> Reply:
        number = int(wanted) if wanted.isascii() and wanted.isdigit() else 0
        if self._store.version(runtime.id, number) is None:
            raise Refused("not_found", detail=f"Agent '{runtime.id}' has no version {wanted[:10]}")
        used = {n for e in self._store.endpoints(runtime.id) for n in (e.live, e.target)} | {runtime.latest}
        if number in used:
            raise Refused("conflict", detail=f"Version {number} is the newest one or in use by an endpoint")
        with self._store.change():
            self._store.drop_version(runtime.id, number)
        return {"status": "DELETING", "agentRuntimeId": runtime.id, "agentRuntimeVersion": str(number)}

    def _idle(self, runtime_id: str, verb: str) -> Runtime:
        runtime = find_runtime(self._store, runtime_id)
        busy = [e for e in self._store.endpoints(runtime.id) if e.status in BUSY]
        if runtime.status in BUSY or busy:
            status = runtime.status if runtime.status in BUSY else busy[0].status
            raise Refused("conflict", detail=f"Agent '{runtime.id}' cannot be {verb} while it is {status}")
        return runtime

    async def _checked_spec(self, params: Params, arn: str) -> dict[str, Any]:
        """A version's spec. Nothing is taken over from the version before: an update replaces everything."""
        check_spec(params)
        await self._check_role(params["roleArn"], arn)
        if configuration := params.get("authorizerConfiguration"):
            await self._check_authorizer(configuration["customJWTAuthorizer"])
        spec = {k: v for k, v in params.items() if k not in _NOT_IN_SPEC}
        spec["lifecycleConfiguration"] = LIFECYCLE | (params.get("lifecycleConfiguration") or {})
        spec.setdefault("networkConfiguration", {"networkMode": "PUBLIC"})
        spec.setdefault("metadataConfiguration", {"requireMMDSV2": self._mmds_v2_default})
        return spec

    def _changed(self, runtime: Runtime, *times: str) -> Reply:
        all_times = {"createdAt": runtime.created_at, "lastUpdatedAt": runtime.updated_at}
        return {
            "agentRuntimeArn": runtime.arn,
            "agentRuntimeId": runtime.id,
            "agentRuntimeVersion": str(runtime.latest),
            "status": runtime.status,
            "workloadIdentityDetails": {"workloadIdentityArn": self._names.workload_arn(runtime.id)},
            **{t: all_times[t] for t in times},
        }

    def _summary(self, runtime: Runtime, version: Version) -> Reply:
        newest = version.number == runtime.latest
        return {
            "agentRuntimeArn": runtime.arn,
            "agentRuntimeId": runtime.id,
            "agentRuntimeVersion": str(version.number),
            "agentRuntimeName": runtime.name,
            "description": version.spec.get("description") or "",
            "lastUpdatedAt": runtime.updated_at if newest else version.created_at,
            "status": runtime.status if newest else version.status,
        }


def _owner(reply: Reply, params: Params) -> str:
    """The runtime or gateway with which the answer is forgotten."""
    named = (reply.get("agentRuntimeId"), reply.get("gatewayId"), params.get("agentRuntimeId"))
    return next((n for n in named if n), "") or str(params.get("gatewayIdentifier", ""))


def find_runtime(store: Store, runtime_id: str) -> Runtime:
    """The runtime with this id. Raises Refused (404)."""
    runtime = store.runtime(runtime_id)
    if runtime is None:
        raise Refused("not_found", detail=f"Agent '{runtime_id[:120]}' was not found")
    return runtime
