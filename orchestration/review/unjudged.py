"""What of a plan the review cannot judge: types that it does not know, values that nobody sees, work left open."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.review.door import FUNCTION, RUNTIME, is_door
from orchestration.review.guards import EXCLUSIVE
from orchestration.review.people import CLIENTS, POOL, USER
from orchestration.review.plan import Action, Change, Plan
from orchestration.review.promises import unknown, unproven
from orchestration.review.subjects import CARRIERS, GRANTS, MAKERS
from orchestration.review.told import handed_over

# No rule needs to know more of these than that they are there, or gone.
HARMLESS = (
    "aws_bedrockagentcore_workload_identity",
    "aws_cloudwatch_dashboard",
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_log_metric_filter",
    "aws_cloudwatch_metric_alarm",
    "aws_cloudwatch_query_definition",
    "aws_ecr_lifecycle_policy",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_secretsmanager_secret_version",
    "random_id",
    "random_password",
    "time_sleep",
)
COGNITO = (
    "aws_cognito_identity_provider",
    "aws_cognito_resource_server",
    "aws_cognito_user_group",
    "aws_cognito_user_in_group",
    "aws_cognito_user_pool_domain",
)
BUILD = "aws_codebuild_project"
UNDERSTOOD = frozenset(
    {BUILD, *HARMLESS, *COGNITO, *CLIENTS, POOL, USER, FUNCTION, RUNTIME, *CARRIERS, *GRANTS, *MAKERS, *EXCLUSIVE}
)
# Services through which somebody can get in, get a token, or get at what the deployment keeps.
OPENING = tuple(
    f"aws_{service}"
    for service in """
    apigateway apigatewayv2 bedrockagentcore cognito ecr iam identitystore kms lambda organizations ram rolesanywhere s3
    secretsmanager ssoadmin vpclattice
    """.split()
) + ("awscc_",)
# Sensitive by nature: that they change is no news about who may do what.
SECRETS = frozenset(
    """
    client_secret password password_wo provider_details secret secret_binary secret_string secret_string_wo
    temporary_password tags tags_all
    """.split()
)


def unknown_types(plan: Plan) -> Iterator[tuple[Change, bool]]:
    """(change, whether it may open something) of every type that no rule knows."""
    for change in plan.changes:
        if change.action in (Action.KEEP, Action.READ) or change.type in UNDERSTOOD or is_door(change):
            continue
        yield change, change.type.startswith(OPENING)


def hidden_changes(plan: Plan) -> Iterator[tuple[Change, tuple[str, ...]]]:
    """(change, arguments) where what differs is sensitive, so that neither Terraform nor this review shows it."""
    for change in plan.changes:
        if names := tuple(sorted(change.hidden - SECRETS)):
            yield change, names


def decides_entry(change: Change, names: tuple[str, ...]) -> bool:
    """Whether the hidden arguments are a door's, or say who may assume a role."""
    return is_door(change) or "assume_role_policy" in names


def unjudged(plan: Plan) -> tuple[str, ...]:
    """A few words on each, for the headline."""
    words = [f"{change.address} (a type that is not understood)" for change, _ in unknown_types(plan)]
    words += [f"{change.address} ({', '.join(names)} hidden)" for change, names in hidden_changes(plan)]
    words += [f"output {name} ({why})" for name, why in (*handed_over(plan), *unproven(plan))]
    words += [f"output {name} (nobody judges it)" for name in unknown(plan)]
    words += [f"{address} ({why})" for address, why in plan.unfinished]
    return tuple(dict.fromkeys(words))
