"""What was said in each session: in this process, bounded in every direction, gone with it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from strands.types.content import Messages


@dataclass(frozen=True, slots=True)
class Bounds:
    """A turn is one question with its answer; bytes count both, per session."""

    turns: int = 20
    bytes: int = 65_536
    sessions: int = 500
    # As long as the service keeps an idle session (botocore model: LifecycleConfiguration, default).
    idle_s: float = 900.0


@dataclass(slots=True)
class _Talk:
    used: float
    turns: list[tuple[str, str]] = field(default_factory=list)


class Memory:
    """Questions and answers by session and caller; tool results are not kept.

    The key holds the caller, so that whoever comes into a session after its owner was forgotten finds nothing.
    clock() is in seconds and never goes back.
    """

    def __init__(self, bounds: Bounds | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds, self._clock = bounds or Bounds(), clock
        self._talks: OrderedDict[Hashable, _Talk] = OrderedDict()  # the one used longest ago comes first

    def __len__(self) -> int:
        return len(self._talks)

    def messages(self, key: Hashable | None) -> Messages:
        """The talk so far, for the model; empty without a session."""
        self._forget_idle()
        talk = self._talks.get(key) if key is not None else None
        messages: Messages = []
        for question, answer in talk.turns if talk else ():
            messages.append({"role": "user", "content": [{"text": question}]})
            messages.append({"role": "assistant", "content": [{"text": answer}]})
        return messages

    def keep(self, key: Hashable | None, question: str, answer: str) -> None:
        """Add a turn; the oldest ones go where a bound is reached."""
        if key is None:
            return
        self._forget_idle()
        talk = self._talks.setdefault(key, _Talk(self._clock()))
        talk.used = self._clock()
        self._talks.move_to_end(key)
        talk.turns.append((question, answer))
        while len(talk.turns) > self._bounds.turns or _size(talk.turns) > self._bounds.bytes:
            talk.turns.pop(0)
        while len(self._talks) > self._bounds.sessions:
            self._talks.popitem(last=False)

    def _forget_idle(self) -> None:
        while self._talks and self._clock() - next(iter(self._talks.values())).used >= self._bounds.idle_s:
            self._talks.popitem(last=False)


def _size(turns: list[tuple[str, str]]) -> int:
    return sum(len(text.encode("utf-8", "surrogatepass")) for turn in turns for text in turn)
