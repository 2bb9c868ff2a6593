"""The Python environment: from the lock with a warm cache, beside pip with the names of what is required alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.facts import machine, now, versions
from bench.floor import ROOT, Took, Watch
from bench.result import Cell, Goal, Part, Table

UV = str(Path(sys.executable).with_name("uv"))
LOCK = ROOT / "requirements.lock"
SETUP, SYNC, PIP = "make setup", "uv from the lock", "pip, names alone"
DEADLINE_S = 150
METHOD = (
    "Once each, into an empty folder, with what the caches of uv and pip hold; uv's is warm: the environment that "
    "measures was made from it. uv checks the lock's hashes and compiles nothing; pip compiles what it installs. `make "
    "setup` also puts pip into the environment, has it install uv, and has uv compile everything."
)


def measure(offline: bool = False) -> Part:
    """Takes about a minute and a half, nearly all of it pip's, which needs the package index."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        took, why = timed(Path(name), offline)
    rows: list[list[Cell]] = [
        [what, round(one.seconds, 1), round(one.cpu_s, 1), _of(took, what)] for what, one in took.items()
    ]
    table = Table("Environments", ["what", "s", "processor s", f"of {PIP}"], rows, why and f"{PIP} is left out: {why}.")
    goals = [Goal(f"{SYNC}, warm cache / {PIP}", _of(took, SYNC), 0.1, "low", why=why)]
    return Part("environment", "The environment", METHOD, now(), machine(), versions(), goals, [table])


def timed(folder: Path, offline: bool) -> tuple[dict[str, Took], str]:
    """What each took, and why pip is not among them."""
    ways: dict[str, Callable[[Path], None]] = {SETUP: _setup, SYNC: _sync}
    if not offline:
        ways[PIP] = _pip
    watch = Watch()
    for number, (what, way) in enumerate(ways.items()):
        place = folder / str(number)
        place.mkdir()
        try:
            with watch(what):
                way(place)
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            if what != PIP:
                raise
            late = isinstance(e, subprocess.TimeoutExpired)
            return watch.took, f"it was not done in {DEADLINE_S} s" if late else str(e).splitlines()[-1]
        shutil.rmtree(place)
    return watch.took, "--offline" if offline else ""


def unpinned(requirements: str) -> list[str]:
    """Names and extras of the lines of a requirements file."""
    lines = (re.sub(r"\s*#.*", "", line).strip() for line in requirements.splitlines())
    return [re.split(r"[=<>~!; ]", line)[0] for line in lines if line]


def _setup(place: Path) -> None:
    (place / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "bootstrap.py", place / "scripts")
    shutil.copy(LOCK, place)
    _run([_python(), "scripts/bootstrap.py"], place)


def _sync(place: Path) -> None:
    _run([UV, "venv", "--quiet", "--python", _python(), ".venv"], place)
    _run([UV, "pip", "sync", "--quiet", "--python", ".venv/bin/python", "--require-hashes", str(LOCK)], place)


def _pip(place: Path) -> None:
    _run([_python(), "-m", "venv", ".venv"], place)
    names = unpinned((ROOT / "requirements.txt").read_text())
    _run([".venv/bin/python", "-m", "pip", "install", "--quiet", "--retries=1", "--timeout=15", *names], place)


def _python() -> str:
    """The one that the running environment was made with."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def _of(took: Mapping[str, Took], what: str) -> float | None:
    return round(took[what].seconds / took[PIP].seconds, 3) if PIP in took else None


def _run(argv: list[str], folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        argv, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=DEADLINE_S
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv[:4])} ended with {done.returncode}: {done.stderr.strip()[-200:]}")
