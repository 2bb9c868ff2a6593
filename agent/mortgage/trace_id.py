"""The trace id under which all services that work for one call log it (W3C: Trace Context)."""

from __future__ import annotations

import re
import secrets

TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(traceparent: str | None) -> str:
    """The trace of a call with this header, or a new one."""
    given = TRACEPARENT.fullmatch(traceparent or "")
    return given.group(1) if given else secrets.token_hex(16)


def child_of(trace: str) -> str:
    """A traceparent for a request that is made within a trace."""
    return f"00-{trace}-{secrets.token_hex(8)}-01"
