"""Checks of IAM statements, in every policy that an argument holds and in the trust of roles."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from aia_bounds import ROUND_ABOUT, bounding_keys, every
from aia_values import principals, statements, texts

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

SERVICE = ("Service", "bedrock-agentcore.amazonaws.com")
PASSING = "iam:passrole"
INVOKE = "bedrock-agentcore:invokeagentruntime"
IMPERSONATING = ("bedrock-agentcore:getworkloadaccesstokenforuserid", "bedrock-agentcore:invokeagentruntimeforuser")
CALLS = tuple(
    INVOKE + suffix for suffix in ("", "command", "foruser", "withwebsocketstream", "withwebsocketstreamforuser")
)
# With them on any user, role, group or policy, every other permission can be had.
ESCALATING = tuple(
    f"iam:{name}"
    for name in """
    addusertogroup attachgrouppolicy attachrolepolicy attachuserpolicy createaccesskey createloginprofile
    createpolicyversion deleterolepermissionsboundary deleteuserpermissionsboundary putgrouppolicy putrolepolicy
    putuserpolicy setdefaultpolicyversion updateassumerolepolicy updateloginprofile
    """.split()
)
SUBJECTS = (":sub", "saml:aud", "saml:sub")
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
            supported_resources=["*"],
        )

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        allows = [(path, s) for path, s in statements(conf) if s.get("Effect") != "Deny"]
        held = all(self.holds(statement, path == "assume_role_policy") for path, statement in allows)
        return CheckResult.PASSED if held else CheckResult.FAILED

    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        raise NotImplementedError


def actions(statement: dict[str, Any]) -> list[str]:
    return [action.lower() for action in texts(statement, "Action")]


def names_any(patterns: list[str], *wanted: str) -> bool:
    return any(fnmatchcase(one, pattern) for one in wanted for pattern in patterns)


def wild(action: str) -> bool:
    return "*" in action or "?" in action


class NoAnyone(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        anyone = "NotPrincipal" in statement or any(not value.strip("*?") for _, value in principals(statement))
        return not anyone or bool(BOUNDS & bounding_keys(statement))


class NoConfusedDeputy(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        if not trust or SERVICE not in principals(statement):
            return True
        return {"aws:sourceaccount", "aws:sourcearn"} <= bounding_keys(statement)


class NoWildcardAction(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        return not any(map(wild, actions(statement)))


class NamesResources(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        if not any(map(every, texts(statement, "Resource"))) or bounding_keys(statement) - ROUND_ABOUT:
            return True
        # Of iam:PassRole and of the call itself there are checks of their own.
        return all(a in RESOURCELESS or wild(a) or a == PASSING or a.startswith(INVOKE) for a in actions(statement))


class BoundedPassRole(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        if not names_any(actions(statement), PASSING):
            return True
        any_role = any(every(resource, "role") for resource in texts(statement, "Resource"))
        return "iam:passedtoservice" in bounding_keys(statement) and not any_role


class NoImpersonation(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        return not names_any(actions(statement), *IMPERSONATING)


class NoExclusion(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        return not {"NotAction", "NotResource", "NotPrincipal"} & set(statement)


class NamesRuntime(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        if not names_any(actions(statement), *CALLS):
            return True
        kinds = ("runtime", "runtime/*/runtime-endpoint")
        return not any(every(r, kind) for r in texts(statement, "Resource") for kind in kinds)


class NoEscalation(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        given = [action for action in actions(statement) if action.strip("*")]
        if not names_any(given, *ESCALATING) or "iam:permissionsboundary" in bounding_keys(statement):
            return True
        kinds = ("user", "role", "group", "policy")
        return not any(every(r, kind) for r in texts(statement, "Resource") for kind in kinds)


class NamesSubject(StatementCheck):
    def holds(self, statement: dict[str, Any], trust: bool) -> bool:
        provided = any(kind == "Federated" and value != "*" for kind, value in principals(statement))
        return not (trust and provided) or any(key.endswith(SUBJECTS) for key in bounding_keys(statement))


NoAnyone("030", "Nothing is open to any principal")
NoConfusedDeputy("031", "The service's trust is confined to an account and its runtimes")
NoWildcardAction("032", "No wildcard action")
NamesResources("033", "Resources are named where the action takes one")
BoundedPassRole("034", "PassRole is bounded by role and service")
NoImpersonation("035", "Nobody may act as any user")
NoExclusion("036", "Nothing is allowed by exclusion")
NamesRuntime("037", "Callers may call named runtimes only")
NoEscalation("038", "Nobody may give permissions to anyone")
NamesSubject("039", "Who signs in at a provider is named")
