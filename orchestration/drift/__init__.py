"""What is live against what the code says and what was launched. Pure."""

from orchestration.drift.differences import Drift, Level, document, lines
from orchestration.drift.gateway import GatewaySeen, gateway_drifts, stray_gateway
from orchestration.drift.launched import (
    Door,
    Other,
    endpoint_drifts,
    image_drift,
    open_doors,
    package_drift,
    policy_drifts,
    probe_drifts,
    runtime_drifts,
    unknown_artifact,
)
from orchestration.drift.pool import Members, pool_drifts
from orchestration.drift.provisioned import plan_drifts

__all__ = [
    "Door",
    "Drift",
    "GatewaySeen",
    "Level",
    "Members",
    "Other",
    "document",
    "endpoint_drifts",
    "gateway_drifts",
    "image_drift",
    "lines",
    "open_doors",
    "package_drift",
    "plan_drifts",
    "policy_drifts",
    "pool_drifts",
    "probe_drifts",
    "runtime_drifts",
    "stray_gateway",
    "unknown_artifact",
]
