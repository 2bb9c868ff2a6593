"""One request followed through runtime, agent, gateway and function, by what each of them wrote down. Pure.

The agent's lines carry the trace id of the request, and the agent hands it on to the gateway (W3C Trace Context,
traceparent). The gateway notes it beside the id of the function's invocation, by which the function's line is found.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.checks.masking import without_tokens

SCHEMA_VERSION = 1
RUNTIME, AGENT, GATEWAY, FUNCTION = PLACES = ("runtime", "agent", "gateway", "function")
# What a line of each place is worth showing of; no name, no token.
_SHOWN: Mapping[str, tuple[str, ...]] = {
    RUNTIME: ("decision", "reason", "status", "client", "runtime", "latency_ms", "request"),
    AGENT: ("event", "source", "outcome", "cause", "request"),
    GATEWAY: ("decision", "reason", "status", "client", "tool", "outcome", "latency_ms", "function_request"),
    FUNCTION: ("event", "outcome", "request"),
}
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Hop:
    """What one place wrote of the request. `at`: Unix seconds, when it began."""

    at: float
    place: str
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """Lines of the logs; each is JSON, or of somebody else."""

    decisions: Iterable[str]
    agent: Iterable[str]
    function: Iterable[str]


def last_trace(agent: Iterable[str], session: str | None = None) -> str | None:
    """The trace id of the last request that an agent noted, or of the last one in that session."""
    found = [r["trace"] for r in _records(agent) if r.get("event") == "invoked" and _is_id(r.get("trace"))
             and session in (None, r.get("session"))]  # fmt: skip
    return found[-1] if found else None


def hops(trace: str, written: Written) -> list[Hop]:
    """What was written of that request, in the order in which it happened."""
    decided = [record for record in _records(written.decisions) if record.get("trace") == trace]
    planes = {"data": RUNTIME, "gateway": GATEWAY}
    found = [hop for r in decided if (place := planes.get(str(r.get("plane")))) and (hop := _hop(place, r, "ts"))]
    noted = (record for record in _records(written.agent) if record.get("trace") == trace)
    found += [hop for record in noted if (hop := _hop(AGENT, record, "time"))]
    invoked = {record["function_request"] for record in decided if record.get("function_request")}
    answered = (r for r in _records(written.function) if r.get("trace") == trace or r.get("request") in invoked)
    found += [hop for record in answered if (hop := _hop(FUNCTION, record, "time"))]
    return sorted(found, key=lambda hop: hop.at)


def missing(found: Iterable[Hop]) -> list[str]:
    """The places that wrote nothing of it."""
    there = {hop.place for hop in found}
    return [place for place in PLACES if place not in there]


def lines(trace: str, found: list[Hop]) -> Iterator[str]:
    """For people: when, where, what."""
    yield f"trace {trace}"
    for hop in found:
        told = "  ".join(f"{name}={value}" for name, value in hop.told.items())
        yield f"{(hop.at - found[0].at) * 1000:>7.0f} ms  {hop.place:<8}  {without_tokens(told)}"


def document(trace: str, found: list[Hop]) -> dict[str, Any]:
    """For --json."""
    listed = [
        {"time": datetime.fromtimestamp(hop.at, UTC).isoformat(timespec="milliseconds"), "place": hop.place, **hop.told}
        for hop in found
    ]
    return {"schema_version": SCHEMA_VERSION, "trace": trace, "hops": listed, "missing": missing(found)}


def _hop(place: str, record: Mapping[str, Any], clock: str) -> Hop | None:
    """None for a line whose time cannot be read. A decision is written at its end."""
    try:
        at = datetime.fromisoformat(record[clock]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
    took = record.get("latency_ms")
    if isinstance(took, int | float) and math.isfinite(took):
        at -= took / 1000
    told = {name: _short(record[name]) for name in _SHOWN[place] if record.get(name) is not None}
    return Hop(at, place, told)


def _short(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value)[:_LONGEST])


def _records(written: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in written:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # cut off by a full disk, or not ours
        if isinstance(record, dict):
            yield record


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 32 and value.isalnum()
