"""Times the stages of the main job on this machine: first up, second up, smoke test, down. A target, not a test.

Runs in the environment "bench" on the local target and removes it at the end. Exit 1 if a command fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEP = re.compile(r" +ok  (\S.*?)  ([0-9.]+) s")
# Seconds on two cores with a warm package cache.
STAGES = (
    ("make up, cold", ["make", "up"], 45.0),
    ("make up, no change", ["make", "up"], 15.0),
    ("smoke-test", [".venv/bin/invoke", "smoke-test"], 10.0),
    ("make down", ["make", "down"], None),
)


def timed(argv: list[str]) -> tuple[float, list[tuple[str, ...]]]:
    """(seconds, (name, seconds) of each step that the command printed)."""
    env = {**os.environ, "TARGET": "local", "ENVIRONMENT": "bench", "NO_COLOR": "1"}
    started = time.monotonic()
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    elapsed = time.monotonic() - started
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        raise SystemExit(1)
    return elapsed, [match.groups() for line in done.stderr.splitlines() if (match := STEP.fullmatch(line))]


def main() -> None:
    subprocess.run([".venv/bin/invoke", "down", "--environment", "bench"], cwd=ROOT, capture_output=True, check=False)
    print(f"{'stage':<48} {'seconds':>8} {'target':>8}")
    try:
        for title, argv, target in STAGES:
            elapsed, steps = timed(argv)
            print(f"{title:<48} {elapsed:>8.1f} {f'<= {target:.0f}' if target else '-':>8}", flush=True)
            for name, seconds in steps:
                print(f"  {name:<46} {seconds:>8}")
    finally:
        subprocess.run(
            [".venv/bin/invoke", "down", "--environment", "bench"], cwd=ROOT, capture_output=True, check=False
        )


if __name__ == "__main__":
    main()
