"""Grants are attributed to whom they act on: no name, address or type of carrier hides one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from orchestration.review import Review, review
from tests.fakes.plans import ACCOUNT, INVOKE, RUNTIMES, TAGS, allow, plan, policy, resource, sound, trust

TODAY = date(2026, 1, 1)
QUIET = "Who may call stays as it is"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
ROLE = sound("aws_iam_role")
STANDING = resource("aws_iam_role", "runtime", before=ROLE, after=ROLE)
NARROW = policy(allow("s3:GetObject"))
WIDE = policy(allow("s3:GetObject"), allow("s3:GetObject", "arn:aws:s3:::payroll/*", Sid="Wide"))
STRANGER = policy(trust(Principal={"AWS": "arn:aws:iam::999999999999:root"}, Condition=None))


def of(*resources: Mapping[str, Any]) -> Review:
    return review(plan(STANDING, *resources), today=TODAY)


def rules(found: Review) -> set[str]:
    return {finding.rule for finding in found.findings if finding.severity > 1}


def inline(text: str | None = NARROW, *, role: str = "demo-runtime", name: str = "inline") -> dict[str, Any]:
    return {"name": name, "role": role, "policy": text}


def test_a_policy_named_as_its_role_does_not_vouch_for_itself() -> None:
    found = of(resource("aws_iam_role_policy", after=inline(WIDE, name="demo-runtime")))
    assert rules(found) == {"AIA074"}
    assert QUIET not in found.summary.headline


def test_a_policy_at_another_address_is_compared_with_its_former_self() -> None:
    gone = resource("aws_iam_role_policy", "old", before=inline())
    found = of(gone, resource("aws_iam_role_policy", "new", after=inline(WIDE)))
    [finding] = found.findings
    assert (finding.rule, finding.address) == ("AIA074", "aws_iam_role_policy.new")
    assert "payroll" in finding.why


def test_a_policy_that_moves_unchanged_is_no_news() -> None:
    gone = resource("aws_iam_role_policy", "old", before=inline())
    assert of(gone, resource("aws_iam_role_policy", "new", after=inline())).findings == ()


def test_a_bucket_policy_on_a_standing_bucket_widens_it() -> None:
    bucket = {"bucket": "demo-code", "tags_all": TAGS}
    grant = allow("s3:PutObject", Principal={"AWS": "arn:aws:iam::999999999999:root"})
    found = of(
        resource("aws_s3_bucket", before=bucket, after=bucket),
        resource("aws_s3_bucket_policy", after={"bucket": "demo-code", "policy": policy(grant)}),
    )
    assert "AIA074" in rules(found)


def test_a_role_made_in_a_standing_environment_is_shown_with_all_that_it_gets() -> None:
    call = policy(allow(INVOKE, f"{RUNTIMES}/demo-abc"))
    found = of(
        resource("aws_iam_role", "back", after={"name": "back", "assume_role_policy": STRANGER, "tags_all": TAGS}),
        resource("aws_iam_role_policy_attachment", after={"role": "back", "policy_arn": ADMIN}),
        resource("aws_iam_role_policy", after=inline(call, role="back")),
    )
    assert rules(found) == {"AIA074", "AIA075"}
    assert found.summary.headline[0].startswith("Who may call changes: role back: statement Only: now allows")


def test_a_role_at_another_address_is_compared_by_its_name() -> None:
    gone = resource("aws_iam_role", "old", before=sound("aws_iam_role", name="other"))
    made = resource("aws_iam_role", "new", after=sound("aws_iam_role", name="other", assume_role_policy=STRANGER))
    assert rules(of(gone, made)) == {"AIA075"}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_iam_role_policy", inline()),
        ("aws_iam_role_policy_attachment", {"role": "demo-runtime", "policy_arn": ADMIN}),
    ],
)
def test_a_sensitive_role_is_never_taken_for_a_new_one(kind: str, values: dict[str, Any]) -> None:
    entry = resource(kind, after=values, sensitive={"role": True})
    assert rules(review(plan(entry, resource("aws_iam_role", after=ROLE)), today=TODAY)) == {"AIA074", "AIA085"}


def test_a_role_known_after_apply_is_new_only_where_all_is_new() -> None:
    entry = resource("aws_iam_role_policy", after=inline(None) | {"policy": NARROW}, unknown={"role": True})
    made = resource("aws_iam_role", after=ROLE)
    assert rules(review(plan(entry, made), today=TODAY)) == set()
    assert "AIA074" in rules(review(plan(entry), today=TODAY))
    assert "AIA074" in rules(of(entry, resource("aws_iam_role", "two", after=sound("aws_iam_role", name="two"))))


def test_a_policy_re_aimed_at_another_role_is_that_roles_gain() -> None:
    entry = resource(
        "aws_iam_role_policy", before=inline(), after=inline(role="other-team-admin"), actions=["delete", "create"]
    )
    [finding] = [finding for finding in of(entry).findings if finding.severity > 1]
    assert finding.why.startswith("role other-team-admin: statement Only: now allows")


@pytest.mark.parametrize("actions", [["update"], ["delete", "create"]])
def test_a_boundary_is_lifted_however_the_role_changes(actions: list[str]) -> None:
    bounded = sound("aws_iam_role", permissions_boundary="arn:bound", name="bounded")
    entry = resource("aws_iam_role", before=bounded, after=sound("aws_iam_role", name="bounded"), actions=actions)
    assert rules(of(entry)) == {"AIA074"}


GRANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("aws_iam_policy_attachment", {"name": "x", "roles": ["demo-runtime"], "policy_arn": ADMIN}),
    ("aws_iam_user_policy_attachment", {"user": "eve", "policy_arn": ADMIN}),
    ("aws_iam_group_policy_attachment", {"group": "g", "policy_arn": ADMIN}),
    ("aws_iam_role_policy_attachments_exclusive", {"role_name": "demo-runtime", "policy_arns": [ADMIN]}),
    ("aws_iam_role_policies_exclusive", {"role_name": "demo-runtime", "policy_names": ["nobody-saw-it"]}),
    ("aws_iam_access_key", {"user": "eve"}),
    ("aws_iam_user_group_membership", {"user": "eve", "groups": ["admins"]}),
    ("aws_lambda_permission", {"principal": "*", "function_name": "f", "action": "lambda:InvokeFunction"}),
    ("aws_kms_key", {"policy": policy(allow("kms:Decrypt", Principal={"AWS": "arn:x"}))}),
    ("aws_kms_key_policy", {"key_id": "k", "policy": policy(allow("kms:Decrypt", Principal={"AWS": "arn:x"}))}),
    ("aws_ecr_registry_policy", {"policy": policy(allow("ecr:ReplicateImage", Principal={"AWS": "arn:x"}))}),
    ("aws_cloudwatch_log_resource_policy", {"policy_name": "x", "policy_document": NARROW}),
    ("aws_bedrockagentcore_resource_policy", {"resource_arn": "arn:runtime", "policy": NARROW}),
    ("aws_sqs_queue", {"policy": NARROW}),
    ("aws_nobody_knows_it", {"settings": [{"access_policy": NARROW}]}),
)


@pytest.mark.parametrize(("kind", "values"), GRANTS, ids=[kind for kind, _ in GRANTS])
def test_whatever_carries_a_grant_is_read(kind: str, values: dict[str, Any]) -> None:
    found = of(resource(kind, after=values))
    assert "AIA074" in rules(found)
    assert QUIET not in found.summary.headline


@pytest.mark.parametrize("argument", [{"managed_policy_arns": [ADMIN]}, {"inline_policy": [{"policy": NARROW}]}])
def test_what_a_role_brings_along_by_itself_is_its_gain(argument: dict[str, Any]) -> None:
    assert rules(of(resource("aws_iam_role", before=ROLE, after=ROLE | argument))) == {"AIA074"}


def test_a_list_that_kept_other_policies_away_is_missed_when_it_goes() -> None:
    kept = {"role_name": "demo-runtime", "policy_names": ["inline"]}
    kind = "aws_iam_role_policies_exclusive"
    assert rules(of(resource(kind, before=kept))) == {"AIA074"}
    policy_there = resource("aws_iam_role_policy", before=inline(), after=inline())
    assert of(resource(kind, after=kept), policy_there).findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[" * 100_000,
        '{"Statement": ["x"]}',
        '[{"Statement": []}]',
        '{"statement": []}',
        NARROW.replace('"Effect": "Allow"', '"Effect": "allow"'),
        NARROW.replace('"Statement"', '"Statement": [], "Statement"'),
        NARROW.replace('"s3:GetObject"', "7"),
    ],
    ids=["garbage", "deep", "texts", "list", "lower-case", "effect", "twice", "number"],
)
def test_a_policy_that_cannot_be_read_is_said_to_be_unread(text: str) -> None:
    before, after = inline(), inline(text)
    assert rules(of(resource("aws_iam_role_policy", before=before, after=after))) == {"AIA077"}
    role = resource("aws_iam_role", "x", before=ROLE, after=ROLE | {"assume_role_policy": text})
    assert rules(review(plan(role), today=TODAY)) == {"AIA078"}


def test_a_policy_that_nobody_sees_is_grave() -> None:
    before, after = inline(), inline(WIDE)
    later = resource("aws_iam_role_policy", before=before, after=after, unknown={"policy": True})
    secret = resource("aws_iam_role_policy", before=before, after=after, sensitive={"policy": True})
    assert (rules(of(later)), rules(of(secret))) == ({"AIA077"}, {"AIA085"})


def test_an_account_of_ones_own_needs_no_finding_in_a_new_environment() -> None:
    """All is made by this plan: the rules on what will stand judge it, and nothing was there to be widened."""
    role = sound("aws_iam_role", assume_role_policy=policy(trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})))
    found = review(plan(resource("aws_iam_role", after=role)), today=TODAY)
    assert rules(found) == set()
