"""Which calls reached an agent: each carries a nonce, and the agent writes the nonces that it gets into its log."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from orchestration.clock import Clock

# The agent's line: {"event": "invoked", "canary": "<32 hex>"}.
_CANARY = re.compile(r'"canary\\*": \\*"([0-9a-f]{32})\\*"')
# A call's nonce is its trace id too. Of whatever names that, these lines alone come from behind the gateway: its own
# decision about a call that it handed on, and the function's line.
_BEHIND = re.compile(r'"function_request\\*": \\*"|"event\\*": \\*"credit_checked\\*"')
_TRACE = re.compile(r'"trace\\*": \\*"([0-9a-f]{32})\\*"')


@dataclass(frozen=True, slots=True)
class LogCanaries:
    """checks.run.Canaries over the agents' logs, whose lines may come late."""

    lines: Callable[[], Iterable[str]]
    """The logs' lines since the run began."""
    clock: Clock
    patience_s: float
    poll_s: float
    settle_s: float = 0.0
    """How long after the expected lines a line of a refused call could still come."""

    def seen(self, sent: Collection[str], expected: Collection[str]) -> set[str]:
        """Looks until all expected ones are there, or for patience_s."""
        deadline = self.clock.monotonic() + self.patience_s
        while not (found := canaries(self.lines())).issuperset(expected) and self.clock.monotonic() < deadline:
            self.clock.sleep(self.poll_s)
        if self.settle_s:
            self.clock.sleep(self.settle_s)
            found = canaries(self.lines())
        return found.intersection(sent)


def canaries(lines: Iterable[str]) -> set[str]:
    """The nonces in an agent's log, and those of which something behind the gateway tells, as `behind` writes them."""
    found: set[str] = set()
    for line in lines:
        found.update(_CANARY.findall(line))
        if _BEHIND.search(line):
            found.update(behind(trace) for trace in _TRACE.findall(line))
    return found


def behind(canary: str) -> str:
    """Says of a call to an agent that the gateway handed on what the agent asked for."""
    return f"{canary} behind the gateway"
