"""Checks of a JWT authorizer: this project's two terraform_data, or the provider's runtime resource.

A pool that is still to be made hides discovery URL and client ids alike: such a door is passed over, not failed.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from aia_values import inside, many, names, one

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

RUNTIME = "aws_bedrockagentcore_agent_runtime"
SUFFIX = "/.well-known/openid-configuration"
LISTS = ("allowed_audience", "allowed_clients", "allowed_scopes", "custom_claims", "custom_claim")


class DoorCheck(BaseResourceCheck):
    """One question about a door."""

    def __init__(self, number: str, name: str) -> None:
        super().__init__(
            name=name,
            id=f"CKV_AIA_{number}",
            categories=[CheckCategories.IAM],
            supported_resources=["terraform_data", RUNTIME],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        if self.entity_type == RUNTIME:
            block = one(inside(conf, "authorizer_configuration", "custom_jwt_authorizer"))
            door = block if isinstance(block, dict) else {"discovery_url": [None]}
        else:
            door = one(conf.get("input"))
        if not isinstance(door, dict) or "discovery_url" not in door:
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if self.holds(one(door["discovery_url"]), door) else CheckResult.FAILED

    def holds(self, url: Any, door: dict[str, Any]) -> bool:
        raise NotImplementedError


class HasAuthorizer(DoorCheck):
    def holds(self, url: Any, door: dict[str, Any]) -> bool:
        return url is not None


class HasAllowList(DoorCheck):
    def holds(self, url: Any, door: dict[str, Any]) -> bool:
        return url is None or any(names(door.get(name)) for name in LISTS)


class NoAudienceOfCognito(DoorCheck):
    def holds(self, url: Any, door: dict[str, Any]) -> bool:
        host = urlsplit(str(url)).hostname or ""
        return not (host.startswith("cognito-idp.") and many(door.get("allowed_audience")))


class DiscoveryUrl(DoorCheck):
    def holds(self, url: Any, door: dict[str, Any]) -> bool:
        return url is None or (str(url).startswith("https://") and str(url).endswith(SUFFIX))


class NoOutsider(DoorCheck):
    def holds(self, url: Any, door: dict[str, Any]) -> bool:
        clients = names(door.get("allowed_clients"))
        return not any(word in client.lower() for client in clients for word in ("outsider", "probe"))


HasAuthorizer("001", "A door has a JWT authorizer")
HasAllowList("002", "An authorizer has an allow-list")
NoAudienceOfCognito("003", "No audience is demanded of Cognito access tokens, which carry none")
DiscoveryUrl("004", "The discovery URL is one that the service takes")
NoOutsider("005", "No client of the refusal checks is allowed")
