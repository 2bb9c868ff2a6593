"""Starts `invoke up`, ends it at a named moment, and holds what is left to what was promised.

A moment is a line that the command shows anyway, so nothing of the product knows of it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.conftest import Clone, Done

# Generous: what is asserted is what happens, not how fast.
DEADLINE_S = 300.0
SETTLED_S = 60.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One environment of the clone."""

    clone: Clone
    environment: str

    @property
    def folder(self) -> Path:
        return self.clone.path / ".state" / f"local-{self.environment}"

    def invoke(self, *words: str, **env: str) -> Done:
        return self.clone.run(".venv/bin/invoke", *words, deadline_s=DEADLINE_S, ENVIRONMENT=self.environment, **env)

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        return self.clone.start(".venv/bin/invoke", *words, ENVIRONMENT=self.environment, **env)

    def processes(self) -> list[str]:
        return [words for words in self.clone.processes() if self.folder.name in words]

    def emulator(self) -> int:
        return int(json.loads((self.folder / "cloud" / "ministack.pid").read_text())["pid"])

    def ports(self) -> list[int]:
        ledger = json.loads((self.folder / "ledger.json").read_text()) if (self.folder / "ledger.json").exists() else {}
        return list((ledger.get("ports") or {}).values())


def cut_at(deployment: Deployment, moment: str, number: signal.Signals, *, group: bool = False) -> tuple[int, str]:
    """End `up` when the moment is shown. Returns (exit code, what it had shown); a negative code is the signal's."""

    def end(process: subprocess.Popen[str]) -> None:
        (os.killpg if group else os.kill)(process.pid, number)

    return at(deployment, moment, end)


def at(
    deployment: Deployment, moment: str, act: Callable[[subprocess.Popen[str]], None], *words: str
) -> tuple[int, str]:
    """Run a command, `up` unless another is given, and act once when a line with the moment is shown."""
    with deployment.start(*(words or ("up",))) as process:
        shown, acted = "", False
        assert process.stderr is not None and process.stdout is not None
        deadline = time.monotonic() + DEADLINE_S
        with selectors.DefaultSelector() as ready:
            for stream in (process.stdout, process.stderr):
                os.set_blocking(stream.fileno(), False)
                ready.register(stream, selectors.EVENT_READ)
            while ready.get_map():
                assert time.monotonic() < deadline, f"no end after {DEADLINE_S:.0f} s: {shown}"
                for key, _ in ready.select(1.0):
                    part = os.read(key.fd, 65536)
                    if not part:
                        ready.unregister(key.fileobj)
                    shown += part.decode("utf-8", "replace")
                if not acted and moment in shown:
                    acted = True
                    act(process)
        process.wait(SETTLED_S)
    assert acted, f"{moment!r} was never shown: {shown}"
    return process.returncode, shown


def converges(deployment: Deployment) -> Done:
    """`up` goes on from whatever is there, and everybody is let in and kept out as promised."""
    done = deployment.invoke("up")
    assert done.code == 0, done.err
    assert "verdicts as expected" in done.out
    return done


def cleans(deployment: Deployment) -> None:
    """`down` leaves no process, no port and no file; the emulator's resources went with it."""
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
