"""Time as an argument."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What waiting code needs. All values in seconds."""

    def now(self) -> float:
        """Unix time."""

    def monotonic(self) -> float:
        """Time that never goes back, from an arbitrary start."""

    def sleep(self, seconds: float) -> None:
        """Block the caller."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
