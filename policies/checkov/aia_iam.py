"""Checks of IAM statements, in the policies of roles, users and groups and in the trust of roles."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from aia_values import condition_keys, principals, statements, texts

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

ARGUMENTS = {
    "aws_ecr_repository_policy": "policy",
    "aws_iam_group_policy": "policy",
    "aws_iam_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_secretsmanager_secret_policy": "policy",
}
SERVICE = ("Service", "bedrock-agentcore.amazonaws.com")
PASSING = "iam:passrole"
INVOKE = "bedrock-agentcore:invokeagentruntime"
IMPERSONATING = ("bedrock-agentcore:getworkloadaccesstokenforuserid", "bedrock-agentcore:invokeagentruntimeforuser")
BOUNDS = {"aws:principalorgid", "aws:principalarn", "aws:principalaccount", "aws:sourcearn", "aws:sourceaccount"}
# They take no resource (service authorization reference: ECR, X-Ray, CloudWatch, CloudWatch Logs, STS).
RESOURCELESS = (
    "cloudwatch:putmetricdata",
    "ecr:getauthorizationtoken",
    "logs:describeloggroups",
    "sts:getcalleridentity",
    "xray:getsamplingrules",
    "xray:getsamplingtargets",
    "xray:puttelemetryrecords",
    "xray:puttracesegments",
)


class StatementCheck(BaseResourceCheck):
    """One question about every statement that allows."""

    def __init__(self, number: str, name: str) -> None:
        super().__init__(
            name=name,
            id=f"CKV_AIA_{number}",
            categories=[CheckCategories.IAM],
            supported_resources=list(ARGUMENTS),
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        allows = [s for s in statements(conf, ARGUMENTS[self.entity_type]) if s.get("Effect") != "Deny"]
        return CheckResult.PASSED if all(map(self.holds, allows)) else CheckResult.FAILED

    def holds(self, statement: dict[str, Any]) -> bool:
        raise NotImplementedError


def actions(statement: dict[str, Any]) -> list[str]:
    return [action.lower() for action in texts(statement, "Action")]


def names_any(patterns: list[str], *wanted: str) -> bool:
    return any(fnmatchcase(one, pattern) for one in wanted for pattern in patterns)


class NoAnyone(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        anyone = "NotPrincipal" in statement or ("AWS", "*") in principals(statement)
        return not anyone or bool(BOUNDS & set(condition_keys(statement)))


class NoConfusedDeputy(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        if self.entity_type != "aws_iam_role" or SERVICE not in principals(statement):
            return True
        return {"aws:sourceaccount", "aws:sourcearn"} <= set(condition_keys(statement))


class NoWildcardAction(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        return not any("*" in action for action in actions(statement))


class NamesResources(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        if "*" not in texts(statement, "Resource") or condition_keys(statement):
            return True
        # Of iam:PassRole and of the call itself there are checks of their own.
        return all(a in RESOURCELESS or "*" in a or a == PASSING or a.startswith(INVOKE) for a in actions(statement))


class BoundedPassRole(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        if not names_any(actions(statement), PASSING):
            return True
        return "iam:passedtoservice" in condition_keys(statement) and "*" not in texts(statement, "Resource")


class NoImpersonation(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        return not names_any(actions(statement), *IMPERSONATING)


class NoExclusion(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        return not {"NotAction", "NotResource", "NotPrincipal"} & set(statement)


class NamesRuntime(StatementCheck):
    def holds(self, statement: dict[str, Any]) -> bool:
        if not names_any(actions(statement), INVOKE):
            return True
        return not any(r == "*" or r.endswith((":*", ":runtime/*")) for r in texts(statement, "Resource"))


NoAnyone("030", "Nothing is open to any principal")
NoConfusedDeputy("031", "The service's trust is confined to an account and its runtimes")
NoWildcardAction("032", "No wildcard action")
NamesResources("033", "Resources are named where the action takes one")
BoundedPassRole("034", "PassRole is bounded by role and service")
NoImpersonation("035", "Nobody may act as any user")
NoExclusion("036", "Nothing is allowed by exclusion")
NamesRuntime("037", "Callers may call named runtimes only")
