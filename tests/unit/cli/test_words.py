from __future__ import annotations

import os

import pytest
from invoke import Exit

from cli.callers import ask
from cli.review import review
from cli.words import help_instead, leave_quietly


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize(("asked", "words"), [(ask, "Ask the agent"), (review, "Review a stored plan")])
def test_help_asked_for_behind_a_task_is_its_help(
    asked: object, words: str, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exit) as ended:
        help_instead(asked, flag)  # type: ignore[arg-type]
    assert ended.value.code == 0
    assert words in capsys.readouterr().out


def test_another_value_is_the_tasks_own() -> None:
    help_instead(ask, "what can --help do?")


def test_a_reader_that_left_is_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    with capfd.disabled():
        kept = os.dup(1)
        leave_quietly(BrokenPipeError, BrokenPipeError(), None)
        os.write(1, b"dropped")
        os.dup2(kept, 1)
        os.close(kept)
    assert capfd.readouterr() == ("", "")


def test_any_other_error_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    leave_quietly(ValueError, ValueError("odd"), None)
    assert "ValueError: odd" in capsys.readouterr().err
