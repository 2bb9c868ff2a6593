"""The smoke test at many runtimes: further ones of the deployment's package, behind the same door, gone at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench.result import Cell, Plot, Table
from orchestration import wiring
from orchestration.checks.case import Case, Door
from orchestration.checks.cases import CASES
from orchestration.checks.outcome import Outcome, Subject
from orchestration.checks.run import run_cases
from orchestration.commands.abreast import side_by_side
from orchestration.runtime.spec import Create
from orchestration.steps import Steps

NUMBERS = (1, 4, 16)
EACH, ALL = 40, 80
ABREAST = 4
CHOSEN = [case for case in CASES if case.door is Door.MAIN and "gateway" not in case.tags]


@dataclass(frozen=True)
class Smoked:
    """Smoke tests of so many runtimes, in seconds: `EACH` cases at each of them, `ALL` cases shared out among them."""

    runtimes: int
    each_s: float
    shared_s: float

    @property
    def ms_for_each(self) -> float:
        return 1000 * self.each_s / self.runtimes / EACH


def measure(environment: str) -> list[Smoked]:
    """At the local deployment of that name, which runs. Raises RuntimeError when a verdict is wrong."""
    umask = os.umask(0o077)
    try:
        steps = wiring.build(target="local", environment=environment, quiet=True).steps
        with _runtimes(steps, max(NUMBERS)) as subjects:
            _seconds(steps, [(subject, CHOSEN[:1]) for subject in subjects])  # none is new in what is measured
            return [_smoked(steps, subjects[:number]) for number in NUMBERS]
    finally:
        os.umask(umask)


@contextmanager
def _runtimes(steps: Steps, number: int) -> Iterator[list[Subject]]:
    """The deployment's own runtime and as many beside it as make the number."""
    settings = steps.live_settings()
    main, maker = steps.observed(settings), steps.tools.door_maker(settings)
    if main is None:
        raise RuntimeError("the deployment has no runtime")
    specs = {n: replace(main.spec, name=f"{main.spec.name}_probe_{n}") for n in range(1, number)}
    try:
        made = side_by_side(lambda n: maker.ensure(Create(specs[n]), specs[n], None, lambda _: None), specs)
        arns = [main.arn, *(runtime.arn for runtime in made.values())]
        yield [steps.tools.subject(settings, {Door.MAIN: arn}) for arn in arns]
    finally:
        there = maker.control.names()
        for spec in specs.values():
            if spec.name in there:
                maker.control.delete(there[spec.name])


def _smoked(steps: Steps, subjects: Sequence[Subject]) -> Smoked:
    number = len(subjects)
    each_s = _seconds(steps, [(subject, CHOSEN[:EACH]) for subject in subjects])
    shared_s = _seconds(steps, [(subject, CHOSEN[n:ALL:number]) for n, subject in enumerate(subjects)])
    return Smoked(number, each_s, shared_s)


def _seconds(steps: Steps, tests: Sequence[tuple[Subject, Sequence[Case]]]) -> float:
    """For all of them, four calls at a time."""
    abreast = min(ABREAST, len(tests))

    def run(test: tuple[Subject, Sequence[Case]]) -> list[Outcome]:
        subject, cases = test
        return run_cases(cases, subject, steps.clock, lambda _: None, parallel=ABREAST // abreast)

    began = time.monotonic()
    with ThreadPoolExecutor(abreast) as pool:
        outcomes = [outcome for found in pool.map(run, tests) for outcome in found]
    took = time.monotonic() - began
    if wrong := [o.case.id for o in outcomes if not o.ok and o.skipped is None]:
        raise RuntimeError(f"wrong verdicts: {', '.join(sorted(set(wrong)))}")
    return took


def table(smoked: Sequence[Smoked]) -> Table:
    rows: list[list[Cell]] = [
        [s.runtimes, round(s.each_s, 2), round(s.ms_for_each, 1), round(s.shared_s, 2)] for s in smoked
    ]
    columns = ["runtimes", f"{EACH} cases at each, s", "ms for each case", f"{ALL} cases shared out, s"]
    note = "Runtimes of one package behind the same door; four calls at a time in all, in one process."
    return Table("Smoke test by runtimes", columns, rows, note)


def plot(smoked: Sequence[Smoked]) -> Plot:
    lines = {
        f"{EACH} cases at each": [(float(s.runtimes), s.each_s) for s in smoked],
        f"{ALL} cases shared out": [(float(s.runtimes), s.shared_s) for s in smoked],
    }
    return Plot("Smoke test by number of runtimes", "runtimes", "seconds", lines)
