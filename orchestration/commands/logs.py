"""What the agents wrote."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from json import dumps

from orchestration.checks.agent_log import LogLine, LogSource
from orchestration.checks.auth_log import MAX_DAYS, seconds
from orchestration.checks.case import Door
from orchestration.checks.doors import door_names
from orchestration.embedded.agent_log import LocalAgentLog
from orchestration.errors import BadInput, Unfit
from orchestration.steps import Steps

ALL = "all"
# The most that is shown where nothing is asked for, and how far back that is looked for: on AWS each hour is pages.
LINES, WHILE = 50, "1d"
MOST_LINES = 1_000_000
# Longer than any log is kept here.
EVER = f"{MAX_DAYS}d"
POLL_LOCAL_S, POLL_AWS_S = 0.3, 3.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of a log is shown: lines of that last while, and of these the last so many; None for all."""

    since: str = WHILE
    lines: int | None = LINES

    @classmethod
    def of(cls, since: str | None, lines: str | None, *, all: bool) -> Stretch:
        """From flags. Raises BadInput."""
        if all and (since or lines):
            raise BadInput("--all and --since or --lines", remedy="leave one of them out", code="bad_lines")
        if all:
            return cls(EVER, None)
        if lines is None:
            return cls(since, None) if since else cls()
        if not lines.isascii() or not lines.isdigit() or not 0 < int(lines[:9]) <= MOST_LINES:
            raise BadInput(f"--lines is {lines!r}", remedy=f"use a number from 1 to {MOST_LINES}", code="bad_lines")
        return cls(since or EVER, int(lines))


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of the deployment's agents. Reads the ledger alone, so a deployment that is broken can be asked too."""

    steps: Steps

    def show(self, stretch: Stretch, door: str = Door.MAIN, *, follow: bool = False, json: bool = False) -> None:
        """Lines of that last while, then, with `follow`, further ones until Ctrl-C. Raises BadInput, Unfit."""
        begin = self.steps.clock.now() - seconds(stretch.since)
        runtimes = self._runtimes(door)
        with closing(self._source(runtimes, begin)) as source, suppress(*((KeyboardInterrupt,) if follow else ())):
            count = self._print(source, begin, json, several=len(runtimes) > 1, last=stretch.lines)
            if not count and not follow:
                self.steps.console.say(f"no line in the last {stretch.since}")
            elif stretch.lines is not None and count > stretch.lines:
                self.steps.console.note(f"the last {stretch.lines} of {count} lines; --all shows the others")
            while follow:
                self.steps.clock.sleep(POLL_LOCAL_S if self.steps.cloud else POLL_AWS_S)
                self._print(source, begin, json, several=len(runtimes) > 1)

    def last(self, count: int) -> list[LogLine]:
        """The last lines of the deployment's own agent, where it runs here; none elsewhere."""
        record = self.steps.load_or_new().runtime
        if record is None or self.steps.cloud is None:
            return []
        with closing(LocalAgentLog(self.steps.cloud, {Door.MAIN: record.id})) as source:
            return source.new()[-count:]

    def _print(self, source: LogSource, begin: float, json: bool, *, several: bool, last: int | None = None) -> int:
        """How many there are; of these the last so many are shown."""
        lines = [line for line in source.new() if line.at >= begin]
        for line in lines[-last:] if last else lines:
            self.steps.console.result(dumps(line.document()) if json else line.shown(several=several))
        return len(lines)

    def _source(self, runtimes: Mapping[str, str], begin: float) -> LogSource:
        if self.steps.cloud is not None:
            return LocalAgentLog(self.steps.cloud, runtimes)
        return self.steps.tools.agent_log(self.steps.endpoints(), runtimes, begin)

    def _runtimes(self, door: str) -> dict[str, str]:
        """{door: runtime id} of the doors asked for. Raises BadInput for another, Unfit where nothing was launched."""
        command = self.steps.deployment.command
        ledger = self.steps.load_or_new()
        if ledger.runtime is None:
            raise Unfit(
                f"environment {self.steps.deployment.environment!r} has no runtime",
                remedy=command("make up"),
                code="not_launched",
            )
        made = {Door.MAIN.value: ledger.runtime.id}
        for other, name in door_names(ledger.runtime.name).items():
            if record := ledger.door(name):
                made[other.value] = record.id
        if door == ALL:
            return made
        if door not in made:
            known = door in {other.value for other in door_names("")}
            raise BadInput(
                f"--door is {door!r}" + (", which is not made yet" if known else ""),
                remedy=f"use one of {', '.join([*made, ALL])}"
                + (f"; `{command('invoke smoke-test')}` makes the others" if known else ""),
                code="bad_door",
            )
        return {door: made[door]}
