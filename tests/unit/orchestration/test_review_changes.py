"""Who gains, who loses, what dies: one change each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from orchestration.errors import BadInput
from orchestration.review import Review, parse_plan, review, to_json, to_text
from orchestration.review.masking import Unseen, mask
from tests.fakes.plans import DISCOVERY_URL, DOOR, RUNTIMES, TAGS, allow, plan, policy, resource, sound, trust

TODAY = date(2026, 1, 1)


def of(*resources: Mapping[str, Any]) -> Review:
    return review(plan(*resources), today=TODAY)


def door(before: dict[str, Any] | None, after: dict[str, Any] | None, **unknown: Any) -> dict[str, Any]:
    def values(given: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if given is None else {"input": DOOR | given}

    return resource(
        "terraform_data",
        "authorizer",
        before=values(before),
        after=values(after),
        unknown={"input": unknown} if unknown else None,
    )


def rules(found: Review) -> set[str]:
    return {finding.rule for finding in found.findings}


GROUPS = {"name": "cognito:groups", "type": "STRING_ARRAY", "operator": "CONTAINS_ANY", "values": ["staff"]}


@pytest.mark.parametrize(
    ("before", "after", "may", "may_no_longer"),
    [
        pytest.param(
            {},
            {"allowed_clients": {"user": "client-of-people", "new": "n"}},
            ["client new (n) may call"],
            [],
            id="client-added",
        ),
        pytest.param(
            {"allowed_clients": {"a": "1", "b": "2"}},
            {"allowed_clients": {"a": "1"}},
            [],
            ["client b (2) may no longer call"],
            id="client-removed",
        ),
        pytest.param({"allowed_clients": {"a": "1"}}, {"allowed_clients": {"b": "1"}}, [], [], id="client-renamed"),
        pytest.param(
            {"allowed_clients": {"a": "1"}},
            {"allowed_clients": {"a": "2"}},
            ["client a (2) may call"],
            ["client a (1) may no longer call"],
            id="client-replaced",
        ),
        pytest.param(
            {},
            {"allowed_clients": {}, "allowed_scopes": ["s/x"]},
            ["any client of the issuer may call: the list of clients is gone"],
            ["only tokens with the scope s/x may call"],
            id="clients-for-scopes",
        ),
        pytest.param(
            {"allowed_scopes": ["s/x"]},
            {"allowed_scopes": ["s/x", "s/y"]},
            ["tokens with the scope s/y may call"],
            [],
            id="scope-added",
        ),
        pytest.param(
            {"allowed_scopes": ["s/x"]},
            {},
            ["tokens with any scope or none may call: the scope rule (s/x) is gone"],
            [],
            id="scopes-dropped",
        ),
        pytest.param(
            {}, {"custom_claims": [GROUPS]}, [], ["only people in the group staff may call"], id="group-demanded"
        ),
        pytest.param(
            {"custom_claims": [GROUPS]},
            {"custom_claims": [GROUPS | {"values": ["staff", "guests"]}]},
            ["people in the group guests may call"],
            [],
            id="group-added",
        ),
        pytest.param(
            {"custom_claims": [GROUPS]},
            {"custom_claims": [GROUPS | {"operator": "EQUALS"}]},
            ["people in any group or none may call: the group rule (staff) is gone"],
            ["only people in the group staff may call"],
            id="operator-changed",
        ),
        pytest.param(
            {},
            {"discovery_url": DISCOVERY_URL.replace("AAA", "BBB")},
            [f"tokens of {DISCOVERY_URL.replace('AAA', 'BBB')} are looked at"],
            [f"tokens of {DISCOVERY_URL} are refused"],
            id="issuer",
        ),
        pytest.param(None, {}, ["client user (client-of-people) may call"], [], id="door-made"),
        pytest.param({}, None, [], ["client user (client-of-people) may no longer call"], id="door-gone"),
        pytest.param({}, {}, [], [], id="same"),
    ],
)
def test_who_may_call(before: Any, after: Any, may: list[str], may_no_longer: list[str]) -> None:
    summary = of(door(before, after)).summary
    assert (list(summary.may_call), list(summary.may_no_longer_call)) == (may, may_no_longer)


def test_a_client_still_to_be_made_is_named() -> None:
    changed = door({}, {}, allowed_clients={"reports": True})
    assert of(changed).summary.may_call == ("client reports (known after apply) may call",)


def test_a_pool_that_opens_registration_lets_anyone_in() -> None:
    shut = sound("aws_cognito_user_pool")
    opened = shut | {"admin_create_user_config": [{"allow_admin_create_user_only": False}]}
    found = of(door({}, {}), resource("aws_cognito_user_pool", before=shut, after=opened))
    assert found.summary.may_call == ("anyone may register in the pool demo-callers",)
    assert rules(found) == {"AIA020", "AIA081"}


def test_a_person_who_joins_a_demanded_group_gains_access_and_others_do_not() -> None:
    member = {"group_name": "staff", "username": "eve", "user_pool_id": "p"}
    other = member | {"group_name": "guests"}
    kind = "aws_cognito_user_in_group"
    found = of(
        door({"custom_claims": [GROUPS]}, {"custom_claims": [GROUPS]}),
        resource(kind, after=member),
        resource(kind, "two", after=other),
    )
    assert found.summary.may_call == ("person eve joins the group staff, which the door asks for",)


def test_a_person_made_in_a_standing_pool_is_a_newcomer() -> None:
    user = resource("aws_cognito_user", after={"username": "eve", "user_pool_id": "us-east-1_AAAAAAAAA"})
    assert of(door({}, {}), user).summary.may_call == ("person eve can sign in to the pool us-east-1_AAAAAAAAA",)


def test_callers_by_iam_are_callers() -> None:
    before = {"name": "invoker", "policy": policy(allow("a:B")), "tags_all": TAGS}
    after = before | {"policy": policy(allow("a:B"), allow("bedrock-agentcore:*", f"{RUNTIMES}/x-*", Sid="Call"))}
    [sentence] = of(door({}, {}), resource("aws_iam_policy", before=before, after=after)).summary.may_call
    assert sentence.startswith("by IAM: policy invoker: statement Call: now allows bedrock-agentcore:*")


@pytest.mark.parametrize("actions", [["delete", "create"], ["create", "delete"], ["delete"]])
def test_a_pool_that_goes_takes_every_user_along_and_its_clients_are_not_counted_twice(actions: list[str]) -> None:
    pool, client = sound("aws_cognito_user_pool", id="p"), sound("aws_cognito_user_pool_client", user_pool_id="p")
    after = None if actions == ["delete"] else pool
    found = of(
        resource("aws_cognito_user_pool", before=pool, after=after, actions=actions),
        resource("aws_cognito_user_pool_client", before=client, after=after and client, actions=actions),
    )
    [words] = found.summary.lost
    assert "every user in it is lost and every token of it is refused" in words
    assert "AIA070" in rules(found)


def role_policy(before: str | None, after: str | None) -> dict[str, Any]:
    then, now = ({"name": "x", "role": "demo-runtime", "policy": text} if text else None for text in (before, after))
    return resource("aws_iam_role_policy", before=then, after=now)


def test_a_new_policy_of_a_standing_role_widens_it_and_of_a_new_role_does_not() -> None:
    new = role_policy(None, policy(allow("s3:GetObject")))
    made = resource("aws_iam_role", after=sound("aws_iam_role"))
    assert rules(of(new)) == {"AIA074"}
    assert rules(of(new, made)) == set()


def test_a_policy_that_goes_with_its_role_narrows_nothing() -> None:
    gone = role_policy(policy(allow("s3:GetObject")), None)
    role = resource("aws_iam_role", before=sound("aws_iam_role"))
    assert rules(of(gone)) == {"AIA076"}
    assert rules(of(gone, role)) == set()


def test_trust_that_widens_is_graver_than_permissions() -> None:
    role = sound("aws_iam_role")
    wider = role | {"assume_role_policy": policy(trust(), trust(Sid="Two", Principal={"AWS": "arn:aws:iam::2:root"}))}
    assert rules(of(resource("aws_iam_role", before=role, after=wider))) == {"AIA075"}


def test_an_attached_policy_and_a_lifted_boundary_widen() -> None:
    attachment = resource("aws_iam_role_policy_attachment", after={"role": "demo-runtime", "policy_arn": "arn:admin"})
    bounded = sound("aws_iam_role", permissions_boundary="arn:bound")
    free = resource("aws_iam_role", before=bounded, after=sound("aws_iam_role"))
    assert of(attachment).summary.widened == ("role demo-runtime: gets the policy arn:admin",)
    assert of(free).summary.widened == ("role demo-runtime: no longer bounded by arn:bound",)


def test_a_policy_that_only_the_apply_knows_is_said_to_be_unread() -> None:
    before = {"name": "x", "role": "demo-runtime", "policy": policy(allow("a:B"))}
    after = {"name": "x", "role": "demo-runtime"}
    changed = resource("aws_iam_role_policy", before=before, after=after, unknown={"policy": True})
    assert rules(of(changed)) == {"AIA077"}


def test_a_secret_is_never_shown_whatever_is_found() -> None:
    values = {"secret_string": "hunter-2-hunter", "secret_id": "x"}
    found = of(resource("aws_secretsmanager_secret_version", after=values, sensitive={"secret_string": True}))
    assert rules(found) == {"AIA050"}
    assert "hunter" not in to_json(found) + "".join(to_text(found))


@pytest.mark.parametrize(
    ("value", "unknown", "sensitive", "expected"),
    [
        ("x", None, None, "x"),
        (None, True, None, Unseen.UNKNOWN),
        ("x", None, True, Unseen.SENSITIVE),
        ("", None, True, ""),
        (None, None, True, None),
        ({"a": 1}, {"b": True}, None, {"a": 1, "b": Unseen.UNKNOWN}),
        ({"a": 1}, {"b": False}, {"a": True}, {"a": Unseen.SENSITIVE}),
        ([{"a": 1}], [{"b": True}], [{"a": True}], [{"a": Unseen.SENSITIVE, "b": Unseen.UNKNOWN}]),
        (None, {"a": True}, None, {"a": Unseen.UNKNOWN}),
    ],
)
def test_what_cannot_or_must_not_be_read_is_masked(value: Any, unknown: Any, sensitive: Any, expected: Any) -> None:
    assert mask(value, unknown, sensitive) == expected


def test_arguments_differ_by_value_or_by_being_unknown_and_by_nothing_else() -> None:
    entry = resource(
        "x", before={"a": 1, "b": 1, "c": [{}]}, after={"a": 1, "b": 2, "c": [{}]}, unknown={"c": [{"d": []}]}
    )
    [change] = parse_plan(plan(entry)).changes
    assert change.changed == {"b"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "format_version is ''"),
        ({"format_version": "2.0"}, "format_version is '2.0'"),
        ({"format_version": "1.2", "resource_changes": {}}, "resource_changes is not a list"),
        ({"format_version": "1.2", "resource_changes": [{}]}, "has no change"),
        (plan(resource("x", after={}, actions=["invent"])), "x.one has the actions ['invent']"),
    ],
)
def test_a_document_that_is_no_plan_is_refused(document: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as caught:
        review(document, today=TODAY)
    assert words in caught.value.message


def machine(name: str, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> dict[str, Any]:
    return resource("aws_cognito_user_pool_client", name, before=before, after=after)


BY_SECRET, BY_PERSON = {"allowed_oauth_flows": ["client_credentials"]}, {"allowed_oauth_flows": ["code"]}


def test_what_costs_while_nobody_calls_is_told_with_what_it_was() -> None:
    found = of(
        machine("new", after=BY_SECRET),
        machine("kept", before=BY_SECRET, after=BY_SECRET),
        machine("people", before=BY_SECRET, after=BY_PERSON),
        resource("aws_secretsmanager_secret", "caller", before={"name": "a"}, after={"name": "a"}),
    )
    assert found.summary.cost == ("about $12.40 a month: 2 machine clients at $6.00, 1 secret at $0.40",)
    found = of(machine("gone", before=BY_SECRET, after=None), machine("kept", before=BY_SECRET, after=BY_SECRET))
    assert found.summary.cost == ("about $6.00 a month: 1 machine client at $6.00; $12.00 before",)


def test_what_is_forgotten_stays_and_is_billed() -> None:
    forgotten = resource("aws_cognito_user_pool_client", before=BY_SECRET, actions=["forget"])
    found = of(forgotten, machine("kept", before=BY_SECRET, after=BY_SECRET))
    assert found.summary.cost == ("about $12.00 a month: 2 machine clients at $6.00",)


def test_a_plan_without_anything_that_costs_tells_no_price() -> None:
    assert of(machine("people", before=BY_PERSON, after=BY_PERSON)).summary.cost == ()
