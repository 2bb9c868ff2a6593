from __future__ import annotations

import pytest

from orchestration.checks.canary import LogCanaries, behind, canaries
from tests.fakes.orchestration import FakeClock

ONE, TWO, OLD = "1" * 32, "2" * 32, "3" * 32


def line(canary: str) -> str:
    return f'{{"event": "invoked", "canary": "{canary}"}}'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(line(ONE), {ONE}, id="the-agents-line"),
        pytest.param(
            '{"message": "{\\"event\\": \\"invoked\\", \\"canary\\": \\"' + ONE + '\\"}"}', {ONE}, id="wrapped"
        ),
        pytest.param(f"{line(ONE)} {line(TWO)}", {ONE, TWO}, id="two"),
        pytest.param('{"event": "invoked", "canary": null}', set(), id="none"),
        pytest.param('{"canary": "zz"}', set(), id="no-nonce"),
        pytest.param(ONE, set(), id="digits-alone"),
        pytest.param(f'{{"event": "credit_looked_up", "trace": "{ONE}"}}', set(), id="the-agents-own-word"),
        pytest.param(f'{{"plane": "data", "trace": "{ONE}"}}', set(), id="the-runtimes-decision"),
        pytest.param(f'{{"trace": "{ONE}", "function_request": "r"}}', {behind(ONE)}, id="the-gateways-decision"),
        pytest.param(f'{{"event": "credit_checked", "trace": "{ONE}"}}', {behind(ONE)}, id="the-functions-line"),
    ],
)
def test_canaries_of_a_line(text: str, found: set[str]) -> None:
    assert canaries([text]) == found


class Log:
    """Grows by one line with each sleep."""

    def __init__(self, *later: str) -> None:
        self.lines = [line(OLD)]
        self._later = list(later)
        self.clock = FakeClock(self._grow)

    def _grow(self, seconds: float) -> None:
        self.lines += [line(self._later.pop(0))] if self._later else []

    def seen(self, expected: set[str], settle_s: float = 0.0) -> set[str]:
        reader = LogCanaries(lambda: list(self.lines), self.clock, patience_s=10.0, poll_s=1.0, settle_s=settle_s)
        return reader.seen({ONE, TWO}, expected)


def test_what_is_expected_is_waited_for_and_others_calls_are_left_out() -> None:
    assert Log(ONE).seen({ONE}) == {ONE}


def test_nothing_expected_is_not_waited_for() -> None:
    log = Log(ONE)
    assert log.seen(set()) == set()
    assert log.clock.slept == []


def test_patience_has_an_end() -> None:
    log = Log()
    assert log.seen({ONE}) == set()
    assert sum(log.clock.slept) == 10.0


def test_a_line_that_comes_after_the_expected_ones_is_still_seen_where_lines_are_late() -> None:
    assert Log(ONE, TWO).seen({ONE}, settle_s=5.0) == {ONE, TWO}
