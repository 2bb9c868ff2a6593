from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.processes import CANNOT_START, end_group, leashed, runs, started

DEADLINE_S = 60.0
ROOT = Path(__file__).resolve().parents[3]
# Starts what it is told on a leash, says its pid, and waits to be killed.
PARENT = """
import signal, subprocess, sys, time
from orchestration.processes import leashed
child = subprocess.Popen(leashed(sys.argv[1:], signal.SIGINT), start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_process_is_known_by_pid_and_start(sleeper: subprocess.Popen[bytes]) -> None:
    start = started(sleeper.pid)
    assert start and runs(sleeper.pid, start)
    assert not runs(sleeper.pid, start + "0"), "another process got that pid"


def test_a_process_that_ended_runs_no_more_although_nobody_waited_for_it(sleeper: subprocess.Popen[bytes]) -> None:
    start = started(sleeper.pid) or ""
    sleeper.kill()
    wait_until(lambda: started(sleeper.pid) is None)
    assert not runs(sleeper.pid, start)


def test_a_group_is_ended_where_the_word_is_in_its_command_alone(sleeper: subprocess.Popen[bytes]) -> None:
    assert not end_group(sleeper.pid, "terraform")
    assert sleeper.poll() is None
    assert end_group(sleeper.pid, "sleep")
    assert sleeper.wait(DEADLINE_S) == -signal.SIGKILL


def test_the_leash_becomes_the_program() -> None:
    done = subprocess.run(leashed(["sh", "-c", "exit 7"], signal.SIGINT), timeout=DEADLINE_S)
    assert done.returncode == 7


def test_a_program_that_is_not_there_is_told_by_the_leash() -> None:
    done = subprocess.run(leashed(["/no/such"], signal.SIGINT), capture_output=True, text=True, timeout=DEADLINE_S)
    assert (done.returncode, done.stderr) == (CANNOT_START, "No such file or directory\n")


def test_what_is_on_the_leash_is_interrupted_when_its_parent_is_killed() -> None:
    if sys.platform != "linux":
        return  # nothing tells it there: the next command ends it
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, "sleep", "600"], env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_until(lambda: b"sleep" in Path(f"/proc/{child}/cmdline").read_bytes()[:6])
        os.kill(parent.pid, signal.SIGKILL)
        wait_until(lambda: started(child) is None)
