"""Lines that agents wrote, as people and programs may see them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from orchestration.checks.masking import without_tokens

# What agentcore_local puts before each line.
_STAMPED = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z) (.*)", re.S)


@dataclass(frozen=True, slots=True)
class LogLine:
    """`at` in Unix seconds; `version` of the runtime, None where the log does not tell."""

    at: float
    door: str
    text: str
    version: str | None = None

    def shown(self, *, several: bool) -> str:
        """For a terminal; with the door where lines of several may come."""
        door = f"  {self.door:<8}" if several else ""
        return f"{_when(self.at)}{door}  {without_tokens(self.text)}"

    def told(self, longest: int) -> str:
        """Within a sentence: at most so many characters of it."""
        text = without_tokens(self.text).strip()
        return text if len(text) <= longest else f"{text[:longest]}..."

    def document(self) -> dict[str, Any]:
        """For --json."""
        text = without_tokens(self.text)
        return {"time": _when(self.at), "door": self.door, "version": self.version, "line": text}


class LogSource(Protocol):
    """The log of one or several agents."""

    def new(self) -> list[LogLine]:
        """Lines that were not given before, oldest first."""

    def close(self) -> None:
        """Let go of what it holds open."""


def stamped(line: str) -> tuple[float | None, str]:
    """(when it was written, what the agent wrote); None for a line without a time."""
    found = _STAMPED.fullmatch(line)
    try:
        return (datetime.fromisoformat(found[1]).timestamp(), found[2]) if found else (None, line)
    except ValueError:
        return None, line


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
