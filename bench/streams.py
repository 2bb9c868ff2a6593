"""Streams: how late each event is, when the agent is let go, and what the door holds for a reader that stalls."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.result import Cell, Goal, Table
from bench.rig import Rig, Subject, recall
from tests.contract.cloud import eventually
from tests.contract.provider import token

EVENTS = 700  # of one each two milliseconds
STALL_S = 3.0
MIB = 1024 * 1024


@dataclass(frozen=True)
class Streams:
    tables: list[Table]
    goals: list[Goal]


def measure(at: Rig) -> Streams:
    late = {s.name: sorted(_lateness(s)) for s in at.everyone}
    released = {s.name: _release(at, s) for s in at.everyone}
    held = {s.name: _stalled(s) for s in at.everyone if s is not at.bare}
    rows: list[list[Cell]] = []
    for name, found in late.items():
        p50, p99 = statistics.median(found), found[len(found) * 99 // 100]
        rows.append([name, round(p50), round(p99), round(released[name], 1), _rounded(held.get(name))])
    columns = ["server", "event p50 us", "event p99 us", "agent let go ms", "memory for a stalled reader MiB"]
    note = (
        f"From an event's writing by the agent to its reading by the caller, {EVENTS} events; from the caller's "
        f"leaving to the agent's noticing; growth of the server while a caller reads nothing of 200 MB for "
        f"{STALL_S:g} s."
    )
    added = statistics.median(late[at.door.name]) - statistics.median(late[at.bare.name])
    goals = [
        Goal("added p50 of a streamed event", added, 150, "low", 75, "us"),
        Goal("agent let go after its caller has left", released[at.door.name], 100, "low", unit="ms"),
        Goal("memory for a stalled reader", held[at.door.name], 10, "low", unit="MiB"),
    ]
    return Streams([Table("Streams", columns, rows, note)], goals)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


@contextmanager
def _stream(s: Subject, do: str) -> Iterator[socket.socket]:
    """A connection on which a stream was asked for."""
    url, body = urlsplit(s.url), b'{"do": "%b"}' % do.encode()
    lines = [f"POST {url.path} HTTP/1.1", f"Host: {url.netloc}", "Content-Type: application/json"]
    lines += [f"{n}: {v}" for n, v in token("k1", "first").items()] + [f"Content-Length: {len(body)}", "", ""]
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=10) as caller:
        caller.sendall("\r\n".join(lines).encode() + body)
        yield caller


def _lateness(s: Subject) -> Iterator[float]:
    """Microseconds, for each event. The clock is the machine's."""
    with _stream(s, "paced") as caller:
        for number in range(EVENTS):
            got, at = caller.recv(65536), time.monotonic_ns()
            written = [int(x.split(b"\n")[0]) for x in got.split(b"data: ")[1:] if b"\n" in x]
            if written and number > 20:
                yield (at - written[-1]) / 1000


def _release(at: Rig, s: Subject) -> float:
    """Milliseconds."""
    arn = at.arn
    before = len(recall(at.local, arn)["left_at"])
    with _stream(s, "paced") as caller:
        for _ in range(10):
            caller.recv(65536)
        time.sleep(0.2)
    left = time.monotonic_ns()
    seen: list[int] = eventually(lambda: recall(at.local, arn)["left_at"][before:], "the agent is let go", 10)
    return max(0.0, (seen[0] - left) / 1e6)


def _stalled(s: Subject) -> float:
    """MiB by which the server has grown."""
    before = s.process.memory_info().rss
    with _stream(s, "flood") as caller:
        caller.recv(1024)
        time.sleep(STALL_S)
        return (s.process.memory_info().rss - before) / MIB
