"""The only place that knows the names of Terraform's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from orchestration.errors import InvalidOutputs, MissingOutputs

HANDOFF_VERSION = 1


@dataclass(frozen=True, slots=True)
class TerraformOutputs:
    """What terraform/outputs.tf promises. All strings, none empty."""

    project: str
    environment: str
    region: str
    account_id: str
    partition: str
    agent_runtime_name: str
    runtime_role_arn: str
    artifact_bucket_name: str
    deletion_protection: str
    """"true" or "false"."""
    ecr_repository_url: str
    cognito_user_pool_id: str
    cognito_discovery_url: str
    cognito_domain_prefix: str
    cognito_token_url: str
    cognito_scope: str
    cognito_user_client_id: str
    cognito_machine_client_id: str
    cognito_outsider_client_id: str
    caller_username: str
    caller_password_secret_arn: str


def parse_outputs(raw: Mapping[str, Mapping[str, Any]]) -> TerraformOutputs:
    """Parse `terraform output -json`: {name: {"value": str, ...}}.

    Raises MissingOutputs naming every absent output, InvalidOutputs every empty or non-string one or a
    handoff_version that this code was not written for.
    """
    names = [f.name for f in fields(TerraformOutputs)]
    if missing := [name for name in ["handoff_version", *names] if name not in raw]:
        raise MissingOutputs(missing)
    version = raw["handoff_version"].get("value")
    if version != HANDOFF_VERSION:
        raise InvalidOutputs(
            f"terraform output handoff_version is {version!r}, this code reads {HANDOFF_VERSION}",
            remedy="run `invoke apply` with the Terraform sources of the same commit",
        )
    values = {name: raw[name].get("value") for name in names}
    if bad := [name for name, value in values.items() if not isinstance(value, str) or not value]:
        raise InvalidOutputs(
            f"terraform outputs are not non-empty strings: {', '.join(bad)}",
            remedy="check terraform/outputs.tf, then run `invoke apply`",
        )
    return TerraformOutputs(**{name: str(value) for name, value in values.items()})
