"""Puts a wall around the Lambda functions that the emulator runs on this machine.

It starts them as its own children, with its own environment: there is the repository to import, and in /proc and beside
them the root key and everybody's state. Each gets a folder of its own instead, and none of the emulator's variables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEASH = Path(__file__).parents[2] / "agentcore_local" / "leash.py"
OF_THE_LEASH = {"LANG": "C.UTF-8", "PATH": os.defpath}


@dataclass(frozen=True, slots=True)
class Fenced:
    """What the emulator's runners use of the module subprocess; whatever has a working folder is a function's.

    `folder` is where the runners unpack functions, a folder each; `own` the emulator's environment.
    """

    folder: Path
    own: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:  # noqa: N802  as it is called
        if "cwd" not in options:
            return subprocess.Popen(argv, **options)  # noqa: S603
        with self._handed_on(options.pop("env")) as (leash, given):
            return subprocess.Popen([*leash(options["cwd"]), *argv], **options, **given)  # noqa: S603

    def run(self, argv: Sequence[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        if "cwd" not in options:
            return subprocess.run(argv, check=False, **options)  # noqa: S603
        with self._handed_on(options.pop("env")) as (leash, given):
            return subprocess.run([*leash(options["cwd"]), *argv], check=False, **options, **given)  # noqa: S603

    @contextmanager
    def _handed_on(self, env: Mapping[str, str]) -> Iterator[tuple[Any, dict[str, Any]]]:
        """(how the command begins for a working folder, more options); the variables go through a pipe."""
        reading, writing = os.pipe()
        content = json.dumps(self.variables(env)).encode()
        # A pipe holds less than an environment may be long.
        writer = threading.Thread(target=_write, args=(writing, content), daemon=True)
        writer.start()
        try:
            yield (
                lambda cwd: [sys.executable, "-I", str(LEASH), "within", str(self.place(Path(cwd))), str(reading)],
                {"env": OF_THE_LEASH, "pass_fds": (reading,)},
            )
        finally:
            os.close(reading)
            writer.join()

    def variables(self, env: Mapping[str, str]) -> dict[str, str]:
        """The function's own, and what is nobody's secret."""
        kept = ("HOME", "LANG", "LC_ALL", "PATH")
        return {name: value for name, value in env.items() if self.own.get(name) != value or name in kept}

    def place(self, cwd: Path) -> Path:
        """The folder of one function. Raises ValueError for one that is not where functions are unpacked."""
        within = cwd.resolve().relative_to(self.folder.resolve())
        if not within.parts:
            raise ValueError(f"{cwd} is no function's folder")
        return self.folder.resolve() / within.parts[0]


def _write(descriptor: int, content: bytes) -> None:
    try:
        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(content)
    except BrokenPipeError:
        return  # its reader ended first, and says so by its exit code
