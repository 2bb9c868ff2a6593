from __future__ import annotations

import pytest
from invoke import Exit

from cli.callers import ask
from cli.review import review
from cli.words import help_instead


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
