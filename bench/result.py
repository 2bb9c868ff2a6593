"""What a part of the benchmark measured, as bench/out/<part>.json holds it. One writer turns all parts into a report.

Ratios are of one run: both sides were measured within seconds of each other on the same machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

OUT = Path(__file__).parent / "out"
Cell = str | float | int | None


@dataclass(frozen=True)
class Table:
    """`note` says in a sentence how to read it."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    note: str = ""


@dataclass(frozen=True)
class Goal:
    """One value against its target. `better` says in which direction; value None was not measured, `why` says why."""

    what: str
    value: float | None
    target: float
    better: Literal["low", "high"]
    stretch: float | None = None
    unit: str = ""
    why: str = ""

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value <= self.target if self.better == "low" else self.value >= self.target


@dataclass(frozen=True)
class Plot:
    """Lines of (x, y) points by name."""

    title: str
    x: str
    y: str
    series: dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Part:
    """`machine` and `versions` are of the run; `method` says what was done, for people who want to repeat it.

    `took_s`: for all of it.
    """

    name: str
    title: str
    method: str
    ran_at: str
    machine: str
    versions: dict[str, str]
    goals: list[Goal] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    took_s: int | None = None


def save(part: Part, folder: Path = OUT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part.name}.json"
    path.write_text(json.dumps(asdict(part), indent=1) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> Part:
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    goals = [Goal(**g) for g in raw.pop("goals")]
    tables = [Table(**t) for t in raw.pop("tables")]
    plots = [
        Plot(**(p | {"series": {name: [(x, y) for x, y in line] for name, line in p["series"].items()}}))
        for p in raw.pop("plots")
    ]
    return Part(**raw, goals=goals, tables=tables, plots=plots)
