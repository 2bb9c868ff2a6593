"""Reads terraform_mutations.toml: what is edited, and what must notice."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.plan_seeds.scenarios import Edit

LIST = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one test file; `module` is the folder below terraform/, "." for the root."""

    module: str
    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}/{self.file}: {self.name}".removeprefix("./")


@dataclass(frozen=True, slots=True)
class Rule:
    """A finding of the review over a plan of the root from nothing, with these values."""

    id: str
    variables: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"review {self.id}"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A name that says what is lost, the edits that lose it, and the watcher that must turn red."""

    name: str
    edits: tuple[Edit, ...]
    watcher: Run | Rule


def mutations() -> tuple[Mutation, ...]:
    entries = tomllib.loads(LIST.read_text())["mutation"]
    return tuple(
        Mutation(entry["name"], tuple(Edit(**edit) for edit in entry["edits"]), _watcher(entry)) for entry in entries
    )


def _watcher(entry: Mapping[str, Any]) -> Run | Rule:
    if "rule" in entry:
        return Rule(entry["rule"], entry.get("variables", {}))
    path = PurePosixPath(entry["test"])
    return Run(str(path.parents[1]), f"tests/{path.name}", entry["run"])
