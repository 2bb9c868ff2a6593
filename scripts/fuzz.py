"""What `make fuzz` runs: atheris, guided by coverage, on the authorizer and the request line, for a bounded time.

    python scripts/fuzz.py [--target header|signed|request] [--seconds 60] [--keep]

Each target runs in a process of its own and begins with tests/fuzz/corpus. --keep adds to that corpus what covered
more, within its bounds. Prints one JSON document; exit 1 when an input broke a target (it is left in
--crashes and shown), 5 when atheris is not installed.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests/fuzz/corpus"
TARGETS = ("header", "signed", "request")
MAX_INPUT = 4096
KEPT = 90  # inputs of one target that are worth a place in the repository
KEPT_BYTES = 1536  # the longest of them

# atheris instruments bytecode at import, so this runs before anything of the package is imported.
CHILD = """
import sys
import atheris
with atheris.instrument_imports(include=["agentcore_local"]):
    from tests.fuzz import targets
atheris.Setup(sys.argv, targets.TARGETS[{name!r}])
atheris.Fuzz()
"""


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", allow_abbrev=False)
    parser.add_argument("--target", choices=TARGETS, action="append", help="default: each")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--keep", action="store_true", help="put what was found into tests/fuzz/corpus")
    parser.add_argument("--crashes", type=Path, help="folder for inputs that broke a target (default: a new one)")
    return parser.parse_args(argv)


def run(name: str, limit_s: int, *flags: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", CHILD.format(name=name), *flags]
    try:
        return subprocess.run(
            program, cwd=ROOT, text=True, errors="replace", capture_output=True, check=False, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(program, 1, "", f"{name} did not end within {limit_s} s")


def fuzz(name: str, seconds: int, work: Path, crashes: Path) -> dict[str, Any]:
    """Run one target; returns runs, coverage and where it broke."""
    found, seeds = work / name, work / f"{name}-seeds"
    found.mkdir()
    seeds.mkdir()
    for number, seed in enumerate(seeds_of(name)):
        (seeds / f"seed-{number}").write_bytes(seed)
    given = [str(folder) for folder in (CORPUS / name, seeds) if folder.is_dir()]
    started = time.monotonic()
    limits = (f"-max_total_time={seconds}", f"-max_len={MAX_INPUT}", f"-artifact_prefix={crashes}/{name}-")
    done = run(
        name, seconds + 60, *limits, "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1", str(found), *given
    )
    return {
        "target": name,
        "runs": number_in(r"stat::number_of_executed_units:\s*(\d+)", done.stderr),
        "seconds": round(time.monotonic() - started),
        "coverage": number_in(r"cov: (\d+)", done.stderr),
        "features": number_in(r"ft: (\d+)", done.stderr),
        "found": len(list(found.iterdir())),
        "broke": done.returncode != 0,
        "tail": done.stderr.splitlines()[-25:] if done.returncode else [],
    }


def seeds_of(name: str) -> list[bytes]:
    sys.path.insert(0, str(ROOT))
    from tests.fuzz import targets

    return list(targets.SEEDS[name])


def number_in(pattern: str, text: str) -> int:
    """The last number that the fuzzer printed after a word; 0 when it printed none."""
    return int((re.findall(pattern, text) or ["0"])[-1])


def keep(name: str, work: Path) -> int:
    """Put the shortest of what the fuzzer kept into the committed corpus; returns how many inputs that has."""
    old = list((CORPUS / name).iterdir()) if (CORPUS / name).is_dir() else []
    contents = {path.read_bytes() for path in [*old, *(work / name).iterdir()]}
    fitting = sorted((c for c in contents if len(c) <= KEPT_BYTES), key=lambda c: (len(c), c))
    chosen = fitting[:: max(1, -(-len(fitting) // KEPT))]
    shutil.rmtree(CORPUS / name, ignore_errors=True)
    (CORPUS / name).mkdir(parents=True)
    for content in chosen:
        (CORPUS / name / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
    return len(chosen)


def main(argv: list[str]) -> int:
    args = parse(argv)
    if importlib.util.find_spec("atheris") is None:
        print("error [unfit]: atheris is not installed\nremedy: make fuzz", file=sys.stderr)
        return 5
    crashes = args.crashes or Path(tempfile.mkdtemp(prefix="fuzz-"))
    crashes.mkdir(parents=True, exist_ok=True)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.target or TARGETS:
            print(f"fuzz: {name}, {args.seconds} s", file=sys.stderr, flush=True)
            results.append(fuzz(name, args.seconds, Path(folder), crashes))
            if args.keep and not results[-1]["broke"]:
                results[-1]["kept"] = keep(name, Path(folder))
    broke = sorted(str(path) for path in crashes.iterdir())
    print(json.dumps({"targets": results, "crashes": broke}, indent=2))
    return 1 if broke or any(result["broke"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
