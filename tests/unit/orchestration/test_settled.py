from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestration.terraform import CUT_OFF, Environment, RemoteState
from orchestration.terraform.settled import USER_AGENT, inputs_of, is_settled, settle, unsettle
from orchestration.terraform.unfinished import record

MARK = "process:4"


@dataclass
class Settled:
    """A folder of Terraform's in which a plan found nothing."""

    place: Environment

    def __call__(self, mark: str = MARK, **changes: object) -> bool:
        return is_settled(replace(self.place, **changes), mark)  # type: ignore[arg-type]

    def with_variable(self, name: str, value: str) -> bool:
        return self(variables={**self.place.variables, name: value})


@pytest.fixture
def settled(tmp_path: Path) -> Settled:
    sources, work, binary = tmp_path / "terraform", tmp_path / "state", tmp_path / "terraform-binary"
    for folder in (sources / ".package", sources / "environments", sources / "tests", work):
        folder.mkdir(parents=True)
    binary.touch(mode=0o700)
    (sources / "main.tf").write_text("# one\n")
    (sources / "policy.json").write_text("{}")
    (sources / ".package" / "credit_check.zip").write_bytes(b"zip")
    (sources / "environments" / "dev.tfvars").write_text("a = 1\n")
    (work / "terraform.tfstate").write_text("{}")
    variables = {"PATH": os.defpath, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "SHLVL": "1"}
    files = (sources / "environments" / "dev.tfvars",)
    place = Environment(str(binary), sources, work, variables, tfvars={"environment": "dev"}, var_files=files)
    settle(place, inputs_of(place), MARK)
    return Settled(place)


def test_what_is_as_it_was_needs_no_plan(settled: Settled) -> None:
    assert settled()
    assert settled.with_variable("SHLVL", "2")
    assert settled.with_variable(USER_AGENT, "run/another")
    (settled.place.source_dir / "tests" / "x.tftest.hcl").touch()
    (settled.place.source_dir / "README.md").touch()
    assert settled()


def edited(name: str, text: str = "other") -> Callable[[Settled], None]:
    def edit(settled: Settled) -> None:
        (settled.place.source_dir / name).write_text(text)

    return edit


def in_work_dir(name: str, text: str = "{ }") -> Callable[[Settled], None]:
    def write(settled: Settled) -> None:
        (settled.place.work_dir / name).write_text(text)

    return write


def a_pipe(settled: Settled) -> None:
    os.mkfifo(settled.place.source_dir / "pipe.tf")


def gone(settled: Settled) -> None:
    settled.place.source_dir.rename(settled.place.source_dir.with_name("elsewhere"))


def linked(name: str, target: str) -> Callable[[Settled], None]:
    def link(settled: Settled) -> None:
        (settled.place.source_dir / name).symlink_to(target)

    return link


def a_killed_plan(settled: Settled) -> None:
    record(settled.place.work_dir, os.getpid(), "plan", 0.0)
    assert socket.gethostname() in (settled.place.work_dir / "terraform.run.json").read_text()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(edited("main.tf"), id="a-source"),
        pytest.param(edited("policy.json"), id="a-file-that-a-source-reads"),
        pytest.param(edited("new.tf", ""), id="a-new-file"),
        pytest.param(edited(".package/credit_check.zip"), id="the-function"),
        pytest.param(edited("environments/dev.tfvars", "a = 2\n"), id="values"),
        pytest.param(edited("mine.auto.tfvars", "a = 2\n"), id="values-that-load-by-themselves"),
        pytest.param(edited("errored.tfstate"), id="a-state-that-could-not-be-written"),
        pytest.param(a_pipe, id="a-pipe-that-nobody-opens"),
        pytest.param(linked(".#main.tf", "nowhere"), id="an-editors-lock"),
        pytest.param(linked("again", "."), id="a-linked-folder"),
        pytest.param(gone, id="no-sources"),
        pytest.param(in_work_dir("errored.tfstate"), id="a-state-that-was-kept"),
        pytest.param(in_work_dir("terraform.tfstate"), id="the-state"),
        pytest.param(in_work_dir(CUT_OFF), id="an-apply-that-was-cut-off"),
        pytest.param(in_work_dir("settled.json", "[]"), id="another-record"),
        pytest.param(in_work_dir("settled.json", "{"), id="half-a-record"),
        pytest.param(a_killed_plan, id="a-command-whose-end-nobody-saw"),
        pytest.param(lambda settled: (settled.place.work_dir / "terraform.tfstate").unlink(), id="no-state"),
        pytest.param(lambda settled: unsettle(settled.place.work_dir), id="no-record"),
        pytest.param(lambda settled: os.utime(settled.place.binary, (1, 1)), id="the-tool"),
    ],
)
def test_whatever_changed_is_planned(settled: Settled, change: Callable[[Settled], None]) -> None:
    change(settled)
    assert not settled()


@pytest.mark.parametrize("odd", [a_pipe, linked(".#main.tf", "nowhere"), linked("again", ".")])
def test_nothing_is_settled_beside_what_cannot_be_told(settled: Settled, odd: Callable[[Settled], None]) -> None:
    odd(settled)
    inputs = inputs_of(settled.place)
    assert inputs is None
    settle(settled.place, inputs, MARK)
    assert not settled() and not (settled.place.work_dir / "settled.json").exists()


def test_another_cloud_or_other_values_are_planned(settled: Settled) -> None:
    assert not settled("process:5")
    assert not settled("other:4")
    assert not settled(tfvars={"environment": "dev", "model_ids": ["x"]})
    for name in ("TF_VAR_project", "TF_CLI_ARGS_plan", "AWS_ACCESS_KEY_ID", "https_proxy", "GODEBUG", "HOME"):
        assert not settled.with_variable(name, "x"), name
    assert not settled.with_variable("AWS_ENDPOINT_URL", "http://127.0.0.1:2")


def test_a_state_that_others_share_is_always_planned(settled: Settled) -> None:
    shared = RemoteState("bucket", "key", "us-east-1")
    assert not settled(remote=shared)
    settle(replace(settled.place, remote=shared), inputs_of(settled.place), MARK)
    assert not settled()


def test_what_was_edited_while_terraform_ran_is_planned(settled: Settled) -> None:
    before = inputs_of(settled.place)
    edited("main.tf")(settled)
    settle(settled.place, before, MARK)
    edited("main.tf", "# one\n")(settled)
    assert inputs_of(settled.place) == before
    assert not settled(), "Terraform may have read what is taken back now"


def test_the_record_is_for_its_owner_and_holds_no_value(settled: Settled) -> None:
    path = settled.place.work_dir / "settled.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == {"inputs", "state", "mark"}
    assert "127.0.0.1" not in path.read_text()
