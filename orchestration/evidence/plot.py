"""Latencies as a strip of points a door, on a logarithmic scale: geometry alone, drawn by the template."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from orchestration.evidence.matrix import Mark, Matrix, Row

LEFT, RIGHT, TOP = 150.0, 900.0, 8.0
LANE = 68.0
RADIUS = 4.5
SHORTEST_MS = 1.0


@dataclass(frozen=True, slots=True)
class Point:
    """`kind` picks shape and colour: admitted, refused, broken or wrong."""

    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One door. `middle` is the y of its line, `median_x` where half of its calls were quicker."""

    door: str
    middle: float
    median_x: float
    median_ms: float
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Everything in the units of the viewBox."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    ticks: tuple[tuple[float, str], ...]
    lanes: tuple[Lane, ...]


def layout(matrix: Matrix) -> Plot | None:
    """None when no call was timed."""
    timed = {door: [row for row in rows if row.elapsed_ms is not None] for door, rows in matrix.doors.items()}
    timed = {door: rows for door, rows in timed.items() if rows}
    if not timed:
        return None
    decades = _decades([_ms(row) for rows in timed.values() for row in rows])
    lanes = tuple(_lane(door, rows, index, decades) for index, (door, rows) in enumerate(timed.items()))
    bottom = TOP + LANE * len(lanes)
    ticks = tuple((_x(10.0**n, decades), _tick(n)) for n in range(decades[0], decades[1] + 1))
    return Plot(RIGHT + 40, bottom + 34, LEFT, RIGHT, TOP, bottom, ticks, lanes)


def _lane(door: str, rows: Sequence[Row], index: int, decades: tuple[int, int]) -> Lane:
    middle = TOP + LANE * (index + 0.5)
    points: list[Point] = []
    for row in sorted(rows, key=_ms):
        x = _x(_ms(row), decades)
        points.append(Point(x, _free_y(x, middle, points), _kind(row), f"{row.id}: {_ms(row):.1f} ms"))
    half = median(_ms(row) for row in rows)
    return Lane(door, middle, _x(half, decades), half, tuple(points))


def _free_y(x: float, middle: float, points: Sequence[Point]) -> float:
    """The place nearest to the line where the point covers no other; the line itself when the lane is full."""
    step = RADIUS * 2
    for away in (0, 1, -1, 2, -2, 3, -3):
        y = middle + away * step
        if all(math.hypot(x - p.x, y - p.y) >= step for p in points):
            return y
    return middle


def _kind(row: Row) -> str:
    return "wrong" if row.mark is Mark.WRONG else str(row.got)


def _ms(row: Row) -> float:
    return max(row.elapsed_ms or 0.0, SHORTEST_MS)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _x(ms: float, decades: tuple[int, int]) -> float:
    share = (math.log10(ms) - decades[0]) / (decades[1] - decades[0])
    return round(LEFT + share * (RIGHT - LEFT), 2)


def _tick(decade: int) -> str:
    return f"{10**decade} ms" if decade < 3 else f"{10 ** (decade - 3)} s"
