from __future__ import annotations

import getpass
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.errors import Unfit
from orchestration.lock import exclusive, holder_of

ROOT = Path(__file__).resolve().parents[3]
HOLDER = """
import sys
from pathlib import Path
from orchestration.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_command(state_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its stdin ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(state_dir)],
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_command_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    state = tmp_path / "local-dev"
    with another_command(state) as first:
        with pytest.raises(Unfit) as caught, exclusive(state):
            pytest.fail("two commands hold one lock")
    assert caught.value.code == "deployment_locked"
    who = f"{getpass.getuser()}@{socket.gethostname()}, pid {first.pid}, `"
    assert caught.value.message.startswith(f"another command is changing local-dev: {who}")
    assert caught.value.remedy.endswith(f"or end it with `kill -INT {first.pid}`")


def test_a_holder_that_has_not_said_who_it_is_is_no_pid_to_kill(tmp_path: Path) -> None:
    with another_command(tmp_path):
        (tmp_path / "lock.pid").write_text("")
        with pytest.raises(Unfit) as caught, exclusive(tmp_path):
            pytest.fail("two commands hold one lock")
    assert "it has not said yet who it is" in caught.value.message
    assert "kill" not in caught.value.remedy


def test_a_holder_on_another_machine_is_named_and_not_to_be_killed_here(tmp_path: Path) -> None:
    with another_command(tmp_path):
        note = json.loads((tmp_path / "lock.pid").read_text())
        (tmp_path / "lock.pid").write_text(json.dumps(note | {"user": "ann", "host": "laptop"}))
        with pytest.raises(Unfit, match="ann@laptop") as caught, exclusive(tmp_path):
            pytest.fail("two commands hold one lock")
    assert "kill" not in caught.value.remedy


def test_a_command_that_may_wait_goes_on_when_the_first_is_done(tmp_path: Path) -> None:
    told: list[str] = []
    with another_command(tmp_path) as first:

        def end_it(line: str) -> None:
            told.append(line)
            first.kill()

        with exclusive(tmp_path, wait_s=60, note=end_it):
            pass
    assert f"pid {first.pid}" in told[0]


def test_a_refused_command_leaves_the_holders_name(tmp_path: Path) -> None:
    with another_command(tmp_path) as first:
        for _ in range(2):
            with pytest.raises(Unfit, match=f"pid {first.pid}"), exclusive(tmp_path):
                pytest.fail("two commands hold one lock")


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with another_command(tmp_path) as first:
        first.kill()
        first.wait()
        with exclusive(tmp_path):
            assert (holder := holder_of(tmp_path)) and holder.pid == os.getpid()


@pytest.mark.parametrize("ended_by", [None, ValueError, KeyboardInterrupt])
def test_the_lock_is_free_again_however_the_command_ends(tmp_path: Path, ended_by: type[BaseException] | None) -> None:
    try:
        with exclusive(tmp_path):
            if ended_by:
                raise ended_by
    except (ValueError, KeyboardInterrupt):
        pass
    assert not (tmp_path / "lock.pid").exists()
    with exclusive(tmp_path):
        pass


def test_two_environments_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with exclusive(tmp_path / "local-dev"), exclusive(tmp_path / "local-qa"):
        pass


def test_only_the_owner_enters_the_state_folder(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with exclusive(tmp_path / "state"):
            assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_a_command_that_made_nothing_leaves_no_folder(tmp_path: Path) -> None:
    with exclusive(tmp_path / ".state" / "local-dev"):
        pass
    assert not (tmp_path / ".state").exists()


def test_what_a_command_made_stays(tmp_path: Path) -> None:
    state = tmp_path / ".state" / "local-dev"
    with exclusive(state):
        (state / "ledger.json").touch()
    with exclusive(state):
        pass
    assert (state / "ledger.json").exists()


def test_another_environments_folder_stays(tmp_path: Path) -> None:
    (tmp_path / ".state" / "local-qa").mkdir(parents=True)
    with exclusive(tmp_path / ".state" / "local-dev"):
        pass
    assert [path.name for path in (tmp_path / ".state").iterdir()] == ["local-qa"]
