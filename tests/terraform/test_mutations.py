"""The lists of edits fit the Terraform that is there; making the edits and judging them takes longer (make mutate)."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.review.registry import BY_ID
from scripts.mutate_terraform import only
from scripts.plan_seeds.scenarios import SCENARIOS, Edit
from scripts.terraform_mutations import Mutation, Rule, Run, mutations
from tests.terraform.harness import ROOT

MUTATIONS = mutations()
EDITS = [edit for mutation in MUTATIONS for edit in mutation.edits]
EDITS += [edit for scenario in SCENARIOS for edit in scenario.edits]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit.file}-{edit.old[:24]!r}")
def test_an_edit_finds_its_text_and_changes_it(edit: Edit) -> None:
    assert edit.old in (ROOT / edit.file).read_text()
    assert edit.old != edit.new


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutations_watcher_is_there(mutation: Mutation) -> None:
    match mutation.watcher:
        case Rule(id=rule):
            assert rule in BY_ID
        case Run(module=module, file=file, name=name):
            assert f'run "{name}"' in (ROOT / module / file).read_text()


def test_at_least_fifteen_mutations_each_with_a_name_of_its_own() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 15


def test_a_run_is_cut_out_of_its_file_with_what_stands_before_the_first() -> None:
    text = 'variables {\n}\n\nrun "a" {\n  x\n}\n\nrun "b" {\n  y\n}\n'
    assert only(text, "b") == 'variables {\n}\n\nrun "b" {\n  y\n}\n'
    with pytest.raises(SystemExit):
        only(text, "c")


def test_an_edit_whose_text_is_gone_ends_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("a\n")
    with pytest.raises(SystemExit, match="main.tf has no 'b'"):
        Edit("main.tf", "b", "c").apply(tmp_path)
