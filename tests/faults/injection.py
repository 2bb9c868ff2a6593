"""Starts a command, harms it or its world at a named moment, and holds what is left to what was promised.

A moment is a line that the command shows or the starter toolkit logs anyway, so nothing of the product knows of it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.conftest import Clone, Done

# Generous: what is asserted is what happens, not how fast.
DEADLINE_S = 300.0
SETTLED_S = 60.0
# How long an upload or the start of an agent lasts at least is a hundred times as much.
LOOK_S = 0.005
# No moment of `up` is later than this line.
LAST = "ok  launch"

WORKER = "worker.py"

Process = subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Moment:
    """When `line` is shown by the command or, with `log`, written to that file of the deployment."""

    line: str
    log: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """One environment of the clone."""

    clone: Clone
    environment: str

    @property
    def folder(self) -> Path:
        return self.clone.path / ".state" / f"local-{self.environment}"

    def invoke(self, *words: str, **env: str) -> Done:
        return self.clone.run(*self.argv(*words), deadline_s=DEADLINE_S, ENVIRONMENT=self.environment, **env)

    def start(self, *words: str, **env: str) -> Process:
        return self.clone.start(*self.argv(*words), ENVIRONMENT=self.environment, **env)

    def argv(self, *words: str) -> list[str]:
        return [str(self.clone.programs / "invoke"), *words]

    def processes(self) -> list[str]:
        return [words for words in self.clone.processes() if self.folder.name in words]

    def terraforms(self) -> list[str]:
        return [words for words in self.clone.processes() if "terraform-provider" in words]

    def worker(self, process: Process) -> int:
        """What packs and uploads for this command."""
        found = [p for p in psutil.Process(process.pid).children(recursive=True) if WORKER in " ".join(p.cmdline())]
        assert len(found) == 1, f"{len(found)} workers"
        return int(found[0].pid)

    def emulator(self) -> int:
        return int(json.loads((self.folder / "cloud" / "ministack.pid").read_text())["pid"])

    def ledger(self) -> dict[str, Any]:
        path = self.folder / "ledger.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def ports(self) -> list[int]:
        return list((self.ledger().get("ports") or {}).values())


def at(deployment: Deployment, moment: Moment, act: Callable[[Process], None], *words: str) -> Done:
    """Run a command, `up` unless another is given, and act once at the moment.

    A negative code is the signal that ended it. What it showed is in `err`, whichever stream it was on.
    """
    log = deployment.folder / moment.log if moment.log else None
    seen = log.stat().st_size if log and log.exists() else 0
    with deployment.start(*(words or ("up",))) as process, ended_with_its_test(process):
        shown, acted = "", False
        deadline = time.monotonic() + DEADLINE_S
        with selectors.DefaultSelector() as ready:
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                os.set_blocking(stream.fileno(), False)
                ready.register(stream, selectors.EVENT_READ)
            while ready.get_map():
                assert time.monotonic() < deadline, f"no end after {DEADLINE_S:.0f} s: {shown}"
                for key, _ in ready.select(LOOK_S if log and not acted else 1.0):
                    part = os.read(key.fd, 65536)
                    if not part:
                        ready.unregister(key.fileobj)
                    shown += part.decode("utf-8", "replace")
                if not acted and moment.line in (_since(log, seen) if log else shown):
                    acted = True
                    act(process)
                if not acted and LAST in shown:
                    raise AssertionError(f"{moment} never came: {shown}")
        process.wait(SETTLED_S)
    assert acted, f"{moment} never came: {shown}"
    return Done(process.returncode, "", shown)


@contextmanager
def ended_with_its_test(process: Process) -> Iterator[None]:
    """A command whose moment never came, or came otherwise than it should, is not waited for."""
    try:
        yield
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise


def _since(log: Path, size: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(size)
        return file.read().decode("utf-8", "replace")


def ended_by(number: signal.Signals, *, group: bool) -> Callable[[Process], None]:
    """A signal to the command alone, or to all that a terminal's Ctrl-C reaches."""
    return lambda process: (os.killpg if group else os.kill)(process.pid, number)


def converges(deployment: Deployment) -> Done:
    """`up` goes on from whatever is there, and everybody is let in and kept out as promised."""
    done = deployment.invoke("up")
    assert done.code == 0, done.err
    assert "verdicts as expected" in done.out
    return done


def cleans(deployment: Deployment) -> None:
    """`down` leaves no process, no port and no file; the emulator's resources went with it. A second one is idle."""
    ports = deployment.ports()
    done = deployment.invoke("down")
    assert done.code == 0, done.err
    assert not deployment.folder.exists()
    deadline = time.monotonic() + SETTLED_S
    while (left := deployment.processes()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []
    for port in ports:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
    again = deployment.invoke("down")
    assert (again.code, "nothing to remove" in again.out) == (0, True)


def no_terraform_is_left(deployment: Deployment) -> None:
    """Nobody ended it: it got word that its command is gone."""
    deadline = time.monotonic() + SETTLED_S
    while left := deployment.terraforms():
        assert time.monotonic() < deadline, left
        time.sleep(0.2)
