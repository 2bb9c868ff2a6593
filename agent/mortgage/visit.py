"""What a tool must know of the call that it works for. It travels beside the model, which never sees nor sets it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from mortgage.access import Access, Denied, customer_for
from mortgage.journal import Journal

# Where Strands keeps it: the invocation state is handed to tools and to no model (Strands docs: invocation state).
KEY = "visit"


@dataclass(frozen=True, slots=True)
class Visit:
    """One call: what its caller may see, where it is logged, what broke, and whether it is over."""

    access: Access
    journal: Journal
    caller: str
    """A pseudonym, for the log."""
    trace: str = ""
    """The trace id of W3C's traceparent, under which other services find this call."""
    workload_token: str | None = field(default=None, repr=False)
    """What the runtime hands its agent, to get tokens for other services with."""
    sources: dict[str, str] = field(default_factory=dict)
    """Where records came from, e.g. {"credit_score_source": "gateway"}; the caller is told."""
    broken: list[Exception] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def state(self) -> dict[str, Any]:
        """A new invocation state: agents write into theirs."""
        return {KEY: self}

    def customer(self, tool: str, named: str | None) -> str:
        """The customer whose records `tool` may read. Raises Denied, which is logged, and NoCustomerNamed."""
        wanted = (named or "").strip() or None
        try:
            return customer_for(self.access, wanted)
        except Denied:
            whom = self.journal.pseudonym(wanted) if wanted else None
            self.journal.note("access_denied", tool=tool, caller=self.caller, customer=whom)
            raise
