"""What people see. Results go to stdout, progress and errors to stderr. The only importer of rich."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from textwrap import shorten
from typing import Any, Protocol, TextIO

from rich.console import Console as RichConsole
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestration.checks.case import Case, Verdict
from orchestration.checks.run import Outcome
from orchestration.clock import Clock
from orchestration.errors import OrchestrationError
from orchestration.report import SCHEMA_VERSION, SmokeReport

HEARTBEAT_S = 10.0
# How a case ended -> what the table shows, and its style.
MARKS: Mapping[str, tuple[str, str]] = {
    "ok": ("pass", "green"),
    "wrong": ("FAIL", "bold red"),
    "skipped": ("skip", "dim"),
}
# C0, DEL and C1 but for line and tab: an agent or a provider could move the cursor, retitle or paste with them.
CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
REASON_WIDTH = 90
TABLE_WIDTH = 200


class DaemonStatus(Protocol):
    """What embedded.cloud says of one process."""

    @property
    def name(self) -> str: ...
    @property
    def running(self) -> bool: ...
    @property
    def healthy(self) -> bool: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def port(self) -> int: ...
    @property
    def log(self) -> Path: ...


class FoundLine(Protocol):
    """What doctor says of one thing."""

    @property
    def severity(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class Progress(RichConsole):
    """Goes on in silence when its reader leaves, where rich would end the program."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


class Console:
    """Lines, steps with their time, tables. Colour only on a terminal (rich honours NO_COLOR and FORCE_COLOR)."""

    def __init__(
        self, clock: Clock, *, quiet: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self._clock = clock
        self._quiet = quiet
        self._out = out or sys.stdout
        self._err = Progress(file=err or sys.stderr, highlight=False, soft_wrap=True)
        self._timings: list[tuple[str, float]] = []

    def _show(self, text: Text) -> None:
        """Progress must never stop the work: a reader of stderr that left is not written to again."""
        try:
            # What the terminal cannot show, such as half a character, is shown as an escape.
            text.plain = _encodable(text.plain, self._err.encoding)
            self._err.print(text)
        except OSError:
            self._err.quiet = True

    @property
    def timings(self) -> list[tuple[str, float]]:
        """(step, seconds) of every finished step."""
        return list(self._timings)

    def note(self, line: str) -> None:
        """A line of progress."""
        if not self._quiet:
            self._show(Text(f"  {harmless(line).strip()}", style="dim"))

    def say(self, line: str) -> None:
        """A line that is shown even when quiet: questions and warnings."""
        self._show(Text(harmless(line)))

    def result(self, text: str) -> None:
        """The answer of a command, on stdout."""
        self._write(harmless(text) + "\n")

    def piece(self, text: str) -> None:
        """A part of an answer, on stdout, as it comes."""
        self._write(harmless(text))

    def _write(self, text: str) -> None:
        print(_encodable(text, self._out.encoding), end="", file=self._out, flush=True)

    def document(self, value: Mapping[str, Any]) -> None:
        """One JSON document on stdout."""
        self.result(dumps(value, indent=2))

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step and the seconds it took; a heartbeat while it is long."""
        started = self._clock.monotonic()
        stop = threading.Event()
        beat = threading.Thread(target=self._beat, args=(title, started, stop), daemon=True)
        beat.start()
        failed = True
        try:
            yield
            failed = False
        finally:
            stop.set()
            beat.join()
            elapsed = self._clock.monotonic() - started
            self._timings.append((title, elapsed))
            if not self._quiet or failed:
                mark = ("failed", "red") if failed else ("ok", "green")
                self._show(Text.assemble((f"{mark[0]:>6}", mark[1]), f"  {title}  ", (f"{elapsed:.1f} s", "dim")))

    def _beat(self, title: str, started: float, stop: threading.Event) -> None:
        while not stop.wait(HEARTBEAT_S):
            self.note(f"{title}: {self._clock.monotonic() - started:.0f} s")

    def error(self, error: OrchestrationError) -> None:
        """One line with the cause, one with the remedy."""
        self._show(Text.assemble((f"error [{error.code}]: ", "bold red"), " ".join(harmless(error.message).split())))
        self._show(Text.assemble(("remedy: ", "bold"), harmless(error.remedy)))

    @contextmanager
    def matrix(self, cases: Sequence[Case], *, brief: bool = False) -> Iterator[Callable[[Outcome], None]]:
        """Progress of the smoke matrix: a live table of its doors on a terminal, else a line for each case.

        `brief`: only for those that are not as expected.
        """
        if self._quiet or not self._err.is_terminal:
            yield (lambda outcome: None if outcome.ok else self.outcome(outcome)) if brief else self.outcome
            return
        tally = Tally(cases, self._clock)
        with Live(get_renderable=tally.table, console=self._err, transient=True, refresh_per_second=8):
            yield tally.add

    def outcome(self, outcome: Outcome) -> None:
        """One finished case, as progress."""
        got = outcome.verdict.value if outcome.verdict else f"skipped: {outcome.skipped}"
        self.note(f"{MARKS[mark_of(outcome)][0]} {outcome.case.id}: {got}")

    def smoke_table(self, report: SmokeReport, *, brief: bool = False) -> None:
        """The matrix on stdout, then one line of verdict. Long reasons are cut here and whole in the document."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("", "door", "case", "expected", "got", "status", "time", "reason"):
            table.add_column(heading, no_wrap=True)
        for outcome in report.outcomes:
            if brief and outcome.ok and outcome.case.verdict is Verdict.REFUSED:
                continue
            table.add_row(*_cells(outcome))
            if outcome.explanation:
                table.add_row("", "", "", "", "", "", "", Text(harmless(outcome.explanation)))
        console = RichConsole(file=self._out, highlight=False, width=TABLE_WIDTH)
        with console.capture() as capture:
            console.print(table)
        for line in capture.get().splitlines():
            self._write(line.rstrip() + "\n")  # its colours are ours
        ran = len(report.outcomes) - len(report.skipped)
        skipped = f"; skipped: {len(report.skipped)}" if report.skipped else ""
        failed = f"; wrong: {', '.join(report.failed)}" if report.failed else ""
        self.result(f"{report.passed} of {ran} verdicts as expected in {report.elapsed_s:.1f} s{skipped}{failed}")

    def smoke(self, report: SmokeReport, *, json: bool, brief: bool = False) -> None:
        """The smoke test's result as one document or as a table; `brief` leaves out refusals that are as expected."""
        if json:
            self.document(report.document())
        else:
            self.smoke_table(report, brief=brief)

    def show(self, value: Mapping[str, Any], *, json: bool) -> None:
        """A document as JSON or as lines of "dotted.name  value", without what only programs read."""
        if json:
            self.document(value)
            return
        rows = [row for row in _flat(value) if row[0] != "schema_version"]
        width = max((len(name) for name, _ in rows), default=0)
        for name, text in rows:
            self.result(f"{name:<{width}}  {text}")

    def findings(self, rows: Sequence[FoundLine]) -> None:
        """What doctor found: a line for each trouble, one for all that is well, one for what was not asked."""
        for kind, word in (("blocks", "error"), ("warns", "warning")):
            for row in (row for row in rows if row.severity == kind):
                self.result(f"{word} [{row.code}]: {' '.join(row.message.split())}; remedy: {row.remedy}")
        for kind, word in (("ok", "ok"), ("not_asked", "not asked")):
            if lines := [row.message for row in rows if row.severity == kind]:
                self.result(f"{word}: {'; '.join(lines)}")

    def daemons(self, rows: Sequence[DaemonStatus], *, json: bool = False) -> bool:
        """The local cloud's processes; True if all are healthy and there is at least one."""
        if json:
            processes = [
                {"name": r.name, "healthy": r.healthy, "pid": r.pid, "port": r.port, "log": str(r.log)} for r in rows
            ]
            self.document({"schema_version": SCHEMA_VERSION, "processes": processes})
        for r in rows if not json else ():
            state = "healthy" if r.healthy else "running, does not answer" if r.running else "down"
            self.result(f"{r.name:<16} {state:<10} pid {r.pid or '-':<8} port {r.port:<6} {r.log}")
        if not rows and not json:
            self.result("there is no local cloud yet: make up")
        return bool(rows) and all(r.healthy for r in rows)


def harmless(text: str) -> str:
    """The text as a terminal shows it and does nothing else."""
    return text.translate(CONTROLS)


def _encodable(text: str, encoding: str | None) -> str:
    """The text with an escape for each character that cannot be written; an agent's answer may hold any."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)


def mark_of(outcome: Outcome) -> str:
    return "skipped" if outcome.skipped is not None else "ok" if outcome.ok else "wrong"


def _cells(outcome: Outcome) -> list[str | Text]:
    case = outcome.case
    text, style = MARKS[mark_of(outcome)]
    return [
        Text(text, style=style),
        case.door.value,
        case.id,
        case.verdict.value,
        outcome.verdict.value if outcome.verdict else "-",
        "-" if outcome.status is None else str(outcome.status),
        "-" if outcome.elapsed_ms is None else f"{outcome.elapsed_ms:.0f} ms",
        Text(shorten(harmless(outcome.skipped or outcome.reason), REASON_WIDTH, placeholder=" ...")),
    ]


class Tally:
    """How far the matrix is, door by door."""

    def __init__(self, cases: Sequence[Case], clock: Clock) -> None:
        self._clock, self._started = clock, clock.monotonic()
        self._total = Counter(case.door.value for case in cases)
        self._done: dict[str, Counter[str]] = {door: Counter() for door in self._total}
        self._wrong: list[str] = []

    def add(self, outcome: Outcome) -> None:
        mark = mark_of(outcome)
        self._done[outcome.case.door.value][mark] += 1
        if mark == "wrong":
            self._wrong.append(outcome.case.id)

    def table(self) -> Table:
        elapsed = self._clock.monotonic() - self._started
        table = Table(box=None, pad_edge=False, header_style="bold", caption=", ".join(self._wrong[-5:]))
        for heading in ("door", "calls", *MARKS, f"{elapsed:.1f} s"):
            table.add_column(heading, justify="left" if heading == "door" else "right")
        for door, total in self._total.items():
            counts = self._done[door]
            table.add_row(door, f"{counts.total()}/{total}", *(str(counts[mark]) for mark in MARKS), "")
        return table


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        if isinstance(item, Mapping):
            yield from _flat(item, f"{prefix}{name}.")
        elif isinstance(item, list):
            yield f"{prefix}{name}", ", ".join(_word(part) for part in item) or "-"
        else:
            yield f"{prefix}{name}", _word(item)


def _word(value: Any) -> str:
    """A value for people: as the settings and JSON write it, not as Python does."""
    if value is None:
        return "-"
    return str(value) if isinstance(value, str) else dumps(value, ensure_ascii=False)
