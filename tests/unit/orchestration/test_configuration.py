"""What a run says of doors whose live configuration is not the one that was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.checks.case import Door, Verdict
from orchestration.checks.doors import door_spec
from orchestration.checks.outcome import Outcome
from orchestration.commands.configuration import Configurations
from orchestration.report import SmokeReport
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec
from tests.fakes.matrix import RIGHT
from tests.fakes.orchestration import RUNTIME_ARN, FakeControl, deployment, observed, settings, spec


def looked_at(live: RuntimeSpec, door: Door = Door.MAIN, **control: Any) -> Outcome:
    fake = FakeControl(observed(live), **control)
    specs: dict[Door, RuntimeSpec] = {} if door is Door.MAIN else {door: door_spec(settings(), spec(), door)}
    [outcome] = Configurations(fake, settings(), specs).outcomes({door: RUNTIME_ARN})
    return outcome


def opened(live: RuntimeSpec, **rules: Any) -> RuntimeSpec:
    """The runtime with members of its authorizer changed."""
    return replace(live, authorizer={"customJWTAuthorizer": {**live.authorizer["customJWTAuthorizer"], **rules}})


def version(live: RuntimeSpec) -> dict[str, ObservedRuntime]:
    return {"1": observed(live)}


def test_a_door_as_it_was_asked_for_passes() -> None:
    outcome = looked_at(spec(environment={**spec().environment, "MODEL_ID": "another"}))
    assert (outcome.case.id, outcome.verdict, outcome.ok, outcome.reason) == (
        "configuration-main",
        Verdict.AS_ASKED,
        True,
        "",
    )


@pytest.mark.parametrize(
    ("live", "words"),
    [
        pytest.param(
            opened(spec(), allowedClients=["new", *spec().authorizer["customJWTAuthorizer"]["allowedClients"]]),
            "authorizer.allowedClients: added new",
            id="client",
        ),
        pytest.param(opened(spec(), allowedAudience=["x"]), 'authorizer.allowedAudience: was none, is ["x"]', id="aud"),
        pytest.param(spec(authorizer={}), "CRITICAL", id="no-authorizer"),
        pytest.param(spec(role_arn="arn:aws:iam::1:role/other"), "role_arn: was ", id="role"),
        pytest.param(spec(key="evil/a.zip"), "key: was ", id="package"),
        pytest.param(spec(request_headers=()), "request_headers", id="headers"),
        pytest.param(spec(extras=("filesystemConfigurations",)), "extras", id="extras"),
        pytest.param(
            spec(environment={**spec().environment, "CUSTOMERS": "{}"}), "environment.CUSTOMERS", id="customers"
        ),
    ],
)
def test_a_difference_is_a_wrong_verdict_that_names_the_field(live: RuntimeSpec, words: str) -> None:
    outcome = looked_at(live)
    assert (outcome.verdict, outcome.ok) == (Verdict.DIFFERS, False)
    assert words in outcome.reason
    assert outcome.explanation == outcome.reason
    report = SmokeReport(deployment(), RUNTIME_ARN, [RIGHT, outcome], 1.0)
    assert (report.ok, report.failed) == (False, ["configuration-main"])


@pytest.mark.parametrize(
    ("door", "rules"),
    [
        (Door.SCOPE, {"allowedScopes": ["probe/call", "openid"]}),
        (Door.GROUP, {"customClaims": []}),
        (Door.AUDIENCE, {"allowedAudience": ["another"]}),
    ],
)
def test_each_door_is_held_against_its_own_rules(door: Door, rules: dict[str, Any]) -> None:
    asked = door_spec(settings(), spec(), door)
    assert looked_at(asked, door).ok
    outcome = looked_at(opened(asked, **rules), door)
    assert (outcome.case.id, outcome.ok) == (f"configuration-{door.value}", False)
    assert next(iter(rules)) in outcome.reason


def test_a_runtime_that_is_gone_differs() -> None:
    [outcome] = Configurations(FakeControl(), settings(), {}).outcomes({Door.MAIN: RUNTIME_ARN})
    assert (outcome.verdict, outcome.ok) == (Verdict.DIFFERS, False)


def test_an_endpoint_that_keeps_an_open_version_is_named() -> None:
    loose = opened(spec(), allowedClients=["anybody"])
    outcome = looked_at(spec(), endpoints={"old": "1"}, versions=version(loose))
    assert not outcome.ok
    assert "endpoint old" in outcome.reason
    assert not looked_at(spec(), endpoints={"old": ""}).ok, "a version that nobody can name"


def test_an_endpoint_with_the_same_door_is_none_of_its_business() -> None:
    assert looked_at(spec(), endpoints={"blue": "1"}, versions=version(spec())).ok
