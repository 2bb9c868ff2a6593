"""Checks of bucket policies, secrets and tags."""

from __future__ import annotations

from typing import Any

from aia_values import conditions, one, principals, statements, texts

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

TAGS = ("Environment", "ManagedBy", "Project", "Repository")


class TlsOnly(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Buckets refuse requests without TLS",
            id="CKV_AIA_042",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_s3_bucket_policy"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        if one(conf.get("policy")) is None:
            return CheckResult.UNKNOWN
        denies = [s for _, s in statements(conf) if s.get("Effect") == "Deny"]
        return CheckResult.PASSED if any(map(denies_plain, denies)) else CheckResult.FAILED


def denies_plain(statement: dict[str, Any]) -> bool:
    """To everyone, every action, on the objects, and under no further condition."""
    plain = [(operator, "aws:securetransport", ["false"]) for operator in ("bool", "boolifexists")]
    return (
        ("AWS", "*") in principals(statement)
        and bool({"*", "s3:*"} & {action.lower() for action in texts(statement, "Action")})
        and any(resource.endswith("*") for resource in texts(statement, "Resource"))
        and list(conditions(statement)) in [[one] for one in plain]
    )


class NoSecretInState(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="No secret is in the state",
            id="CKV_AIA_050",
            categories=[CheckCategories.SECRETS],
            supported_resources=["aws_secretsmanager_secret_version"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        given = any(one(conf.get(name)) not in (None, "") for name in ("secret_string", "secret_binary"))
        return CheckResult.FAILED if given else CheckResult.PASSED


class Tagged(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name=f"Taggable resources carry {', '.join(TAGS)}",
            id="CKV_AIA_060",
            categories=[CheckCategories.CONVENTION],
            supported_resources=["aws_*"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        tags = one(conf.get("tags_all"))
        if not isinstance(tags, dict):
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if all(name in tags for name in TAGS) else CheckResult.FAILED


TlsOnly()
NoSecretInState()
Tagged()
