"""Turns what the parts measured into bench/results.md and an SVG file for each plot."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import leather

from bench.result import Cell, Goal, Part, Plot, Table

FOLDER = Path(__file__).parent
COLOURS = ("#c8102e", "#1f6fb2", "#3a8f3a", "#8a5fa8", "#d07a1c", "#666666")
INTRODUCTION = """# Benchmarks

Written by `make bench` from `bench/out/`; do not edit. Ratios compare what ran in the same minutes on the same machine;
absolute values say little about another one. Reasons and profiles: docs/decisions/0016-door-speed.md,
0018-no-plan-by-proof.md, 0020-pipeline-speed.md. Plots show what was measured at even distances.
"""


def write(parts: Iterable[Part], folder: Path = FOLDER, absent: Mapping[str, str] | None = None) -> Path:
    """Write results.md and plots/*.svg; returns the former.

    `absent` says why parts were not measured this time.
    """
    (folder / "plots").mkdir(exist_ok=True)
    for old in (folder / "plots").glob("*.svg"):
        old.unlink()
    path = folder / "results.md"
    found = list(parts)
    lines = [INTRODUCTION, *_overview(found, absent or {}), *(line for part in found for line in _part(part, folder))]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _overview(parts: Sequence[Part], absent: Mapping[str, str]) -> Iterator[str]:
    old = {part.name: part.ran_at for part in parts}
    for name, why in absent.items():
        below = f"what is below is of {old[name]}" if name in old else "nothing is below"
        yield f"**The part {name} was not measured this time, {below}**: {why}.\n"
    goals = [goal for part in parts for goal in part.goals]
    missed = [goal.what for goal in goals if goal.met is False]
    unknown = [goal.what for goal in goals if goal.met is None]
    took = [part.took_s for part in parts if part.took_s is not None]
    yield f"{sum(goal.met is True for goal in goals)} of {len(goals)} targets are met. All parts took {sum(took)} s.\n"
    for word, names in (("Missed", missed), ("Not measured", unknown)):
        if names:
            yield "\n".join([f"{word}:\n", *(f"- {name}" for name in names), ""])


def _part(part: Part, folder: Path) -> Iterator[str]:
    used = ", ".join(f"{name} {version}" for name, version in part.versions.items())
    yield f"## {part.title}\n"
    took = "" if part.took_s is None else f" Took {part.took_s} s."
    yield f"{part.ran_at} on {part.machine}. {used}.{took}\n"
    yield f"{part.method}\n"
    if part.goals:
        yield from _table(
            Table("Targets", ["what", "value", "target", "stretch", "met"], [_goal(g) for g in part.goals])
        )
    for table in part.tables:
        yield from _table(table)
    for plot in part.plots:
        yield f"![{plot.title}](plots/{_draw(part, plot, folder)})\n"


def _goal(goal: Goal) -> list[Cell]:
    sign, unit = ("<=" if goal.better == "low" else ">="), f" {goal.unit}" if goal.unit else ""
    value = goal.why if goal.value is None else f"{goal.value:.3g}{unit}"
    stretch = None if goal.stretch is None else f"{sign} {goal.stretch:g}{unit}"
    met = {True: "yes", False: "**no**", None: "not measured"}[goal.met]
    return [goal.what, value, f"{sign} {goal.target:g}{unit}", stretch, met]


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.title}\n"
    if table.note:
        yield f"{table.note}\n"
    if table.rows:
        yield f"| {' | '.join(table.columns)} |"
        yield "|---" * len(table.columns) + "|"
        for row in table.rows:
            yield f"| {' | '.join('-' if c is None else str(c) for c in row)} |"
        yield ""


def _draw(part: Part, plot: Plot, folder: Path) -> str:
    """Points side by side, however far apart: each step is several times the one before it."""
    xs = sorted({x for line in plot.series.values() for x, _ in line})
    chart = leather.Chart(plot.title)
    chart.add_x_scale(0.8, len(xs) + 0.2)
    chart.add_x_axis(range(1, len(xs) + 1), lambda at, *_: f"{xs[at - 1]:g}", plot.x)
    chart.add_y_scale(0, max(y for line in plot.series.values() for _, y in line) * 1.1)
    chart.add_y_axis(None, lambda value, *_: f"{value / 1000:g}k" if value >= 10000 else f"{value:g}", plot.y)
    for colour, (name, line) in zip(COLOURS, plot.series.items(), strict=False):
        chart.add_line([(xs.index(x) + 1, y) for x, y in line], name=name, stroke_color=colour, width=3)
    file = f"{part.name}-{re.sub(r'[^a-z0-9]+', '-', plot.title.lower()).strip('-')}.svg"
    chart.to_svg(str(folder / "plots" / file))
    return file
