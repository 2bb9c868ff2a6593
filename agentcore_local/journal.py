"""The log: one JSON document a line. Subjects and sessions appear hashed, tokens and claims never."""

import hashlib
import json
import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from agentcore_local.rotated import RotatedFile
from agentcore_local.shown import shown_text

if TYPE_CHECKING:
    from agentcore_local.data import Call

DECISIONS = "decisions.jsonl"
MAX_BYTES = 16 * 1024 * 1024  # a refusal costs its caller nothing, and some 200,000 of them are all that is kept
KEPT = 3
MAX_REMEMBERED = 256
"""Longer ones are hashed anew: they are no sessions and hardly subjects, and thousands of them would be kept."""
# Reasons of calls that were let in by nobody's credential: the document about the door is for everybody.
_PUBLIC = "public_document"
_shown = lru_cache(maxsize=256)(shown_text)
_WHO = ("plane", "decision", "reason", "method", "client")
_WHAT = ("op", "runtime", "qualifier", "version")
_MORE = ("gateway", "tool", "outcome", "canary", "function_request", "by", "status")


@lru_cache(maxsize=1024)
def _members(names: tuple[str, ...], *values: object) -> str:
    """Those that have a value, as json.dumps would write them within an object. Most calls share them with others."""
    return "".join(f', "{n}": {_text(v)}' for n, v in zip(names, values, strict=True) if v is not None)


def _text(value: object) -> str:
    return encode_basestring_ascii(value) if isinstance(value, str) else str(value)


class DecisionFile:
    """One decision a line, in files that do not grow without bound."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, kept: int = KEPT) -> None:
        self._file = RotatedFile(path, max_bytes, kept)

    def write(self, line: str) -> None:
        """Raises OSError."""
        self._file.write(line.encode("ascii"))

    def close(self) -> None:
        self._file.close()


class Journal:
    """Writes to a stream, decisions to a file if there is one. salt keys the hash of subjects; now() is ISO 8601."""

    def __init__(
        self, stream: TextIO, salt: bytes, now: Callable[[], str], decisions: DecisionFile | None = None
    ) -> None:
        self._stream, self._salt, self._now = stream, salt, now
        self._decisions = decisions
        self._hashed = lru_cache(maxsize=4096)(self._hash)

    def event(self, event: str, **fields: object) -> None:
        """Anything but a decision, such as a start or a stop."""
        told = {"ts": self._now(), "event": event, **{k: v for k, v in fields.items() if v is not None}}
        self._write(json.dumps(told) + "\n")  # ASCII: strangers' text cannot begin a line or steer a terminal

    def decision(self, plane: str, call: "Call") -> None:
        """One call that is over."""
        client, subject, session = call.client and _shown(call.client), call.subject, call.session
        runtime, qualifier = call.runtime and _shown(call.runtime), call.qualifier and _shown(call.qualifier)
        line = f'{{"ts": "{self._now()}", "event": "decision"'
        line += _members(_WHO, plane, _decision(call), call.reason[:200], call.method, client)
        if subject is not None:
            line += f', "subject": "{self._named(subject)}"'
        line += _members(_WHAT, call.operation, runtime, qualifier, call.version)
        if session is not None:
            line += f', "session": "{self._named(session)}"'
        line += f', "request": {_text(call.request_id)}'
        if call.trace is not None:
            line += f', "trace": {_text(call.trace)}'
        line += _members(
            _MORE, call.gateway, call.tool, call.outcome, call.canary, call.function_request, call.by, call.status
        )
        line += f', "latency_ms": {round((time.monotonic() - call.started) * 1000, 1)}}}\n'
        if self._decisions is not None:
            try:
                return self._decisions.write(line)
            except (OSError, ValueError) as e:  # the answer is decided: a full disk must not change it
                self.event("decision_not_kept", error=type(e).__name__)
        self._write(line)

    def crash(self, error: BaseException) -> None:
        """Where an unforeseen error came from. Its text is left out: it may quote the request."""
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        places = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in frames]
        self.event("crash", error=type(error).__name__, at=places)

    def _write(self, line: str) -> None:
        self._stream.write(line)
        self._stream.flush()

    def _named(self, value: str) -> str:
        return self._hashed(value) if len(value) <= MAX_REMEMBERED else self._hash(value)

    def _hash(self, value: str) -> str:
        return hashlib.blake2b(value.encode("utf-8", "replace"), key=self._salt, digest_size=8).hexdigest()


def _decision(call: "Call") -> str:
    """Whether the caller was let in; what the agent made of the call is told by status and reason."""
    return "allow" if call.by is not None or call.reason == _PUBLIC else "deny"
