"""How long an agent that keeps ending rests, by a clock of the test's own."""

from __future__ import annotations

import pytest

from agentcore_local.falls import FORGOTTEN_S, LONGEST_REST_S, STEADY_S, Falls

KEY = ("a-0123456789", 1)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def rests(falls: Falls, clock: Clock, lived_s: float | None, times: int) -> list[float]:
    """After each fall: seconds until it may be started."""
    found = []
    for _ in range(times):
        falls.note(KEY, "why", lived_s=lived_s)
        began = clock.now
        while falls.resting(KEY) is not None:
            clock.now += 0.5
        found.append(clock.now - began)
    return found


def test_the_first_end_of_a_healthy_agent_costs_no_rest_and_each_further_one_twice_as_long() -> None:
    clock = Clock()
    assert rests(Falls(clock), clock, 1.0, 8) == [0, 2, 4, 8, 16, 32, LONGEST_REST_S, LONGEST_REST_S]


def test_an_agent_that_never_was_healthy_rests_at_once() -> None:
    clock = Clock()
    assert rests(Falls(clock), clock, None, 3) == [2, 4, 8]


@pytest.mark.parametrize(
    ("lived_s", "pause_s", "rest"),
    [
        pytest.param(1.0, 0.0, 4, id="in-a-row"),
        pytest.param(STEADY_S, 0.0, 0, id="lived-long-enough"),
        pytest.param(1.0, FORGOTTEN_S, 0, id="long-ago"),
    ],
)
def test_falls_count_only_in_a_row(lived_s: float, pause_s: float, rest: float) -> None:
    clock = Clock()
    falls = Falls(clock)
    rests(falls, clock, 1.0, 2)
    clock.now += pause_s
    assert rests(falls, clock, lived_s, 1) == [rest]


def test_three_falls_in_a_row_are_a_loop_and_two_are_none() -> None:
    falls = Falls(Clock())
    for text in ("one", "two"):
        falls.note(KEY, text, lived_s=1.0)
    assert falls.looping() == {}
    falls.note(KEY, "three", lived_s=1.0)
    assert falls.looping() == {KEY: "The agent keeps ending. three"}
    falls.forget(KEY)
    assert (falls.looping(), falls.resting(KEY)) == ({}, None)
