"""AWS played on this machine: everything as a deployer with the policies that Terraform renders and nothing else."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.aws.recording import ENVIRONMENT, ROOT, Recorded, Recording, deployers, dump, load, readers
from tests.aws.rehearsal import COMMANDS, Rehearsal, record

pytestmark = [
    pytest.mark.timeout(1500),
    # A daemon outlives the object by which it was started.
    pytest.mark.filterwarnings("ignore:.*Popen:pytest.PytestUnraisableExceptionWarning"),
]
# Which command fails without a statement, on what. docs/aws-calls.md judges all by the recorded calls, these run.
TAKEN = {
    "TaggedPools": ("drift", "cognito-idp:"),
    "OwnRuntimes": ("up", "bedrock-agentcore:"),
    "BeTheProbesOfTheIamDoor": ("smoke-test", "sts:AssumeRole"),
}
READER = "a role that reads"
Without = dict[str, tuple[int, str]]
ANSWERS = ROOT / "tests/contract/aws_answers.json"
NEW = "new.json"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What was called, {statement: exit code and output of its command without it}, what the doors answered."""

    calls: Recording
    without: Without
    answers: dict[str, Any]


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    without: Without = {}

    folder = tmp_path_factory.mktemp("aws")
    shutil.copy(ANSWERS, folder / ANSWERS.name)

    def take_away(rehearsal: Rehearsal) -> None:
        words = ("--only-answers", "--environment", ENVIRONMENT, "--into", str(folder / ANSWERS.name))
        asked = rehearsal.run(sys.executable, "-m", "scripts.first_run_on_aws", *words)
        assert asked.returncode == 0, asked.stderr[-2000:]
        for sid, (command, _) in TAKEN.items():
            rehearsal.allow(deployers().without(sid))
            done = rehearsal.invoke(*COMMANDS[command])
            without[sid] = done.returncode, done.stdout + done.stderr
        rehearsal.allow(readers())
        done = rehearsal.invoke(*COMMANDS["drift"])
        without[READER] = done.returncode, done.stdout + done.stderr
        rehearsal.allow(deployers())

    now = record(folder, deployers(), {"ask": take_away})
    (folder / NEW).write_text(dump(now))
    return Rehearsed(now, without, json.loads((folder / ANSWERS.name).read_text()))


def calls(recording: Recording) -> set[Recorded]:
    return set(recording.calls)


def test_the_deployers_policies_allow_a_whole_life_whose_calls_are_those_recorded(
    rehearsed: Rehearsed,
) -> None:
    now, before = rehearsed.calls, load()
    fresh, gone = sorted(calls(now) - calls(before)), sorted(calls(before) - calls(now))
    assert (fresh, gone) == ([], []), f"python -m scripts.aws_calls --rehearse ({NEW} in the test's folder)"
    assert now.roles == before.roles


@pytest.mark.parametrize("sid", TAKEN)
def test_a_command_fails_without_its_statement_and_names_the_action(rehearsed: Rehearsed, sid: str) -> None:
    code, said = rehearsed.without[sid]
    assert code != 0
    assert "AccessDenied" in said
    assert TAKEN[sid][1] in said


def test_a_role_that_reads_looks_for_drift(rehearsed: Rehearsed) -> None:
    code, said = rehearsed.without[READER]
    assert code == 0, said[-3000:]


def test_the_first_run_asks_every_door_through_the_proxy_and_keeps_what_it_said(rehearsed: Rehearsed) -> None:
    assert rehearsed.answers["aws"]["region"] == "eu-west-1"
    assert rehearsed.answers["aws"]["answers"] == rehearsed.answers["expected"]
