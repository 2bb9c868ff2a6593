"""Runs the smoke matrix: finds or makes its doors, calls, looks up what reached the agents, explains what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from orchestration.checks.case import Case, Door
from orchestration.checks.cases import CASES
from orchestration.checks.doors import door_names, door_spec, probe_doors
from orchestration.checks.run import Outcome, Subject, run_cases, select
from orchestration.commands.abreast import side_by_side
from orchestration.commands.configuration import Configurations
from orchestration.errors import BadInput
from orchestration.ledger import RuntimeRecord
from orchestration.report import SmokeReport
from orchestration.runtime.doors import DoorMaker
from orchestration.runtime.spec import Keep, ObservedRuntime, RuntimeSpec, Step
from orchestration.settings import Settings
from orchestration.steps import Steps

PARALLEL = 4

Explain = Callable[[Sequence[Outcome]], Mapping[str, str]]
"""Outcomes with a wrong verdict -> {case id: one line}."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cases, and how many at a time. Nothing chosen means all."""

    ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    parallel: int = PARALLEL

    @classmethod
    def of(cls, ids: Sequence[str], tags: Sequence[str], parallel: str) -> Choice:
        """As the flags say. Raises BadInput when --parallel is no number."""
        if not (parallel.isascii() and parallel.isdigit() and len(parallel) <= 2):
            raise BadInput(f"--parallel is {parallel!r}", remedy="use 1 to 32")
        return cls(tuple(ids), tuple(tags), int(parallel))

    def cases(self) -> list[Case]:
        """Raises BadInput naming what is not known."""
        known = {case.id for case in CASES}
        tags = {tag for case in CASES for tag in case.tags} | {door.value for door in Door}
        for flag, wanted, there in (("--case", self.ids, known), ("--tag", self.tags, tags)):
            if unknown := [name for name in wanted if name not in there]:
                raise BadInput(
                    f"{flag} {unknown[0]!r} is not known",
                    remedy=f"use one of {', '.join(sorted(there))}",
                    code="bad_case",
                )
        if not 1 <= self.parallel <= 32:
            raise BadInput(f"--parallel is {self.parallel}", remedy="use 1 to 32")
        return select(CASES, ids=self.ids, tags=self.tags)


@dataclass(frozen=True, slots=True)
class Matrix:
    """The smoke matrix of one deployment."""

    steps: Steps
    explain: Explain

    def main_door(self, settings: Settings, runtime_arn: str) -> SmokeReport:
        """The cases of the deployment's own doors alone, the runtime's and the gateway's: what `up` proves.

        No further runtimes are made for it.
        """
        doors = {Door.MAIN: runtime_arn, **_gateway_door(settings)}
        cases = [case for case in CASES if case.door in doors]
        subject = self.steps.tools.subject(settings, doors)
        return self._run(cases, subject, runtime_arn, PARALLEL, self._configurations(settings, {}), brief=True)

    def whole(self, choice: Choice) -> SmokeReport:
        """The chosen cases at their doors, which are made where they are not there yet."""
        cases = choice.cases()
        self.steps.check_account(self.steps.load_or_new())
        settings = self.steps.live_settings()
        main = self.steps.observed(settings)
        if main is None:
            raise self.steps.not_launched(settings)
        wanted = [door for door in probe_doors(settings) if door in {case.door for case in cases}]
        plan = self._plan(settings, main, wanted, mend=False)
        asked = any("gateway" in case.tags or case.door is Door.GATEWAY for case in cases)
        if asked and settings.outputs.gateway is not None:
            self.steps.gateway_url(settings)
        gateway = _gateway_door(settings) if asked else {}
        doors = {Door.MAIN: main.arn, **self._doors(plan), **gateway}
        subject = self.steps.tools.subject(settings, doors)
        return self._run(cases, subject, main.arn, choice.parallel, self._configurations(settings, plan.specs))

    def foreign(
        self, choice: Choice, runtime_arn: str, discovery_url: str, client_id: str, token: str | None
    ) -> SmokeReport:
        """A runtime that this project did not make. Cases for other doors than its own make no sense there."""
        cases = [case for case in choice.cases() if case.door is Door.MAIN]
        endpoints = self.steps.endpoints_of(runtime_arn)
        subject = self.steps.tools.foreign_subject(endpoints, runtime_arn, discovery_url, client_id, token)
        return self._run(cases, subject, runtime_arn, choice.parallel)

    def _run(
        self,
        cases: Sequence[Case],
        subject: Subject,
        runtime_arn: str,
        parallel: int,
        configurations: Configurations | None = None,
        *,
        brief: bool = False,
    ) -> SmokeReport:
        """`configurations`: None for a runtime of which nobody here knows what was asked."""
        clock, console = self.steps.clock, self.steps.console
        started = clock.monotonic()
        with (
            ThreadPoolExecutor(1) as beside,
            console.step("calls of the smoke test"),
            console.matrix(cases, brief=brief) as done,
        ):
            looked = beside.submit(configurations.outcomes, subject.doors) if configurations else None
            outcomes = run_cases(cases, subject, clock, done, parallel=parallel)
        if looked is not None:
            outcomes += looked.result()
        report = SmokeReport(self.steps.deployment, runtime_arn, outcomes, clock.monotonic() - started)
        wrong = [o for o in outcomes if not o.ok and o.skipped is None]
        lines = self.explain(wrong) if wrong and not subject.foreign else {}
        return replace(report, outcomes=[replace(o, explanation=lines.get(o.case.id, o.explanation)) for o in outcomes])

    def mend_doors(self, settings: Settings, main: ObservedRuntime) -> bool:
        """Bring the doors that were made before to what they should be; False when they are. Takes no lock."""
        recorded = {door.name for door in self.steps.load_or_new().doors}
        names = door_names(settings.outputs.agent_runtime_name)
        wanted = [door for door in probe_doors(settings) if names[door] in recorded]
        plan = self._plan(settings, main, wanted, mend=True)
        if plan.changes:
            self._make(plan)
        stale = recorded - {names[door] for door in wanted}
        self.steps.remove_doors(self.steps.tools.control(settings.endpoints), stale)
        return plan.changes or bool(stale)

    def _configurations(self, settings: Settings, specs: Mapping[Door, RuntimeSpec]) -> Configurations:
        asked = self.steps.tools.gateway_asked(settings)
        seen = (lambda: (asked, self.steps.gateway_seen(settings, asked))) if asked else None
        return Configurations(self.steps.tools.control(settings.endpoints), settings, specs, seen)

    def _doors(self, plan: DoorPlan) -> dict[Door, str]:
        """The ARNs of the doors, which are made side by side where they are not there yet."""
        if not plan.changes:
            return self._make(plan)
        with self.steps.changing():
            return self._make(plan)

    def _plan(self, settings: Settings, main: ObservedRuntime, doors: Sequence[Door], *, mend: bool) -> DoorPlan:
        maker = self.steps.tools.door_maker(settings)
        ledger = self.steps.load_or_new()
        version = ledger.runtime.artifact_version if ledger.runtime else None
        specs = {door: door_spec(settings, main.spec, door) for door in doors}

        def step(door: Door) -> Step:
            return maker.next_step(specs[door], ledger.door(specs[door].name), version, mend=mend)

        return DoorPlan(maker, specs, side_by_side(step, doors), version)

    def _make(self, plan: DoorPlan) -> dict[Door, str]:
        writing = threading.Lock()

        def made(record: RuntimeRecord) -> None:
            with writing:
                self.steps.ledger().save(self.steps.load_or_new().with_door(record))

        def ensure(door: Door) -> str:
            return plan.maker.ensure(plan.steps[door], plan.specs[door], plan.version, made).arn

        if not plan.changes:
            return side_by_side(ensure, plan.steps)
        with self.steps.console.step("doors of the smoke test"):
            return side_by_side(ensure, plan.steps)


@dataclass(frozen=True, slots=True)
class DoorPlan:
    """What is to be done about each door, and with which version of the package."""

    maker: DoorMaker
    specs: Mapping[Door, RuntimeSpec]
    steps: Mapping[Door, Step]
    version: str | None

    @property
    def changes(self) -> bool:
        return not all(isinstance(step, Keep) for step in self.steps.values())


def _gateway_door(settings: Settings) -> dict[Door, str]:
    return {Door.GATEWAY: settings.gateway_url} if settings.gateway_url else {}
