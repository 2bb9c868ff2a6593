"""One command at a time may change a deployment."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.errors import Unfit
from orchestration.home import NOTE as HOME
from orchestration.processes import runs, started

NOTE = "lock.pid"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who changes a deployment."""

    user: str
    host: str
    pid: int
    start: str
    """processes.started of that pid, on that host."""
    command: str
    since: str
    """UTC, to the second."""

    def __str__(self) -> str:
        return f"{self.user}@{self.host}, pid {self.pid}, `{self.command}` since {self.since}"


def holder_of(state_dir: Path) -> Holder | None:
    """Who wrote the note beside the lock; None where there is none that can be read. It may have ended since."""
    try:
        return Holder(**json.loads((state_dir / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def holding(state_dir: Path) -> Unfit | None:
    """What `exclusive` would raise, by the note alone: to look takes no lock, which would refuse others meanwhile."""
    who = holder_of(state_dir)
    if who is None or (who.host == socket.gethostname() and not runs(who.pid, who.start)):
        return None
    return _refusal(state_dir, who)


@contextmanager
def exclusive(
    state_dir: Path, *, wait_s: float = 0.0, note: Callable[[str], None] = lambda line: None
) -> Iterator[None]:
    """Hold the deployment's lock. Raises Unfit naming who holds it, after `wait_s` seconds.

    The operating system frees the lock when its holder ends, however it ends.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(state_dir / "lock", mode=0o600)
    _acquire(lock, state_dir, wait_s, note)
    ours = (state_dir / "lock").stat().st_ino
    try:
        _write_note(state_dir / NOTE)
        yield
    finally:
        if _inode(state_dir / "lock") == ours:
            (state_dir / NOTE).unlink(missing_ok=True)
            _forget_if_nothing_was_made(state_dir)
        lock.release()


def _acquire(lock: FileLock, state_dir: Path, wait_s: float, note: Callable[[str], None]) -> None:
    with contextlib.suppress(Timeout):
        lock.acquire(timeout=0)
        return
    who = holder_of(state_dir)
    if wait_s > 0:
        note(f"waiting until {who or 'another command'} is done with {state_dir.name}")
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=wait_s)
            return
        who = holder_of(state_dir)
    raise _refusal(state_dir, who)


def _refusal(state_dir: Path, who: Holder | None) -> Unfit:
    remedy = "wait for it (with LOCK_WAIT_S=600 a command waits by itself)"
    if who is not None and who.host == socket.gethostname():
        remedy += f", or end it with `kill -INT {who.pid}`"
    return Unfit(
        f"another command is changing {state_dir.name}: {who or 'it has not said yet who it is'}",
        remedy=remedy,
        code="deployment_locked",
    )


def _write_note(path: Path) -> None:
    holder = Holder(
        user=getpass.getuser(),
        host=socket.gethostname(),
        pid=os.getpid(),
        start=started(os.getpid()) or "",
        command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        since=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(holder)) + "\n", encoding="utf-8")
    new.replace(path)


@contextmanager
def turn(path: Path, timeout_s: float = 60.0) -> Iterator[None]:
    """Wait until nobody else is between these lines. Raises Unfit when that takes too long."""
    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise Unfit(
            f"another command has held {path} for {timeout_s:.0f} s", remedy="end that command", code="locked"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _inode(path: Path) -> int | None:
    """None where the file is gone: a teardown removes the folder, and the next command may have made another."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _forget_if_nothing_was_made(state_dir: Path) -> None:
    """A command that was refused at once leaves no folder behind."""
    if {path.name for path in state_dir.iterdir()} <= {"lock", HOME}:
        (state_dir / HOME).unlink(missing_ok=True)
        (state_dir / "lock").unlink()
        state_dir.rmdir()
        if not any(state_dir.parent.iterdir()):
            state_dir.parent.rmdir()
