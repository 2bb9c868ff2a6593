"""The whole smoke matrix at its six doors; what it says when somebody loosens one; what it can do elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from orchestration.checks.case import Door
from orchestration.checks.cases import CASES
from orchestration.evidence import schemas
from tests.e2e.acts import alter_door, alter_gateway, go_round_the_gateway, ledger, one_error
from tests.e2e.conftest import Clone, Done

pytestmark = pytest.mark.e2e

Rules = dict[str, Any]


@pytest.fixture(scope="module")
def first_run(clone: Clone, first_up: Done) -> Done:
    """The first smoke test after `make up`: it makes the doors."""
    assert first_up.code == 0, first_up.err
    return clone.invoke("smoke-test")


@pytest.fixture
def doors(clone: Clone, first_run: Done) -> Clone:
    """The clone with the doors of the matrix made."""
    assert first_run.code == 0, first_run.out + first_run.err
    return clone


def test_every_case_runs_and_every_verdict_is_as_expected(doors: Clone) -> None:
    before = ledger(doors)["doors"]
    done = doors.invoke("smoke-test", "--json")
    document = json.loads(done.out)
    schemas.check("result", document)
    assert (done.code, document["ok"], document["failed"], document["skipped"]) == (0, True, [], [])
    configured = [f"configuration-{door.value}" for door in Door]
    assert [case["id"] for case in document["cases"]] == [*(case.id for case in CASES), *configured]
    called = [case for case in document["cases"] if case["status"]]
    assert len(called) == len(CASES)
    assert all(case["reached"] is case["expected_reached"] for case in called)
    assert ledger(doors)["doors"] == before, "the doors are reused"
    assert len(before) == 4


def test_no_token_is_shown(first_run: Done) -> None:
    assert "pass" in first_run.out
    assert "eyJ" not in first_run.out + first_run.err, "a token begins so"


# (door, what somebody does to it, the cases that now pass or fail beside its configuration)
LOOSENED: list[tuple[str, Callable[[Rules, str], Any], set[str]]] = [
    ("main", lambda rules, outsider: rules["allowedClients"].append(outsider), {"outsider"}),
    ("main", lambda rules, outsider: rules["allowedClients"].append("nobody-of-ours"), set()),
    (
        "scope",
        lambda rules, outsider: rules.pop("allowedScopes"),
        # A scope claim that is a list is refused for its shape, whatever scopes are asked for.
        {case.id for case in CASES if case.door is Door.SCOPE and case.cause == "scopes"} - {"scope-list"},
    ),
    (
        "group",
        lambda rules, outsider: rules.pop("customClaims"),
        {case.id for case in CASES if case.door is Door.GROUP and case.cause == "custom_claim_1"},
    ),
]


@pytest.mark.parametrize(("door", "alter", "wrong"), LOOSENED, ids=["main", "main-by-a-stranger", "scope", "group"])
def test_a_loosened_door_is_found_by_exactly_the_cases_that_now_pass(
    doors: Clone, outputs: dict[str, Any], door: str, alter: Callable[[Rules, str], Any], wrong: set[str]
) -> None:
    outsider = outputs["terraform"]["probe_outsider_client_id"]
    made = {record["name"].rpartition("_probe_")[2]: record["id"] for record in ledger(doors)["doors"]}
    runtime_id = made.get(door) or ledger(doors)["runtime"]["id"]
    good: Rules = {}

    def loosen(rules: Rules) -> None:
        good.update(json.loads(json.dumps(rules)))
        alter(rules, outsider)

    alter_door(doors, runtime_id, loosen)
    done = doors.invoke("smoke-test", "--json")
    alter_door(doors, runtime_id, lambda rules: rules.update(good))
    document = json.loads(done.out)
    expected = wrong | {f"configuration-{door}"}
    assert (done.code, set(document["failed"])) == (1, expected)
    assert all(case in one_error(done) for case in expected)
    assert all(case["explanation"] for case in document["cases"] if case["id"] in expected)


def test_a_loosened_gateway_is_found_by_the_cases_that_now_pass_and_mended_with_a_loosened_door(
    doors: Clone, outputs: dict[str, Any]
) -> None:
    stranger = outputs["terraform"]["probe_gateway_outsider_client_id"]

    def loosen(rules: Rules) -> None:
        rules["allowedClients"].append(stranger)
        rules.pop("allowedScopes")

    alter_gateway(doors, loosen)
    ways_round = go_round_the_gateway(doors)
    done = doors.invoke("smoke-test", "--tag", "gateway", "--json")
    failed = set(json.loads(done.out)["failed"])
    scopes = {case.id for case in CASES if case.door is Door.GATEWAY and case.cause == "scopes"}
    assert (done.code, failed) == (1, scopes | {"gateway-scope-outsider", "configuration-gateway"})
    drifted = json.loads(doors.invoke("drift", "--json").out)
    fields = {"authorizer.allowedClients", "authorizer.allowedScopes", *ways_round}
    assert {row["field"] for row in drifted["fields"]} == fields
    (told,) = (case["reason"] for case in json.loads(done.out)["cases"] if case["id"] == "configuration-gateway")
    assert [field for field in fields if field not in told] == [], "the smoke test names each of them too"
    (group,) = (record["id"] for record in ledger(doors)["doors"] if record["name"].endswith("_group"))
    alter_door(doors, group, lambda rules: rules.pop("customClaims"))
    mended = doors.run("make", "up")
    assert mended.code == 0, mended.err
    assert "ok  terraform plan" in mended.err, "whoever alters a function has Terraform look again"
    both = doors.invoke("smoke-test", "--tag", "gateway", "--tag", "group", "--json")
    doors_asked = {case["door"] for case in json.loads(both.out)["cases"]}
    assert (both.code, {"gateway", "group"} <= doors_asked) == (0, True)


def test_a_chosen_few_run_alone(doors: Clone) -> None:
    done = doors.invoke("smoke-test", "--case", "person", "--tag", "iam", "--parallel", "2", "--json")
    ran = [case["id"] for case in json.loads(done.out)["cases"]]
    assert done.code == 0
    chosen = [case.id for case in CASES if case.id == "person" or case.door is Door.IAM]
    assert ran == [*chosen, "configuration-main", "configuration-iam"]


def test_a_case_that_is_not_known_is_one_line_with_a_remedy(doors: Clone) -> None:
    done = doors.invoke("smoke-test", "--case", "nobody")
    assert (done.code, one_error(done).startswith("error [bad_case]: --case 'nobody'")) == (2, True)


@pytest.mark.parametrize("token", [False, True], ids=["no-token", "with-a-token"])
def test_a_runtime_of_somebody_else_is_tried_with_what_is_known_of_it(
    doors: Clone, outputs: dict[str, Any], token: bool
) -> None:
    words = ["smoke-test", "--json", "--runtime-arn", outputs["runtime"]["arn"]]
    words += ["--discovery-url", outputs["authorizer"]["discovery_url"]]
    words += ["--client", outputs["cognito"]["user_client_id"]]
    line = " ".join([".venv/bin/invoke", *words])
    if token:
        line = f".venv/bin/invoke token | {line} --token-stdin"
    document = json.loads(doors.run("sh", "-c", line).out)
    ran = {case["id"] for case in document["cases"] if case["skipped"] is None}
    assert (document["ok"], document["failed"]) == (True, [])
    assert {"no-token", "garbage", "alg-none", "hs256-public-key", "foreign-key", "sigv4-on-token-door"} <= ran
    assert ("person" in ran, "payload-tampered" in ran) == (token, token)
    assert not ran & {"machine", "expired", "outsider", "signed"}, "what takes more than is known"
    assert all(case["reached"] is None for case in document["cases"])
