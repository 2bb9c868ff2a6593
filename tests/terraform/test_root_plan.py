"""What the root module plans from nothing, read from the plan itself."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.harness import PASSWORD, Terraform

PROD = {"environment": "prod", "password_flow_enabled": "false", "deletion_protection": "true"}


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan: its file and, by address, the values of each resource that it would make."""

    file: Path
    text: str
    resources: dict[str, dict[str, Any]]
    outputs: set[str]


Planner = Callable[..., Plan]


@pytest.fixture(scope="module")
def plan(root: Path, terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Planner:
    made: dict[str, Plan] = {}

    def make(**variables: str) -> Plan:
        key = json.dumps(variables, sort_keys=True)
        if key not in made:
            file = tmp_path_factory.mktemp("plan") / "plan"
            given = [f"-var={name}={value}" for name, value in variables.items()]
            terraform(root, "plan", "-input=false", f"-out={file}", *given)
            text = terraform(root, "show", "-json", str(file))
            shown = json.loads(text)
            resources = {
                change["address"]: change["change"]["after"]
                for change in shown["resource_changes"]
                if change["mode"] == "managed"
            }
            made[key] = Plan(file, text, resources, set(shown["output_changes"]))
        return made[key]

    return make


def test_the_generated_password_is_nowhere_in_the_plan(plan: Planner) -> None:
    planned = plan()
    assert PASSWORD not in planned.text
    with zipfile.ZipFile(planned.file) as archive:
        for name in archive.namelist():
            assert PASSWORD.encode() not in archive.read(name), name


def test_every_taggable_resource_carries_the_four_tags(plan: Planner) -> None:
    planned = plan(tags='{ Owner = "desk" }')
    taggable = {a: values["tags_all"] for a, values in planned.resources.items() if "tags_all" in values}
    assert len(taggable) == 5
    for address, tags in taggable.items():
        assert set(tags) == {"Environment", "ManagedBy", "Owner", "Project", "Repository"}, address


def test_every_name_begins_with_project_and_environment(plan: Planner) -> None:
    planned = plan(project="mortgage-desk", environment="test2")
    for address, values in planned.resources.items():
        for argument in ("name", "bucket", "domain"):
            if isinstance(values.get(argument), str):
                assert values[argument].startswith("mortgage-desk-test2"), f"{address}.{argument}"


def test_dev_leaves_nothing_behind_and_prod_keeps_what_it_holds(plan: Planner) -> None:
    secret = "module.identity.aws_secretsmanager_secret.caller"
    pool = "module.identity.aws_cognito_user_pool.callers"
    bucket = "module.artifacts.aws_s3_bucket.code"
    images = "module.artifacts.aws_ecr_repository.agent"
    got = {
        name: (
            planned.resources[secret]["recovery_window_in_days"],
            planned.resources[pool]["deletion_protection"],
            planned.resources[bucket]["force_destroy"],
            planned.resources[images]["force_delete"],
        )
        for name, planned in (("dev", plan()), ("prod", plan(**PROD)))
    }
    assert got == {"dev": (0, "INACTIVE", True, True), "prod": (30, "ACTIVE", False, False)}


def test_the_outputs_are_the_ones_handed_over(plan: Planner) -> None:
    assert plan().outputs == {
        "account_id",
        "agent_runtime_name",
        "artifact_bucket_name",
        "caller_password_secret_arn",
        "caller_username",
        "cognito_discovery_url",
        "cognito_domain_prefix",
        "cognito_machine_client_id",
        "cognito_outsider_client_id",
        "cognito_scope",
        "cognito_token_url",
        "cognito_user_client_id",
        "cognito_user_pool_id",
        "deletion_protection",
        "ecr_repository_url",
        "environment",
        "handoff_version",
        "partition",
        "project",
        "region",
        "runtime_role_arn",
    }
