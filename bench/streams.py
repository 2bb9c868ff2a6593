"""Streams: how late each event is, when the agent is let go, and what the door holds for a reader that stalls."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

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


@dataclass(frozen=True)
class Streamed:
    """Of one server: microseconds of each event in order, milliseconds, MiB (None for the agent itself)."""

    late: list[float]
    released: float
    held: float | None


def measure(at: Rig) -> Streams:
    found, silent = dict[str, Streamed](), dict[str, str]()
    for s in at.everyone:
        try:
            found[s.name] = Streamed(sorted(_lateness(s)), _release(at, s), None if s is at.bare else _stalled(s))
        except (OSError, AssertionError, ValueError, psutil.Error) as e:
            if s.name not in at.peers:
                raise
            silent[s.name] = f"{type(e).__name__}: {e}"
    rows: list[list[Cell]] = []
    for name, one in found.items():
        p50, p99 = statistics.median(one.late), one.late[len(one.late) * 99 // 100]
        held = None if one.held is None else round(one.held, 1)
        rows.append([name, round(p50), round(p99), round(one.released, 1), held])
    columns = ["server", "event p50 us", "event p99 us", "agent let go ms", "memory for a stalled reader MiB"]
    note = (
        f"From an event's writing by the agent to its reading by the caller, {EVENTS} events; from the caller's "
        f"leaving to the agent's noticing; growth of the server while a caller reads nothing of 200 MB for "
        f"{STALL_S:g} s."
    )
    note += "".join(f" {name} is left out: {why}." for name, why in silent.items())
    door, bare = found[at.door.name], found[at.bare.name]
    added = statistics.median(door.late) - statistics.median(bare.late)
    goals = [
        Goal("added p50 of a streamed event", added, 150, "low", 75, "us"),
        Goal("agent let go after its caller has left", door.released, 100, "low", unit="ms"),
        Goal("memory for a stalled reader", door.held, 10, "low", unit="MiB"),
    ]
    return Streams([Table("Streams", columns, rows, note)], goals)


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
            if not got:
                raise ConnectionError("the stream ended")
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
