"""A temporary clone in which README's commands run as a newcomer would run them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
# The programs of a clone that made its own environment.
OWN = Path(".venv/bin")
# What a newcomer's shell has; the package index's settings are part of the machine.
INHERITED = ("PATH", "LANG", "TERRAFORM", "TF_PROVIDER_MIRROR", "SSL_CERT_FILE")
INHERITED_PREFIXES = ("PIP_", "UV_")
# The caches and settings of this machine's package tools: part of it as well.
CACHES = {
    # pip asks rustc for its version; rustup answers for it and writes its settings.
    "RUSTUP_HOME": str(Path.home() / ".rustup"),
    "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
    "UV_CACHE_DIR": str(Path.home() / ".cache" / "uv"),
    "XDG_CONFIG_HOME": str(Path.home() / ".config"),
    "XDG_DATA_HOME": str(Path.home() / ".local" / "share"),
}


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Clone:
    """The clone; every command runs with a clean environment and a deadline in seconds."""

    path: Path
    programs: Path = OWN
    """Where `invoke` is: in the clone's own environment, unless another one is lent to it."""

    @property
    def outside(self) -> Path:
        """Where the commands have their home and their temporary files."""
        return self.path.with_name(f"{self.path.name}-outside")

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k in INHERITED or k.startswith(INHERITED_PREFIXES)}
        watched = {"HOME": str(self.outside / "home"), "TMPDIR": str(self.outside / "tmp")}
        return CACHES | kept | watched | {"NO_COLOR": "1"} | more

    def run(self, *argv: str, deadline_s: float = 180, **env: str) -> Done:
        done = subprocess.run(
            argv,
            cwd=self.path,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline_s,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def invoke(self, *words: str, **env: str) -> Done:
        return self.run(str(self.programs / "invoke"), *words, deadline_s=180, **env)

    def document(self, *words: str, **env: str) -> dict[str, Any]:
        """stdout of a task as the one JSON document that it must be."""
        done = self.invoke(*words, "--json", **env)
        assert done.code in (0, 1), done.err
        parsed: dict[str, Any] = json.loads(done.out)
        return parsed

    def start(self, *argv: str, **env: str) -> subprocess.Popen[str]:
        """Start in a process group of its own, so that one signal reaches what a terminal's Ctrl-C would reach."""
        return subprocess.Popen(
            argv,
            cwd=self.path,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def processes(self) -> list[str]:
        """Command lines of everything that runs out of this clone."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd"]):
            words = " ".join(process.info["cmdline"] or [])
            place = process.info["cwd"] or ""
            if str(self.path) in words or place.startswith(str(self.path)):
                found.append(words)
        return found


def copied(path: Path) -> None:
    """The files that git knows or would add, without this machine's .venv and .state."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)


@contextmanager
def cloned(path: Path, programs: Path = OWN) -> Iterator[Clone]:
    """A clone of which nothing is left running afterwards."""
    copied(path)
    clone = Clone(path, programs)
    for name in ("home", "tmp"):
        (clone.outside / name).mkdir(mode=0o700, parents=True)
    try:
        yield clone
    finally:
        for folder in (path / ".state").glob("local-*"):
            clone.invoke("down", ENVIRONMENT=folder.name.removeprefix("local-"))
        for process in psutil.process_iter(["cwd"]):
            if (process.info["cwd"] or "").startswith(str(path)):
                process.send_signal(signal.SIGKILL)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A newcomer's: its first `make` makes the virtual environment."""
    with cloned(tmp_path_factory.mktemp("clone")) as clone:
        yield clone


@pytest.fixture(scope="session")
def first_up(clone: Clone) -> Done:
    """`make up` in the fresh clone: it makes the virtual environment too."""
    return clone.run("make", "up", deadline_s=400)


@pytest.fixture
def up(clone: Clone, first_up: Done) -> Clone:
    """The clone with everything up and the door as it should be."""
    assert first_up.code == 0, first_up.err
    return clone


@pytest.fixture(scope="session")
def outputs(clone: Clone, first_up: Done) -> dict[str, Any]:
    """`invoke outputs` of the first `make up`: pools, clients and runtime stay the same to the end."""
    assert first_up.code == 0, first_up.err
    return clone.document("outputs")
