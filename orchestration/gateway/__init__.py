"""Makes, compares and removes the AgentCore Gateway through which the agent gets credit scores."""

from orchestration.gateway.function import FunctionControl, FunctionKeeper, FunctionSpec
from orchestration.gateway.lifecycle import (
    READY,
    GatewayControl,
    delete_gateway,
    own_gateway,
    targets_of,
)
from orchestration.gateway.make import ANOTHERS, GatewayMaker, MadeGateway
from orchestration.gateway.schema import load_tools
from orchestration.gateway.spec import (
    TARGET,
    TOOL,
    GatewayAsked,
    GatewaySpec,
    ObservedGateway,
    ObservedProvider,
    ObservedTarget,
    ProviderSpec,
    TargetSpec,
    asked_of,
    differing,
    gateway_name,
)

__all__ = [
    "ANOTHERS",
    "READY",
    "TARGET",
    "TOOL",
    "FunctionControl",
    "FunctionKeeper",
    "FunctionSpec",
    "GatewayAsked",
    "GatewayControl",
    "GatewayMaker",
    "GatewaySpec",
    "MadeGateway",
    "ObservedGateway",
    "ObservedProvider",
    "ObservedTarget",
    "ProviderSpec",
    "TargetSpec",
    "asked_of",
    "delete_gateway",
    "differing",
    "gateway_name",
    "load_tools",
    "own_gateway",
    "targets_of",
]
