"""Waivers, the gate, and the four forms in which a review is shown."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from orchestration.errors import BadInput, GateRefused
from orchestration.review import Severity, load_waivers, review, to_json, to_markdown, to_sarif, to_text
from orchestration.review.render import MARKER
from tests.fakes.plans import DOOR, made, plan, resource, sound

TODAY = date(2026, 1, 1)
SCHEMA = Path(__file__).parents[2] / "schemas" / "sarif-2.1.0.json"
ADDRESS = "aws_cognito_user_pool_client.one"
BAD = plan(
    made("aws_cognito_user_pool_client", allowed_oauth_flows=["implicit"], enable_token_revocation=False),
    made("aws_cognito_user_pool", deletion_protection="INACTIVE"),
)


def waiver(**changes: Any) -> str:
    members: dict[str, Any] = {
        "rule": '"AIA010"',
        "address": f'"{ADDRESS}"',
        "why": '"the implicit flow puts tokens into URLs, which browsers and proxies remember"',
        "owner": '"desk"',
        "reason": '"an old program"',
        "expires": "2026-01-01",
    } | changes
    return "[[waiver]]\n" + "".join(f"{name} = {value}\n" for name, value in members.items() if value is not None)


def test_a_waiver_answers_for_its_rule_at_its_address_alone() -> None:
    found = review(BAD, waivers=load_waivers(waiver()), today=TODAY)
    assert {finding.rule for finding in found.findings} == {"AIA014", "AIA021"}
    assert [(finding.rule, given.owner) for finding, given in found.waived] == [("AIA010", "desk")]
    assert found.unused == ()
    assert "AIA010" not in "".join(found.summary.headline)


@pytest.mark.parametrize("changes", [{"rule": '"AIA014"'}, {"address": '"other.one"'}, {"why": '"another flow"'}])
def test_a_waiver_for_elsewhere_answers_for_nothing_and_is_shown(changes: dict[str, str]) -> None:
    found = review(BAD, waivers=load_waivers(waiver(**changes)), today=TODAY)
    assert {finding.rule for finding in found.findings} == {"AIA010", "AIA014", "AIA021"}
    assert len(found.unused) == 1
    assert "Waivers without a finding" in to_markdown(found)


def test_the_day_after_its_last_a_waiver_refuses_every_plan() -> None:
    with pytest.raises(GateRefused) as caught:
        review(plan(), waivers=load_waivers(waiver()), today=date(2026, 1, 2))
    assert caught.value.exit_code == 3
    assert f"AIA010 at {ADDRESS} expired on 2026-01-01 (owner desk)" in caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(
            (waiver(**{name: None}), f"{name} missing")
            for name in ("rule", "address", "why", "owner", "reason", "expires")
        ),
        (waiver(reason='" "'), "reason is ' '"),
        (waiver(owner="7"), "owner is 7"),
        (waiver(expires='"2026-01-01"'), "expires is '2026-01-01'"),
        (waiver(expires="2026-01-01T10:00:00"), "expires is datetime"),
        (waiver(rule='"AIA999"'), "rule is 'AIA999'"),
        (waiver(address='"*"'), "address is '*'"),
        (waiver(until="1"), "until unknown"),
        (waiver() + waiver(), "waived twice"),
        ("waiver = 1", "write each waiver as [[waiver]]"),
        ("[other]\n", "unknown table 'other'"),
        ("[[", "waivers.toml"),
    ],
)
def test_a_waiver_that_says_less_than_all_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_waivers(text)
    assert words in caught.value.message


def test_a_waiver_for_longer_than_a_year_is_refused() -> None:
    within, beyond = (waiver(expires=day) for day in ("2027-01-02", "2027-01-03"))
    assert review(BAD, waivers=load_waivers(within), today=TODAY).waived
    with pytest.raises(GateRefused) as caught:
        review(BAD, waivers=load_waivers(beyond), today=TODAY)
    assert caught.value.code == "waiver_too_long"


def test_a_waiver_does_not_answer_for_the_next_change_at_its_address() -> None:
    def opened(client: str) -> Any:
        before, after = (
            {"input": DOOR | {"allowed_clients": names}} for names in ({"a": "1"}, {"a": "1", client: "2"})
        )
        return plan(resource("terraform_data", "authorizer", before=before, after=after))

    given = waiver(rule='"AIA080"', address='"terraform_data.authorizer"', why='"client reports (2) may call"')
    agreed, other = (review(opened(c), waivers=load_waivers(given), today=TODAY) for c in ("reports", "evil"))
    assert (len(agreed.waived), agreed.findings) == (1, ())
    assert (len(other.waived), [finding.rule for finding in other.findings]) == (0, ["AIA080"])


def test_the_gate_lets_through_what_is_not_above_it() -> None:
    found = review(BAD, today=TODAY)
    assert found.worst == Severity.HIGH
    assert [finding.rule for finding in found.above(Severity.parse("medium"))] == ["AIA010", "AIA014"]
    assert found.above(Severity.parse("High")) == ()
    assert review(plan(), today=TODAY).worst is None


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="'severe' is no severity"):
        Severity.parse("severe")


def test_the_text_begins_with_the_headline_and_shows_every_finding() -> None:
    lines = to_text(review(BAD, today=TODAY))
    assert lines[0] == "New environment with 2 resources: no door is described, so who may call is not known"
    for rule in ("AIA010", "AIA014", "AIA021"):
        assert any(
            line.split()[1:3] in ([rule, ADDRESS], [rule, "aws_cognito_user_pool.one"]) for line in lines if line
        )


def test_the_json_document_is_complete() -> None:
    document = json.loads(to_json(review(BAD, waivers=load_waivers(waiver()), today=TODAY)))
    assert document["schema_version"] == 1
    assert document["worst"] == "high"
    assert [finding["rule"] for finding in document["findings"]] == ["AIA014", "AIA021"]
    assert document["waived"][0]["expires"] == "2026-01-01"
    assert document["summary"]["counts"] == {"create": 2}


def test_the_markdown_begins_with_the_marker_that_a_bot_looks_for() -> None:
    assert to_markdown(review(BAD, today=TODAY)).startswith(MARKER + "\n")


FUNCTION = {"function_name": "f", "filename": "/here/p.zip", "source_code_hash": "a", "timeout": 8, "version": "1"}
ROUNDED = plan(
    resource("aws_lambda_function", before=FUNCTION, after=FUNCTION | {"timeout": 9, "filename": "/there/p.zip"}),
    resource("random_password", after={"length": 40}, unknown={"result": True}, sensitive={"result": True}),
    resource("aws_cognito_user", before={"id": "u"}),
    resource("aws_s3_bucket_versioning", before=sound("aws_s3_bucket_versioning"), actions=["forget"]),
    output_changes={"a": {"actions": ["update"], "before": 1, "after": 2, "after_unknown": False}},
    variables={"environment": {"value": "dev"}, "credit_check_package": {"value": "/here/p.zip"}},
    configuration={"root_module": {"resources": [{"address": "null_resource.x"}]}},
)


def digested(document: dict[str, Any]) -> str:
    """The digest, which every form that CI compares must show."""
    found = review(document, today=TODAY)
    assert json.loads(to_json(found))["plan_sha256"] == found.digest
    assert to_markdown(found).splitlines()[-1].endswith(f"`{found.digest}`")
    return found.digest


def altered(path: str, value: Any) -> dict[str, Any]:
    document: Any = copy.deepcopy(ROUNDED)
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = document
    for part in way:
        place = place[part]
    place[last] = value
    return dict(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("resource_changes.0.change.after.timeout", 900),
        ("resource_changes.0.change.after.kms_key_arn", "arn:k"),
        ("resource_changes.0.change.after.filename", "/there/other.zip"),
        ("resource_changes.0.change.after_unknown.version", True),
        ("resource_changes.1.change.after.length", 4),
        ("resource_changes.1.change.after.secret", "hidden"),
        ("resource_changes.1.change.replace_paths", [["length"]]),
        ("resource_changes.2.change.before.id", "v"),
        ("resource_changes.2.change.actions", ["forget"]),
        ("resource_changes.3.deposed", "00000001"),
        ("resource_changes.3.previous_address", "aws_s3_bucket_versioning.two"),
        ("output_changes.a.after", 3),
        ("variables.project", {"value": "other"}),
        ("configuration.root_module.resources.0.provisioners", [{"type": "local-exec"}]),
    ],
)
def test_plans_that_apply_something_else_have_another_digest(path: str, value: Any) -> None:
    assert digested(altered(path, value)) != digested(ROUNDED)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("timestamp", "2026-01-02T03:04:05Z"),
        ("resource_changes", ROUNDED["resource_changes"][::-1]),
        ("resource_changes.0.change.after.filename", "/elsewhere/p.zip"),
        ("variables.credit_check_package", {"value": "/elsewhere/p.zip"}),
        ("prior_state", {"values": {"seen": "at another time"}}),
    ],
    ids=str,
)
def test_another_run_of_the_same_plan_has_the_same_digest(path: str, value: Any) -> None:
    assert digested(altered(path, value)) == digested(ROUNDED)


def test_what_the_service_counts_or_dates_is_no_other_plan() -> None:
    then, now = (
        plan(resource("aws_cognito_user_pool", before=sides, after=sides | {"name": "new"}))
        for sides in ({"name": "p", "estimated_number_of_users": n} for n in (1, 2))
    )
    assert digested(then) == digested(now)


def test_a_hostile_name_stays_text_in_every_form() -> None:
    name = "x`|</td><script>\n@everyone [a](http://b)\x1b[31m"
    before = sound("aws_cognito_user_pool", id="p", name=name)
    found = review(plan(resource("aws_cognito_user_pool", name, before=before)), today=TODAY)
    markdown, text = to_markdown(found), "\n".join(to_text(found))
    assert "\x1b" not in markdown + text
    # Between backticks nothing is markup, and a plan cannot close them.
    outside = "".join(part for number, part in enumerate(markdown.split("`")) if number % 2 == 0)
    for sign in ("<script>", "@everyone", "](http"):
        assert sign not in outside
    rows = [line for line in markdown.splitlines() if line.startswith("| ") and "AIA" in line]
    assert rows and all(row.count("|") == 6 for row in rows)


def test_the_sarif_is_valid_and_says_what_is_waived() -> None:
    document = json.loads(to_sarif(review(BAD, waivers=load_waivers(waiver()), today=TODAY)))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(document)
    [run] = document["runs"]
    levels = {result["ruleId"]: (result["level"], "suppressions" in result) for result in run["results"]}
    assert levels == {"AIA014": ("error", False), "AIA021": ("note", False), "AIA010": ("error", True)}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
