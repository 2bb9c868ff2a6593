from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from orchestration.runtime.spec import Create, Keep, RuntimeSpec, Update, changed_fields, desired_spec, next_step
from tests.fakes.orchestration import (
    CUSTOMERS,
    DISCOVERY_URL,
    IMAGE,
    IMAGES,
    OUTPUTS,
    observed,
    settings,
    spec,
    without,
)

RULES: dict[str, Any] = {"discoveryUrl": DISCOVERY_URL, "allowedClients": ["client-of-machines", "client-of-people"]}
CHANGES: dict[str, Any] = {
    "name": "other",
    "role_arn": "arn:aws:iam::000000000000:role/other",
    "authorizer": {},
    "environment": {},
    "bucket": "other",
    "key": "elsewhere/deployment.zip",
    "entry_point": ("opentelemetry-instrument", "main.py"),
    "code_runtime": "PYTHON_3_13",
    "image": IMAGE,
    "require_mmds_v2": False,
    "network_mode": "VPC",
    "protocol": "MCP",
    "request_headers": ("Authorization", "X-Other"),
    "idle_timeout_s": 60,
    "max_lifetime_s": 60,
    "extras": ("filesystemConfigurations",),
}


def door(**changes: Any) -> dict[str, Any]:
    return {"customJWTAuthorizer": {**RULES, **changes}}


def test_the_spec_is_what_outputs_and_settings_ask_for() -> None:
    wanted = desired_spec(settings(env={"MODEL_ID": "model-1"}), "digest-1")
    assert wanted == RuntimeSpec(
        name=OUTPUTS["agent_runtime_name"],
        role_arn=OUTPUTS["runtime_role_arn"],
        authorizer=door(),
        environment={
            "MODEL_PROVIDER": "scripted",
            "MODEL_ID": "model-1",
            "MODEL_REGION": "us-east-1",
            "AGENT_ARTIFACT_SHA256": "digest-1",
            "CUSTOMERS": '{"subject-of-the-caller":"1234"}',
        },
        bucket=OUTPUTS["artifact_bucket_name"],
        key=f"{OUTPUTS['agent_runtime_name']}/deployment.zip",
        entry_point=("main.py",),
        code_runtime="PYTHON_3_12",
        request_headers=("Authorization",),
    )


def test_a_container_is_the_same_runtime_with_its_image_for_its_code() -> None:
    code, container = (desired_spec(replace(settings(**more), image=IMAGE), "digest-1") for more in ({}, IMAGES))
    assert set(changed_fields(code, container)) == {"bucket", "key", "entry_point", "code_runtime", "image"}
    assert (container.image, container.bucket, code.image) == (IMAGE, "", "")


def test_without_customers_the_agent_is_told_of_none() -> None:
    assert "CUSTOMERS" not in desired_spec(settings(**without(CUSTOMERS)), "digest-1").environment


def test_the_table_of_changes_knows_every_field() -> None:
    assert CHANGES.keys() == {field.name for field in fields(RuntimeSpec)}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_any_field_is_seen_and_named(name: str) -> None:
    assert changed_fields(spec(), spec(**{name: CHANGES[name]})) == (name,)
    assert changed_fields(spec(**{name: CHANGES[name]}), spec()) == (name,)


@pytest.mark.parametrize(
    "live",
    [
        pytest.param({}, id="no-door"),
        pytest.param(door(allowedClients=["client-of-people"]), id="a-client-less"),
        pytest.param(door(allowedClients=[*RULES["allowedClients"], "stranger"]), id="a-client-more"),
        pytest.param(door(allowedClients=["client-of-people", "stranger"]), id="another-client"),
        pytest.param(door(discoveryUrl="https://elsewhere.example.com"), id="another-issuer"),
        pytest.param(door(allowedScopes=["agent/invoke"]), id="a-scope-more"),
        pytest.param(door(allowedAudience=["app"]), id="an-audience-more"),
        pytest.param({**door(), "other": {}}, id="another-authorizer-beside-it"),
    ],
)
def test_another_door_is_a_change(live: dict[str, Any]) -> None:
    assert changed_fields(spec(), spec(authorizer=live)) == ("authorizer",)


def test_the_order_of_an_authorizers_list_means_nothing() -> None:
    live = door(allowedClients=["client-of-machines", "client-of-people"])
    assert changed_fields(spec(), spec(authorizer=live)) == ()


@pytest.mark.parametrize(
    "live",
    [
        pytest.param({"MODEL_PROVIDER": "scripted", "AGENT_ARTIFACT_SHA256": "digest-2"}, id="another-digest"),
        pytest.param({"MODEL_PROVIDER": "scripted"}, id="a-variable-less"),
        pytest.param({**spec().environment, "EXTRA": "1"}, id="a-variable-more"),
    ],
)
def test_another_environment_is_a_change(live: dict[str, str]) -> None:
    assert changed_fields(spec(), spec(environment=live)) == ("environment",)


def test_no_runtime_is_created() -> None:
    assert next_step(spec(), None) == Create(spec())


def test_an_equal_runtime_is_kept() -> None:
    assert next_step(spec(), observed()) == Keep(observed())


def test_a_different_runtime_is_updated_with_the_fields_named() -> None:
    live = observed(spec(bucket="other", authorizer={}))
    assert next_step(spec(), live) == Update(live, spec(), ("authorizer", "bucket"))


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "CREATING", "UPDATING", ""])
def test_an_equal_runtime_that_is_not_ready_is_updated(status: str) -> None:
    live = observed(status=status)
    assert next_step(spec(), live) == Update(live, spec(), ("status",))
