"""What a Terraform that never ended leaves behind: itself, its provider, its lock. Found by the record of its start."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
import re
import signal
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.clock import Clock
from orchestration.processes import end_group, runs, started
from orchestration.terraform.state import STATE_FILE

RECORD = "terraform.run.json"
LOCK_INFO = ".terraform.tfstate.lock.info"
WORD = "terraform"  # in the command line of Terraform and of each provider
PATIENCE_S = 60.0
POLL_S = 0.1
# Terraform takes the lock after its start was recorded; both times are of this machine.
CLOCK_STEP_S = 2.0
# Whoever waits for a run notes that it lives at least so often (process.Process).
SIGN_S = 5.0
# What Terraform calls in its lock what it was told to do (backend/backendrun, command/state_*.go).
NAMES_IN_LOCK = {
    "apply": "OperationTypeApply",
    "destroy": "OperationTypeApply",
    "import": "import",
    "plan": "OperationTypePlan",
    "state push": "state-push",
    "state rm": "state-rm",
}


@dataclass(frozen=True, slots=True)
class Life:
    """What a command did, and when: a lock that another kind of command took, or at another time, is not its."""

    operation: str
    begun: float
    """Unix time, as `seen`."""
    seen: float
    """The last sign of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A Terraform command that may hold the state's lock."""

    pid: int
    start: str
    """processes.started of that pid."""
    life: Life
    user: str
    host: str
    before: tuple[Life, ...] = ()
    """Of commands before it whose end nobody saw either: a lock of theirs may still be there."""

    @property
    def operation(self) -> str:
        return self.life.operation

    @property
    def who(self) -> str:
        """As Terraform names itself in its lock (statemgr.NewLockInfo)."""
        return f"{self.user}@{self.host}"

    @property
    def alive(self) -> bool:
        """On this host, that is; nobody can tell of another."""
        return self.host == socket.gethostname() and runs(self.pid, self.start)


def record(work_dir: Path, pid: int, operation: str, now: float) -> None:
    """Note a start, beside what was noted of those before it whose end nobody saw."""
    last = unfinished(work_dir)
    document = {
        "pid": pid,
        "start": started(pid) or "",
        "operation": operation,
        "begun": now,
        "user": getpass.getuser(),
        "host": socket.gethostname(),
        "before": [asdict(life) for life in ((*last.before, last.life) if last else ())],
    }
    (work_dir / RECORD).write_text(json.dumps(document) + "\n", encoding="utf-8")
    sign(work_dir, now)


def sign(work_dir: Path, now: float) -> None:
    """Note that the run lives. By the time of the record alone: a full disk cannot take that."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(work_dir / RECORD, (now, now))


def forget(work_dir: Path) -> None:
    (work_dir / RECORD).unlink(missing_ok=True)


def unfinished(work_dir: Path) -> Run | None:
    """The last run, if nobody saw its end. A record that cannot be read counts as none."""
    path = work_dir / RECORD
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        life = Life(raw.pop("operation"), raw.pop("begun"), path.stat().st_mtime)
        return Run(**{**raw, "before": tuple(Life(**one) for one in raw["before"])}, life=life)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def settle(work_dir: Path, note: Callable[[str], None], clock: Clock, patience_s: float = PATIENCE_S) -> None:
    """End what a killed command left running, and remove its lock file. For the holder of the deployment's lock alone.

    A Terraform that still runs is interrupted once and given time to write down what it made. The record stays: a
    lock in a bucket is only met, and known by it, when Terraform wants it.
    """
    run = unfinished(work_dir)
    if run is not None and run.host == socket.gethostname():
        if run.alive:
            note(f"terraform {run.operation} (pid {run.pid}) of a command that was killed still runs: ending it")
            _end(run, clock, patience_s)
        if not run.alive and not started(run.pid) and end_group(run.pid, WORD):
            note(f"ended the provider that terraform {run.operation} (pid {run.pid}) left behind")
    info = work_dir / LOCK_INFO
    if info.exists() and _is_free(work_dir / STATE_FILE):
        left = _lock_info(info.read_text(encoding="utf-8", errors="replace"))
        info.unlink(missing_ok=True)
        note(f"removed the state lock of a Terraform that is gone: {left}")


def left_behind(work_dir: Path) -> str | None:
    """What `settle` would end or remove, None for nothing. Not while a command holds the deployment's lock."""
    run = unfinished(work_dir)
    if run is not None and run.alive:
        return f"terraform {run.operation} (pid {run.pid}) of a command that was killed still runs"
    info = work_dir / LOCK_INFO
    if info.exists() and _is_free(work_dir / STATE_FILE):
        return (
            f"a Terraform that is gone left its lock: {_lock_info(info.read_text(encoding='utf-8', errors='replace'))}"
        )
    return None


def _end(run: Run, clock: Clock, patience_s: float) -> None:
    """Once: a second interrupt makes Terraform give up without writing what it made into the state."""
    with contextlib.suppress(OSError):
        os.kill(run.pid, signal.SIGINT)
    deadline = clock.monotonic() + patience_s
    while run.alive and clock.monotonic() < deadline:
        clock.sleep(POLL_S)
    if run.alive:
        end_group(run.pid, WORD)
        while run.alive and clock.monotonic() < deadline + PATIENCE_S:
            clock.sleep(POLL_S)


def _is_free(state: Path) -> bool:
    """Terraform holds a POSIX lock on the state file while it works (statemgr.Filesystem)."""
    try:
        with state.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _lock_info(text: str) -> str:
    try:
        raw = json.loads(text)
        return f"{raw['Who']}, {raw['Operation']}, since {raw['Created']}"
    except (ValueError, KeyError, TypeError):
        return "it does not say whose it was"


def abandoned_lock(text: str, run: Run | None) -> str | None:
    """The ID of the lock that Terraform met, if just that run, or one before it, left it and is gone; else None.

    It must name our user and host and what the run did, and be taken while just that run lived: at any other time
    another checkout of the same user may have taken it, and may hold it still.
    """
    found = dict(re.findall(r"^[│ ]*(ID|Who|Operation|Created): +(\S.*?) *$", text, re.M))
    if run is None or run.alive or run.host != socket.gethostname() or found.get("Who") != run.who:
        return None
    try:
        # Go's way of printing a time, which Terraform takes in UTC.
        created = datetime.strptime(found["Created"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except (KeyError, ValueError):
        return None
    its = any(
        found.get("Operation") == NAMES_IN_LOCK.get(life.operation, "")
        and life.begun - CLOCK_STEP_S <= created <= life.seen + SIGN_S + CLOCK_STEP_S
        for life in (*run.before, run.life)
    )
    return found.get("ID") if its else None
