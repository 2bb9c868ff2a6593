"""Dangerous edits of terraform/, one line each, and what must notice: a module's test file or a rule of the review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.plan_seeds.scenarios import Edit


@dataclass(frozen=True, slots=True)
class Test:
    """One test file of one module; "." is the root."""

    module: str
    file: str

    def __str__(self) -> str:
        return f"{self.module}/tests/{self.file}".removeprefix("./")


@dataclass(frozen=True, slots=True)
class Rule:
    """A finding of the review over a plan of the root from nothing, with these values."""

    id: str
    variables: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"review {self.id}"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A name that says what is lost, the edits that lose it, and the watcher that must turn red."""

    name: str
    edits: tuple[Edit, ...]
    watcher: Test | Rule


APP_CLIENT = Test("modules/app_client", "client.tftest.hcl")
ARTIFACTS = Test("modules/artifacts", "artifacts.tftest.hcl")
HANDOFF = Test(".", "handoff.tftest.hcl")
IDENTITY = Test("modules/identity", "identity.tftest.hcl")
INVOKER = Test("modules/invoker_policy", "policy.tftest.hcl")
PROBES = Test("modules/probes", "probes.tftest.hcl")
ROLE = Test("modules/runtime_role", "role.tftest.hcl")
ROOT_VALUES = Test(".", "validation.tftest.hcl")
# What production asks for, so that the review's stricter severities count.
PRODUCTION = {"environment": "prod", "deletion_protection": True, "mfa": "on", "probes_enabled": False}


def edit(watcher: Test | Rule, name: str, file: str, old: str, new: str) -> Mutation:
    """A single edit; a module's file is named from its module on."""
    folder = watcher.module if isinstance(watcher, Test) else "."
    return Mutation(name, (Edit(f"{folder}/{file}".removeprefix("./"), old, new),), watcher)


MUTATIONS = (
    edit(ROLE, "trust-without-source-arn", "main.tf", 'ArnLike = { "aws:SourceArn" =', 'ArnLike = { "aws:RequestTag/a" ='),
    edit(ROLE, "trust-without-source-account", "main.tf", 'StringEquals = { "aws:SourceAccount" = var.account_id }', ""),
    edit(ROLE, "trust-any-principal", "main.tf", '{ Service = "bedrock-agentcore.amazonaws.com" }', '"*"'),
    edit(ROLE, "wildcard-action", "statements.tf", '"ecr:BatchGetImage", ', '"ecr:*", '),
    edit(ROLE, "pass-role-added", "statements.tf", '["ecr:GetAuthorizationToken"]', '["ecr:GetAuthorizationToken", "iam:PassRole"]'),
    edit(ROLE, "acts-as-any-user", "statements.tf", '"logs:PutLogEvents"]', '"logs:PutLogEvents", "bedrock-agentcore:GetWorkloadAccessTokenForUserId"]'),
    edit(ROLE, "images-of-every-repository", "statements.tf", "Resource = [var.ecr_repository_arn]", 'Resource = ["*"]'),
    edit(ROLE, "logs-of-every-runtime", "main.tf", "/aws/bedrock-agentcore/runtimes/${name}-*", "/aws/bedrock-agentcore/runtimes/*"),
    edit(ROLE, "metrics-without-namespace", "statements.tf", 'Condition = { StringEquals = { "cloudwatch:namespace" = "bedrock-agentcore" } }', ""),
    edit(ROLE, "models-without-their-profile", "statements.tf", 'Condition = { ArnEquals = { "bedrock:InferenceProfileArn" = local.inference_profile_arns } }', ""),
    edit(INVOKER, "calls-every-runtime", "main.tf", "${local.runtimes_arn}/${var.agent_runtime_name}-*", "${local.runtimes_arn}/*"),
    edit(INVOKER, "calls-in-any-name", "main.tf", '["bedrock-agentcore:InvokeAgentRuntime"]', '["bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:InvokeAgentRuntimeForUser"]'),
    edit(APP_CLIENT, "implicit-flow", "main.tf", '["client_credentials"] : null', '["client_credentials", "implicit"] : null'),
    edit(APP_CLIENT, "existence-errors-shown", "main.tf", '= "ENABLED"\n  enable_token', '= "LEGACY"\n  enable_token'),
    edit(APP_CLIENT, "revocation-off", "main.tf", "enable_token_revocation       = true", "enable_token_revocation       = false"),
    edit(APP_CLIENT, "tokens-for-hours", "main.tf", 'access_token  = "minutes"', 'access_token  = "hours"'),
    edit(APP_CLIENT, "people-through-the-machines-client", "main.tf", 'local.is_machine ? ["ALLOW_REFRESH_TOKEN_AUTH"]', 'local.is_machine ? ["ALLOW_USER_SRP_AUTH"]'),
    edit(IDENTITY, "self-sign-up", "main.tf", "allow_admin_create_user_only = true", "allow_admin_create_user_only = false"),
    edit(IDENTITY, "pool-deletable-in-production", "main.tf", 'var.deletion_protection ? "ACTIVE"', 'var.deletion_protection ? "INACTIVE"'),
    edit(IDENTITY, "weak-passwords", "main.tf", "require_symbols                  = true", "require_symbols                  = false"),
    edit(IDENTITY, "password-in-the-state", "caller.tf", 'message_action = "SUPPRESS"', 'message_action = "SUPPRESS"\n  password       = "Not-a-real-one-1"'),
    edit(PROBES, "strangers-may-call", "roles.tf", "    invoker   = var.invoker_policy_arn", "    invoker   = var.invoker_policy_arn\n    stranger  = var.invoker_policy_arn"),
    edit(PROBES, "any-account-assumes-the-probes", "roles.tf", '{ AWS = "arn:${var.partition}:iam::${var.account_id}:root" }', '{ AWS = "*" }'),
    edit(ARTIFACTS, "bucket-public", "main.tf", "block_public_policy     = true", "block_public_policy     = false"),
    edit(ARTIFACTS, "bucket-without-tls", "main.tf", '"aws:SecureTransport" = "false"', '"aws:SecureTransport" = "true"'),
    edit(ARTIFACTS, "bucket-without-encryption", "main.tf", 'configuration" "code" {\n  bucket = aws_s3_bucket.code.id\n\n  rule {\n    apply', 'configuration" "code" {\n  count  = 0\n  bucket = aws_s3_bucket.code.id\n\n  rule {\n    apply'),
    edit(ARTIFACTS, "versions-off", "main.tf", 'status = "Enabled"\n  }', 'status = "Suspended"\n  }'),
    edit(ARTIFACTS, "image-tags-mutable", "main.tf", '"IMMUTABLE"', '"MUTABLE"'),
    edit(ARTIFACTS, "images-unscanned", "main.tf", "scan_on_push = true", "scan_on_push = false"),
    edit(ROOT_VALUES, "password-flow-in-production", "variables.tf", '!(var.environment == "prod" && contains(coalesce(var.user_auth_flows, ["srp"]), "password"))', "length(var.environment) > 0"),
    edit(HANDOFF, "outsider-allowed", "outputs.tf", "!contains(values(local.authorizer.allowed_clients), module.probes[0].outsider_client_id)", 'module.probes[0].outsider_client_id != ""'),
    edit(HANDOFF, "door-without-any-list", "door.tf", "length(local.authorizer.allowed_clients) > 0,", "true,"),
    edit(HANDOFF, "required-group-ignored", "door.tf", "concat(var.custom_claims, local.required_group_rules)", "var.custom_claims"),
    edit(Rule("AIA021", PRODUCTION), "protection-lost-on-the-way", "main.tf", "deletion_protection     = var.deletion_protection", "deletion_protection     = false"),
    edit(Rule("AIA060"), "tags-dropped", "providers.tf", '      ManagedBy   = "terraform"\n', ""),
    Mutation(
        "secret-in-an-output",
        (
            Edit("modules/app_client/outputs.tf", 'output "', 'output "key" {\n  value     = aws_cognito_user_pool_client.this.client_secret\n  sensitive = true\n}\n\noutput "'),
            Edit("modules/identity/outputs.tf", 'output "', 'output "key" {\n  value     = module.client["machine"].key\n  sensitive = true\n}\n\noutput "'),
            Edit("outputs.tf", 'output "', 'output "key" {\n  value     = module.identity[0].key\n  sensitive = true\n}\n\noutput "'),
        ),
        Rule("AIA051"),
    ),
)  # fmt: skip
