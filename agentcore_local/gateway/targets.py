"""The control plane's operations on targets: Lambda functions with an inline schema of their tools (botocore model)."""

import re
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from agentcore_local.control import Changes, Names, Params, Reply
from agentcore_local.gateway.control import find_gateway, idle_gateway
from agentcore_local.gateway.records import GatewayStore, Target
from agentcore_local.gateway.schema import tool_faults
from agentcore_local.gateway.settling import Settling
from agentcore_local.paging import page
from agentcore_local.wire import Refused

MAX_TARGETS = 10  # AgentCore devguide: bedrock-agentcore-limits
_NOT_IN_SPEC = ("name", "gatewayIdentifier", "targetId", "clientToken")
_NOT_PLAYED = ("privateEndpoint", "certificateConfigurations")
_LAMBDA = "targetConfiguration.mcp.lambda"


class TargetOperations:
    """now() is ISO 8601; the region and the account of names are the only ones a function may be in."""

    def __init__(
        self, records: GatewayStore, names: Names, changes: Changes, settling: Settling, now: Callable[[], str]
    ) -> None:
        self._records, self._names, self._changes = records, names, changes
        self._settling, self._now = settling, now

    async def create(self, params: Params) -> Reply:
        return await self._changes.once("CreateGatewayTarget", params, lambda: self._create(params))

    async def update(self, params: Params) -> Reply:
        return await self._changes.once("UpdateGatewayTarget", params, lambda: self._update(params))

    async def delete(self, params: Params) -> Reply:
        return await self._changes.once("DeleteGatewayTarget", params, lambda: self._delete(params))

    async def get(self, params: Params) -> Reply:
        return self._whole(self._find(params))

    async def list(self, params: Params) -> Reply:
        gateway = find_gateway(self._records, params["gatewayIdentifier"])
        return page("items", [_summary(t) for t in self._records.targets(gateway.id)], params)

    async def _create(self, params: Params) -> Reply:
        gateway = idle_gateway(self._records, params["gatewayIdentifier"], "given a target")
        if "name" not in params:
            raise _invalid([("name", "Member must not be null")])
        existing = self._records.targets(gateway.id)
        taken = Refused("conflict", detail="A target with the specified name already exists in this gateway")
        if params["name"] in [t.name for t in existing]:
            raise taken
        if len(existing) >= MAX_TARGETS:
            raise Refused("quota", detail=f"Targets per gateway must not exceed {MAX_TARGETS}")
        now = self._now()
        spec = self._checked(params)
        target = Target(self._names.suffix(), gateway.id, params["name"], spec, "CREATING", None, now, now)
        try:
            with self._records.change():
                self._records.put_target(target)
        except sqlite3.IntegrityError:
            raise taken from None
        self._settling.target(gateway.id, target.id)
        return self._whole(target)

    async def _update(self, params: Params) -> Reply:
        target = self._find(params)
        idle_gateway(self._records, target.gateway_id, "updated")
        if params.get("name", target.name) != target.name:
            raise _invalid([("name", "The name of a target cannot be changed")])
        spec, now = self._checked(params), self._now()
        target = replace(target, spec=spec, status="UPDATING", reason=None, updated_at=now)
        with self._records.change():
            self._records.put_target(target)
        self._settling.target(target.gateway_id, target.id)
        return self._whole(target)

    async def _delete(self, params: Params) -> Reply:
        target = self._find(params)
        idle_gateway(self._records, target.gateway_id, "changed")
        with self._records.change():
            self._records.put_target(replace(target, status="DELETING", updated_at=self._now()))
        self._settling.target(target.gateway_id, target.id)
        arn = self._names.gateway_arn(target.gateway_id)
        return {"gatewayArn": arn, "targetId": target.id, "status": "DELETING"}

    def _checked(self, params: Params) -> dict[str, Any]:
        faults = [(name, "is not played by agentcore_local") for name in _NOT_PLAYED if name in params]
        lambda_target = (params["targetConfiguration"].get("mcp") or {}).get("lambda")
        if lambda_target is None:
            faults.append(("targetConfiguration", "only mcp.lambda is played by agentcore_local"))
        elif "inlinePayload" not in lambda_target["toolSchema"]:
            faults.append((f"{_LAMBDA}.toolSchema", "only inlinePayload is played by agentcore_local"))
        else:
            faults += tool_faults(lambda_target["toolSchema"]["inlinePayload"], f"{_LAMBDA}.toolSchema.inlinePayload")
            place = f"arn:aws:lambda:{self._names.region}:{self._names.account}:function:"
            if not lambda_target["lambdaArn"].startswith(place):
                faults.append((f"{_LAMBDA}.lambdaArn", "must name a function of this account and region"))
        # Without one the model lets a target pass, but a Lambda function is called with the gateway's role.
        ways = [c["credentialProviderType"] for c in params.get("credentialProviderConfigurations") or []]
        if ways != ["GATEWAY_IAM_ROLE"]:
            faults.append(("credentialProviderConfigurations", "a Lambda target takes GATEWAY_IAM_ROLE"))
        faults += _header_faults((params.get("metadataConfiguration") or {}).get("allowedRequestHeaders") or [])
        if faults:
            raise _invalid(faults)
        return {k: v for k, v in params.items() if k not in _NOT_IN_SPEC}

    def _find(self, params: Params) -> Target:
        target = self._records.target(params["gatewayIdentifier"], params["targetId"])
        if target is None:
            raise Refused("not_found", detail=f"Target '{params['targetId'][:10]}' was not found")
        return target

    def _whole(self, target: Target) -> Reply:
        reply = _summary(target) | {k: v for k, v in target.spec.items() if v is not None}
        reply |= {"gatewayArn": self._names.gateway_arn(target.gateway_id), "protocolType": "MCP"}
        del reply["targetType"]
        return reply | ({"statusReasons": [target.reason]} if target.reason else {})


def _header_faults(names: list[str]) -> list[tuple[str, str]]:
    at = "metadataConfiguration.allowedRequestHeaders"
    if odd := [n for n in names if not re.fullmatch(r"[A-Za-z0-9_-]+", n, re.ASCII)]:
        return [(at, f"{len(odd)} of the names are no header names")]
    if "authorization" in [n.lower() for n in names]:
        return [(at, "Authorization cannot be passed on")]
    return []


def _invalid(faults: list[tuple[str, str]]) -> Refused:
    return Refused("validation", detail="; ".join(f"{n}: {m}" for n, m in faults)[:2000], fields=faults)


def _summary(target: Target) -> Reply:
    summary = {
        "targetId": target.id,
        "name": target.name,
        "status": target.status,
        "createdAt": target.created_at,
        "updatedAt": target.updated_at,
        "targetType": "LAMBDA",
    }
    return summary | ({"description": target.spec["description"]} if target.spec.get("description") else {})
