"""A door is one by its shape, wherever it stands and whatever is hidden in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from orchestration.review import Review, Severity, review
from tests.fakes.plans import ACCOUNT, DISCOVERY_URL, DOOR, TAGS, plan, resource, sound

TODAY = date(2026, 1, 1)
QUIET = "Who may call stays as it is"
EVIL = {"allowed_clients": {"user": "evil"}}
CLAIM = {"name": "cognito:groups", "type": "STRING_ARRAY", "operator": "CONTAINS_ANY", "values": ["staff"]}
STANDING = resource("aws_iam_role", before=sound("aws_iam_role"), after=sound("aws_iam_role"))
RUNTIME = "aws_bedrockagentcore_agent_runtime"


def of(*resources: Mapping[str, Any]) -> Review:
    return review(plan(STANDING, *resources), today=TODAY)


def rules(found: Review) -> set[str]:
    return {finding.rule for finding in found.findings if finding.severity > 1}


def values(**changes: Any) -> dict[str, Any]:
    return {"input": DOOR | changes}


@pytest.mark.parametrize(
    ("sensitive", "changes"),
    [
        (True, EVIL),
        ({"allowed_clients": True}, EVIL),
        ({"allowed_clients": {"user": True}}, EVIL),
        ({"discovery_url": True}, {"discovery_url": DISCOVERY_URL.replace("AAA", "BBB")}),
        ({"custom_claims": True}, {"custom_claims": [CLAIM]}),
        ({"custom_claims": [{"values": True}]}, {"custom_claims": [CLAIM]}),
    ],
)
def test_a_change_behind_sensitive_values_is_critical(sensitive: Any, changes: dict[str, Any]) -> None:
    before = values(custom_claims=[CLAIM | {"values": ["admins"]}])
    after = {"input": before["input"] | changes}
    found = of(resource("terraform_data", "authorizer", before=before, after=after, sensitive={"input": sensitive}))
    assert "AIA084" in rules(found)
    assert found.summary.headline[-3].startswith("Who may call cannot be judged: terraform_data.authorizer")


def test_a_sensitive_value_that_stays_is_no_change() -> None:
    before, after = values(), values(allowed_scopes=["s/x"])
    secret = {"input": {"discovery_url": True}}
    found = of(resource("terraform_data", "authorizer", before=before, after=after, sensitive=secret))
    assert rules(found) == {"AIA082"}


def test_of_two_rules_on_one_claim_neither_hides_the_other() -> None:
    admins = CLAIM | {"values": ["admins"]}
    before, after = values(custom_claims=[admins, CLAIM]), values(custom_claims=[CLAIM])
    found = of(resource("terraform_data", "authorizer", before=before, after=after))
    [sentence] = found.summary.may_call
    assert sentence == "who fulfils the other rules may call: the group rule (admins) is gone"
    assert rules(found) == {"AIA081"}


def test_a_claims_type_is_part_of_its_rule() -> None:
    before, after = values(custom_claims=[CLAIM]), values(custom_claims=[CLAIM | {"type": "STRING"}])
    assert rules(of(resource("terraform_data", "authorizer", before=before, after=after))) == {"AIA081", "AIA082"}


@pytest.mark.parametrize("argument", ["allowed_scopes", "custom_claims", "allowed_clients"])
def test_a_rule_known_only_after_apply_is_not_taken_for_none(argument: str) -> None:
    before = values(allowed_scopes=["s"], custom_claims=[CLAIM])
    after = {"input": {name: value for name, value in before["input"].items() if name != argument}}
    unknown = {"input": {argument: True}}
    found = of(resource("terraform_data", "authorizer", before=before, after=after, unknown=unknown))
    assert rules(found) == {"AIA081"}
    assert "(known after apply)" in found.summary.may_call[0]


def moved(address: str, **more: Any) -> dict[str, Any]:
    return resource("terraform_data", "x", **more) | {"address": address}


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param(
            [
                moved("terraform_data.x", before=values(), after=values(**EVIL))
                | {"previous_address": "terraform_data.authorizer"}
            ],
            id="moved",
        ),
        pytest.param(
            [
                resource("terraform_data", "authorizer", before=values()),
                moved("terraform_data.door", after=values(**EVIL)),
            ],
            id="at-another-address",
        ),
        pytest.param(
            [
                resource("terraform_data", "authorizer", before=values(), after=values()),
                moved('terraform_data.authorizer["b"]', after=values(**EVIL)),
            ],
            id="a-second-one",
        ),
        pytest.param(
            [
                resource(
                    RUNTIME,
                    after={
                        "tags_all": TAGS,
                        "authorizer_configuration": [
                            {"custom_jwt_authorizer": [{"discovery_url": DISCOVERY_URL, "allowed_clients": ["evil"]}]}
                        ],
                    },
                )
            ],
            id="a-runtime",
        ),
    ],
)
def test_whom_a_door_lets_in_is_said_wherever_it_stands(resources: list[dict[str, Any]]) -> None:
    found = of(*resources)
    assert "AIA080" in rules(found)
    assert "evil" in found.summary.headline[0]


GATEWAY = "gateway_authorizer"


@pytest.mark.parametrize(
    ("before", "after", "rule", "words"),
    [
        ({}, EVIL, "AIA080", "at the gateway: client user (evil) may call"),
        (
            {"allowed_scopes": ["gateway/invoke"]},
            {"allowed_scopes": []},
            "AIA081",
            "at the gateway: tokens with any scope",
        ),
        ({}, {"allowed_clients": {}}, "AIA081", "at the gateway: any client of the issuer may call"),
        ({}, {"allowed_scopes": ["gateway/invoke"]}, "AIA082", "at the gateway: only tokens with the scope"),
    ],
    ids=["client", "scope-dropped", "list-dropped", "tightened"],
)
def test_the_gateways_door_is_judged_by_the_same_rules_and_said_to_be_the_gateways(
    before: dict[str, Any], after: dict[str, Any], rule: str, words: str
) -> None:
    standing = resource("terraform_data", "authorizer", before=values(), after=values())
    found = of(
        standing, resource("terraform_data", GATEWAY, before=values(**before), after=values(**{**before, **after}))
    )
    assert rule in rules(found)
    assert words in found.summary.headline[0]


def test_a_gateway_that_is_switched_on_or_off_is_said_at_its_door_and_is_not_the_runtimes_moved() -> None:
    made = of(resource("terraform_data", GATEWAY, after=values()))
    gone = of(resource("terraform_data", GATEWAY, before=values()))
    assert "at the gateway: client user (client-of-people) may call" in made.summary.may_call
    assert "at the gateway: client user (client-of-people) may no longer call" in gone.summary.may_no_longer_call
    both = of(
        resource("terraform_data", "authorizer", before=values()), resource("terraform_data", GATEWAY, after=values())
    )
    assert both.summary.may_call == made.summary.may_call
    assert both.summary.may_no_longer_call == ("client user (client-of-people) may no longer call",)


def test_a_new_environment_says_of_each_door_whom_it_lets_in() -> None:
    doors = [resource("terraform_data", name, after=values()) for name in ("authorizer", GATEWAY)]
    [headline, *_] = review(plan(*doors), today=TODAY).summary.headline
    assert "callers need a token" in headline.partition("at the gateway: callers need a token of")[0]
    assert headline.count("callers need a token of") == 2


def function(**changes: Any) -> dict[str, Any]:
    sound_one = {"function_name": "f", "handler": "a.b", "role": "arn:r", "source_code_hash": "old", "tags_all": TAGS}
    return resource("aws_lambda_function", before=sound_one, after=sound_one | changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"memory_size": 256}, set()),
        ({"source_code_hash": "new"}, {"AIA096"}),
        ({"role": "arn:admin"}, {"AIA089"}),
        ({"environment": [{"variables": {"PYTHONPATH": "/tmp"}}]}, {"AIA089"}),
        ({"layers": ["arn:evil"]}, {"AIA089"}),
    ],
    ids=str,
)
def test_what_a_function_runs_and_as_whom_is_told_when_it_changes(changes: dict[str, Any], expected: set[str]) -> None:
    assert rules(of(function(**changes))) == expected


HERE = {"mode": "data", "type": "aws_caller_identity", "values": {"account_id": ACCOUNT}}
MINE = f"arn:aws:bedrock-agentcore:us-east-1:{ACCOUNT}:gateway/x"
THEIRS = MINE.replace(ACCOUNT, "999999999999")
SERVICE = "bedrock-agentcore.amazonaws.com"


@pytest.mark.parametrize(
    ("principal", "source", "expected"),
    [
        ("*", {"source_account": ACCOUNT}, set()),
        ("*", {"source_arn": MINE}, set()),
        ("*", {}, {"AIA098"}),
        ("*", {"source_account": "999999999999"}, {"AIA103"}),
        ("*", {"source_arn": THEIRS}, {"AIA103"}),
        ("*", {"source_account": ACCOUNT, "source_arn": THEIRS}, {"AIA103"}),
        ("*", {"principal_org_id": "o-foreign"}, {"AIA103"}),
        (SERVICE, {"source_account": ACCOUNT}, set()),
        (SERVICE, {"source_arn": MINE}, set()),
        (SERVICE, {}, {"AIA103"}),
        (SERVICE, {"source_arn": MINE.replace(ACCOUNT, "*")}, {"AIA103"}),
        (SERVICE, {"source_account": "999999999999"}, {"AIA103"}),
        (ACCOUNT, {}, set()),
        (f"arn:aws:iam::{ACCOUNT}:role/r", {}, set()),
        (f"arn:aws:iam::{ACCOUNT}:root", {}, set()),
        ("999999999999", {}, {"AIA103"}),
        ("arn:aws:iam::999999999999:role/r", {}, {"AIA103"}),
        (None, {}, {"AIA103"}),
    ],
    ids=str,
)
def test_a_function_is_called_by_whom_the_plan_knows_to_be_ours(
    principal: str | None, source: dict[str, str], expected: set[str]
) -> None:
    """None: known only after the apply."""
    values = {"action": "lambda:InvokeFunction", "function_name": "f", "principal": principal, **source}
    entry = resource("aws_lambda_permission", after=values, unknown={"principal": principal is None})
    here = {"values": {"root_module": {"resources": [HERE]}}}
    found = review(plan(STANDING, entry, prior_state=here), today=TODAY)
    critical = {(f.rule, f.severity) for f in found.findings if f.rule in ("AIA098", "AIA103")}
    assert critical == {(rule, Severity.CRITICAL) for rule in expected}


def test_a_door_that_moves_to_another_issuer_is_compared_with_its_former_self() -> None:
    other = values(discovery_url=DISCOVERY_URL.replace("AAA", "BBB"))
    gone = resource("terraform_data", "authorizer", before=values())
    assert "AIA081" in rules(of(gone, moved("module.m.terraform_data.authorizer", after=other)))


def runtime(value: str = "admins", **more: Any) -> dict[str, Any]:
    match = [{"claim_match_operator": "EQUALS", "claim_match_value": [{"match_value_string": value}]}]
    claim = {"inbound_token_claim_name": "g", "authorizing_claim_match_value": match}
    jwt = {"discovery_url": DISCOVERY_URL, "allowed_clients": ["a"], "custom_claim": [claim]}
    return {"tags_all": TAGS, "authorizer_configuration": [{"custom_jwt_authorizer": [jwt]}], **more}


def test_a_runtimes_claims_role_and_network_are_read() -> None:
    before = runtime(role_arn="arn:r", network_configuration=[{"network_mode": "VPC"}])
    after = runtime("everyone", role_arn="arn:admin", network_configuration=[{"network_mode": "PUBLIC"}])
    found = of(resource(RUNTIME, before=before, after=after))
    assert rules(found) == {"AIA080", "AIA082", "AIA089"}
    whys = [finding.why for finding in found.findings if finding.rule == "AIA089"]
    assert whys == [
        "network_configuration turns from network_mode VPC to network_mode PUBLIC",
        "role_arn turns from arn:r to arn:admin",
    ]


def test_a_runtime_that_loses_its_authorizer_is_said_to_take_iam_callers() -> None:
    bare = {"tags_all": TAGS}
    found = of(resource(RUNTIME, before=runtime(), after=bare))
    assert rules(found) >= {"AIA001", "AIA081"}
    assert found.summary.may_call == ("callers by IAM may call: the authorizer is gone",)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("aws_bedrockagentcore_gateway", "AIA086"),
        ("aws_lambda_function_url", "AIA086"),
        ("aws_s3_bucket_acl", "AIA086"),
        ("awscc_bedrockagentcore_runtime", "AIA086"),
        ("null_resource", "AIA087"),
        ("terraform_data", "AIA087"),
    ],
)
def test_what_no_rule_knows_is_never_vouched_for(kind: str, rule: str) -> None:
    found = of(resource(kind, after={"name": "x", "authorizer_type": "NONE"}))
    assert rules(found) == {rule}
    assert found.summary.headline[0].startswith("Who may call cannot be judged")


def test_what_the_launch_is_told_changes_with_the_door_or_is_told() -> None:
    outputs = {"authorizer_allowed_clients": {"actions": ["update"]}}
    kept = resource("terraform_data", "authorizer", before=values(), after=values())
    shut = resource("terraform_data", "authorizer", before=values(), after=values(allowed_scopes=["s"]))
    alone, together = (review(plan(entry, output_changes=outputs), today=TODAY) for entry in (kept, shut))
    assert [(f.rule, f.address) for f in alone.findings] == [("AIA095", "output.authorizer_allowed_clients")]
    assert alone.summary.headline[0].startswith("Who may call cannot be judged")
    assert rules(together) == {"AIA082"}


def test_the_change_of_one_door_excuses_no_output_of_the_other() -> None:
    outputs = {"authorizer_allowed_clients": {"actions": ["update"]}, "gateway_authorizer": {"actions": ["update"]}}
    shut = values(allowed_scopes=["s"])
    for name, silent in (("authorizer", "gateway_authorizer"), (GATEWAY, "authorizer_allowed_clients")):
        found = review(
            plan(resource("terraform_data", name, before=values(), after=shut), output_changes=outputs), today=TODAY
        )
        assert [f.address for f in found.findings if f.rule == "AIA095"] == [f"output.{silent}"]


def told(gateway: bool, **rules: Any) -> dict[str, Any]:
    """Outputs that tell the launch of a door with these rules."""
    its = values(**rules)["input"]
    if gateway:
        return {"gateway_authorizer": {"actions": ["update"], "after": its, "after_unknown": False}}
    names = {rule: f"authorizer_{rule}" for rule in its}
    return {names[r]: {"actions": ["update"], "after": v, "after_unknown": False} for r, v in its.items()}


@pytest.mark.parametrize("gateway", [False, True])
@pytest.mark.parametrize("fresh", [False, True])
def test_the_launch_is_told_of_the_door_that_the_plan_shows(gateway: bool, fresh: bool) -> None:
    """Also where both change, and where nothing was before."""
    name = GATEWAY if gateway else "authorizer"
    shut = values(allowed_scopes=["s", "t"])
    entry = resource("terraform_data", name, before=None if fresh else values(), after=shut)
    same = review(plan(entry, output_changes=told(gateway, allowed_scopes=["t", "s"])), today=TODAY)
    other = review(plan(entry, output_changes=told(gateway, allowed_scopes=["s"])), today=TODAY)
    assert "AIA095" not in rules(same)
    output = "gateway_authorizer" if gateway else "authorizer_allowed_scopes"
    hits = [(f.address, f.why) for f in other.findings if f.rule == "AIA095"]
    assert hits == [(f"output.{output}", "its allowed_scopes is not the door's")]


def test_a_door_that_goes_is_no_longer_told_of() -> None:
    gone = resource("terraform_data", GATEWAY, before=values())
    assert "AIA095" in rules(review(plan(gone, output_changes=told(True)), today=TODAY))
    assert "AIA095" in rules(review(plan(output_changes=told(True)), today=TODAY)), "nor where none was"
    nothing = {"gateway_authorizer": {"actions": ["update"], "after": None, "after_unknown": False}}
    assert "AIA095" not in rules(review(plan(gone, output_changes=nothing), today=TODAY))


def test_quiet_is_said_only_where_no_rule_speaks() -> None:
    client = sound("aws_cognito_user_pool_client")
    renamed = resource("aws_cognito_user_pool_client", before=client, after=client | {"auth_session_validity": 5})
    assert QUIET in of(renamed).summary.headline
    louder = client | {"callback_urls": ["https://evil.example/x"]}
    assert QUIET not in of(resource("aws_cognito_user_pool_client", before=client, after=louder)).summary.headline
