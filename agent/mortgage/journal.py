"""The agent's log: one JSON object a line. It holds no prompt, answer, customer id, token or exception text."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TextIO

MAX_SESSION_ID = 256


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes events; `request` and `session` are on each of its lines. clock() is in Unix seconds."""

    out: TextIO
    clock: Callable[[], float] = time.time
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    request: str | None = None
    session: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    """Shared with the journals of calls, whose tools write from threads of their own: a line stays whole."""

    def note(self, event: str, **fields: Any) -> None:
        ids = {"time": datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds")}
        ids |= {"request": self.request} if self.request else {}
        ids |= {"session": self.session} if self.session else {}
        line = json.dumps({"event": event, **fields, **ids}) + "\n"
        with self.lock:
            self.out.write(line)
            self.out.flush()

    def of_call(self, request: str | None, session: str | None) -> Journal:
        return replace(self, request=request, session=session[:MAX_SESSION_ID] if session else None)

    def pseudonym(self, name: str) -> str:
        """The same short text for the same name within this process, of which the name cannot be found out: the key
        is random and never leaves it."""
        return hmac.new(self.key, name.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]
