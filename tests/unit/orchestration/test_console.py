from __future__ import annotations

import io
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.checks.case import Verdict
from orchestration.checks.run import Outcome
from orchestration.console import Console
from orchestration.errors import OrchestrationError
from orchestration.report import SmokeReport
from tests.fakes.matrix import NOBODY, PERSON, SKIPPED
from tests.fakes.orchestration import RUNTIME_ARN, FakeClock, deployment

OUTCOME = Outcome(NOBODY, Verdict.REFUSED, 401, "Missing [bold]Authentication[/bold] Token " + "x" * 90, 12.0, True)
WRONG = Outcome(NOBODY, Verdict.BROKEN, None, "no answer", 12.0, False, explanation="the door: header: saw none")
LET_IN = Outcome(PERSON, Verdict.ADMITTED, 200, "742", 12.0, True)


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


ESCAPES = "\x1b]0;title\x07\x1b[2J\x9b31m\x7f\r\b\0"


@pytest.mark.parametrize("stream", [io.StringIO, Terminal], ids=["file", "terminal"])
def test_what_others_wrote_moves_no_cursor_and_sets_no_title(stream: type[io.StringIO]) -> None:
    screen, text = Screen(stream), f"one{ESCAPES}\ttwo\nthree"
    console = screen.console
    console.piece(text)
    console.result(text)
    console.note(text)
    console.say(text)
    console.error(OrchestrationError(text, remedy=text))
    console.show({"name": text, "more": {"names": [text]}}, json=False)
    console.show({"name": text}, json=True)
    bad = replace(WRONG, reason=text, explanation=text)
    console.outcome(bad)
    console.smoke_table(report(bad))
    shown = "".join(screen.shown)
    own = re.sub(r"\x1b\[[0-9;]*m", "", shown)  # rich's colours, on a terminal
    assert [c for c in own if ord(c) < 32 and c not in "\n\t" or 127 <= ord(c) < 160] == []
    assert "31m" in own and "\x1b]0" not in shown and "\x1b[2J" not in shown
    assert screen.shown[0].startswith("one]0;title[2J31m\ttwo\nthree")


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
    assert row.split()[:8] == ["pass", "main", "no-token", "refused", "refused", "401", "12", "ms"]
    assert row.endswith("Token ...")


def test_the_last_line_of_the_matrix_counts_and_names_what_is_wrong() -> None:
    screen = Screen()
    screen.console.smoke(report(OUTCOME, WRONG), json=False)
    assert screen.shown[0].splitlines()[-1] == "1 of 2 verdicts as expected in 1.0 s; wrong: no-token"


def test_what_was_skipped_is_counted_apart_and_says_why() -> None:
    screen = Screen()
    screen.console.smoke(report(OUTCOME, SKIPPED), json=False)
    *_, row, last = screen.shown[0].splitlines()
    assert row.split()[:5] == ["skip", "main", "left-out", "refused", "-"]
    assert row.endswith("there is no scope door here")
    assert last == "1 of 1 verdicts as expected in 1.0 s; skipped: 1"


def test_a_wrong_verdict_is_explained_on_the_line_below() -> None:
    screen = Screen()
    screen.console.smoke(report(WRONG), json=False)
    _, row, below, _ = screen.shown[0].splitlines()
    assert (row[:4], below.strip()) == ("FAIL", "the door: header: saw none")


def test_in_brief_only_refusals_as_expected_are_left_out() -> None:
    screen = Screen()
    screen.console.smoke(report(OUTCOME, LET_IN, WRONG, SKIPPED), json=False, brief=True)
    rows = [line.split()[:3] for line in screen.shown[0].splitlines()[1:-1]]
    assert rows[0] == ["pass", "main", "person"]
    assert [row[0] for row in rows] == ["pass", "FAIL", "the", "skip"]
    assert "2 of 3 verdicts" in screen.shown[0]


@pytest.mark.parametrize(("brief", "shown"), [(False, ["no-token", "person"]), (True, [])])
def test_progress_is_a_line_for_each_case_where_there_is_no_terminal(brief: bool, shown: list[str]) -> None:
    screen = Screen()
    with screen.console.matrix([NOBODY, PERSON], brief=brief) as done:
        done(OUTCOME)
        done(LET_IN)
    assert [line.split()[1].rstrip(":") for line in screen.shown[1].splitlines()] == shown


def test_what_is_not_as_expected_is_shown_even_in_brief() -> None:
    screen = Screen()
    with screen.console.matrix([NOBODY], brief=True) as done:
        done(WRONG)
        done(SKIPPED)
    assert [line.split()[0] for line in screen.shown[1].splitlines()] == ["FAIL", "skip"]


def test_a_terminal_gets_a_live_table_of_the_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Screen(Terminal)
    with screen.console.matrix([NOBODY, PERSON]) as done:
        screen.clock.sleep(2.0)
        done(OUTCOME)
        done(WRONG)
    out, err = screen.shown
    assert out == ""
    assert "2/2" in err and "2.0 s" in err
    assert "no-token" in err, "what is wrong is named at once"


def test_lines_of_a_document_are_dotted_names_and_values() -> None:
    screen = Screen()
    value = {"schema_version": 1, "a": {"b": "x"}, "list": ["p", "q"], "none": None, "empty": [], "on": True, "n": 3}
    screen.console.show(value, json=False)
    assert [line.split(maxsplit=1) for line in screen.shown[0].splitlines()] == [
        ["a.b", "x"],
        ["list", "p, q"],
        ["none", "-"],
        ["empty", "-"],
        ["on", "true"],
        ["n", "3"],
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


def test_half_a_character_of_an_agents_answer_is_shown_as_an_escape() -> None:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    console = Console(FakeClock(), out=out, err=err)
    console.result("half \ud83d")
    console.piece("half \ud83d")
    console.say("half \ud83d")
    console.smoke(report(replace(LET_IN, reason="half \ud83d")), json=False)
    shown = [stream.buffer.getvalue().decode() for stream in (out, err)]
    assert [text.count("half \\ud83d") for text in shown] == [3, 1]


def test_a_reader_that_leaves_ends_nothing() -> None:
    """stderr as a real pipe: rich would end the program at the first line that nobody reads."""
    reader, writer = os.pipe()
    err = open(writer, "w", buffering=1)
    console = Console(FakeClock(), err=err)
    console.say("read")
    os.close(reader)
    console.say("nobody reads this")
    with console.step("work"):
        console.note("nor this")
    assert [name for name, _ in console.timings] == ["work"]
    with suppress(BrokenPipeError):  # the line that was never read is still in the buffer
        err.close()
