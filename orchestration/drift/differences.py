"""One difference a row: where, which field, what it was, what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from orchestration.review.plan import Unseen

SCHEMA_VERSION = 1


class Level(StrEnum):
    """`critical` means that somebody may get in who should not; a note is nothing to mend."""

    NOTE = "note"
    DRIFT = "drift"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Drift:
    """`was`: what code and launch say; `now`: what is live. Of a list that is a set, what came and went."""

    where: str
    field: str
    was: Any
    now: Any
    added: tuple[Any, ...] = ()
    removed: tuple[Any, ...] = ()
    level: Level = Level.DRIFT

    def line(self) -> str:
        if self.added or self.removed:
            parts = [("added", item) for item in self.added] + [("removed", item) for item in self.removed]
            what = ", ".join(f"{verb} {shown(item)}" for verb, item in parts)
        else:
            what = f"was {shown(self.was)}, is {shown(self.now)}"
        mark = "" if self.level is Level.DRIFT else f"{self.level.upper()} "
        return f"{mark}{self.where}: {self.field}: {what}"


def shown(value: Any) -> str:
    """A value on one line; what is not there is "none", an empty text "not set"."""
    if value is None:
        return "none"
    if value == "":
        return "not set"
    return str(value) if isinstance(value, str | Unseen) else json.dumps(value, sort_keys=True, default=str)


def lines(drifts: Sequence[Drift]) -> list[str]:
    """The worst first, else in the order in which they were found."""
    worst_first = [Level.CRITICAL, Level.DRIFT, Level.NOTE]
    return [drift.line() for drift in sorted(drifts, key=lambda drift: worst_first.index(drift.level))]


def document(drifts: Sequence[Drift]) -> dict[str, Any]:
    """What `drift --json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "drift": any(drift.level is not Level.NOTE for drift in drifts),
        "critical": any(drift.level is Level.CRITICAL for drift in drifts),
        "fields": [
            {
                "where": drift.where,
                "field": drift.field,
                "was": _plain(drift.was),
                "is": _plain(drift.now),
                "added": _plain(list(drift.added)),
                "removed": _plain(list(drift.removed)),
                "level": drift.level.value,
            }
            for drift in drifts
        ],
    }


def differences(where: str, was: Any, now: Any, field: str = "") -> Iterator[Drift]:
    """A row for each leaf that differs. Policies, which are JSON in a text, are looked into."""
    was, now = _decoded(was), _decoded(now)
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted({*was, *now}):
            yield from differences(where, was.get(key), now.get(key), f"{field}.{key}" if field else str(key))
    elif _are_lists(was, now) and len(was) == len(now) == 1 and isinstance(was[0], Mapping):
        yield from differences(where, was[0], now[0], field)
    elif _are_lists(was, now):
        if list(was) != list(now):
            drift = Drift(where, field, list(was), list(now))
            yield replace(drift, added=_not_in(now, was), removed=_not_in(was, now))
    elif was != now:
        yield Drift(where, field, was, now)


def _are_lists(*values: Any) -> bool:
    return all(isinstance(value, list | tuple) for value in values)


def _not_in(some: Sequence[Any], others: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(item for item in some if item not in others)


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
