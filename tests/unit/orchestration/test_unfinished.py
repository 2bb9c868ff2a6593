from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.clock import SystemClock
from orchestration.processes import started
from orchestration.terraform.state import STATE_FILE
from orchestration.terraform.unfinished import (
    LOCK_INFO,
    RECORD,
    abandoned_lock,
    forget,
    record,
    settle,
    sign,
    unfinished,
)

# Writes down that it was interrupted, as Terraform its state, and ends.
POLITE = "trap 'echo written > \"$0\"; exit 0' INT; echo terraform; while :; do sleep 0.02; done"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    argv = ["sh", "-c", POLITE, str(tmp_path / "written")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "terraform\n"
        yield process
        process.kill()


def lock(**changes: str) -> str:
    """What Terraform says of the lock that the run noted below would have left."""
    run = {
        "ID": "0a1b-2c3d",
        "Operation": "OperationTypeApply",
        "Who": "ann@host",
        "Created": "2026-11-23 19:00:05.123456789 +0000 UTC",
    } | changes
    lines = "".join(f"│   {name + ':':10} {value}\n" for name, value in run.items())
    return f"│ Error: Error acquiring the state lock\n│ Lock Info:\n{lines}"


def run_of(tmp_path: Path, pid: int, begun: datetime = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)) -> Any:
    record(tmp_path, pid, "apply", begun.timestamp())
    return unfinished(tmp_path)


def gone() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_terraform_that_outlived_its_command_is_interrupted_once_and_may_finish(
    tmp_path: Path, running: subprocess.Popen[str]
) -> None:
    record(tmp_path, running.pid, "apply", time.time())
    told: list[str] = []
    settle(tmp_path, told.append, SystemClock())
    assert (tmp_path / "written").read_text() == "written\n"
    assert len(told) == 1 and f"terraform apply (pid {running.pid})" in told[0]


def test_a_process_that_got_the_pid_since_is_left_alone(tmp_path: Path, running: subprocess.Popen[str]) -> None:
    record(tmp_path, running.pid, "apply", time.time())
    noted = json.loads((tmp_path / RECORD).read_text())
    (tmp_path / RECORD).write_text(json.dumps(noted | {"start": "1"}))
    settle(tmp_path, pytest.fail, SystemClock())
    assert started(running.pid)


def test_a_run_of_another_machine_is_left_alone(tmp_path: Path, running: subprocess.Popen[str]) -> None:
    record(tmp_path, running.pid, "apply", time.time())
    noted = json.loads((tmp_path / RECORD).read_text())
    (tmp_path / RECORD).write_text(json.dumps(noted | {"host": "laptop"}))
    settle(tmp_path, pytest.fail, SystemClock())
    assert started(running.pid)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    assert unfinished(tmp_path) is None
    settle(tmp_path, pytest.fail, SystemClock())


def test_the_lock_file_of_a_terraform_that_is_gone_is_removed_and_told(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).touch()
    (tmp_path / LOCK_INFO).write_text(
        json.dumps({"Who": "ann@host", "Operation": "OperationTypeApply", "Created": "t"})
    )
    told: list[str] = []
    settle(tmp_path, told.append, SystemClock())
    assert told == ["removed the state lock of a Terraform that is gone: ann@host, OperationTypeApply, since t"]
    assert not (tmp_path / LOCK_INFO).exists()


def test_the_lock_file_of_a_terraform_that_works_stays(tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).touch()
    (tmp_path / LOCK_INFO).write_text("{}")
    hold = (
        "import fcntl,sys; f=open(sys.argv[1],'r+b'); fcntl.lockf(f,fcntl.LOCK_EX); print('held',flush=True); "
        "sys.stdin.read()"
    )
    argv = ["python3", "-c", hold, str(tmp_path / STATE_FILE)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        settle(tmp_path, pytest.fail, SystemClock())
        process.kill()
    assert (tmp_path / LOCK_INFO).exists()


def test_the_lock_of_the_run_whose_end_nobody_saw_is_known(tmp_path: Path) -> None:
    run = run_of(tmp_path, gone())
    assert abandoned_lock(lock(Who=run.who), run) == "0a1b-2c3d"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"Who": "ann@laptop"}, id="somebody-elses"),
        pytest.param({"Created": "2026-11-23 18:59:00.1 +0000 UTC"}, id="older-than-the-run"),
        pytest.param({"Created": "2026-11-23 19:00:21.1 +0000 UTC"}, id="taken-after-its-last-sign-of-life"),
        pytest.param({"Created": "yesterday"}, id="no-time"),
        pytest.param({"Operation": "OperationTypePlan"}, id="of-another-operation"),
    ],
)
def test_a_lock_that_may_be_anothers_is_respected(tmp_path: Path, changes: dict[str, str]) -> None:
    run_of(tmp_path, gone())
    sign(tmp_path, datetime(2026, 11, 23, 19, 0, 10, tzinfo=UTC).timestamp())
    run = unfinished(tmp_path)
    assert run is not None and abandoned_lock(lock(Who=run.who), run) is not None
    assert abandoned_lock(lock(**({"Who": run.who} | changes)), run) is None


def test_the_lock_of_a_terraform_that_works_is_respected(tmp_path: Path, running: subprocess.Popen[str]) -> None:
    run = run_of(tmp_path, running.pid)
    assert abandoned_lock(lock(Who=run.who), run) is None


def test_without_a_record_no_lock_is_ours() -> None:
    assert abandoned_lock(lock(), None) is None


@pytest.mark.parametrize(
    ("operation", "created", "its"),
    [
        pytest.param("OperationTypeApply", "2026-11-23 19:00:05", True, id="the-first-ones"),
        pytest.param("OperationTypePlan", "2026-11-24 19:00:05", True, id="the-second-ones"),
        pytest.param("OperationTypeApply", "2026-11-24 18:55:00", False, id="taken-between-them"),
        pytest.param("OperationTypeApply", "2026-11-24 19:00:05", False, id="the-second-did-no-such-thing"),
        pytest.param("OperationTypePlan", "2026-11-23 19:00:05", False, id="the-first-did-no-such-thing"),
    ],
)
def test_a_second_unfinished_run_neither_hides_the_lock_of_the_first_nor_claims_what_came_between(
    tmp_path: Path, operation: str, created: str, its: bool
) -> None:
    first = run_of(tmp_path, gone())
    record(tmp_path, gone(), "plan", datetime(2026, 11, 24, 19, 0, tzinfo=UTC).timestamp())
    met = lock(Who=first.who, Operation=operation, Created=f"{created}.1 +0000 UTC")
    assert (abandoned_lock(met, unfinished(tmp_path)) is not None) is its


def test_a_run_that_ended_is_forgotten(tmp_path: Path) -> None:
    run_of(tmp_path, gone())
    forget(tmp_path)
    assert unfinished(tmp_path) is None
