"""Plans of the real binary, each with the headline that a reviewer must see. scripts/seed_plans.py makes the plans."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.review import (
    Review,
    declared_in,
    load_waivers,
    parse_plan,
    review,
    to_json,
    to_markdown,
    to_sarif,
    to_text,
)
from orchestration.review.engine import location

ROOT = Path(__file__).parents[2]
PLANS = sorted((Path(__file__).parent / "plans").glob("*.json"))
TODAY = date(2026, 1, 1)
by_name = pytest.mark.parametrize("file", PLANS, ids=lambda file: file.stem)


def reviewed(name: str) -> Review:
    return review(loaded(name), today=TODAY)


def loaded(name: str) -> Any:
    return json.loads((Path(__file__).parent / "plans" / f"{name}.json").read_text())


@by_name
def test_the_reviewer_sees_the_headline(file: Path) -> None:
    headline = "".join(f"{line}\n" for line in reviewed(file.stem).summary.headline)
    assert headline == file.with_suffix(".headline.txt").read_text()


@by_name
def test_the_same_plan_gives_the_same_bytes(file: Path) -> None:
    plan = loaded(file.stem)
    plan["resource_changes"] = plan["resource_changes"][::-1]
    for render in (to_text, to_json, to_markdown, to_sarif):
        assert render(review(plan, today=TODAY)) == render(reviewed(file.stem))


@by_name
def test_a_seeded_plan_holds_no_secret_and_nothing_of_a_machine(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"/(tmp|home|root|work)/", text)
    for entry in json.loads(text)["resource_changes"]:
        for values in (entry["change"]["before"], entry["change"]["after"]):
            assert not {"password", "client_secret", "secret_string_wo"} & set(values or {}), entry["address"]


@by_name
def test_every_finding_leads_to_a_file_of_the_repository(file: Path) -> None:
    parsed = parse_plan(loaded(file.stem))
    for change in parsed.changes:
        place = location(change.address, parsed)
        assert (ROOT / place).is_file()
        assert change.module == "" or place != "terraform/main.tf", change.address


@pytest.mark.parametrize(
    ("name", "address", "line"),
    [
        ("gateway-told-of-another-door", "output.gateway_authorizer", 'output "gateway_authorizer" {'),
        ("outsider-allowed", "terraform_data.authorizer", 'resource "terraform_data" "authorizer" {'),
        (
            "pool-replaced",
            "module.identity[0].aws_cognito_user_pool.callers",
            'resource "aws_cognito_user_pool" "callers" {',
        ),
        (
            "password-flow-on",
            'module.identity[0].module.client["user"].aws_cognito_user_pool_client.this',
            'resource "aws_cognito_user_pool_client" "this" {',
        ),
    ],
)
def test_a_finding_leads_to_the_line_that_declares_its_address(name: str, address: str, line: str) -> None:
    finding = next(finding for finding in reviewed(name).findings if finding.address == address)
    file, number = declared_in(ROOT)(finding)
    assert (ROOT / file).read_text().splitlines()[number - 1] == line
    results = json.loads(to_sarif(reviewed(name), declared_in(ROOT)))["runs"][0]["results"]
    assert (file, number) in [_told(result) for result in results]


def _told(result: dict[str, Any]) -> tuple[str, int]:
    place = result["locations"][0]["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]["startLine"]


def test_what_is_declared_nowhere_leads_to_its_modules_file() -> None:
    finding = next(f for f in reviewed("function-opened").findings if f.rule == "AIA097")
    assert declared_in(ROOT)(finding) == ("terraform/modules/credit_check/main.tf", 1)


def test_at_least_twelve_plans_are_seeded() -> None:
    assert len(PLANS) >= 12


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("fresh-environment", set()),
        ("fresh-production", set()),
        ("no-change", set()),
        ("container", {"AIA074", "AIA075"}),
        ("code-again", {"AIA073"}),
        ("build-altered", {"AIA099"}),
        ("client-added", {"AIA080"}),
        ("client-removed", {"AIA071", "AIA082"}),
        ("outsider-allowed", {"AIA006", "AIA080"}),
        ("pool-replaced", {"AIA070", "AIA080", "AIA081", "AIA082", "AIA100"}),
        ("role-action-added", {"AIA074"}),
        ("role-resource-widened", {"AIA074"}),
        ("trust-condition-dropped", {"AIA031", "AIA075"}),
        ("role-narrowed", set()),
        ("password-flow-on", {"AIA083"}),
        ("implicit-flow", {"AIA010", "AIA083"}),
        ("self-sign-up", {"AIA020", "AIA081"}),
        ("deletion-protection-off", {"AIA061"}),
        ("bucket-public", {"AIA030", "AIA032", "AIA040", "AIA042", "AIA074"}),
        ("tags-missing", {"AIA060"}),
        ("scope-rule-dropped", {"AIA081"}),
        ("required-group-dropped", {"AIA081"}),
        ("gateway-off", {"AIA071", "AIA072", "AIA073", "AIA082"}),
        ("gateway-outsider-allowed", {"AIA006", "AIA080"}),
        ("gateway-scope-dropped", {"AIA081"}),
        ("gateway-told-of-another-door", {"AIA080", "AIA082", "AIA095"}),
        ("function-opened", {"AIA074", "AIA086", "AIA097", "AIA098"}),
        ("function-replaced-and-widened", {"AIA074", "AIA096"}),
    ],
)
def test_the_grave_findings_of_a_plan_are_these(name: str, rules: set[str]) -> None:
    """More than low; what the base already breaks in every plan is low."""
    assert {finding.rule for finding in reviewed(name).findings if finding.severity > 1} == rules


def test_the_command_says_so_and_ends_with_2(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text('{"format_version": "1.0", "values": {}}')
    command = [sys.executable, "-m", "invoke", "review", str(state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0].startswith("error [bad_input]: not a plan that can be reviewed")
    assert "Traceback" not in done.stderr


def test_the_committed_waivers_can_be_read() -> None:
    load_waivers((ROOT / "policies" / "waivers.toml").read_text())
