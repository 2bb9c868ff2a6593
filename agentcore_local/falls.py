"""Agents that end unasked: how long each rests before it is started again, and which keep on falling."""

from collections.abc import Callable
from dataclasses import dataclass

Key = tuple[str, int]

LONGEST_REST_S = 60.0
STEADY_S = 60.0
"""An agent that lived that long is well."""
FORGOTTEN_S = 600.0
LOOP = 3


@dataclass(frozen=True, slots=True)
class Fall:
    """count: in a row; at: seconds of the clock; text: why, for people."""

    count: int
    at: float
    text: str

    @property
    def rest_s(self) -> float:
        """None after the first, then 2, 4, 8 ... seconds."""
        return min(2.0 ** (self.count - 1), LONGEST_REST_S) if self.count > 1 else 0.0


class Falls:
    """By version. clock() is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._falls: dict[Key, Fall] = {}

    def note(self, key: Key, text: str, *, lived_s: float | None) -> None:
        """lived_s: since it was healthy. None: it never was; it then rests after the first time already."""
        now, before = self._clock(), self._falls.get(key)
        steady = lived_s is not None and lived_s >= STEADY_S
        known = before.count if before and not steady and now - before.at < FORGOTTEN_S else 0
        self._falls[key] = Fall(max(known + 1, 2 if lived_s is None else 1), now, text)

    def resting(self, key: Key) -> str | None:
        """Why it may not be started yet, or None."""
        fall = self._falls.get(key)
        return fall.text if fall and self._clock() - fall.at < fall.rest_s else None

    def looping(self) -> dict[Key, str]:
        """Versions that fell several times in a row, with what is to be said about them."""
        return {key: f"The agent keeps ending. {fall.text}" for key, fall in self._falls.items() if fall.count >= LOOP}

    def forget(self, key: Key) -> None:
        self._falls.pop(key, None)
