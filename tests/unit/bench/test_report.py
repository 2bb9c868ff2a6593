"""What a part measured survives its file, and the report says what was met, missed and not measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report import write
from bench.result import Goal, Part, Plot, Table, load, save

PART = Part(
    name="door",
    title="The door",
    method="As said.",
    ran_at="2026-11-23T12:00Z",
    machine="two cores",
    versions={"Python": "3.11"},
    goals=[
        Goal("rate", 0.7, 0.6, "high", 0.9),
        Goal("late", 300.0, 250, "low", unit="us"),
        Goal("peer", None, 0.5, "high", why="not installed"),
    ],
    tables=[Table("Rates", ["who", "rate"], [["door", 1.5], ["peer", None]], "By turns.")],
    plots=[Plot("Rates, all", "connections", "rate", {"door": [(1.0, 2.0), (4.0, 3.0)]})],
    took_s=7,
)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert load(save(PART, tmp_path)) == PART


def test_the_report_says_what_was_met_and_what_was_not(tmp_path: Path) -> None:
    text = write([PART], tmp_path).read_text()
    assert "1 of 3 targets are met. All parts took 7 s." in text
    assert "Missed:\n\n- late\n\nNot measured:\n\n- peer\n" in text
    assert "| rate | 0.7 | >= 0.6 | >= 0.9 | yes |" in text
    assert "| late | 300 us | <= 250 us | - | **no** |" in text
    assert "| peer | not installed | >= 0.5 | - | not measured |" in text
    assert "| peer | - |" in text
    assert "![Rates, all](plots/door-rates-all.svg)" in text
    assert (tmp_path / "plots" / "door-rates-all.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(("better", "value", "met"), [("low", 1.0, True), ("low", 1.1, False), ("high", 0.9, False)])
def test_a_target_has_a_direction(better: str, value: float, met: bool) -> None:
    assert Goal("x", value, 1.0, "low" if better == "low" else "high").met is met
