"""The policy pack says what the review says, and the public rules have nothing to say that is not answered."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.review import review
from orchestration.review.registry import BY_ID
from tests.fakes.plans import BROKEN, SOUND, made, plan
from tests.terraform.checkov import CHECKOV, PACK, failures, with_planned_values

PLANS = Path(__file__).parent / "plans"
Verdicts = set[tuple[str, str]]


@pytest.fixture(scope="module")
def plans() -> dict[str, dict[str, Any]]:
    """Every seeded plan, the sound resources together, and each broken resource alone."""
    by_name = {file.stem: json.loads(file.read_text()) for file in sorted(PLANS.glob("*.json"))}
    by_name["sound"] = plan(*(made(kind) for kind in SOUND))
    for number, (rule, kind, edit) in enumerate(BROKEN):
        by_name[f"broken-{rule}-{number}"] = plan(made(kind, **edit))
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


def test_every_rule_that_a_scanner_can_say_is_in_the_pack_and_bites(scanned: dict[str, Verdicts]) -> None:
    bitten = {rule for verdicts in scanned.values() for rule, _ in verdicts}
    assert bitten == {rule.id for rule in BY_ID.values() if not rule.change_only}
