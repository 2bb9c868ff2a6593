"""Checks of who may call a function."""

from __future__ import annotations

from typing import Any

from aia_bounds import vague
from aia_values import one

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

SOURCES = ("principal_org_id", "source_account", "source_arn")


class ClosedUrl(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Function URLs demand IAM",
            id="CKV_AIA_097",
            categories=[CheckCategories.IAM],
            supported_resources=["aws_lambda_function_url"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        return CheckResult.FAILED if one(conf.get("authorization_type")) == "NONE" else CheckResult.PASSED


class NamedCaller(BaseResourceCheck):
    def __init__(self) -> None:
        super().__init__(
            name="Functions are called by somebody who is named",
            id="CKV_AIA_098",
            categories=[CheckCategories.IAM],
            supported_resources=["aws_lambda_permission"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        given = [one(conf.get(name)) for name in SOURCES]
        confined = any(value and not vague(str(value)) for value in given)
        return CheckResult.PASSED if confined or one(conf.get("principal")) != "*" else CheckResult.FAILED


ClosedUrl()
NamedCaller()
