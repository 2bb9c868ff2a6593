"""Checks of bucket policies, secrets and tags."""

from __future__ import annotations

from typing import Any

from aia_values import condition_keys, one, statements

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
        denies = [s for s in statements(conf, "policy") if s.get("Effect") == "Deny"]
        tls = any("false" in condition_keys(s).get("aws:securetransport", []) for s in denies)
        return CheckResult.PASSED if tls else CheckResult.FAILED


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
