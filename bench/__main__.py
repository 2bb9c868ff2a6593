"""python -m bench [PART ...] [--offline] [--render]: measure the parts (all by default), write results.md from all.

A part that needs a program which is not installed says so and is left out; the last result of a part stays until it is
measured again. Exit code 1 when a part failed. Targets are reported, not enforced: the machine may be busy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bench import agent, door, environment, peer, pipeline, report, result, scale, verdicts, wrk

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
    failed = False
    for name in [] if args.render else (args.parts or PARTS):
        offline = args.offline and name == "environment"
        failed |= not _measured(name, partial(environment.measure, offline=True) if offline else PARTS[name])
    paths = [path for name in PARTS if (path := result.OUT / f"{name}.json").exists()]
    print(f"bench: {report.write(map(result.load, paths))}", file=sys.stderr)
    return 1 if failed else 0


def _measured(name: str, measure: Callable[[], result.Part]) -> bool:
    if name == "door" and not wrk.is_there():
        print("bench: door is left out: wrk is not installed (Debian: apt install wrk haproxy)", file=sys.stderr)
        return True
    for missing in [p for p in peer.PEERS if name == "door" and not p.is_there]:
        print(
            f"bench: nothing is compared with {missing.name} (Debian: apt install {missing.package})", file=sys.stderr
        )
    print(f"bench: {name} ...", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        part = measure()
        result.save(replace(part, took_s=round(time.monotonic() - began)))
    except Exception as e:
        print(f"bench: {name} failed: {type(e).__name__}: {e}", file=sys.stderr)
        return False
    print(f"bench: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
