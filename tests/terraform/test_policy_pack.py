"""The policy pack says what the review says, and the public rules have nothing to say that is not answered."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.review import review
from orchestration.review.registry import BY_ID
from tests.fakes.plans import BROKEN, HOSTILE, SOUND, made, plan
from tests.terraform.checkov import CHECKOV, PACK, failures, with_planned_values
from tests.terraform.harness import Terraform

PLANS = Path(__file__).parent / "plans"
EXCEPTIONS = PACK.parent / "public-rules.toml"
Verdicts = set[tuple[str, str]]


@pytest.fixture(scope="module")
def plans() -> dict[str, dict[str, Any]]:
    """Every seeded plan, the sound resources together, and each broken resource alone."""
    by_name = {file.stem: json.loads(file.read_text()) for file in sorted(PLANS.glob("*.json"))}
    by_name["sound"] = plan(*(made(kind) for kind in SOUND))
    for number, (rule, kind, edit) in enumerate(BROKEN):
        by_name[f"broken-{rule}-{number}"] = plan(made(kind, **edit))
    for number, (_, kind, edit) in enumerate(HOSTILE):
        by_name[f"hostile-{number}"] = plan(made(kind, **edit))
    return by_name


@pytest.fixture(scope="module")
def scanned(plans: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdicts]:
    """What checkov fails in each plan, as (rule of the review, address). One process for all."""
    assert CHECKOV.exists(), "checkov is not installed: make policy"
    folder = tmp_path_factory.mktemp("plans")
    for name, document in plans.items():
        (folder / f"{name}.json").write_text(json.dumps(with_planned_values(document)))
    files = sorted(folder.glob("*.json"))
    found = failures(files, "--external-checks-dir", str(PACK), "--check", "CKV_AIA_*", home=folder)
    verdicts: dict[str, Verdicts] = {name: set() for name in plans}
    for file, check, address in found:
        verdicts[file.removesuffix(".json")].add((check.replace("CKV_AIA_", "AIA"), address))
    return verdicts


def test_both_engines_give_the_same_verdicts(plans: dict[str, dict[str, Any]], scanned: dict[str, Verdicts]) -> None:
    for name, document in plans.items():
        found = review(document, today=date(2026, 1, 1)).findings
        ours = {(finding.rule, finding.address) for finding in found if not BY_ID[finding.rule].change_only}
        assert scanned[name] == ours, name


def test_a_bound_counts_by_what_it_means(scanned: dict[str, Verdicts]) -> None:
    """Judged by hand, so that both engines cannot be wrong together."""
    for number, (rules, kind, _) in enumerate(HOSTILE):
        assert scanned[f"hostile-{number}"] == {(rule, f"{kind}.one") for rule in rules}, number


def test_every_rule_that_a_scanner_can_say_is_in_the_pack_and_bites(scanned: dict[str, Verdicts]) -> None:
    bitten = {rule for verdicts in scanned.values() for rule, _ in verdicts}
    assert bitten == {rule.id for rule in BY_ID.values() if not rule.change_only}


def test_the_public_rules_fail_nowhere_but_where_it_is_answered_for(
    root: Path, terraform: Terraform, tmp_path: Path
) -> None:
    files = []
    for environment, deployment in (("dev", "container"), ("prod", "code")):
        binary, file = tmp_path / "plan", tmp_path / f"{environment}.json"
        values = f"-var-file=environments/{environment}.tfvars"
        # What the orchestrator passes on AWS, where a model is on Bedrock and old versions expire.
        given = ['-var=model_ids=["amazon.nova-lite-v1:0"]', "-var=artifact_noncurrent_days=30"]
        given.append(f"-var=deployment={deployment}")
        terraform(root, "plan", "-input=false", f"-out={binary}", values, *given)
        file.write_text(terraform(root, "show", "-json", str(binary)))
        files.append(file)
    exceptions = tomllib.loads(EXCEPTIONS.read_text())["exception"]
    answered = {(entry["check"], address) for entry in exceptions for address in entry["addresses"]}
    assert all(len(entry["reason"]) > 20 for entry in exceptions)
    assert {(check, address) for _, check, address in failures(files, home=tmp_path)} == answered


def rule_table() -> str:
    """The table of policies/README.md."""
    rows = ["| id | severity | what is found | remedy | engines |", "| --- | --- | --- | --- | --- |"]
    for rule in BY_ID.values():
        severity = f"{rule.severity}, {rule.production} in production" if rule.production else str(rule.severity)
        engines = "review" if rule.change_only else "both"
        rows.append(f"| {rule.id} | {severity} | {rule.title} | {rule.remedy.replace('|', '/')} | {engines} |")
    return "\n".join(rows) + "\n"


def test_the_readme_lists_every_rule_as_it_is() -> None:
    assert rule_table() in (PACK.parent / "README.md").read_text()
