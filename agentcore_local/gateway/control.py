"""The control plane's operations on gateways: what each changes, and what it answers (botocore model)."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agentcore_local.control import AuthorizerCheck, Changes, Names, Params, Reply, RoleCheck
from agentcore_local.gateway.records import Gateway, GatewayStore
from agentcore_local.gateway.settling import Settling
from agentcore_local.paging import page
from agentcore_local.wire import Refused

MAX_GATEWAYS = 1000  # AgentCore devguide: bedrock-agentcore-limits
MAX_TAGS = 50
BUSY = ("CREATING", "UPDATING", "DELETING")
_NOT_IN_SPEC = ("name", "gatewayIdentifier", "tags", "clientToken")
# Read by nothing here: to take one and ignore it would be a gateway that does less than it says.
_NOT_PLAYED = "protocolConfiguration kmsKeyArn interceptorConfigurations policyEngineConfiguration wafConfiguration"
_NOT_PLAYED += " customTransformConfiguration"


class GatewayOperations:
    """Create, read, update, delete, list and tag. url(gateway_id) is where callers reach it; now() is ISO 8601."""

    def __init__(
        self,
        records: GatewayStore,
        names: Names,
        changes: Changes,
        settling: Settling,
        check_authorizer: AuthorizerCheck,
        check_role: RoleCheck,
        url: Callable[[str], str],
        now: Callable[[], str],
    ) -> None:
        self._records, self._names, self._changes, self._settling = records, names, changes, settling
        self._check_authorizer, self._check_role, self._url, self._now = check_authorizer, check_role, url, now

    async def create(self, params: Params) -> Reply:
        return await self._changes.once("CreateGateway", params, lambda: self._create(params))

    async def update(self, params: Params) -> Reply:
        return await self._changes.once("UpdateGateway", params, lambda: self._update(params))

    async def delete(self, params: Params) -> Reply:
        return await self._changes.once("DeleteGateway", params, lambda: self._delete(params))

    async def get(self, params: Params) -> Reply:
        return self._whole(find_gateway(self._records, params["gatewayIdentifier"]))

    async def list(self, params: Params) -> Reply:
        return page("items", [_summary(g) for g in self._records.gateways()], params)

    async def tag(self, params: Params) -> Reply:
        gateway = self._of_arn(params["resourceArn"])
        if len(self._records.tags(gateway.id) | params["tags"]) > MAX_TAGS:
            raise Refused("quota", detail=f"Tags per resource must not exceed {MAX_TAGS}")
        with self._records.change():
            self._records.put_tags(gateway.id, params["tags"])
        return {}

    async def untag(self, params: Params) -> Reply:
        gateway = self._of_arn(params["resourceArn"])
        with self._records.change():
            self._records.drop_tags(gateway.id, list(params["tagKeys"]))
        return {}

    async def tags(self, params: Params) -> Reply:
        return {"tags": self._records.tags(self._of_arn(params["resourceArn"]).id)}

    async def _create(self, params: Params) -> Reply:
        name, now = params["name"], self._now()
        taken = Refused("conflict", detail="A gateway with the specified name already exists")
        everything = self._records.gateways()
        if name in [g.name for g in everything]:
            raise taken
        if len(everything) >= MAX_GATEWAYS:
            raise Refused("quota", detail=f"Gateways per account must not exceed {MAX_GATEWAYS}")
        gateway_id = f"{name}-{self._names.suffix()}".lower()
        arn = self._names.gateway_arn(gateway_id)
        gateway = Gateway(gateway_id, name, arn, 1, await self._checked(params, arn), "CREATING", None, now, now)
        try:
            with self._records.change():
                self._records.put_gateway(gateway)
                self._records.put_tags(gateway_id, params.get("tags") or {})
        except sqlite3.IntegrityError:
            raise taken from None
        self._settling.gateway(gateway_id)
        return self._whole(gateway)

    async def _update(self, params: Params) -> Reply:
        gateway = idle_gateway(self._records, params["gatewayIdentifier"], "updated")
        if params["name"] != gateway.name:
            # botocore model: UpdateGateway name must be the same as at creation
            raise _invalid("name", "The name of a gateway cannot be changed")
        if params["authorizerType"] != gateway.spec["authorizerType"]:
            raise _invalid("authorizerType", "Authorizer type cannot be updated for an existing gateway")
        spec, now = await self._checked(params, gateway.arn), self._now()
        gateway = replace(
            gateway, revision=gateway.revision + 1, spec=spec, status="UPDATING", reason=None, updated_at=now
        )
        with self._records.change():
            self._records.put_gateway(gateway)
        self._settling.gateway(gateway.id)
        return self._whole(gateway)

    async def _delete(self, params: Params) -> Reply:
        gateway = idle_gateway(self._records, params["gatewayIdentifier"], "deleted")
        if self._records.targets(gateway.id):
            message = f"Gateway {gateway.id} has targets associated with it. Delete all targets before the gateway"
            raise _invalid("gatewayIdentifier", message)
        with self._records.change():
            self._records.put_gateway(replace(gateway, status="DELETING", updated_at=self._now()))
        self._settling.gateway(gateway.id)
        return {"gatewayId": gateway.id, "status": "DELETING"}

    async def _checked(self, params: Params, arn: str) -> dict[str, Any]:
        """A gateway's spec. Nothing is taken over from before: an update replaces everything."""
        kind, configuration = params["authorizerType"], params.get("authorizerConfiguration")
        for name in _NOT_PLAYED.split():
            if name in params:
                raise _invalid(name, "is not played by agentcore_local")
        if kind not in ("CUSTOM_JWT", "AWS_IAM"):
            raise _invalid("authorizerType", f"{kind} lets callers in without authorization and is not played")
        if (kind == "CUSTOM_JWT") != (configuration is not None):
            verb = "is required with" if configuration is None else "belongs to"
            raise _invalid("authorizerConfiguration", f"{verb} authorizerType CUSTOM_JWT")
        await self._check_role(params["roleArn"], arn)
        if configuration is not None:
            await self._check_authorizer(configuration["customJWTAuthorizer"])
        return {k: v for k, v in params.items() if k not in _NOT_IN_SPEC} | {"protocolType": "MCP"}

    def _of_arn(self, arn: str) -> Gateway:
        return find_gateway(self._records, arn.rsplit("/", 1)[-1]) if self._ours(arn) else _absent(arn)

    def _ours(self, arn: str) -> bool:
        return arn == self._names.gateway_arn(arn.rsplit("/", 1)[-1])

    def _whole(self, gateway: Gateway) -> Reply:
        reply = _summary(gateway) | {k: v for k, v in gateway.spec.items() if v is not None}
        reply |= {"gatewayArn": gateway.arn, "gatewayUrl": self._url(gateway.id)}
        reply["workloadIdentityDetails"] = {"workloadIdentityArn": self._names.workload_arn(gateway.id)}
        if gateway.reason:
            reply["statusReasons"] = [gateway.reason]
        return reply


def find_gateway(records: GatewayStore, gateway_id: str) -> Gateway:
    """The gateway with this id. Raises Refused (404)."""
    return records.gateway(gateway_id) or _absent(gateway_id)


def idle_gateway(records: GatewayStore, gateway_id: str, verb: str) -> Gateway:
    """The same, unless a change of it or of a target is under way. Raises Refused (404, 409)."""
    gateway = find_gateway(records, gateway_id)
    busy = [s for s in (gateway.status, *(t.status for t in records.targets(gateway_id))) if s in BUSY]
    if busy:
        raise Refused("conflict", detail=f"Gateway '{gateway_id}' cannot be {verb} while it is {busy[0]}")
    return gateway


def _absent(named: str) -> Gateway:
    raise Refused("not_found", detail=f"Gateway '{named[:120]}' was not found")


def _invalid(name: str, message: str) -> Refused:
    return Refused("validation", detail=f"{name}: {message}", fields=[(name, message)])


def _summary(gateway: Gateway) -> Reply:
    summary = {
        "gatewayId": gateway.id,
        "name": gateway.name,
        "status": gateway.status,
        "createdAt": gateway.created_at,
        "updatedAt": gateway.updated_at,
        "authorizerType": gateway.spec["authorizerType"],
        "protocolType": "MCP",
    }
    return summary | ({"description": gateway.spec["description"]} if gateway.spec.get("description") else {})
