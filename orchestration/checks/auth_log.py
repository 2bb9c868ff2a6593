"""The record of decisions: who was let in or refused, by which rule. Reads what doors wrote down. Pure.

Two kinds of line are known: the decisions of agentcore_local, and CloudTrail's data events of AgentCore. The form of
the latter follows AgentCore devguide: understanding-gateway-cloudtrail-log-entries, which describes gateways; that a
runtime's events look the same was never seen.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.errors import BadInput

SCHEMA_VERSION = 1
MAX_DAYS = 3650
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
TRAIL_SOURCE = "bedrock-agentcore.amazonaws.com"
CALL = "InvokeAgentRuntime"
OTHER = "other"
PLANES = ("data", "gateway")
_DENIED = (401, 403)
# AWS General Reference: common errors. Throttling and the like are no decision about the caller.
_DENIED_ERRORS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. `at` in Unix seconds; what the line does not tell is None."""

    at: float
    decision: str
    reason: str
    status: int | None = None
    method: str | None = None
    client: str | None = None
    subject: str | None = None
    """A keyed hash, never the name."""
    runtime: str | None = None
    qualifier: str | None = None
    session: str | None = None
    operation: str | None = None
    latency_ms: float | None = None
    request: str | None = None

    @property
    def line(self) -> str:
        when = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        took = None if self.latency_ms is None else f"{self.latency_ms:g} ms"
        named = {"client": self.client, "subject": self.subject, "session": self.session, "by": self.method}
        told = [f"{name}={value}" for name, value in named.items() if value is not None]
        parts = [when, f"{self.decision:<5}", self.reason, self.status, self.runtime, *told, took]
        return "  ".join(_printable(str(part)) for part in parts if part is not None)


def seconds(text: str) -> float:
    """How long ago, e.g. "10m", "2h", "90s" or "1d". Raises BadInput."""
    match = re.fullmatch(r"([1-9][0-9]{0,19})([smhd])", text, re.ASCII)
    if match is None:
        raise BadInput(
            f"--since is {text!r}", remedy="use a number and s, m, h or d, e.g. --since 10m", code="bad_since"
        )
    ago = float(match[1]) * UNITS_S[match[2]]
    if ago > MAX_DAYS * UNITS_S["d"]:
        raise BadInput(f"--since is {text!r}", remedy=f"use at most {MAX_DAYS}d", code="bad_since")
    return ago


def entries(lines: Iterable[str], since: float) -> list[Entry]:
    """The decisions about calls since that moment (Unix seconds), oldest first; lines of another kind are left out."""
    found = (entry for line in lines if (entry := _entry(line)) is not None)
    return sorted((entry for entry in found if entry.at >= since), key=lambda entry: entry.at)


def counts(found: Iterable[Entry]) -> dict[str, Any]:
    """How many were let in, refused and neither, and the refused by first reason, client and runtime.

    The most frequent first. A call that failed for another cause, such as throttling, was neither let in nor refused.
    """
    all_ = list(found)
    allowed = sum(entry.decision == "allow" for entry in all_)
    denied = [entry for entry in all_ if entry.decision == "deny"]
    by = {
        "reason": Counter(entry.reason.partition(",")[0] for entry in denied),
        "client": Counter(entry.client or "unknown" for entry in denied),
        "runtime": Counter(entry.runtime or "unknown" for entry in denied),
    }
    return {"allow": allowed, "deny": len(denied), "other": len(all_) - allowed - len(denied)} | {
        f"denied_by_{name}": dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
        for name, counter in by.items()
    }


def document(found: list[Entry]) -> dict[str, Any]:
    """For --json."""
    listed = [{name: value for name, value in asdict(entry).items() if value is not None} for entry in found]
    return {"schema_version": SCHEMA_VERSION, "counts": counts(found), "decisions": listed}


def _entry(line: str) -> Entry | None:
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            return None
        if record.get("event") == "decision" and record.get("plane") in PLANES:
            return _of_the_door(record)
        return _of_the_trail(record) if record.get("eventSource") == TRAIL_SOURCE else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None  # cut off by a full disk, or not ours


def _of_the_door(record: Mapping[str, Any]) -> Entry:
    texts = {name: _text(record.get(name)) for name in ("method", "client", "subject", "qualifier")}
    texts["runtime"] = _text(record.get("runtime") or record.get("gateway"))
    return Entry(
        at=_moment(record["ts"]),
        decision=_one_of(("allow", "deny"), record["decision"]),
        reason=_text(record["reason"]) or "unknown",
        status=_number(record.get("status")),
        session=_text(record.get("session")),
        operation=_text(record.get("op")),
        latency_ms=_number(record.get("latency_ms")),
        request=_text(record.get("request")),
        **texts,
    )


def _of_the_trail(record: Mapping[str, Any]) -> Entry | None:
    """None for what is no call of a runtime: making one is an event of the same source."""
    operation = record["eventName"]
    if not operation.startswith(CALL):
        return None
    answer = record.get("responseElements") or {}
    status, error = answer.get("statusCode"), record.get("errorCode")
    refused = status in _DENIED or error in _DENIED_ERRORS
    failed = error is not None or (isinstance(status, int) and status >= 400)
    resources = record.get("resources") or [{}]
    return Entry(
        at=_moment(record["eventTime"]),
        decision="deny" if refused else OTHER if failed else "allow",
        reason=str(error or (status if refused or failed else "allowed"))[:80],
        status=_number(status),
        runtime=resources[0].get("ARN", "").rpartition("/")[2] or None,
        operation=operation,
        request=_text(record.get("requestID")),
    )


def _moment(text: str) -> float:
    """Unix seconds. Raises ValueError or OverflowError for a time that cannot be shown, or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC).timestamp()


def _one_of(words: tuple[str, ...], word: Any) -> str:
    """Raises ValueError for another."""
    return words[words.index(word)]


def _text(value: Any) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) else None


def _number(value: Any) -> Any:
    """The number, or None for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def _printable(text: str) -> str:
    """A line of a stranger's may hold what moves a terminal's cursor, or a line feed."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
