"""The Python environment: from the lock with a warm cache, beside pip with the names of what is required alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import commands
from bench.facts import machine, now, versions
from bench.floor import ROOT, Took, Watch
from bench.result import Cell, Goal, Part, Table

UV = str(Path(sys.executable).with_name("uv"))
LOCK = ROOT / "requirements.lock"
SETUP, SYNC, PIP = "make setup", "uv from the lock", "pip, names alone"
DEADLINE_S = 150
METHOD = (
    "Once each, into an empty folder, with what the caches of uv and pip hold; uv's is warm: the environment that "
    f"measures was made from it. What is not done {DEADLINE_S} s after the first began is left out. uv checks "
    "the lock's hashes and compiles nothing; pip compiles what it installs. `make setup` also puts pip into the "
    "environment, has it install uv, and has uv compile everything."
)


@dataclass(frozen=True)
class Way:
    """One way to an environment: `make` does it in an empty folder, within so many seconds."""

    name: str
    make: Callable[[Path, float], None]
    needs_index: bool = True


def measure(offline: bool = False) -> Part:
    """Takes about a minute and a half, nearly all of it pip's."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        took, absent = timed(ways(offline), Path(name), offline)
    rows: list[list[Cell]] = [
        [what, round(one.seconds, 1), round(one.cpu_s, 1), _of(took, what)] for what, one in took.items()
    ]
    note = " ".join(f"{what} is left out: {why}." for what, why in absent.items())
    table = Table("Environments", ["what", "s", "processor s", f"of {PIP}"], rows, note)
    goals = [Goal(f"{SYNC}, warm cache / {PIP}", _of(took, SYNC), 0.1, "low", why=absent.get(PIP, ""))]
    return Part("environment", "The environment", METHOD, now(), machine(), versions(), goals, [table])


def ways(offline: bool) -> tuple[Way, ...]:
    """All there are; uv otherwise asks the index whether what it keeps is still so."""

    def sync(place: Path, deadline_s: float) -> None:
        _sync(place, deadline_s, *(["--offline"] if offline else []))

    return Way(SYNC, sync, needs_index=False), Way(SETUP, _setup), Way(PIP, _pip)


def timed(
    chosen: Sequence[Way], folder: Path, offline: bool, deadline_s: float = DEADLINE_S
) -> tuple[dict[str, Took], dict[str, str]]:
    """What each took, and why others are not among them. All of them have the deadline together.

    Raises RuntimeError where one fails that needs no package index.
    """
    watch, absent, until = Watch(), dict[str, str](), time.monotonic() + deadline_s
    for number, way in enumerate(chosen):
        if offline and way.needs_index:
            absent[way.name] = "--offline"
            continue
        place = folder / str(number)
        place.mkdir()
        try:
            with watch(way.name):
                way.make(place, until - time.monotonic())
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            if not way.needs_index:
                raise
            late = isinstance(e, subprocess.TimeoutExpired)
            absent[way.name] = f"it was not done in {deadline_s:g} s" if late else str(e).splitlines()[-1]
        shutil.rmtree(place)
    return watch.took, absent


def unpinned(requirements: str) -> list[str]:
    """Names and extras of the lines of a requirements file."""
    lines = (re.sub(r"\s*#.*", "", line).strip() for line in requirements.splitlines())
    return [re.split(r"[=<>~!; ]", line)[0] for line in lines if line]


def _setup(place: Path, deadline_s: float) -> None:
    (place / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "bootstrap.py", place / "scripts")
    shutil.copy(LOCK, place)
    _run([_python(), "scripts/bootstrap.py"], place, deadline_s)


def _sync(place: Path, deadline_s: float, *options: str) -> None:
    _run([UV, "venv", "--quiet", "--python", _python(), ".venv"], place, deadline_s)
    sync = ["pip", "sync", "--quiet", "--python", ".venv/bin/python", "--require-hashes", str(LOCK)]
    _run([UV, *sync, *options], place, deadline_s)


def _pip(place: Path, deadline_s: float) -> None:
    began = time.monotonic()
    _run([_python(), "-m", "venv", ".venv"], place, deadline_s)
    names = unpinned((ROOT / "requirements.txt").read_text())
    install = ["-m", "pip", "install", "--quiet", "--retries=1", "--timeout=15", *names]
    _run([".venv/bin/python", *install], place, deadline_s - (time.monotonic() - began))


def _python() -> str:
    """The one that the running environment was made with."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def _of(took: Mapping[str, Took], what: str) -> float | None:
    return round(took[what].seconds / took[PIP].seconds, 3) if PIP in took else None


def _run(argv: list[str], folder: Path, deadline_s: float) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    commands.run(argv, folder, environment, max(0.0, deadline_s))
