"""Dangerous edits of terraform/, one line each, and what must notice: a module's test file or a rule of the review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.plan_seeds.scenarios import Edit


@dataclass(frozen=True, slots=True)
class Test:
    """One run of one test file of one module; "." is the root."""

    module: str
    file: str
    run: str

    def __str__(self) -> str:
        return f"{self.module}/tests/{self.file}: {self.run}".removeprefix("./")


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


APP_CLIENT = "modules/app_client", "client.tftest.hcl"
ARTIFACTS = "modules/artifacts", "artifacts.tftest.hcl"
HANDOFF = ".", "handoff.tftest.hcl"
IDENTITY = "modules/identity", "identity.tftest.hcl"
INVOKER = "modules/invoker_policy", "policy.tftest.hcl"
PROBES = "modules/probes", "probes.tftest.hcl"
ROLE = "modules/runtime_role", "role.tftest.hcl"
ROOT_VALUES = ".", "validation.tftest.hcl"
# What production asks for, so that the review's stricter severities count.
PRODUCTION = {"environment": "prod", "deletion_protection": True, "mfa": "on", "probes_enabled": False}


def edit(watcher: Test | Rule, name: str, file: str, old: str, new: str) -> Mutation:
    """A single edit; a module's file is named from its module on."""
    folder = watcher.module if isinstance(watcher, Test) else "."
    return Mutation(name, (Edit(f"{folder}/{file}".removeprefix("./"), old, new),), watcher)


MUTATIONS = (
    edit(Test(*ROLE, "the_service_may_assume_it_for_this_account_alone"), "trust-without-source-arn", "main.tf", 'ArnLike = { "aws:SourceArn" =', 'ArnLike = { "aws:RequestTag/a" ='),
    edit(Test(*ROLE, "the_service_may_assume_it_for_this_account_alone"), "trust-without-source-account", "main.tf", 'StringEquals = { "aws:SourceAccount" = var.account_id }', ""),
    edit(Test(*ROLE, "only_the_runtime_service_may_assume_the_role"), "trust-any-principal", "main.tf", '{ Service = "bedrock-agentcore.amazonaws.com" }', '"*"'),
    edit(Test(*ROLE, "no_action_is_a_wildcard"), "wildcard-action", "statements.tf", '"ecr:BatchGetImage", ', '"ecr:*", '),
    edit(Test(*ROLE, "no_action_beyond_the_documented_list"), "pass-role-added", "statements.tf", '["ecr:GetAuthorizationToken"]', '["ecr:GetAuthorizationToken", "iam:PassRole"]'),
    edit(Test(*ROLE, "no_action_beyond_the_documented_list"), "acts-as-any-user", "statements.tf", '"logs:PutLogEvents"]', '"logs:PutLogEvents", "bedrock-agentcore:GetWorkloadAccessTokenForUserId"]'),
    edit(Test(*ROLE, "images_come_from_this_agents_repository"), "images-of-every-repository", "statements.tf", "Resource = [var.ecr_repository_arn]", 'Resource = ["*"]'),
    edit(Test(*ROLE, "logs_are_this_agents_own"), "logs-of-every-runtime", "main.tf", "/aws/bedrock-agentcore/runtimes/${name}-*", "/aws/bedrock-agentcore/runtimes/*"),
    edit(Test(*ROLE, "metrics_go_to_the_services_namespace_alone"), "metrics-without-namespace", "statements.tf", 'Condition = { StringEquals = { "cloudwatch:namespace" = "bedrock-agentcore" } }', ""),
    edit(Test(*ROLE, "a_profiles_model_is_reached_through_the_profile_alone"), "models-without-their-profile", "statements.tf", 'Condition = { ArnEquals = { "bedrock:InferenceProfileArn" = local.inference_profile_arns } }', ""),
    edit(Test(*INVOKER, "it_allows_invoking_this_runtime_and_its_endpoints_and_nothing_else"), "calls-every-runtime", "main.tf", "${local.runtimes_arn}/${var.agent_runtime_name}-*", "${local.runtimes_arn}/*"),
    edit(Test(*INVOKER, "nobody_acts_for_a_user_whom_nobody_verified"), "calls-in-any-name", "main.tf", '["bedrock-agentcore:InvokeAgentRuntime"]', '["bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:InvokeAgentRuntimeForUser"]'),
    edit(Test(*APP_CLIENT, "a_machine_uses_client_credentials_for_its_scopes_and_lets_no_person_in"), "implicit-flow", "main.tf", '["client_credentials"] : null', '["client_credentials", "implicit"] : null'),
    edit(Test(*APP_CLIENT, "it_hides_who_exists_and_can_revoke"), "existence-errors-shown", "main.tf", '= "ENABLED"\n  enable_token', '= "LEGACY"\n  enable_token'),
    edit(Test(*APP_CLIENT, "it_hides_who_exists_and_can_revoke"), "revocation-off", "main.tf", "enable_token_revocation       = true", "enable_token_revocation       = false"),
    edit(Test(*APP_CLIENT, "tokens_live_as_long_as_asked_for"), "tokens-for-hours", "main.tf", 'access_token  = "minutes"', 'access_token  = "hours"'),
    edit(Test(*APP_CLIENT, "a_machine_uses_client_credentials_for_its_scopes_and_lets_no_person_in"), "people-through-the-machines-client", "main.tf", 'local.is_machine ? ["ALLOW_REFRESH_TOKEN_AUTH"]', 'local.is_machine ? ["ALLOW_USER_SRP_AUTH"]'),
    edit(Test(*IDENTITY, "nobody_can_register"), "self-sign-up", "main.tf", "allow_admin_create_user_only = true", "allow_admin_create_user_only = false"),
    edit(Test(*IDENTITY, "deletion_protection_and_password_length_reach_the_pool"), "pool-deletable-in-production", "main.tf", 'var.deletion_protection ? "ACTIVE"', 'var.deletion_protection ? "INACTIVE"'),
    edit(Test(*IDENTITY, "passwords_are_long_and_mixed_and_fit_a_generated_one"), "weak-passwords", "main.tf", "require_symbols                  = true", "require_symbols                  = false"),
    edit(Test(*IDENTITY, "no_password_is_an_ordinary_argument"), "password-in-the-state", "caller.tf", 'message_action = "SUPPRESS"', 'message_action = "SUPPRESS"\n  password       = "Not-a-real-one-1"'),
    edit(Test(*PROBES, "only_the_invoker_may_invoke_and_the_stranger_may_do_nothing"), "strangers-may-call", "roles.tf", "    invoker   = var.invoker_policy_arn", "    invoker   = var.invoker_policy_arn\n    stranger  = var.invoker_policy_arn"),
    edit(Test(*PROBES, "each_role_trusts_this_account_alone"), "any-account-assumes-the-probes", "roles.tf", '{ AWS = "arn:${var.partition}:iam::${var.account_id}:root" }', '{ AWS = "*" }'),
    edit(Test(*ARTIFACTS, "nothing_in_the_bucket_can_be_public"), "bucket-public", "main.tf", "block_public_policy     = true", "block_public_policy     = false"),
    edit(Test(*ARTIFACTS, "everybody_is_denied_without_tls"), "bucket-without-tls", "main.tf", '"aws:SecureTransport" = "false"', '"aws:SecureTransport" = "true"'),
    edit(Test(*ARTIFACTS, "objects_are_versioned_and_encrypted"), "bucket-without-encryption", "main.tf", 'configuration" "code" {\n  bucket = aws_s3_bucket.code.id\n\n  rule {\n    apply', 'configuration" "code" {\n  count  = 0\n  bucket = aws_s3_bucket.code.id\n\n  rule {\n    apply'),
    edit(Test(*ARTIFACTS, "objects_are_versioned_and_encrypted"), "versions-off", "main.tf", 'status = "Enabled"\n  }', 'status = "Suspended"\n  }'),
    edit(Test(*ARTIFACTS, "images_are_immutable_and_scanned"), "image-tags-mutable", "main.tf", '"IMMUTABLE"', '"MUTABLE"'),
    edit(Test(*ARTIFACTS, "images_are_immutable_and_scanned"), "images-unscanned", "main.tf", "scan_on_push = true", "scan_on_push = false"),
    edit(Test(*ROOT_VALUES, "prod_refuses_password_probes_and_destruction"), "password-flow-in-production", "variables.tf", '!(var.environment == "prod" && contains(coalesce(var.user_auth_flows, ["srp"]), "password"))', "length(coalesce(var.user_auth_flows, [])) >= 0"),
    edit(Test(*HANDOFF, "a_probe_at_the_door_is_refused"), "outsider-allowed", "outputs.tf", "!contains(values(local.authorizer.allowed_clients), module.probes[0].outsider_client_id)", 'module.probes[0].outsider_client_id != ""'),
    edit(Test(*HANDOFF, "a_door_without_any_allow_list_is_refused"), "door-without-any-list", "door.tf", "length(local.authorizer.allowed_clients) > 0,", "true,"),
    edit(Test(*HANDOFF, "clients_of_unknown_id_scopes_claims_and_required_groups_are_named_at_the_door"), "required-group-ignored", "door.tf", "concat(var.custom_claims, local.required_group_rules)", "var.custom_claims"),
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
