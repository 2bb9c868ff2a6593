"""Real processes: a shell that waits, or ends at once."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestration.embedded.daemon import (
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    Daemon,
    base_environment,
    end_strays,
    ensure_end,
    free_port,
    holds,
    in_folders,
    is_free,
)
from orchestration.errors import Unfit
from tests.fakes.orchestration import FakeClock

# A daemon outlives whoever started it, which Python's subprocess warns about.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

ENV = {"PATH": "/usr/bin:/bin"}
WAITS = ["/bin/sh", "-c", "echo started; touch ready; exec sleep 600"]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon("thing", tmp_path / "cloud")
    yield made
    made.stop()


def ready(daemon: Daemon) -> bool:
    return (daemon.folder / "ready").exists()


def start(daemon: Daemon, argv: list[str] = WAITS) -> None:
    daemon.start(argv, ENV, [], lambda: ready(daemon), FakeClock(on_sleep=lambda seconds: time.sleep(0.002)))


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process of somebody else."""
    process = subprocess.Popen(["/bin/sleep", "600"])
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def record(daemon: Daemon, pid: int, created: float) -> None:
    daemon.folder.mkdir(exist_ok=True)
    (daemon.folder / "thing.pid").write_text(json.dumps({"pid": pid, "created": created}))


def test_one_whose_start_could_not_be_recorded_does_not_run_on(daemon: Daemon) -> None:
    """Nobody would know it again; as after an interrupt at that moment."""
    (daemon.folder / "thing.pid").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        start(daemon)
    assert list(in_folders(lambda place: place == daemon.folder, ("sh", "sleep"))) == []
    (daemon.folder / "thing.pid").rmdir()


def test_a_started_daemon_is_recognised_by_another_command(daemon: Daemon) -> None:
    start(daemon)
    process = Daemon("thing", daemon.folder).process()
    recorded = daemon.recorded()
    assert process is not None
    assert recorded is not None
    assert process.pid == recorded[0]
    assert process.is_running()


def test_start_returns_when_it_is_healthy(daemon: Daemon) -> None:
    start(daemon)
    assert ready(daemon)
    assert "started" in daemon.log_path.read_text()


def test_a_daemon_has_a_session_of_its_own_so_ctrl_c_does_not_reach_it(daemon: Daemon) -> None:
    start(daemon)
    process = daemon.process()
    assert process is not None
    assert os.getsid(process.pid) == process.pid


def test_a_daemon_sees_the_given_environment_alone(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-user")
    start(daemon, ["/bin/sh", "-c", "env; touch ready; exec sleep 600"])
    assert "secret-of-the-user" not in daemon.log_path.read_text()


def test_stop_ends_it_and_says_so(daemon: Daemon) -> None:
    start(daemon)
    process = daemon.process()
    assert process is not None
    assert daemon.stop() is True
    assert not process.is_running()
    assert daemon.process() is None
    assert daemon.recorded() is None


def test_one_that_nobody_reaps_has_ended(daemon: Daemon) -> None:
    daemon.folder.mkdir()
    argv = ["/bin/sh", "-c", "sleep 600 & echo $!; exec sleep 600"]  # what is exec'd never asks for its child's end
    with subprocess.Popen(argv, cwd=daemon.folder, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process = psutil.Process(int(parent.stdout.readline()))
        record(daemon, process.pid, process.create_time())
        try:
            assert daemon.stop() is True
            assert process.status() == psutil.STATUS_ZOMBIE
        finally:
            parent.kill()


class Stubborn:
    """As much of a process as an end takes; ended by SIGKILL, or by nothing. Waiting takes no time."""

    pid = 7

    def __init__(self, *, mortal: bool) -> None:
        self.mortal, self.waited, self.killed = mortal, 0.0, 0

    def status(self) -> str:
        return psutil.STATUS_DEAD if self.mortal and self.killed else psutil.STATUS_DISK_SLEEP

    def wait(self, timeout: float) -> None:
        self.waited += timeout
        if self.status() != psutil.STATUS_DEAD:
            raise psutil.TimeoutExpired(timeout)

    def kill(self) -> None:
        assert self.waited > STOP_TIMEOUT_S / 2, "it may be saving what it holds"
        self.killed += 1


def test_one_that_does_not_end_by_itself_is_killed() -> None:
    process: Any = Stubborn(mortal=True)
    ensure_end(process)
    assert process.killed == 1


def test_one_that_outlives_that_is_not_said_to_have_ended() -> None:
    process: Any = Stubborn(mortal=False)
    with pytest.raises(Unfit, match="process 7 does not end") as caught:
        ensure_end(process)
    assert (caught.value.code, process.killed) == ("process_stays", 1)


def test_stopping_what_does_not_run_is_no_error(daemon: Daemon) -> None:
    assert daemon.stop() is False


def test_it_can_be_started_again(daemon: Daemon) -> None:
    start(daemon)
    first = daemon.recorded()
    daemon.stop()
    (daemon.folder / "ready").unlink()
    start(daemon)
    assert daemon.recorded() != first


def test_a_program_that_ends_at_once_is_unfit_with_its_last_line(daemon: Daemon) -> None:
    with pytest.raises(Unfit) as caught:
        start(daemon, ["/bin/sh", "-c", "echo first; echo address in use >&2; exit 7"])
    assert caught.value.code == "daemon_failed"
    assert caught.value.message == "thing ended at once with exit code 7: address in use"
    assert str(daemon.log_path) in caught.value.remedy
    assert daemon.recorded() is None


def test_a_program_that_says_nothing_before_it_ends_is_unfit(daemon: Daemon) -> None:
    with pytest.raises(Unfit, match="exit code 1: no output"):
        start(daemon, ["/bin/sh", "-c", "exit 1"])


def test_a_program_that_is_not_there_is_unfit(daemon: Daemon) -> None:
    with pytest.raises(Unfit, match="/nowhere/thing"):
        start(daemon, ["/nowhere/thing"])


def test_a_daemon_that_never_becomes_healthy_is_ended(daemon: Daemon) -> None:
    seen: list[psutil.Process] = []

    def never() -> bool:
        if not seen and (process := daemon.process()):
            seen.append(process)
        return False

    clock = FakeClock()
    with pytest.raises(Unfit, match=f"is not healthy after {START_TIMEOUT_S:.0f} s"):
        daemon.start(WAITS, ENV, [], never, clock)
    assert sum(clock.slept) == pytest.approx(START_TIMEOUT_S, abs=0.1)
    assert not seen[0].is_running()
    assert daemon.recorded() is None


def test_an_interrupted_start_leaves_a_record_that_stop_finds(daemon: Daemon) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        daemon.start(WAITS, ENV, [], lambda: False, FakeClock(on_sleep=interrupt))
    assert daemon.stop() is True


def test_a_pid_that_now_belongs_to_another_program_is_not_ours(daemon: Daemon, stranger: psutil.Process) -> None:
    record(daemon, stranger.pid, stranger.create_time() - 100)
    assert daemon.process() is None
    assert daemon.stop() is False
    assert stranger.is_running()
    assert stranger.status() != psutil.STATUS_ZOMBIE


def test_a_pid_with_its_own_start_time_that_works_in_the_folder_is_ours(daemon: Daemon) -> None:
    daemon.folder.mkdir()
    with subprocess.Popen(["/bin/sleep", "600"], cwd=daemon.folder) as process:
        record(daemon, process.pid, psutil.Process(process.pid).create_time())
        found = daemon.process()
        process.kill()
    assert found is not None
    assert found.pid == process.pid


def test_one_that_was_moved_with_its_folder_saves_nothing_to_where_that_was(daemon: Daemon, tmp_path: Path) -> None:
    said = tmp_path / "said"
    start(daemon, ["/bin/sh", "-c", f"trap 'touch {said}; exit' TERM; touch ready; while :; do sleep 0.01; done"])
    moved = Daemon("thing", daemon.folder.rename(tmp_path / "moved"))
    assert moved.stop() is True
    assert not said.exists()


def test_one_that_was_moved_is_known_and_one_reached_through_a_link_is_at_home(daemon: Daemon, tmp_path: Path) -> None:
    start(daemon)
    (tmp_path / "link").symlink_to(tmp_path)
    assert not Daemon("thing", tmp_path / "link" / "cloud").moved()
    moved = Daemon("thing", daemon.folder.rename(tmp_path / "moved"))
    assert moved.moved()
    moved.stop()


def test_in_a_copied_folder_the_originals_process_is_left_alone(daemon: Daemon, stranger: psutil.Process) -> None:
    record(daemon, stranger.pid, stranger.create_time())
    assert daemon.process() is None
    assert daemon.stop() is False
    assert stranger.is_running()


def test_a_pid_that_nobody_has_is_a_stale_record(daemon: Daemon) -> None:
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    record(daemon, gone.pid, time.time())
    assert daemon.process() is None
    assert daemon.stop() is False
    assert daemon.recorded() is None


def test_an_ended_process_that_nobody_waited_for_does_not_run(daemon: Daemon) -> None:
    ended = subprocess.Popen(["/bin/sleep", "600"])
    created = psutil.Process(ended.pid).create_time()
    ended.kill()
    deadline = time.monotonic() + 20
    while psutil.Process(ended.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    record(daemon, ended.pid, created)
    assert daemon.process() is None
    ended.wait()


@pytest.mark.parametrize(
    "text",
    ["", "7", "[]", "{}", "null", '{"pid": 7}', '{"pid": "x", "created": 1}', '{"pid": 7, "created": null}'],
    ids=repr,
)
def test_a_record_that_is_none_is_like_no_record(daemon: Daemon, text: str) -> None:
    daemon.folder.mkdir()
    (daemon.folder / "thing.pid").write_text(text)
    assert daemon.recorded() is None
    assert daemon.process() is None
    assert daemon.stop() is False


def test_only_the_owner_enters_the_folder(daemon: Daemon) -> None:
    before = os.umask(0)
    try:
        start(daemon)
    finally:
        os.umask(before)
    assert stat.S_IMODE(daemon.folder.stat().st_mode) == 0o700


def test_daemons_see_nothing_of_the_users_keys_and_settings() -> None:
    user = {"PATH": "/bin", "HOME": "/h", "AWS_PROFILE": "p", "AWS_SECRET_ACCESS_KEY": "s", "HTTP_PROXY": "x"}
    assert base_environment(user) == {"PATH": "/bin", "HOME": "/h", "PYTHONUNBUFFERED": "1"}


@pytest.mark.enable_socket
def test_a_free_port_is_free() -> None:
    assert is_free(free_port())


@pytest.mark.enable_socket
def test_a_port_that_another_program_answers_on_does_not_make_a_daemon_healthy(daemon: Daemon) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        assert holds(os.getpid(), [port])
        with pytest.raises(Unfit, match="is not healthy"):
            daemon.start(WAITS, ENV, [port], lambda: True, FakeClock())
    assert daemon.process() is None


@pytest.mark.parametrize("folder_gone", [False, True])
def test_a_daemon_without_a_record_is_found_by_its_folder_and_name(daemon: Daemon, folder_gone: bool) -> None:
    start(daemon, ["/bin/sh", "-c", "touch ready; sleep 600; : thing"])
    process = daemon.process()
    assert process is not None
    (daemon.folder / "thing.pid").unlink()
    if folder_gone:
        shutil.rmtree(daemon.folder)
    assert not end_strays(daemon.folder, ["other"])
    assert not end_strays(daemon.folder.parent, ["thing"])
    assert end_strays(daemon.folder, ["thing"])
    psutil.wait_procs([process], timeout=5)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


SAVES = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, lambda *_: (Path("saved").touch(), sys.exit()))
Path("ready").touch()
while True:
    time.sleep(0.01)
"""


def test_a_daemon_that_was_suspended_still_saves_when_it_is_stopped(daemon: Daemon) -> None:
    there = daemon.folder / "ready"
    clock = FakeClock(on_sleep=lambda seconds: time.sleep(0.002))
    daemon.start([sys.executable, "-c", SAVES], ENV, [], there.exists, clock)
    process = daemon.process()
    assert process is not None
    process.suspend()
    assert daemon.stop()
    assert (daemon.folder / "saved").exists()
