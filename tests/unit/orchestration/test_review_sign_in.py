"""Changes of pools, clients, users and groups after which more people or programs get tokens, one each."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orchestration.review import Review, review
from tests.fakes.plans import DOOR, UNKNOWN, plan, resource, sound

TODAY = date(2026, 1, 1)
POOL, CLIENT, USER = "aws_cognito_user_pool", "aws_cognito_user_pool_client", "aws_cognito_user"
CLAIM = {"name": "cognito:groups", "type": "STRING_ARRAY", "operator": "CONTAINS_ANY", "values": ["staff"]}
ON = {"input": DOOR | {"custom_claims": [CLAIM]}}
STANDING = resource("terraform_data", "authorizer", before=ON, after=ON)


def of(entry: dict[str, Any]) -> Review:
    return review(plan(STANDING, entry), today=TODAY)


def changed(kind: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    unknown = {key: True for key, value in after.items() if value is UNKNOWN}
    known = {key: None if value is UNKNOWN else value for key, value in after.items()}
    return resource(kind, before=sound(kind, **before), after=sound(kind, **known), unknown=unknown)


LONG = {
    "password_policy": [
        {**dict.fromkeys(("require_lowercase", "require_numbers", "require_symbols", "require_uppercase"), True)}
        | {"minimum_length": 20}
    ]
}
ROWS: tuple[tuple[str, str, dict[str, Any], dict[str, Any], str], ...] = (
    ("AIA092", POOL, {}, {"lambda_config": [{"pre_token_generation": "arn:evil"}]}, "pre_token_generation is now"),
    ("AIA092", CLIENT, {}, {"supported_identity_providers": ["COGNITO", "Google"]}, "people of Google"),
    ("AIA092", "aws_cognito_user_group", {"name": "g"}, {"name": "g", "role_arn": "arn:admin"}, "may assume arn:admin"),
    ("AIA093", POOL, {}, {"mfa_configuration": "OPTIONAL"}, "second factor turns from ON to OPTIONAL"),
    (
        "AIA093",
        POOL,
        {"user_pool_add_ons": [{"advanced_security_mode": "ENFORCED"}]},
        {},
        "threat protection turns from ENFORCED to OFF",
    ),
    (
        "AIA093",
        POOL,
        {},
        {"account_recovery_setting": [{"recovery_mechanism": [{"name": "verified_phone_number"}]}]},
        "reset through verified_phone_number",
    ),
    ("AIA093", POOL, {}, {"sign_in_policy": [{"allowed_first_auth_factors": ["PASSWORD", "EMAIL_OTP"]}]}, "EMAIL_OTP"),
    ("AIA093", POOL, LONG, {}, "the shortest password turns from 20 to 12"),
    ("AIA093", CLIENT, {"generate_secret": True}, {"generate_secret": False}, "no longer has a secret"),
    (
        "AIA093",
        CLIENT,
        {},
        {
            "id_token_validity": 24,
            "token_validity_units": [{"id_token": "hours", "access_token": "minutes", "refresh_token": "hours"}],
        },
        "id_token_validity grows from 60 to 1440 minutes",
    ),
    ("AIA093", CLIENT, {"refresh_token_rotation": [{"feature": "ENABLED"}]}, {}, "no longer rotated"),
    ("AIA093", USER, {"attributes": {"email": "a@x"}}, {"attributes": {"email": "b@x"}}, "another email"),
    ("AIA094", CLIENT, {}, {"allowed_oauth_scopes": ["agent/admin"]}, "the scope agent/admin"),
    ("AIA094", CLIENT, {}, {"callback_urls": ["https://evil.example/x"]}, "sends codes to https://evil.example/x"),
    ("AIA094", CLIENT, {}, {"write_attributes": ["custom:role"]}, "the attribute custom:role"),
    ("AIA083", CLIENT, {}, {"allowed_oauth_flows": UNKNOWN}, "flows that are not seen"),
    ("AIA080", USER, {"enabled": False}, {"enabled": True}, "person caller can sign in"),
)


# Where there is one: any other address for codes is another.
BACK = [row[1:] for row in ROWS if row[1] in (POOL, CLIENT) and UNKNOWN not in row[3].values()]


@pytest.mark.parametrize(("rule", "kind", "before", "after", "words"), ROWS)
def test_a_weaker_sign_in_is_told(
    rule: str, kind: str, before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    if kind not in (POOL, CLIENT, USER):
        entry = resource(kind, before=before, after=after)
    else:
        entry = changed(kind, before, after)
    found = {finding.rule: finding.why for finding in of(entry).findings if finding.severity > 1}
    assert set(found) == {rule}
    assert words in found[rule]


@pytest.mark.parametrize(("kind", "before", "after", "words"), BACK)
def test_the_way_back_is_not_called_weaker(
    kind: str, before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    found = {finding.why for finding in of(changed(kind, after, before)).findings}
    assert not any(words in why for why in found)


def test_a_provider_made_for_a_standing_pool_is_told_and_in_a_new_environment_it_is_what_is_made() -> None:
    provider = resource("aws_cognito_identity_provider", after={"provider_name": "Google", "user_pool_id": "p"})
    assert "AIA092" in {finding.rule for finding in of(provider).findings}
    assert review(plan(provider), today=TODAY).findings == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"group_name": "staff", "username": "bob"}, {"group_name": "staff", "username": "eve"}),
        ({"group_name": "guests", "username": "eve"}, {"group_name": "staff", "username": "eve"}),
    ],
)
def test_a_membership_that_is_replaced_lets_somebody_in(before: dict[str, Any], after: dict[str, Any]) -> None:
    kind = "aws_cognito_user_in_group"
    entry = resource(kind, before=before, after=after, actions=["delete", "create"])
    assert "person eve joins the group staff, which the door asks for" in of(entry).summary.may_call


def test_a_user_replaced_by_another_is_a_newcomer() -> None:
    bob, eve = (sound(USER, username=name) for name in ("bob", "eve"))
    summary = of(resource(USER, before=bob, after=eve, actions=["delete", "create"])).summary
    assert summary.may_call == ("person eve can sign in to the pool us-east-1_AAAAAAAAA",)
    assert summary.may_no_longer_call == ("person bob cannot sign in",)


def test_a_sensitive_pool_is_not_taken_for_one_that_is_made() -> None:
    user = resource(USER, after=sound(USER), sensitive={"user_pool_id": True})
    pool = resource(POOL, "two", after=sound(POOL))
    found = review(plan(STANDING, user, pool), today=TODAY)
    assert found.summary.may_call == ("person caller can sign in to the pool (sensitive)",)


def test_a_new_client_is_a_way_in_where_the_door_names_none() -> None:
    door = {"input": DOOR | {"allowed_clients": {}, "allowed_scopes": ["s/x"]}}
    standing = resource("terraform_data", "authorizer", before=door, after=door)
    found = review(plan(standing, resource(CLIENT, after=sound(CLIENT))), today=TODAY)
    assert found.summary.may_call == ("client demo-user may call: the door names no clients",)
