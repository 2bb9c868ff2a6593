"""The logs of agents that run here, version by version, through their rotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.checks.agent_log import LogLine, stamped
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.rotated import Tail


@dataclass(slots=True)
class _Follow:
    tail: Tail
    at: float = 0.0
    """When the last line with a time was written: one without belongs to it."""


@dataclass(frozen=True, slots=True)
class LocalAgentLog:
    """checks.agent_log.LogSource; `runtimes` maps doors to runtime ids. Reads files alone, so the cloud may be down."""

    cloud: LocalCloud
    runtimes: Mapping[str, str]
    _follows: dict[Path, _Follow] = field(default_factory=dict)

    def new(self) -> list[LogLine]:
        found: list[LogLine] = []
        for door, runtime_id in self.runtimes.items():
            for path in self.cloud.agent_logs([runtime_id]):
                follow = self._follows.setdefault(path, _Follow(Tail(path)))
                for line in follow.tail.lines():
                    at, text = stamped(line)
                    follow.at = at or follow.at
                    found.append(LogLine(follow.at, door, text, path.parent.name))
        return sorted(found, key=lambda line: line.at)

    def close(self) -> None:
        for follow in self._follows.values():
            follow.tail.close()
