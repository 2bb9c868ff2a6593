from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orchestration.checks.case import Verdict
from orchestration.checks.run import Outcome
from orchestration.drift import GatewaySeen
from orchestration.ledger import RuntimeRecord
from orchestration.report import SmokeReport, deployment_document
from orchestration.settings import Target
from tests.fakes.gateway import observed_gateway, observed_target
from tests.fakes.matrix import RIGHT, SKIPPED, WRONG
from tests.fakes.orchestration import (
    DISCOVERY_URL,
    GATEWAY,
    GATEWAY_ID,
    GATEWAY_URL,
    IMAGE,
    OUTPUTS,
    RUNTIME_ARN,
    RUNTIME_ID,
    deployment,
    observed,
    settings,
)
from tests.fakes.orchestration import spec as spec_of

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "docs/schemas/result.schema.json"


def report(*outcomes: Outcome) -> SmokeReport:
    return SmokeReport(deployment(), RUNTIME_ARN, outcomes, 1.23456)


@pytest.mark.parametrize(
    ("outcomes", "ok", "passed", "failed", "skipped"),
    [
        pytest.param([], False, 0, [], [], id="no-outcome-proves-nothing"),
        pytest.param([RIGHT], True, 1, [], [], id="right"),
        pytest.param([WRONG], False, 0, ["other"], [], id="wrong"),
        pytest.param([RIGHT, WRONG], False, 1, ["other"], [], id="one-wrong"),
        pytest.param([RIGHT, SKIPPED], True, 1, [], ["left-out"], id="one-skipped"),
        pytest.param([SKIPPED], False, 0, [], ["left-out"], id="what-was-skipped-proves-nothing"),
    ],
)
def test_ok(outcomes: list[Outcome], ok: bool, passed: int, failed: list[str], skipped: list[str]) -> None:
    made = report(*outcomes)
    assert (made.ok, made.passed, made.failed, made.skipped) == (ok, passed, failed, skipped)


@pytest.mark.parametrize(
    ("outcomes", "opened"),
    [
        pytest.param([RIGHT], False, id="refused"),
        pytest.param([replace(RIGHT, reached=False)], True, id="refused-where-a-good-call-was-heard"),
        pytest.param([RIGHT, replace(RIGHT, verdict=Verdict.ADMITTED)], True, id="admitted"),
        pytest.param([RIGHT, replace(WRONG, verdict=Verdict.ADMITTED)], False, id="wrongly-admitted"),
    ],
)
def test_whether_the_door_opens_for_anybody(outcomes: list[Outcome], opened: bool) -> None:
    assert report(*outcomes).opened is opened


def test_the_smoke_document() -> None:
    document = report(RIGHT, WRONG, SKIPPED).document()
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    cases = document.pop("cases")
    assert document == {
        "schema_version": 2,
        "target": "local",
        "environment": "dev",
        "runtime_arn": RUNTIME_ARN,
        "ok": False,
        "passed": 1,
        "failed": ["other"],
        "skipped": ["left-out"],
        "elapsed_s": 1.235,
    }
    assert cases[0] == {
        "id": "no-token",
        "title": "nobody",
        "door": "main",
        "credential": "no credential; nobody",
        "tags": [],
        "expected": "refused",
        "got": "refused",
        "status": 401,
        "reason": "Missing Authentication Token",
        "elapsed_ms": 12.3,
        "ok": True,
        "expected_reached": False,
        "reached": None,
        "skipped": None,
        "explanation": None,
    }
    assert (cases[1]["got"], cases[1]["ok"]) == ("admitted", False)
    assert (cases[2]["got"], cases[2]["elapsed_ms"], cases[2]["skipped"]) == (None, None, "there is no scope door here")


def test_the_deployment_document() -> None:
    assert deployment_document(settings(), observed()) == {
        "schema_version": 1,
        "target": "local",
        "environment": "dev",
        "region": "us-east-1",
        "account": "000000000000",
        "endpoints": {
            "aws": "http://127.0.0.1:4566",
            "control_plane": "http://127.0.0.1:8081",
            "data_plane": "http://127.0.0.1:8082",
        },
        "runtime": {
            "name": "mortgage_dev",
            "id": RUNTIME_ID,
            "arn": RUNTIME_ARN,
            "version": "1",
            "serving_version": None,
            "status": "READY",
            "failure_reason": None,
            "endpoint": "DEFAULT",
            "invocation_url": settings().invocation_url(RUNTIME_ARN),
        },
        "artifact": {
            "deployment": "code",
            "package": "s3://mortgage-dev-artifacts/mortgage_dev/deployment.zip",
            "image": None,
            "image_digest": None,
            "source_digest": None,
            "runs": "the package",
        },
        "authorizer": {
            "discovery_url": DISCOVERY_URL,
            "allowed_clients": ["client-of-machines", "client-of-people"],
            "allowed_audience": [],
            "allowed_scopes": [],
            "custom_claims": [],
        },
        "gateway": None,
        "cognito": {
            "user_pool_id": "us-east-1_pool",
            "user_client_id": "client-of-people",
            "machine_client_id": "client-of-machines",
            "token_url": "http://127.0.0.1:4566/oauth2/token",
        },
    }


def test_the_version_that_answers_is_told_beside_the_newest() -> None:
    document = deployment_document(settings(), replace(observed(), version="2"), serving="1")
    assert (document["runtime"]["version"], document["runtime"]["serving_version"]) == ("2", "1")


def test_of_an_image_the_digests_are_shown_that_were_launched_and_that_none_was_built_here() -> None:
    live = observed(spec_of(image=IMAGE, bucket="", key=""))
    record = RuntimeRecord("mortgage_dev", RUNTIME_ID, RUNTIME_ARN, image=IMAGE, source_digest="5" * 64)
    shown = deployment_document(settings(), live, launched=record)["artifact"]
    assert (shown["deployment"], shown["image"], shown["package"]) == ("container", IMAGE, None)
    assert (shown["image_digest"], shown["source_digest"]) == (None, "5" * 64)
    assert "no image is built" in shown["runs"]
    other = replace(record, image=f"{IMAGE}0", image_digest="sha256:1")
    shown = deployment_document(settings(target=Target.AWS), live, launched=other)["artifact"]
    assert (shown["image_digest"], shown["source_digest"], shown["runs"]) == (None, None, "the image")


def test_without_a_runtime_its_fields_are_null_and_the_authorizer_is_the_one_to_come() -> None:
    document = deployment_document(settings(), None)
    runtime: dict[str, Any] = document["runtime"]
    assert {name for name, value in runtime.items() if value is None} == {
        "id", "arn", "version", "serving_version", "status", "failure_reason", "invocation_url",
    }  # fmt: skip
    assert document["authorizer"]["allowed_clients"] == ["client-of-machines", "client-of-people"]


def test_a_live_runtime_without_an_authorizer_is_not_shown_with_the_desired_one() -> None:
    assert deployment_document(settings(), observed(spec_of(authorizer={})))["authorizer"] is None


def test_the_live_authorizer_is_shown_where_it_differs() -> None:
    live = {"customJWTAuthorizer": {"discoveryUrl": "https://x", "allowedAudience": ["a"], "allowedScopes": ["s"]}}
    assert deployment_document(settings(), observed(spec_of(authorizer=live)))["authorizer"] == {
        "discovery_url": "https://x",
        "allowed_clients": [],
        "allowed_audience": ["a"],
        "allowed_scopes": ["s"],
        "custom_claims": [],
    }


def test_the_gateway_is_shown_as_it_is_live_and_what_was_not_made_is_null() -> None:
    live, target = observed_gateway(status="FAILED", reasons=("role", "schema")), observed_target()
    chosen = settings(**GATEWAY)
    shown = deployment_document(chosen, observed(), GatewaySeen(live, {"credit-check": target}, None, None, True))[
        "gateway"
    ]
    assert (shown["id"], shown["url"], shown["failure_reason"]) == (GATEWAY_ID, GATEWAY_URL, "role; schema")
    assert shown["authorizer"]["allowed_scopes"] == ["gateway/invoke"]
    assert shown["targets"]["credit-check"]["tools"] == ["get_credit_score"]
    assert shown["credential_provider"] is None
    none = deployment_document(chosen, observed(), GatewaySeen(None, {}, None, None, True))["gateway"]
    assert {name for name, value in none.items() if value} == {"name"}


@pytest.mark.parametrize(
    "seen", [None, GatewaySeen(None, {}, None, None, True), GatewaySeen(observed_gateway(), {}, None, None, True)]
)
def test_the_document_keeps_its_schema(seen: GatewaySeen | None) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / "status.schema.json").read_text())
    for runtime in (None, observed()):
        jsonschema.Draft202012Validator(schema).validate(deployment_document(settings(**GATEWAY), runtime, seen))


def test_no_secret_is_part_of_a_document() -> None:
    assert OUTPUTS["caller_password_secret_arn"] not in repr(deployment_document(settings(), observed()))
