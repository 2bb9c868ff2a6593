"""What the outputs say is held to the rest of the plan, over plans of the real binary."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestration.review import Review, Severity, review, to_json, to_markdown, to_text
from orchestration.review.promises import ELSEWHERE, PROMISES

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 1, 1)
ELSEWHERE_ARN = "arn:aws:lambda:us-east-1:999999999999:function:evil"
SUBJECT = "11111111-2222-3333-4444-555555555555"


@cache
def stored(name: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads((Path(__file__).parent / "plans" / f"{name}.json").read_text())
    return document


def said(values: Mapping[str, Any], plan: str = "no-change", **more: Any) -> Review:
    """The review of a plan whose outputs say this instead."""
    document = copy.deepcopy(dict(stored(plan)))
    for name, value in values.items():
        former = document["output_changes"].get(name, {"actions": ["create"], "before": None, "after_unknown": False})
        document["output_changes"][name] = former | {"actions": ["update"], "after": value} | more
    return review(document, today=TODAY)


def grave(found: Review) -> set[tuple[str, str]]:
    return {(f.rule, f.address.removeprefix("output.")) for f in found.findings if f.severity > Severity.MEDIUM}


def test_every_output_of_the_root_is_judged() -> None:
    declared = re.findall(r'^output "(\w+)"', (ROOT / "terraform" / "outputs.tf").read_text(), re.MULTILINE)
    assert {*declared} == {*PROMISES, *ELSEWHERE}


def other(value: Any) -> Any:
    if isinstance(value, dict):
        return value | {"allowed_scopes": ["evil"]} if "discovery_url" in value else value | {"role_arn": "arn:evil"}
    return [*value, "evil"] if isinstance(value, list) else f"evil-{value}"


def test_an_output_that_says_something_else_is_critical() -> None:
    told = stored("no-change")["output_changes"]
    found = said({name: other(told[name]["after"]) for name in PROMISES})
    assert {name for rule, name in grave(found) if rule == "AIA095"} == {*PROMISES}
    assert found.worst == Severity.CRITICAL
    assert found.summary.headline[0].startswith("Who may call cannot be judged: output account_id (it says evil-")


def test_a_change_of_the_door_excuses_no_other_output() -> None:
    """Nor does a new environment, where all else is known only after the apply."""
    evil = dict.fromkeys(["gateway_function_arn", "gateway_role_arn", "gateway_client_id", "runtime_role_arn"])
    for plan in ("gateway-scope-dropped", "scope-rule-dropped", "client-added", "fresh-environment"):
        found = said(dict.fromkeys(evil, ELSEWHERE_ARN), plan, after_unknown=False)
        assert {("AIA095", name) for name in evil} <= grave(found), plan


def test_an_output_known_later_than_what_it_names_is_something_else() -> None:
    assert grave(said({"runtime_role_arn": None}, after_unknown=True)) == {("AIA095", "runtime_role_arn")}


def test_an_output_that_goes_while_what_it_names_stays_is_told() -> None:
    assert grave(said({"gateway_role_arn": None}, actions=["delete"])) == {("AIA095", "gateway_role_arn")}


def test_the_new_environment_says_which_outputs_only_the_apply_tells() -> None:
    [later] = review(stored("fresh-environment"), today=TODAY).summary.later
    assert {"runtime_role_arn", "gateway_client_id", "customers"} <= {*later.split(", ")}
    assert review(stored("no-change"), today=TODAY).summary.later == ()


def test_who_gains_whose_records_is_told() -> None:
    found = said({"customers": {SUBJECT: "1234"}}, before={SUBJECT: "2222", "gone": "7"})
    sentences = (f"{SUBJECT} sees the records of customer 1234, before of customer 2222",)
    assert found.summary.records == (*sentences, "gone no longer sees the records of customer 7")
    assert grave(found) == {("AIA100", "customers")}
    assert found.summary.headline[:2] == (
        "No resource changes",
        f"Whose records a caller sees changes: {'; '.join(found.summary.records)}",
    )


def test_a_person_of_the_plan_is_named_beside_the_subject() -> None:
    document = copy.deepcopy(dict(stored("no-change")))
    user = next(c for c in document["resource_changes"] if c["type"] == "aws_cognito_user")
    user["change"]["after"]["sub"] = SUBJECT
    document["output_changes"]["customers"] |= {"actions": ["update"], "after": {SUBJECT: "9"}, "before": {}}
    [sentence] = review(document, today=TODAY).summary.records
    assert sentence == f"{SUBJECT} ({user['change']['after']['username']}) sees the records of customer 9"


def test_a_scope_that_lets_machines_name_their_customer_is_told() -> None:
    found = said({"customers_scope": "agent/invoke"})
    assert grave(found) == {("AIA095", "customers_scope"), ("AIA100", "customers_scope")}
    [sentence] = found.summary.records
    assert sentence.startswith("with agent/invoke a machine names the customer")


def test_customers_of_a_new_environment_are_its_variables_or_are_told() -> None:
    document = copy.deepcopy(dict(stored("fresh-environment")))
    document["output_changes"]["customers"] |= {"after": {"a": "1", "b": "2"}, "after_unknown": False}
    document["variables"]["customers"] = {"value": {"a": "1"}}
    found = review(document, today=TODAY)
    assert found.summary.records == ("b sees the records of customer 2",)
    assert grave(found) == {("AIA100", "customers")}


@pytest.mark.parametrize("name", ["customers", "customers_scope", "runtime_role_arn", "gateway_function"])
def test_a_sensitive_output_is_told_of_and_never_shown(name: str) -> None:
    hidden = {"hidden-then": "hidden-now"} if name in ("customers", "gateway_function") else "hidden-now"
    found = said({name: hidden}, before="hidden-then", after_sensitive=True, before_sensitive=True)
    assert {rule for rule, output in grave(found) if output == name} >= {"AIA051"}
    assert {rule for rule, output in grave(found) if output == name} & {"AIA100", "AIA101"}
    for render in (to_json, to_markdown, lambda one: "\n".join(to_text(one))):
        assert "hidden-" not in render(found)


def test_an_output_that_nobody_judges_is_a_finding() -> None:
    assert grave(said({"door_key": "x"})) == {("AIA102", "door_key")}


def test_a_role_of_ones_own_is_told_of_when_it_changes() -> None:
    document = copy.deepcopy(dict(stored("no-change")))
    document["resource_changes"] = [
        c for c in document["resource_changes"] if not c["address"].startswith("module.runtime_role")
    ]
    own = "arn:aws:iam::000000000000:role/own"
    document["variables"]["execution_role_arn"] = {"value": own}
    role = document["output_changes"]["runtime_role_arn"]
    role["after"] = role["before"] = own
    assert grave(review(document, today=TODAY)) == set()
    role |= {"actions": ["update"], "before": "arn:aws:iam::000000000000:role/former"}
    found = review(document, today=TODAY)
    assert grave(found) == {("AIA101", "runtime_role_arn")}
    assert "role/former to arn:aws:iam::000000000000:role/own" in found.findings[0].why


def test_where_the_plan_was_made_is_no_matter_of_trust() -> None:
    """Without the data sources that say so, the outputs that do are told of."""
    document = copy.deepcopy(dict(stored("no-change")))
    del document["prior_state"]
    assert grave(review(document, today=TODAY)) == set()
    document["output_changes"]["account_id"] |= {"actions": ["update"], "after": "999999999999"}
    assert grave(review(document, today=TODAY)) == {("AIA101", "account_id")}
