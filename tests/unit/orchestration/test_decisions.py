"""The decision function as another program: what goes in comes back judged, and a failure says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_local.journal import DECISIONS, DecisionFile
from orchestration.embedded.decisions import Decisions, decision_lines, oidc_map
from orchestration.errors import Unfit

ROOT = Path(__file__).resolve().parents[3]
AUTHORIZER = {
    "discoveryUrl": "https://idp.invalid/.well-known/openid-configuration",
    "allowedClients": ["app"],
}


def test_each_call_is_decided_in_order() -> None:
    flags = oidc_map("us-east-1", "http://127.0.0.1:9")
    calls = [(AUTHORIZER, None), (AUTHORIZER, "Bearer a.b"), (None, "Bearer a.b")]
    decided = Decisions(ROOT, flags, {}).decide(calls)
    assert [(d.door, d.decision, d.reason) for d in decided] == [
        ("jwt", "deny", "missing_token"),
        ("jwt", "deny", "malformed_token"),
        ("iam", "deny", "method_mismatch"),
    ]
    first = decided[1].first_failure
    assert first is not None
    assert (first.rule, first.seen) == ("shape", "2 parts")


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        pytest.param(Decisions(ROOT, ["--oidc-map", "x"], {}), "--oidc-map|one side", id="refuses"),
        pytest.param(Decisions(ROOT / "tests", [], {}), "No module named", id="not-there"),
        pytest.param(Decisions(ROOT / "nowhere", [], {}), "FileNotFoundError", id="no-folder"),
    ],
)
def test_a_program_that_does_not_answer_makes_the_machine_unfit(decisions: Decisions, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        decisions.decide([(None, None)])


def test_decisions_that_nobody_wrote_down_are_none(tmp_path: Path) -> None:
    assert decision_lines(tmp_path) == []


def test_decisions_are_read_from_old_files_too(tmp_path: Path) -> None:
    journal = DecisionFile(tmp_path / DECISIONS, max_bytes=1)
    for line in ("one\n", "two\n"):
        journal.write(line)
    journal.close()
    assert decision_lines(tmp_path) == ["one", "two"]
