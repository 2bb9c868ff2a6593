"""What the root module plans from nothing, read from the plan itself."""

import base64
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.runtime.function_package import package
from tests.terraform.harness import ACCOUNT, PASSWORD, ROOT, Terraform

ENVIRONMENTS = ("dev", "stage", "prod")
BOUNDS = f"arn:aws:iam::{ACCOUNT}:policy/bounds"
# What reaches every resource, in one plan.
NAMED = {
    "deployment": "container",
    "environment": "test2",
    "permissions_boundary_arn": BOUNDS,
    "project": "mortgage-desk",
    "role_path": "/agents/",
    "tags": '{ Owner = "desk" }',
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan: its file and, by address, the values of each resource that it would make."""

    file: Path
    text: str
    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]
    """Values that are known before anything is made, None among them."""

    def client(self, address: str) -> dict[str, Any]:
        return self.resources[f"{address}.aws_cognito_user_pool_client.this"]


Planner = Callable[..., Plan]


@pytest.fixture(scope="module")
def plan(root: Path, terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Planner:
    made: dict[str, Plan] = {}

    def make(environment_file: str = "dev", **variables: str) -> Plan:
        key = json.dumps([environment_file, variables], sort_keys=True)
        if key not in made:
            file = tmp_path_factory.mktemp("plan") / "plan"
            given = [f"-var-file={root / 'environments' / environment_file}.tfvars"]
            given += [f"-var={name}={value}" for name, value in variables.items()]
            terraform(root, "plan", "-input=false", f"-out={file}", *given)
            text = terraform(root, "show", "-json", str(file))
            shown = json.loads(text)
            resources = {
                change["address"]: change["change"]["after"]
                for change in shown["resource_changes"]
                if change["mode"] == "managed"
            }
            outputs = {name: change.get("after") for name, change in shown["output_changes"].items()}
            made[key] = Plan(file, text, resources, outputs)
        return made[key]

    return make


def test_the_generated_password_is_nowhere_in_the_plan(plan: Planner) -> None:
    planned = plan()
    assert PASSWORD not in planned.text
    with zipfile.ZipFile(planned.file) as archive:
        for name in archive.namelist():
            assert PASSWORD.encode() not in archive.read(name), name


def test_every_taggable_resource_carries_the_four_tags(plan: Planner) -> None:
    planned = plan(**NAMED)
    taggable = {a: values["tags_all"] for a, values in planned.resources.items() if "tags_all" in values}
    assert len(taggable) >= 13
    for address, tags in taggable.items():
        assert set(tags) == {"Environment", "ManagedBy", "Owner", "Project", "Repository"}, address


def test_every_name_begins_with_project_and_environment(plan: Planner) -> None:
    planned = plan(**NAMED)
    # A group's name is seen in its pool alone.
    for address, values in planned.resources.items():
        if ".aws_cognito_user_group." in address:
            continue
        for argument in ("name", "bucket", "domain"):
            if isinstance(values.get(argument), str):
                # The log groups of functions and builds are the services' to name.
                name = values[argument].removeprefix("/aws/lambda/").removeprefix("/aws/codebuild/")
                assert name.startswith("mortgage-desk-test2"), f"{address}.{argument}"


def test_dev_leaves_nothing_behind_and_prod_keeps_what_it_holds(plan: Planner) -> None:
    secret = "module.identity[0].aws_secretsmanager_secret.caller"
    pool = "module.identity[0].aws_cognito_user_pool.callers"
    bucket = "module.artifacts.aws_s3_bucket.code"
    got = {
        name: (
            planned.resources[secret]["recovery_window_in_days"],
            planned.resources[pool]["deletion_protection"],
            planned.resources[bucket]["force_destroy"],
        )
        for name, planned in (("dev", plan("dev")), ("prod", plan("prod")))
    }
    assert got == {"dev": (0, "INACTIVE", True), "prod": (30, "ACTIVE", False)}


ALWAYS = {
    "account_id",
    "agent_runtime_name",
    "artifact_bucket_name",
    "authorizer_allowed_audience",
    "authorizer_allowed_clients",
    "authorizer_allowed_scopes",
    "authorizer_custom_claims",
    "authorizer_discovery_url",
    "customers",
    "deletion_protection",
    "environment",
    "handoff_version",
    "invoker_policy_arn",
    "partition",
    "project",
    "region",
    "runtime_role_arn",
}
COGNITO = {
    "caller_password_secret_arn",
    "caller_username",
    "cognito_domain_prefix",
    "cognito_machine_client_id",
    "cognito_scope",
    "cognito_token_url",
    "cognito_user_client_id",
    "cognito_user_pool_id",
    "customers_scope",
}
GATEWAY = {
    "gateway_authorizer",
    "gateway_client_id",
    "gateway_credential_provider_name",
    "gateway_function",
    "gateway_function_arn",
    "gateway_name",
    "gateway_role_arn",
    "gateway_scope",
}
IMAGES = {"ecr_repository_url", "image_project_name"}
PROBES = {
    "probe_elsewhere_role_arn",
    "probe_gateway_outsider_client_id",
    "probe_group",
    "probe_invoker_role_arn",
    "probe_machine_client_id",
    "probe_other_client_id",
    "probe_other_discovery_url",
    "probe_other_user_pool_id",
    "probe_outsider_client_id",
    "probe_outsider_machine_client_id",
    "probe_scope",
    "probe_scope_longer",
    "probe_scope_other",
    "probe_second_password_secret_arn",
    "probe_second_username",
    "probe_stranger_role_arn",
}


def test_the_outputs_are_the_ones_handed_over(plan: Planner) -> None:
    assert set(plan().outputs) == ALWAYS | COGNITO | GATEWAY | IMAGES | PROBES
    assert plan().outputs["handoff_version"] == 2


def test_what_images_need_is_there_for_containers_alone_and_is_wired_to_what_uses_it(plan: Planner) -> None:
    code, images = plan(), plan(**NAMED)
    assert not [address for address in code.resources if address.startswith("module.image_build")]
    assert {code.outputs[name] for name in IMAGES} == {None}
    assert images.outputs["image_project_name"] == "mortgage-desk-test2-image"
    project = images.resources["module.image_build[0].aws_codebuild_project.image"]
    bucket = images.resources["module.artifacts.aws_s3_bucket.code"]["bucket"]
    assert project["source"][0]["location"] == f"{bucket}/mortgage_desk_test2/source.zip"
    repository = images.resources["module.image_build[0].aws_ecr_repository.agent"]
    assert (repository["name"], repository["force_delete"]) == ("mortgage-desk-test2", True)
    pulls = {
        name: [s["Resource"] for s in _role_statements(planned) if s["Sid"] == "PullImage"]
        for name, planned in (("code", code), ("container", images))
    }
    assert pulls == {"code": [], "container": [[f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/mortgage-desk-test2"]]}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_each_environment_plans_from_its_file_under_its_name(plan: Planner, name: str) -> None:
    planned = plan(name)
    assert planned.outputs["environment"] == name
    assert planned.outputs["agent_runtime_name"] == f"inbound_auth_{name}"


def test_production_has_no_password_flow_no_probe_and_a_second_factor(plan: Planner) -> None:
    planned = plan("prod")
    assert not [address for address in planned.resources if "probe" in address]
    assert planned.resources["module.identity[0].aws_cognito_user_pool.callers"]["mfa_configuration"] == "ON"
    user = planned.client('module.identity[0].module.client["user"]')
    assert user["explicit_auth_flows"] == ["ALLOW_USER_SRP_AUTH"]
    assert [rotation["feature"] for rotation in user["refresh_token_rotation"]] == ["ENABLED"]


def test_old_versions_expire_wherever_the_target_is_not_local(plan: Planner) -> None:
    address = "module.artifacts.aws_s3_bucket_lifecycle_configuration.code[0]"
    days = {name: plan(name).resources[address]["rule"] for name in ENVIRONMENTS}
    assert {name: rule[0]["noncurrent_version_expiration"][0]["noncurrent_days"] for name, rule in days.items()} == {
        "dev": 30,
        "stage": 30,
        "prod": 90,
    }


# A browser proves nothing of the outsider that a password does not.
PAGE = (
    "allowed_oauth_flows",
    "allowed_oauth_flows_user_pool_client",
    "allowed_oauth_scopes",
    "callback_urls",
    "supported_identity_providers",
)


def test_the_outsider_differs_from_the_people_client_in_its_name_and_the_sign_in_page_alone(plan: Planner) -> None:
    user = plan().client('module.identity[0].module.client["user"]')
    outsider = plan().client('module.probes[0].module.client["outsider"]')
    assert {key for key in user.keys() | outsider.keys() if user.get(key) != outsider.get(key)} == {"name", *PAGE}


def _role_statements(planned: Plan) -> list[dict[str, Any]]:
    policy = json.loads(planned.resources["module.runtime_role[0].aws_iam_role_policy.runtime"]["policy"])
    statements: list[dict[str, Any]] = policy["Statement"]
    return statements


def test_a_plan_shows_what_the_execution_role_may_do(plan: Planner) -> None:
    by_sid = {statement["Sid"]: statement for statement in _role_statements(plan())}
    doors = ("audience", "group", "iam", "scope")
    runtimes = {"inbound_auth_dev-*", *(f"inbound_auth_dev_probe_{door}-*" for door in doors)}
    assert {arn.rpartition("/")[2] for arn in by_sid["OwnLogGroups"]["Resource"]} == runtimes
    token = {arn.rpartition("/")[2] for arn in by_sid["TokenForTheGateway"]["Resource"]}
    assert token == {"default", "inbound-auth-dev-gateway", *runtimes}


def test_a_plan_shows_what_the_gateway_and_its_function_may_do(plan: Planner) -> None:
    resources = plan().resources
    gateway = json.loads(resources["module.gateway_role[0].aws_iam_role_policy.gateway"]["policy"])
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:inbound-auth-dev-credit-check"
    assert [(s["Action"], s["Resource"]) for s in gateway["Statement"]] == [(["lambda:InvokeFunction"], [function])]
    digest = base64.b64encode(hashlib.sha256(package(ROOT.parent)).digest()).decode()
    assert resources["module.credit_check[0].aws_lambda_function.credit_check"]["source_code_hash"] == digest


def test_a_boundary_and_a_path_reach_every_role_of_the_deployment(plan: Planner) -> None:
    roles = {a: values for a, values in plan(**NAMED).resources.items() if ".aws_iam_role." in a}
    assert len(roles) == 7
    assert {(role["permissions_boundary"], role["path"]) for role in roles.values()} == {(BOUNDS, "/agents/")}


def test_a_state_from_before_the_names_changed_loses_nothing_that_held_anything(
    terraform: Terraform, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # The sources in a folder of their own: the backend's path is fixed by init.
    sources = tmp_path_factory.mktemp("old") / "renamed"
    shutil.copytree(ROOT, sources, ignore=shutil.ignore_patterns(".terraform"))
    state = sources / "state.json"
    shutil.copy(Path(__file__).parent / "state_v1.json", state)
    terraform(sources, "init", "-input=false", f"-backend-config=path={state}")
    terraform(sources, "plan", "-input=false", "-refresh=false", f"-out={sources / 'plan'}")
    shown = json.loads(terraform(sources, "show", "-json", str(sources / "plan")))
    moved = {change["previous_address"] for change in shown["resource_changes"] if "previous_address" in change}
    assert {
        "module.identity.aws_cognito_user_pool.callers",
        "module.identity.aws_cognito_user_pool_client.machine",
        'module.identity.aws_cognito_user_pool_client.public["outsider"]',
        'module.identity.aws_cognito_user_pool_client.public["user"]',
        "module.runtime_role.aws_iam_role.runtime",
    } <= moved
    # No image was ever pushed into it, and code needs no repository.
    repository = "module.image_build[0].aws_ecr_repository.agent"
    assert [c["address"] for c in shown["resource_changes"] if "delete" in c["change"]["actions"]] == [repository]
