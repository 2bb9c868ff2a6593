from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestration.checks.cases import Case, Credential, Verdict
from orchestration.checks.run import Outcome
from orchestration.console import Console
from orchestration.errors import OrchestrationError
from orchestration.report import SmokeReport
from tests.fakes.orchestration import RUNTIME_ARN, FakeClock, deployment

CASE = Case("no-token", "nobody", Credential.NONE, Verdict.REFUSED, frozenset({401}))
OUTCOME = Outcome(CASE, Verdict.REFUSED, 401, "Missing [bold]Authentication[/bold] Token " + "x" * 90, 12.0, True)
WRONG = Outcome(CASE, Verdict.BROKEN, None, "no answer", 12.0, False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Screen:
    def __init__(self, stream: type[io.StringIO] = io.StringIO, *, quiet: bool = False) -> None:
        self.out, self.err = stream(), stream()
        self.clock = FakeClock()
        self.console = Console(self.clock, quiet=quiet, out=self.out, err=self.err)

    @property
    def shown(self) -> tuple[str, str]:
        return self.out.getvalue(), self.err.getvalue()


@dataclass(frozen=True)
class Process:
    name: str = "ministack"
    running: bool = True
    healthy: bool = True
    pid: int | None = 12
    port: int = 4566
    log: Path = Path("/state/ministack.log")


def report(*outcomes: Outcome) -> SmokeReport:
    return SmokeReport(deployment(), RUNTIME_ARN, outcomes, 1.0)


def say_everything(console: Console) -> None:
    console.note("a note")
    console.say("a question")
    console.outcome(OUTCOME)
    console.error(OrchestrationError("it broke", remedy="mend it"))
    with console.step("a step"):
        pass


def test_progress_and_errors_go_to_stderr_alone() -> None:
    screen = Screen()
    say_everything(screen.console)
    out, err = screen.shown
    assert out == ""
    for word in ("a note", "a question", "no-token", "it broke", "mend it", "a step"):
        assert word in err


def test_results_go_to_stdout_alone() -> None:
    screen = Screen()
    screen.console.result("an answer")
    screen.console.show({"a": {"b": 1}}, json=False)
    screen.console.smoke(report(OUTCOME), json=False)
    screen.console.daemons([Process()])
    out, err = screen.shown
    assert err == ""
    for word in ("an answer", "a.b  1", "no-token", "ministack"):
        assert word in out


def test_nothing_but_the_result_is_shown_when_quiet() -> None:
    screen = Screen(quiet=True)
    screen.console.note("a note")
    screen.console.outcome(OUTCOME)
    with screen.console.step("a step"):
        pass
    screen.console.say("a question")
    screen.console.result("an answer")
    assert screen.shown == ("an answer\n", "a question\n")


def test_a_failed_step_is_shown_even_when_quiet() -> None:
    screen = Screen(quiet=True)
    with pytest.raises(ValueError), screen.console.step("a step"):
        raise ValueError
    assert "failed  a step" in screen.shown[1]


def test_steps_are_timed_whatever_becomes_of_them() -> None:
    screen = Screen()
    with screen.console.step("one"):
        screen.clock.sleep(2.0)
    with pytest.raises(ValueError), screen.console.step("two"):
        screen.clock.sleep(3.0)
        raise ValueError
    assert screen.console.timings == [("one", 2.0), ("two", 3.0)]


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(lambda console: console.smoke(report(OUTCOME, WRONG), json=True), id="smoke"),
        pytest.param(lambda console: console.show({"a": {"b": [1, None]}}, json=True), id="show"),
        pytest.param(lambda console: console.daemons([Process()], json=True), id="daemons"),
        pytest.param(lambda console: console.daemons([], json=True), id="no-daemons"),
    ],
)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_json_is_one_document_on_stdout_and_nothing_else(show: Any, stream: type[io.StringIO]) -> None:
    screen = Screen(stream)
    show(screen.console)
    out, err = screen.shown
    assert isinstance(json.loads(out), dict)
    assert err == ""


def show_everything(screen: Screen) -> str:
    say_everything(screen.console)
    screen.console.smoke(report(OUTCOME, WRONG), json=False)
    return "".join(screen.shown)


def test_no_escape_sequence_reaches_a_pipe() -> None:
    assert "\x1b" not in show_everything(Screen())


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in show_everything(Screen(Terminal))


def test_an_error_is_one_line_of_cause_and_one_of_remedy() -> None:
    screen = Screen()
    screen.console.error(OrchestrationError("it\nbroke  badly", remedy="mend it", code="broken"))
    assert screen.shown[1] == "error [broken]: it broke badly\nremedy: mend it\n"


def test_square_brackets_are_shown_as_they_are() -> None:
    screen = Screen()
    screen.console.note("arn[bold]x[/bold]")
    screen.console.smoke(report(OUTCOME), json=False)
    out, err = screen.shown
    assert "arn[bold]x[/bold]" in err
    assert "[bold]Authentication[/bold]" in out


def test_each_case_is_one_line_of_which_only_a_long_reason_is_cut() -> None:
    screen = Screen()
    screen.console.smoke(report(OUTCOME), json=False)
    [_, row, _] = screen.shown[0].splitlines()
    assert row.split()[:7] == ["pass", "no-token", "refused", "refused", "401", "12", "ms"]
    assert row.endswith("Token ...")


def test_the_last_line_of_the_matrix_counts_and_names_what_is_wrong() -> None:
    screen = Screen()
    screen.console.smoke(report(OUTCOME, WRONG), json=False)
    assert screen.shown[0].splitlines()[-1] == "1 of 2 verdicts as expected in 1.0 s; wrong: no-token"


def test_lines_of_a_document_are_dotted_names_and_values() -> None:
    screen = Screen()
    screen.console.show({"a": {"b": "x"}, "list": ["p", "q"], "none": None, "empty": []}, json=False)
    assert [line.split(maxsplit=1) for line in screen.shown[0].splitlines()] == [
        ["a.b", "x"],
        ["list", "p, q"],
        ["none", "-"],
        ["empty", "-"],
    ]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("rows", "healthy"),
    [
        pytest.param([Process()], True, id="healthy"),
        pytest.param([Process(), Process(healthy=False)], False, id="one-does-not-answer"),
        pytest.param([Process(running=False, healthy=False, pid=None)], False, id="down"),
        pytest.param([], False, id="none"),
    ],
)
def test_the_local_cloud_is_well_only_if_there_is_one_and_all_of_it_is(
    rows: list[Process], healthy: bool, as_json: bool
) -> None:
    assert Screen().console.daemons(rows, json=as_json) is healthy
