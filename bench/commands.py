"""Runs commands so that nothing of them is left where they take too long or the benchmark is ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 60.0


def run(
    argv: Sequence[str], folder: Path, environment: Mapping[str, str], deadline_s: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Raises RuntimeError where it fails, subprocess.TimeoutExpired where it is late."""
    # A session of its own: Ctrl-C reaches it through us alone, once, even where we are started to ignore it.
    with subprocess.Popen(
        argv,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            out, err = process.communicate(timeout=deadline_s)
        except BaseException:
            _end(process)
            raise
    if process.returncode != 0:
        words = " ".join(argv[:3])
        raise RuntimeError(f"{words} ended with {process.returncode}: {err.strip()[-600:]}")
    return subprocess.CompletedProcess(argv, 0, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    """As a terminal does it, so that it may tidy up; then what is left of all that it started is ended."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    # Not for the end of its output, which others of its group may hold.
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
