from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from orchestration.review import Severity, review, review_authorizer
from orchestration.review.registry import BY_ID, RULES
from tests.fakes.plans import BROKEN, DISCOVERY_URL, HOSTILE, SOUND, TAGS, made, plan, resource, sound

TODAY = date(2026, 1, 1)


def rules_of(*resources: Mapping[str, Any], **more: Any) -> set[str]:
    return {finding.rule for finding in review(plan(*resources, **more), today=TODAY).findings}


def test_sound_resources_break_no_rule() -> None:
    assert rules_of(*(made(kind) for kind in SOUND)) == set()


@pytest.mark.parametrize(("rule", "kind", "edit"), BROKEN, ids=[f"{row[0]}-{n}" for n, row in enumerate(BROKEN)])
def test_one_edit_breaks_one_rule(rule: str, kind: str, edit: Mapping[str, Any]) -> None:
    """A policy whose role or bucket is not in the plan also widens it, which is another rule's matter."""
    assert {found for found in rules_of(made(kind, **edit)) if not BY_ID[found].change_only} == {rule}


@pytest.mark.parametrize(("rules", "kind", "edit"), HOSTILE, ids=[f"{row[0]}-{n}" for n, row in enumerate(HOSTILE)])
def test_a_bound_counts_by_what_it_means(rules: tuple[str, ...], kind: str, edit: Mapping[str, Any]) -> None:
    assert {found for found in rules_of(made(kind, **edit)) if not BY_ID[found].change_only} == {*rules}


def test_every_rule_on_one_resource_has_an_edit_that_breaks_it() -> None:
    assert {rule.id for rule in RULES if not rule.change_only} == {rule for rule, _, _ in BROKEN}


def test_ids_are_given_once_and_every_rule_says_what_to_do() -> None:
    assert len(BY_ID) == len(RULES) >= 20
    for rule in RULES:
        assert rule.title and rule.remedy, rule.id


def test_what_a_laboratory_may_do_weighs_more_in_production() -> None:
    flow = made("aws_cognito_user_pool_client", explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH"])
    dev, prod = (review(plan(flow, environment=name), today=TODAY).worst for name in ("dev", "prod"))
    assert (dev, prod) == (Severity.LOW, Severity.HIGH)


def test_an_unknown_allow_list_is_not_taken_for_an_empty_one() -> None:
    door = resource(
        "terraform_data",
        "authorizer",
        after={"input": {"allowed_clients": {}, "allowed_scopes": []}},
        unknown={"input": {"discovery_url": True, "allowed_clients": {"user": True}}},
    )
    assert rules_of(door) == set()


def test_an_outsider_is_known_by_its_id_under_any_name() -> None:
    client = resource(
        "aws_cognito_user_pool_client",
        module="module.probes[0]",
        before=(there := sound("aws_cognito_user_pool_client", id="client-of-nobody")),
        after=there,
    )
    door = {"discovery_url": DISCOVERY_URL, "allowed_clients": {"partner": "client-of-nobody"}}
    found = rules_of(client, resource("terraform_data", "authorizer", after={"input": door}))
    assert found == {"AIA006", "AIA080"}


def test_the_providers_own_runtime_is_judged_like_the_door() -> None:
    jwt = {"discovery_url": DISCOVERY_URL, "allowed_clients": ["a"], "allowed_audience": ["b"]}
    shut = {"authorizer_configuration": [{"custom_jwt_authorizer": [jwt]}], "tags_all": TAGS}
    kind = "aws_bedrockagentcore_agent_runtime"
    assert rules_of(resource(kind, after=shut)) == {"AIA003"}
    assert rules_of(resource(kind, after={"tags_all": TAGS})) == {"AIA001"}


def test_a_bucket_without_what_closes_it_is_named() -> None:
    bucket = resource("aws_s3_bucket", after={"bucket": "demo-code", "tags_all": TAGS})
    [finding] = review(plan(bucket), today=TODAY).findings
    assert finding.rule == "AIA045"
    assert "aws_s3_bucket_public_access_block" in finding.why


def test_a_sensitive_output_is_a_secret_in_the_state() -> None:
    outputs = {
        "key": {"actions": ["create"], "after_sensitive": True},
        "gone": {"actions": ["delete"], "after_sensitive": True},
        "plain": {"actions": ["create"], "after_sensitive": False},
    }
    found = review(plan(output_changes=outputs), today=TODAY).findings
    [finding] = [finding for finding in found if finding.rule != "AIA102"]
    assert (finding.rule, finding.address) == ("AIA051", "output.key")


@pytest.mark.parametrize(
    ("configuration", "rules"),
    [
        pytest.param(None, ["AIA001"], id="none"),
        pytest.param({}, ["AIA001"], id="empty"),
        pytest.param({"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL}}, ["AIA002"], id="no-list"),
        pytest.param(
            {"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL, "allowedAudience": ["a"]}},
            ["AIA003"],
            id="audience-on-cognito",
        ),
        pytest.param(
            {"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL, "allowedClients": ["a"]}}, [], id="client"
        ),
        pytest.param(
            {
                "customJWTAuthorizer": {
                    "discoveryUrl": DISCOVERY_URL,
                    "customClaims": [
                        {
                            "inboundTokenClaimName": "cognito:groups",
                            "authorizingClaimMatchValue": {
                                "claimMatchOperator": "CONTAINS_ANY",
                                "claimMatchValue": {"matchValueStringList": ["staff"]},
                            },
                        }
                    ],
                }
            },
            [],
            id="claim",
        ),
    ],
)
def test_settings_are_judged_by_the_door_rules(configuration: Mapping[str, Any] | None, rules: list[str]) -> None:
    assert [f.rule for f in review_authorizer(configuration, address="runtime demo")] == rules
