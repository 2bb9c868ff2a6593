"""Checks of Cognito clients, pools and users that need arithmetic or several arguments together."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from aia_values import inside, many, one

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

MINUTES = {"seconds": 1 / 60, "minutes": 1, "hours": 60, "days": 1440}
CLASSES = ("require_lowercase", "require_uppercase", "require_numbers", "require_symbols")


class CognitoCheck(BaseResourceCheck):
    """One question about one resource."""

    resources = ("aws_cognito_managed_user_pool_client", "aws_cognito_user_pool_client")

    def __init__(self, number: str, name: str) -> None:
        super().__init__(
            name=name,
            id=f"CKV_AIA_{number}",
            categories=[CheckCategories.IAM],
            supported_resources=list(self.resources),
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        return CheckResult.PASSED if self.holds(conf) else CheckResult.FAILED

    def holds(self, conf: dict[str, Any]) -> bool:
        raise NotImplementedError


class Lifetime(CognitoCheck):
    """A lifetime with its unit; absent, Cognito's own default is short enough."""

    def __init__(self, number: str, name: str, kind: str, unit: str, longest: int) -> None:
        super().__init__(number, name)
        self.kind, self.unit, self.longest = kind, unit, longest

    def holds(self, conf: dict[str, Any]) -> bool:
        given = one(conf.get(f"{self.kind}_validity"))
        if not isinstance(given, int | float) or not given:
            return True
        unit = one(inside(conf, "token_validity_units", self.kind)) or self.unit
        return unit not in MINUTES or given * MINUTES[unit] <= self.longest


class NamesFlows(CognitoCheck):
    def holds(self, conf: dict[str, Any]) -> bool:
        return bool(many(conf.get("explicit_auth_flows")))


class OneKind(CognitoCheck):
    def holds(self, conf: dict[str, Any]) -> bool:
        people = [flow for flow in many(conf.get("explicit_auth_flows")) if flow != "ALLOW_REFRESH_TOKEN_AUTH"]
        return not (people and "client_credentials" in many(conf.get("allowed_oauth_flows")))


class CallbackOverTls(CognitoCheck):
    def holds(self, conf: dict[str, Any]) -> bool:
        hosts = [
            urlsplit(url).hostname for url in many(conf.get("callback_urls")) if urlsplit(str(url)).scheme == "http"
        ]
        return all(host in ("localhost", "127.0.0.1", "::1") for host in hosts)


class PasswordPolicy(CognitoCheck):
    resources = ("aws_cognito_user_pool",)

    def holds(self, conf: dict[str, Any]) -> bool:
        policy = one(conf.get("password_policy"))
        if not isinstance(policy, dict):
            return False
        return (one(policy.get("minimum_length")) or 0) >= 12 and all(one(policy.get(name)) is True for name in CLASSES)


class NoPassword(CognitoCheck):
    resources = ("aws_cognito_user",)

    def holds(self, conf: dict[str, Any]) -> bool:
        return one(conf.get("password")) is None and one(conf.get("temporary_password")) is None


Lifetime("015", "Access tokens live for an hour at most", "access_token", "hours", 60)
Lifetime("016", "Refresh tokens live for 30 days at most", "refresh_token", "days", 30 * 1440)
NamesFlows("017", "A client names its sign-in flows")
OneKind("018", "A client is for machines or for people")
CallbackOverTls("019", "Callback URLs use TLS")
PasswordPolicy("022", "Passwords have 12 characters of all four classes")
NoPassword("024", "No user's password is in the state")
