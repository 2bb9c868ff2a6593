"""The pipeline: up, up again, launch, smoke test, down, each beside what it cannot do without, in the same run."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from bench import commands, runtimes
from bench.facts import machine, now, versions
from bench.floor import ROOT, Took, Watch, floor
from bench.result import Cell, Goal, Part, Plot, Table
from orchestration.checks.case import Door
from orchestration.checks.cases import CASES

ENVIRONMENT = "bench"
STATE = ROOT / ".state" / f"local-{ENVIRONMENT}"
PROGRAMS = Path(sys.executable).parent
INVOKE = str(PROGRAMS / "invoke")
STEP = re.compile(r" +ok  (\S.*?)  ([0-9.]+) s")
FIRST = ("emulator start", "terraform init", "terraform apply", "packaging", "upload")
FEW, SIZES = 40, (10, 40, 160)


@dataclass(frozen=True)
class Ran:
    """A command: what it took, and each step that it told of."""

    took: Took
    steps: Mapping[str, float]
    out: str


def measure() -> Part:
    """Takes two minutes on a machine that does nothing else. Uses the environment "bench", and removes it."""
    command("make", "down")
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _down_at_the_end():
        first = command("make", "up")
        least = floor(Path(name), STATE)
        second = command("make", "up")
        sizes = {count: smoke(count) for count in SIZES}
        smoked = runtimes.measure(ENVIRONMENT)
        launched = launch_again()
        uploaded = upload_again()
        down = command("make", "down")
    listed = fastest(lambda: command(INVOKE, "--list"))
    ran = {"make up, cold": first, "make up, no change": second, "make down": down}
    ran |= {"launch, dependencies unchanged": launched, "invoke --list": listed}
    return Part(
        "pipeline",
        "The pipeline",
        "`make up` where nothing is; then the bare parts one after the other, with an emulator of their own and the "
        "same sources and values; `make up` again; launch of another package with the same dependencies; `make down`. "
        "Processor time is that of the commands, without the two daemons.",
        now(),
        machine(),
        versions(),
        goals(first, second, down, launched, uploaded, sizes[FEW], listed, least),
        [*tables(ran, least, uploaded, sizes), runtimes.table(smoked)],
        [_plot(sizes), runtimes.plot(smoked)],
    )


def goals(
    first: Ran, second: Ran, down: Ran, launched: Ran, uploaded: float, few: Mapping[str, Any], listed: Ran,
    least: Mapping[str, Took],
) -> list[Goal]:  # fmt: skip
    made = sum(least[name].seconds for name in FIRST)
    plan, destroy = least["terraform plan, no change"].seconds, least["terraform destroy"].seconds
    return [
        Goal("make up, cold / its bare parts", first.took.seconds / made, 1.25, "low", 1.1),
        Goal("make up, no change / bare plan", second.took.seconds / plan, 1.3, "low"),
        Goal("make up, no change, without its smoke test", _without_smoke(second), 3.0, "low", unit="s"),
        Goal("make down / bare destroy", down.took.seconds / destroy, 1.3, "low"),
        Goal("launch, dependencies unchanged / upload alone", launched.steps["launch"] / uploaded, 2.0, "low"),
        Goal(f"smoke test of {FEW} cases / its slowest", few["elapsed_s"] / slowest(few), 6.0, "low", 3.0),
        Goal("invoke --list", listed.took.seconds, 0.5, "low", unit="s"),
    ]


def tables(
    ran: Mapping[str, Ran], least: Mapping[str, Took], uploaded: float, sizes: Mapping[int, Mapping[str, Any]]
) -> list[Table]:
    told: list[list[Cell]] = []
    for name, one in ran.items():
        told.append([name, round(one.took.seconds, 2), round(one.took.cpu_s, 2)])
        told += [[f"- {step}", seconds, None] for step, seconds in one.steps.items()]
    bare: list[list[Cell]] = [[name, round(took.seconds, 2), round(took.cpu_s, 2)] for name, took in least.items()]
    bare.append(["upload once more, to the running deployment", round(uploaded, 2), None])
    cases: list[list[Cell]] = [
        [count, round(one["elapsed_s"], 2), round(slowest(one), 2), round(sum(elapsed(one)), 2)]
        for count, one in sizes.items()
    ]
    return [
        Table("Commands", ["what", "s", "processor s"], told, "Each with the steps that it tells of."),
        Table("Bare parts", ["what", "s", "processor s"], bare),
        Table("Smoke test", ["cases", "s", "slowest case, s", "sum of the cases, s"], cases, "Four at a time."),
    ]


def command(*argv: str) -> Ran:
    """Raises RuntimeError where it fails."""
    environment = {**os.environ, "TARGET": "local", "ENVIRONMENT": ENVIRONMENT, "NO_COLOR": "1"}
    watch = Watch()
    with watch("it"):
        done = commands.run(argv, ROOT, environment)
    matches = (STEP.fullmatch(line) for line in done.stderr.splitlines())
    return Ran(watch.took["it"], {m[1]: float(m[2]) for m in matches if m}, done.stdout)


@contextmanager
def _down_at_the_end() -> Iterator[None]:
    try:
        yield
    finally:
        command("make", "down")


def smoke(count: int) -> dict[str, Any]:
    """The document of a smoke test of so many cases at the deployment's own doors; no further runtime is made."""
    chosen = [case.id for case in CASES if case.door in (Door.MAIN, Door.GATEWAY)][:count]
    flags = [word for case in chosen for word in ("--case", case)]
    document: dict[str, Any] = json.loads(command(INVOKE, "smoke-test", "--json", *flags).out)
    return document


def elapsed(document: Mapping[str, Any]) -> list[float]:
    """Seconds of each case that called somebody."""
    return [case["elapsed_ms"] / 1000 for case in document["cases"] if case["elapsed_ms"] is not None]


def slowest(document: Mapping[str, Any]) -> float:
    return max(elapsed(document))


def launch_again() -> Ran:
    """Another object in the bucket has it launched anew, from the dependencies that are packed."""
    s3, place = _package()
    s3.put_object(**place, Body=b"another")
    return command(INVOKE, "launch")


def upload_again() -> float:
    """Seconds for the package that is there, beside it."""
    s3, place = _package()
    with tempfile.NamedTemporaryFile() as file:
        s3.download_file(place["Bucket"], place["Key"], file.name)
        began = time.monotonic()
        s3.upload_file(file.name, place["Bucket"], "bench/deployment.zip")
        return time.monotonic() - began


def _package() -> tuple[Any, dict[str, str]]:
    ledger = json.loads((STATE / "ledger.json").read_text())
    key = json.loads((STATE / "cloud" / "root-key.json").read_text())
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{ledger['ports']['aws']}",
        region_name=ledger["region"],
        aws_access_key_id=key["id"],
        aws_secret_access_key=key["secret"],
    )
    made = json.loads((STATE / "terraform.tfstate").read_text())["outputs"]
    bucket, name = (made[output]["value"] for output in ("artifact_bucket_name", "agent_runtime_name"))
    return s3, {"Bucket": bucket, "Key": f"{name}/deployment.zip"}


def fastest(run: Callable[[], Ran], times: int = 5) -> Ran:
    return min((run() for _ in range(times)), key=lambda ran: ran.took.seconds)


def _without_smoke(ran: Ran) -> float:
    return ran.took.seconds - ran.steps["calls of the smoke test"]


def _plot(sizes: Mapping[int, Mapping[str, Any]]) -> Plot:
    lines = {
        "the whole test": [(float(count), one["elapsed_s"]) for count, one in sizes.items()],
        "its slowest case": [(float(count), slowest(one)) for count, one in sizes.items()],
    }
    return Plot("Smoke test by number of cases", "cases", "seconds", lines)
