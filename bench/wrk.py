"""wrk, Debian's load generator, with tokens taken in turn."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Run:
    """One run against one server. cpu_s: what the server's processes used meanwhile.

    `broken`: calls that ended otherwise than with an answer.
    """

    requests: int
    seconds: float
    p50_us: int
    p99_us: int
    refused: int
    broken: int
    cpu_s: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def per_cpu_s(self) -> float:
        return self.requests / self.cpu_s if self.cpu_s else 0.0

    def wrong(self, refused: bool = False) -> str:
        """Why nothing can be told from it; empty where each call was answered, and refused if it had to be."""
        if self.broken or not self.requests:
            return f"{self.broken} calls broke beside {self.requests} that were answered"
        if self.refused != (self.requests if refused else 0):
            return f"{self.refused} of {self.requests} calls were refused"
        return ""


def is_there() -> bool:
    return shutil.which("wrk") is not None


def run(
    url: str,
    tokens: Path,
    body: str,
    connections: int,
    seconds: float,
    server: psutil.Process,
    cpu: int | None,
    workers: Sequence[psutil.Process] = (),
    first: int = 0,
) -> Run:
    """Load `url` from one thread of wrk, on the given core, with the tokens from the `first` on.

    `workers` are the server's other processes.

    Raises RuntimeError when wrk fails.
    """
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    environment = {
        "PATH": os.environ["PATH"],
        "BENCH_TOKENS": str(tokens),
        "BENCH_BODY": body,
        "BENCH_FIRST": str(first),
    }
    before = used((server, *workers))
    done = subprocess.run(
        argv, env=environment, capture_output=True, text=True, preexec_fn=on(cpu), timeout=seconds + 60, check=False
    )
    spent = used((server, *workers)) - before
    if done.returncode != 0:
        raise RuntimeError(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
    return Run(**json.loads(done.stdout.strip().splitlines()[-1]), cpu_s=spent)


def used(processes: Iterable[psutil.Process]) -> float:
    """Seconds of processor time until now."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def on(cpu: int | None) -> Callable[[], None] | None:
    """What a child does before it becomes another program: stay on one core."""
    if cpu is None:
        return None
    return lambda: os.sched_setaffinity(0, {cpu})


def median(runs: Sequence[Run]) -> Run:
    """The run of the middle rate."""
    return sorted(runs, key=lambda r: r.rate)[len(runs) // 2]
