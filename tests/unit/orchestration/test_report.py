from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.checks.cases import Case, Credential, Verdict
from orchestration.checks.run import Outcome
from orchestration.report import SmokeReport, deployment_document
from tests.fakes.orchestration import DISCOVERY_URL, OUTPUTS, RUNTIME_ARN, RUNTIME_ID, deployment, observed, settings
from tests.fakes.orchestration import spec as spec_of

CASE = Case("no-token", "nobody", Credential.NONE, Verdict.REFUSED, frozenset({401}))
RIGHT = Outcome(CASE, Verdict.REFUSED, 401, "Missing Authentication Token", 12.345, True)
WRONG = replace(RIGHT, case=replace(CASE, id="other"), verdict=Verdict.ADMITTED, status=200, reason="742", ok=False)


def report(*outcomes: Outcome) -> SmokeReport:
    return SmokeReport(deployment(), RUNTIME_ARN, outcomes, 1.23456)


@pytest.mark.parametrize(
    ("outcomes", "ok", "failed"),
    [
        pytest.param([], False, [], id="no-outcome-proves-nothing"),
        pytest.param([RIGHT], True, [], id="right"),
        pytest.param([WRONG], False, ["other"], id="wrong"),
        pytest.param([RIGHT, WRONG], False, ["other"], id="one-wrong"),
    ],
)
def test_ok(outcomes: list[Outcome], ok: bool, failed: list[str]) -> None:
    assert report(*outcomes).ok is ok
    assert report(*outcomes).failed == failed


def test_the_smoke_document() -> None:
    assert report(RIGHT, WRONG).document() == {
        "schema_version": 1,
        "target": "local",
        "environment": "dev",
        "runtime_arn": RUNTIME_ARN,
        "ok": False,
        "passed": 1,
        "failed": ["other"],
        "elapsed_s": 1.235,
        "cases": [
            {
                "id": "no-token",
                "title": "nobody",
                "credential": "no credential",
                "expected": "refused",
                "got": "refused",
                "status": 401,
                "reason": "Missing Authentication Token",
                "elapsed_ms": 12.3,
                "ok": True,
            },
            {
                "id": "other",
                "title": "nobody",
                "credential": "no credential",
                "expected": "refused",
                "got": "admitted",
                "status": 200,
                "reason": "742",
                "elapsed_ms": 12.3,
                "ok": False,
            },
        ],
    }


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
            "status": "READY",
            "endpoint": "DEFAULT",
            "invocation_url": settings().invocation_url(RUNTIME_ARN),
        },
        "authorizer": {
            "discovery_url": DISCOVERY_URL,
            "allowed_clients": ["client-of-machines", "client-of-people"],
            "allowed_audience": [],
            "allowed_scopes": [],
            "custom_claims": [],
        },
        "cognito": {
            "user_pool_id": "us-east-1_pool",
            "user_client_id": "client-of-people",
            "machine_client_id": "client-of-machines",
            "token_url": "http://127.0.0.1:4566/oauth2/token",
        },
    }


def test_without_a_runtime_its_fields_are_null_and_the_authorizer_is_the_one_to_come() -> None:
    document = deployment_document(settings(), None)
    runtime: dict[str, Any] = document["runtime"]
    assert {name for name, value in runtime.items() if value is None} == {
        "id", "arn", "version", "status", "invocation_url",
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


def test_no_secret_is_part_of_a_document() -> None:
    assert OUTPUTS["caller_password_secret_arn"] not in repr(deployment_document(settings(), observed()))
