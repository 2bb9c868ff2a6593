#!/usr/bin/env python3
"""Make the virtual environment from requirements.lock, once; do nothing when it is up to date.

Needs only Python's standard library. uv installs the closure with its hashes checked; uv itself comes by pip, with
its hash from the same lock. Exit codes: 0 ready, 5 the machine is unfit (one line says why, one what to do).
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

MINIMUM = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
STAMP = VENV / "lock.sha256"


def unfit(message: str, remedy: str) -> NoReturn:
    print(f"error [unfit]: {message}\nremedy: {remedy}", file=sys.stderr)
    raise SystemExit(5)


def stamp() -> str:
    """What the environment was made from: the lock, the interpreter and the place, which its programs name."""
    return hashlib.sha256(LOCK.read_bytes() + f"{sys.version} {VENV}".encode()).hexdigest()


def uv_requirement() -> str:
    """uv's pinned entry of the lock, hashes included."""
    match = re.search(r"^uv==.*?(?=^\S)", LOCK.read_text() + "\n#", re.M | re.S)
    if match is None:
        unfit("requirements.lock does not pin uv", "git checkout requirements.lock")
    return match.group(0)


def run(argv: list[str]) -> None:
    """Run quietly; on failure show the last lines and end."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        print(tail, file=sys.stderr)
        unfit(
            f"{' '.join(argv[:4])} ended with {done.returncode}",
            "check the network to the package index, then `make setup`",
        )


def make() -> None:
    started = time.monotonic()
    print(
        "making .venv from requirements.lock (once, about 15 s with a warm package cache) ...",
        file=sys.stderr,
        flush=True,
    )
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(VENV)])
    python = str(VENV / "bin" / "python")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirement:
        requirement.write(uv_requirement())
        requirement.flush()
        run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", requirement.name])
    uv = [str(VENV / "bin" / "uv"), "pip", "sync", "--python", python]
    run([*uv, "--require-hashes", "--compile-bytecode", str(LOCK)])
    STAMP.write_text(stamp())
    print(f"made .venv in {time.monotonic() - started:.0f} s", file=sys.stderr)


def main() -> None:
    if sys.version_info < MINIMUM:
        version = ".".join(str(n) for n in sys.version_info[:3])
        unfit(
            f"python3 is {version}, too old",
            "install Python 3.11 or newer, or run `make PYTHON=/path/to/python3.11 up`",
        )
    if os.name != "posix":
        unfit(f"this system is {os.name!r}", "use Linux, macOS or the Windows Subsystem for Linux")
    if STAMP.exists() and STAMP.read_text() == stamp():
        return
    if importlib.util.find_spec("ensurepip") is None:
        unfit("python3 has no ensurepip, so it can make no virtual environment", "apt-get install python3-venv")
    if not os.access(ROOT, os.W_OK):
        unfit(f"{ROOT} is not writable", "clone the repository to a folder of your own")
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second make waits here and then finds the environment made
        if not (STAMP.exists() and STAMP.read_text() == stamp()):
            make()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("interrupted; the next make begins the environment anew", file=sys.stderr)
        raise SystemExit(130) from None
