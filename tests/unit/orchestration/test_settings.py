from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agentcore_local.host import START_DEADLINE_S
from orchestration.errors import BadInput, InvalidOutputs
from orchestration.settings import (
    PRODUCTION,
    Deployment,
    Endpoints,
    Shipping,
    Target,
    aws_endpoints,
    bedrock_models,
    build_settings,
    port,
    select_deployment,
)
from tests.fakes.orchestration import (
    COGNITO,
    DISCOVERY_URL,
    PROBES,
    RUNTIME_ARN,
    deployment,
    outputs,
    settings,
    without,
)

ROOT = Path("/somewhere")
REGIONS = {"us-east-1", "eu-central-1"}


def select(env: dict[str, str], **flags: Any) -> Deployment:
    return select_deployment(env, root=ROOT, known_regions=lambda: REGIONS, **flags)


def test_terraform_and_the_review_know_production_by_the_same_names() -> None:
    text = (Path(__file__).resolve().parents[3] / "terraform" / "context.tf").read_text()
    names = re.search(r"is_prod += contains\((\[[^]]*\]), var.environment\)", text)
    assert names and set(json.loads(names[1])) == PRODUCTION
    assert "stage" not in PRODUCTION


def test_nothing_given_means_the_local_dev_environment_in_us_east_1() -> None:
    assert select({}) == Deployment(Target.LOCAL, "dev", "us-east-1", ROOT)


@pytest.mark.parametrize(
    ("env", "flags", "field", "expected"),
    [
        pytest.param({"TARGET": "aws"}, {}, "target", Target.AWS, id="target-from-environment"),
        pytest.param({"TARGET": "aws"}, {"target": "local"}, "target", Target.LOCAL, id="target-flag-wins"),
        pytest.param({"TARGET": ""}, {}, "target", Target.LOCAL, id="empty-variable-is-none"),
        pytest.param({"DEPLOYMENT": "container"}, {}, "shipping", Shipping.CONTAINER, id="a-container"),
        pytest.param({"DEPLOYMENT": ""}, {}, "shipping", None, id="as-it-was"),
        pytest.param({"DEPLOYMENT": "zip"}, {"removing": True}, "shipping", None, id="removing-needs-no-shipping"),
        pytest.param({"ENVIRONMENT": "prod"}, {}, "environment", "prod", id="environment"),
        pytest.param({"ENVIRONMENT": "prod"}, {"environment": "qa1"}, "environment", "qa1", id="environment-flag-wins"),
        pytest.param({"ENVIRONMENT": "a" * 12}, {}, "environment", "a" * 12, id="longest-environment"),
        pytest.param({"AWS_REGION": "eu-central-1"}, {}, "region", "eu-central-1", id="region"),
        pytest.param({"AWS_DEFAULT_REGION": "eu-central-1"}, {}, "region", "eu-central-1", id="default-region"),
        pytest.param(
            {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-central-1"},
            {},
            "region",
            "us-east-1",
            id="region-wins",
        ),
    ],
)
def test_choice(env: dict[str, str], flags: dict[str, str], field: str, expected: Any) -> None:
    assert getattr(select(env, **flags), field) == expected


@pytest.mark.parametrize(
    ("env", "code"),
    [
        pytest.param({"TARGET": "azure"}, "bad_target", id="unknown-target"),
        pytest.param({"TARGET": "AWS"}, "bad_target", id="upper-case-target"),
        pytest.param({"DEPLOYMENT": "zip"}, "bad_deployment", id="unknown-shipping"),
        pytest.param({"ENVIRONMENT": "Dev"}, "bad_environment", id="upper-case-environment"),
        pytest.param({"ENVIRONMENT": "1dev"}, "bad_environment", id="digit-first"),
        pytest.param({"ENVIRONMENT": "dev-1"}, "bad_environment", id="hyphen"),
        pytest.param({"ENVIRONMENT": "../dev"}, "bad_environment", id="path"),
        pytest.param({"ENVIRONMENT": "dev\n"}, "bad_environment", id="newline"),
        pytest.param({"ENVIRONMENT": "a" * 13}, "bad_environment", id="too-long"),
        pytest.param({"AWS_REGION": "us-east-9"}, "bad_region", id="unknown-region"),
        pytest.param({"AWS_REGION": "us-east-1 "}, "bad_region", id="region-with-a-space"),
    ],
)
def test_a_bad_choice_is_refused_with_the_value(env: dict[str, str], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        select(env)
    (name, value), *_ = env.items()
    assert caught.value.code == code
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith(f"{name} is {value!r}")


def test_a_bad_default_region_is_named_as_the_variable_it_came_from() -> None:
    with pytest.raises(BadInput) as caught:
        select({"AWS_DEFAULT_REGION": "us-east-9"})
    assert "AWS_DEFAULT_REGION" in caught.value.message


@pytest.mark.parametrize(
    ("env", "shown"),
    [
        ({"LAUNCH_TIMEOUT_S": "abc"}, "LAUNCH_TIMEOUT_S is 'abc'"),
        ({"MODEL_PROVIDER": "parrot"}, "MODEL_PROVIDER is 'parrot'"),
        ({"MODEL_PROVIDER": "openai", "OPENAI_BASE_URL": "http://h/v1"}, "MODEL_ID is '' with MODEL_PROVIDER=openai"),
        ({"MODEL_PROVIDER": "openai", "MODEL_ID": "a b"}, "MODEL_ID is 'a b' with MODEL_PROVIDER=openai"),
        ({"MODEL_PROVIDER": "openai", "MODEL_ID": "m", "OPENAI_API_KEY": "k"}, "nothing says where it is"),
        ({"GUARDRAIL_ID": "g"}, "GUARDRAIL_ID is 'g' without its other half"),
        ({"GUARDRAIL_VERSION": "1"}, "GUARDRAIL_VERSION is '1' without its other half"),
        ({"MODEL_ID": "x"}, "MODEL_ID is 'x'"),
        ({"MODEL_ID": "arn:aws:bedrock:us-east-1::foundation-model/*"}, "MODEL_ID is 'arn:"),
        ({"ALLOWED_SCOPES": "agent/invoke"}, "ALLOWED_SCOPES is 'agent/invoke', but the door is Terraform's"),
        ({"ALLOWED_AUDIENCE": "app"}, "ALLOWED_AUDIENCE is 'app', but the door is Terraform's"),
        ({"ENVIRONMENT": "myaws"}, "ENVIRONMENT is 'myaws'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_would_fail_late_is_refused_at_once(env: dict[str, str], shown: str) -> None:
    with pytest.raises(BadInput) as caught:
        select(env)
    assert shown in caught.value.message


@pytest.mark.parametrize("changed", [{"environment": "prod"}, {"region": "eu-west-1"}])
def test_outputs_of_another_deployment_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(InvalidOutputs, match=next(iter(changed.values()))):
        build_settings(deployment(), outputs(**changed), Endpoints(None, "http://c", "http://d"), {})


def test_targets_and_environments_keep_their_state_apart() -> None:
    folders = {deployment(ROOT, target, name).state_dir for target in Target for name in ("dev", "prod")}
    assert len(folders) == 4


@pytest.mark.parametrize(
    ("chosen", "words", "typed"),
    [
        pytest.param(deployment(), "make up", "make up", id="defaults"),
        pytest.param(deployment(target=Target.AWS), "make up", "make up TARGET=aws", id="make-target"),
        pytest.param(deployment(environment="qa"), "make down", "make down ENVIRONMENT=qa", id="make-environment"),
        pytest.param(
            deployment(target=Target.AWS, environment="qa"),
            "invoke status",
            "TARGET=aws ENVIRONMENT=qa invoke status",
            id="invoke-both",
        ),
    ],
)
def test_commands_are_shown_as_they_must_be_typed(chosen: Deployment, words: str, typed: str) -> None:
    assert chosen.command(words) == typed


def test_the_authorizer_admits_the_two_clients_and_sets_nothing_else() -> None:
    assert settings().authorizer() == {
        "customJWTAuthorizer": {
            "discoveryUrl": DISCOVERY_URL,
            "allowedClients": ["client-of-machines", "client-of-people"],
        }
    }


def test_every_rule_of_terraforms_door_is_sent() -> None:
    chosen = settings(
        authorizer_allowed_clients={},
        authorizer_allowed_scopes=["agent/invoke", "agent/read"],
        authorizer_allowed_audience=["app"],
        authorizer_custom_claims=[
            {"name": "tier", "type": "STRING", "operator": "EQUALS", "values": ["gold"]},
            {"name": "cognito:groups", "type": "STRING_ARRAY", "operator": "CONTAINS_ANY", "values": ["a", "b"]},
        ],
    )
    assert chosen.authorizer()["customJWTAuthorizer"] == {
        "discoveryUrl": DISCOVERY_URL,
        "allowedScopes": ["agent/invoke", "agent/read"],
        "allowedAudience": ["app"],
        "customClaims": [
            {
                "inboundTokenClaimName": "tier",
                "inboundTokenClaimValueType": "STRING",
                "authorizingClaimMatchValue": {
                    "claimMatchValue": {"matchValueString": "gold"},
                    "claimMatchOperator": "EQUALS",
                },
            },
            {
                "inboundTokenClaimName": "cognito:groups",
                "inboundTokenClaimValueType": "STRING_ARRAY",
                "authorizingClaimMatchValue": {
                    "claimMatchValue": {"matchValueStringList": ["a", "b"]},
                    "claimMatchOperator": "CONTAINS_ANY",
                },
            },
        ],
    }


def test_without_a_pool_or_probes_whoever_needs_them_is_told_why() -> None:
    external = settings(**without(COGNITO, PROBES))
    with pytest.raises(BadInput) as no_pool:
        _ = external.cognito
    with pytest.raises(BadInput) as no_probes:
        _ = external.probes
    assert (no_pool.value.code, no_probes.value.code) == ("no_cognito", "no_probes")
    assert DISCOVERY_URL in no_pool.value.message


def test_the_arn_in_the_invocation_url_is_one_path_segment() -> None:
    assert settings().invocation_url(RUNTIME_ARN) == (
        "http://127.0.0.1:8082/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A000000000000%3Aruntime%2F"
        "mortgage_dev-Ab12Cd34Ef/invocations?qualifier=DEFAULT"
    )


def test_the_token_url_is_the_endpoints_own_where_there_is_one() -> None:
    assert settings().token_url == "http://127.0.0.1:4566/oauth2/token"
    on_aws = settings(target=Target.AWS, endpoints=aws_endpoints("us-east-1"))
    assert on_aws.token_url == "https://mortgage-dev.auth.us-east-1.amazoncognito.com/oauth2/token"


def test_aws_endpoints_leave_the_sdk_its_own() -> None:
    endpoints = aws_endpoints("eu-central-1")
    assert endpoints.aws is None
    assert endpoints.control_plane == "https://bedrock-agentcore-control.eu-central-1.amazonaws.com"
    assert endpoints.data_plane == "https://bedrock-agentcore.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("target", "env", "provider"),
    [
        pytest.param(Target.LOCAL, {}, "scripted", id="local-default"),
        pytest.param(Target.AWS, {}, "bedrock", id="aws-default"),
        pytest.param(Target.LOCAL, {"MODEL_PROVIDER": "bedrock"}, "bedrock", id="chosen"),
    ],
)
def test_model_provider(target: Target, env: dict[str, str], provider: str) -> None:
    assert settings(env=env, target=target).model_provider == provider


WAITS = {
    "LAUNCH_TIMEOUT_S": ["launch_s"],
    "DATA_PLANE_TIMEOUT_S": ["data_plane_s"],
    "REQUEST_TIMEOUT_S": ["request_s", "call_s"],
}


@pytest.mark.parametrize(("name", "fields"), list(WAITS.items()))
@pytest.mark.parametrize(("text", "seconds"), [("0.5", 0.5), ("3600", 3600.0)])
def test_a_wait_is_taken_from_its_own_variable(name: str, fields: list[str], text: str, seconds: float) -> None:
    waits, default = settings(env={name: text}).waits, settings().waits
    assert {getattr(waits, field) for field in fields} == {seconds}
    assert [f for f in waits.__slots__ if getattr(waits, f) != getattr(default, f)] == fields


@pytest.mark.parametrize("target", list(Target))
def test_whoever_calls_waits_longer_than_a_runtime_for_an_agent_that_hangs_so_that_its_reason_comes(
    target: Target,
) -> None:
    assert settings(target=target).waits.call_s > START_DEADLINE_S


def test_an_empty_wait_means_the_default() -> None:
    assert settings(env={"LAUNCH_TIMEOUT_S": ""}).waits == settings().waits


@pytest.mark.parametrize("name", list(WAITS))
@pytest.mark.parametrize("text", ["0", "-1", "3600.1", "nan", "inf", "ten", "1s"])
def test_a_bad_wait_is_refused_with_name_and_value(name: str, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        settings(env={name: text})
    assert caught.value.message == f"{name} is {text!r}"


@pytest.mark.parametrize(("text", "number"), [(None, None), ("", None), ("1024", 1024), ("65535", 65535)])
def test_port(text: str | None, number: int | None) -> None:
    assert port({} if text is None else {"LOCAL_AWS_PORT": text}, "LOCAL_AWS_PORT") == number


@pytest.mark.parametrize("text", ["1023", "65536", "0", "-1", "4566.0", " 4566", "\u0664\u0665\u0666\u0666", "http"])
def test_a_bad_port_is_refused_with_name_and_value(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        port({"LOCAL_AWS_PORT": text}, "LOCAL_AWS_PORT")
    assert caught.value.message == f"LOCAL_AWS_PORT is {text!r}"
    assert caught.value.code == "bad_port"


OPENAI = {
    "MODEL_PROVIDER": "openai",
    "MODEL_ID": "small:1b",
    "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1",
    "OPENAI_API_KEY": "hush",
}
GUARDRAIL = {"GUARDRAIL_ID": "g-1", "GUARDRAIL_VERSION": "3"}


@pytest.mark.parametrize(
    ("env", "told"),
    [
        pytest.param({**OPENAI, **GUARDRAIL}, {"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}, id="openai"),
        pytest.param({"MODEL_PROVIDER": "bedrock", **GUARDRAIL}, GUARDRAIL, id="guardrail"),
        pytest.param({**OPENAI, **GUARDRAIL, "MODEL_PROVIDER": "scripted"}, {}, id="scripted"),
    ],
)
def test_the_agent_is_told_what_its_provider_needs_and_never_a_key(env: dict[str, str], told: dict[str, str]) -> None:
    assert settings(env=env).model_variables == told


def test_a_model_elsewhere_opens_no_model_of_bedrock_to_the_role() -> None:
    select(OPENAI)
    assert bedrock_models(OPENAI) == []
    assert bedrock_models({"MODEL_ID": "a.b"}) == ["a.b"]


def test_what_removes_is_not_stopped_by_a_wrong_value_that_only_matters_to_what_is_made() -> None:
    wrong = {"REQUEST_TIMEOUT_S": "soon", "MODEL_PROVIDER": "none", "ALLOWED_SCOPES": "x", "ENVIRONMENT": "qa"}
    assert select(wrong, removing=True).environment == "qa"
    with pytest.raises(BadInput):
        select(wrong)
    with pytest.raises(BadInput, match="TARGET"):
        select({"TARGET": "mars"}, removing=True)
