"""The permissions that operations on gateways need (Service Authorization Reference; see docs/fidelity.md)."""

from collections.abc import Mapping
from typing import Any

from agentcore_local.control import Names
from agentcore_local.permissions import PREFIX, Wanted, tag_keys


def gateway_wanted(operation: str, params: Mapping[str, Any], names: Names) -> list[Wanted]:
    """A target is no resource of its own: its gateway stands for it."""
    if "resourceArn" in params:
        arn = params["resourceArn"]
    elif "gatewayIdentifier" in params:
        arn = names.gateway_arn(params["gatewayIdentifier"])
    else:
        # Before a gateway is there, only a pattern that covers every name fits.
        arn = "*" if operation == "ListGateways" else names.gateway_arn("*")
    keys = tag_keys(params.get("tags") or {})
    wanted = [Wanted(PREFIX + operation, arn, keys)]
    if keys and operation != "TagResource":
        wanted.append(Wanted(f"{PREFIX}TagResource", arn, keys))
    if "roleArn" in params:
        service = {"iam:passedtoservice": "bedrock-agentcore.amazonaws.com"}
        wanted.append(Wanted("iam:PassRole", params["roleArn"], service))
    return wanted
