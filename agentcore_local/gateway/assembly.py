"""Puts the rooms of the gateway together; the composition root hands in what they share with runtimes."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from agentcore_local.control import Changes, Names
from agentcore_local.gate import Gate
from agentcore_local.gateway.control import GatewayOperations
from agentcore_local.gateway.door import GatewayDoor
from agentcore_local.gateway.functions import Functions
from agentcore_local.gateway.plane import GatewayPlane
from agentcore_local.gateway.records import GatewayStore
from agentcore_local.gateway.settling import Settling
from agentcore_local.gateway.targets import TargetOperations
from agentcore_local.guard import Guard
from agentcore_local.journal import Journal
from agentcore_local.permissions import Permissions
from agentcore_local.roles import Roles
from agentcore_local.store import Store


@dataclass(frozen=True, slots=True)
class Shared:
    """What both planes' rooms are built from. clients(service) is boto3's client, signed with the root key."""

    store: Store
    names: Names
    changes: Changes
    permissions: Permissions
    journal: Journal
    clients: Callable[[str], Any]
    http: aiohttp.ClientSession
    now: Callable[[], str]
    new_id: Callable[[], uuid.UUID]


@dataclass(frozen=True, slots=True)
class Gateways:
    gateways: GatewayOperations
    targets: TargetOperations
    plane: GatewayPlane
    settling: Settling


def build(shared: Shared, gate: Gate, roles: Roles, base_url: str, aws_endpoint_url: str) -> Gateways:
    """base_url is where callers reach the data plane."""
    records = GatewayStore(shared.store)

    def url(gateway_id: str) -> str:
        return f"{base_url}/gateways/{gateway_id}/mcp"

    functions = Functions(shared.http, roles, aws_endpoint_url, shared.names.region)
    door = GatewayDoor(gate, shared.permissions, url)
    plane = GatewayPlane(Guard("gateway", shared.journal, shared.new_id), records, door, functions)
    settling = Settling(records, plane.prepare, _exists(shared.clients), shared.now, shared.journal.event)
    check = (gate.check_authorizer, roles.check)
    operations = GatewayOperations(records, shared.names, shared.changes, settling, *check, url, shared.now)
    targets = TargetOperations(records, shared.names, shared.changes, settling, shared.now)
    return Gateways(operations, targets, plane, settling)


def _exists(clients: Callable[[str], Any]) -> Any:
    async def exists(function_arn: str) -> bool:
        try:
            await asyncio.to_thread(lambda: clients("lambda").get_function(FunctionName=function_arn))
        except Exception:  # botocore raises many kinds; a function that cannot be looked at cannot be called
            return False
        return True

    return exists
