"""The log: one JSON document a line. Subjects appear hashed, tokens and claims never."""

import hashlib
import json
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from agentcore_local.data import Call


class Journal:
    """Writes to a stream. salt keys the hash of subjects; now() is ISO 8601."""

    def __init__(self, stream: TextIO, salt: bytes, now: Callable[[], str]) -> None:
        self._stream, self._salt, self._now = stream, salt, now

    def event(self, event: str, **fields: object) -> None:
        """Anything but a decision, such as a start or a stop."""
        document = {"ts": self._now(), "event": event, **{k: v for k, v in fields.items() if v is not None}}
        self._stream.write(json.dumps(document) + "\n")
        self._stream.flush()

    def decision(self, plane: str, call: "Call") -> None:
        self.event(
            "decision",
            plane=plane,
            op=call.operation,
            request=call.request_id,
            runtime=call.runtime and call.runtime[:120],
            qualifier=call.qualifier and call.qualifier[:64],
            version=call.version,
            by=call.by,
            subject=self._hashed(call.subject),
            reason=call.reason,
            status=call.status,
            latency_ms=round((time.monotonic() - call.started) * 1000, 1),
        )

    def crash(self, error: BaseException) -> None:
        """Where an unforeseen error came from. Its text is left out: it may quote the request."""
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        places = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in frames]
        self.event("crash", error=type(error).__name__, at=places)

    def _hashed(self, subject: str | None) -> str | None:
        if subject is None:
            return None
        return hashlib.blake2b(subject.encode("utf-8", "replace"), key=self._salt, digest_size=8).hexdigest()
