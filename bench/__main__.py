"""python -m bench [PART ...] [--offline] [--render]: measure the parts (all by default), write results.md from all.

A part that needs a program which is not installed says so and is left out; the last result of a part stays, with its
date, until it is measured again, and the report is only written when something was. Exit code 1 when a part failed.
Targets are reported, not enforced: the machine may be busy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import agent, door, environment, peer, pipeline, report, result, scale, verdicts, wrk
from bench.stop import Stop

PARTS: Mapping[str, Callable[[], result.Part]] = {
    "environment": environment.measure,
    "pipeline": pipeline.measure,
    "door": door.measure,
    "verdicts": verdicts.measure,
    "agent": agent.measure,
    "scale": scale.measure,
}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", allow_abbrev=False)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--offline", action="store_true", help="leave out what needs the package index")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the report anew")
    args = parser.parse_args(argv)
    if unknown := [name for name in args.parts if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if args.render:
        _report(result.OUT, report.FOLDER, {})
        return 0
    stop = Stop()
    stop.heed()
    parts = dict(PARTS) | ({"environment": partial(environment.measure, offline=True)} if args.offline else {})
    return measured({name: parts[name] for name in args.parts or parts}, stop)


def measured(
    parts: Mapping[str, Callable[[], result.Part]],
    stop: Stop,
    out: Path = result.OUT,
    folder: Path = report.FOLDER,
) -> int:
    """Measure and report them. Raises SystemExit where the end was asked for, whatever went wrong on the way to it."""
    absent, failed = dict[str, str](), False
    for name, measure in parts.items():
        if missing := _missing(name):
            absent[name] = missing
            continue
        _tell(f"{name} ...")
        began = time.monotonic()
        try:
            part = measure()
        except Exception as e:
            absent[name], failed = f"{type(e).__name__}: {' '.join(str(e).split())}", True
        else:
            result.save(replace(part, took_s=round(time.monotonic() - began)), out)
        if stop.code:
            raise SystemExit(stop.code)
        _tell(f"{name} failed: {absent[name]}" if name in absent else f"{name} took {time.monotonic() - began:.0f} s")
    if len(absent) < len(parts):
        _report(out, folder, absent)
    else:
        _tell("nothing was measured; the report stays as it was")
    return 1 if failed else 0


def _report(out: Path, folder: Path, absent: Mapping[str, str]) -> None:
    paths = [path for name in PARTS if (path := out / f"{name}.json").exists()]
    _tell(str(report.write(map(result.load, paths), folder, absent)))


def _missing(name: str) -> str:
    """What keeps this part from being measured, for which it is not the part's fault."""
    if name != "door":
        return ""
    for one in (p for p in peer.PEERS if not p.is_there):
        _tell(f"nothing is compared with {one.name} (Debian: apt install {one.package})")
    if wrk.is_there():
        return ""
    _tell("door is left out: wrk is not installed (Debian: apt install wrk haproxy)")
    return "wrk is not installed"


def _tell(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
