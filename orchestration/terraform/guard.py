"""When a Terraform that runs is to be ended, and when it is to be killed. Pure but for the watch."""

from __future__ import annotations

from collections.abc import Callable

from orchestration.errors import OrchestrationError, Unfit
from orchestration.terraform.unfinished import SIGN_S

Watch = Callable[[], None]
"""Raises OrchestrationError while what Terraform works against is not there."""
# That is looked at so often, and given up when it was amiss so many times in a row.
WATCH_S, AMISS = SIGN_S, 3


class Guard:
    """Ends a Terraform that waits for what does not come: its provider has no deadline for an answer."""

    def __init__(self, watch: Watch | None, deadline: float, grace_s: float) -> None:
        self.amiss: OrchestrationError | None = None
        self._watch = watch
        self._deadline, self._grace_s = deadline, grace_s
        self._next = 0.0
        self._times = 0
        self._given_up = 0.0

    def look(self, now: float) -> bool:
        """True once: when Terraform is to be interrupted."""
        if self.amiss is not None:
            return False
        if now > self._deadline:
            self.amiss = Unfit(
                "terraform is not done after its time", remedy="see terraform.log, then again", code="deadline"
            )
        elif self._watch is not None and now >= self._next:
            self._next = now + WATCH_S
            try:
                self._watch()
                self._times = 0
            except OrchestrationError as e:
                self._times += 1
                self.amiss = e if self._times >= AMISS else None
        self._given_up = now
        return self.amiss is not None

    def out_of_patience(self, now: float) -> bool:
        """True when it was interrupted and did not end."""
        return self.amiss is not None and now > self._given_up + self._grace_s
