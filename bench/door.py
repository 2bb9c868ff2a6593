"""The door's throughput and latency beside HAProxy and the bare agent, all before the same agent in the same minute."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from agentcore_local.remembered import MAX_REMEMBERED
from bench import peer, streams, wrk
from bench.facts import machine, now, versions
from bench.result import Cell, Goal, Part, Plot, Table
from bench.rig import Rig, Subject, distinct, forged, rig

CONNECTIONS = (1, 4, 16, 64)
ROUNDS, ROUNDS_OF_OTHERS, SECONDS = 5, 3, 2
POOL = 2000
JSON, STREAM = '{"do": "json"}', '{"do": "stream"}'
COLUMNS = ["load", "connections", "server", "requests/s", "per CPU second", "p50 us", "p99 us", "of HAProxy"]
METHOD = (
    "wrk with one thread; the doors on one core, wrk and the agent on another; POST, 14 bytes of JSON, RS256 tokens of "
    f"1.2 KB, keep-alive; {ROUNDS} rounds of {SECONDS} s for a row, {ROUNDS_OF_OTHERS} for peers other than HAProxy, "
    "fewer where no target speaks of a row, the servers in turn within each round; the median round. `per CPU second` "
    "is what the server answers for each second of processor time that all of its processes use: other programs on "
    "the machine hardly change it, so the ratios are taken from it. All check signature, issuer, client and expiry, "
    "and were seen to refuse nine kinds of bad tokens; who breaks off a call or judges one wrongly under load is left "
    "out. Apache is one child of MPM event with 64 threads, nginx one worker, and both have the key in their "
    "configuration."
)
# Beside which the door is held when every token is new, and what it must reach of each.
OTHERS = ((peer.NGINX, 2.0), (peer.OPENIDC, 1.3), (peer.OAUTH2, 3.0))
NAMES_OF_OTHERS = {one.name for one, _ in OTHERS}


@dataclass(frozen=True)
class Load:
    """refused: every call must be."""

    name: str
    tokens: Path
    body: str = JSON
    refused: bool = False


@dataclass(frozen=True)
class Row:
    """What the rounds of one load at one server came to."""

    load: str
    connections: int
    server: str
    runs: Sequence[wrk.Run]

    @property
    def median(self) -> wrk.Run:
        return wrk.median(self.runs)

    @property
    def per_cpu_s(self) -> float:
        return statistics.median(r.per_cpu_s for r in self.runs)


class Door:
    """Runs loads and keeps their rows."""

    def __init__(self, at: Rig) -> None:
        self._at, self._rows, self._sent = at, list[Row](), Counter[tuple[str, str]]()

    @property
    def rows(self) -> list[Row]:
        """Without those of peers that are left out."""
        return [row for row in self._rows if row.server not in self._at.absent]

    def run(self, loads: Mapping[Load, Sequence[Subject]], connections: int, rounds: int) -> None:
        """Loads and servers in turn, each on from the token at which it was left.

        Raises RuntimeError when the door or the agent answers otherwise than it must.
        """
        runs: dict[tuple[str, str], list[wrk.Run]] = {
            (x.name, s.name): [] for x, servers in loads.items() for s in servers
        }
        for number in range(rounds):
            for load, servers in loads.items():
                for s in servers:
                    if number < (ROUNDS_OF_OTHERS if s.name in NAMES_OF_OTHERS else rounds):
                        runs[load.name, s.name] += self.once(load, s, connections, SECONDS)
        self._rows += [Row(load, connections, server, found) for (load, server), found in runs.items()]

    def once(self, load: Load, s: Subject, connections: int, seconds: float) -> list[wrk.Run]:
        """One run; none at a peer that is left out, as whoever answers otherwise than it must is from then on."""
        if s.name in self._at.absent:
            return []
        try:
            run = self._at.load(s, load.tokens, load.body, connections, seconds, self._sent[load.name, s.name])
            self._sent[load.name, s.name] += run.requests
            why = run.wrong(load.refused)
        except (RuntimeError, psutil.Error) as e:
            why = str(e)
        if not why:
            return [run]
        if s.name not in self._at.peers:
            raise RuntimeError(f"{load.name}, {connections} connections: {s.name}: {why}")
        self._at.leave_out(s.name, f"{load.name}, {connections} connections: {why}")
        return []

    def find(self, load: str, connections: int, server: str) -> Row | None:
        found = (r for r in self.rows if (r.load, r.connections, r.server) == (load, connections, server))
        return next(found, None)

    def ratio(self, load: str, connections: int, of: str = "HAProxy") -> float | None:
        door, other = self.find(load, connections, "door"), self.find(load, connections, of)
        return None if door is None or other is None else by_rounds(door, other)


def by_rounds(one: Row, other: Row) -> float:
    """The median of the ratios of the rounds in which both were."""
    return statistics.median(a.per_cpu_s / b.per_cpu_s for a, b in zip(one.runs, other.runs, strict=False))


def measure() -> Part:
    """Everything about the door. Takes about four minutes."""
    with rig() as at:
        door = _loads(at)
        streamed = streams.measure(at)
        goals = _goals(door, at.absent) + streamed.goals
    rates = {
        server: [(float(c), r.per_cpu_s) for c in CONNECTIONS if (r := door.find("valid tokens", c, server))]
        for server in ("door", "HAProxy")
    }
    plots = [
        Plot("Valid tokens, requests per CPU second", "connections", "requests", {n: p for n, p in rates.items() if p})
    ]
    note = " ".join(f"{name} is left out: {why}." for name, why in at.absent.items())
    tables = [Table("Requests", COLUMNS, _cells(door), note), *streamed.tables]
    return Part("door", "The door", METHOD, now(), machine(), versions(), goals, tables, plots)


def _loads(at: Rig) -> Door:
    door, fresh = Door(at), distinct(MAX_REMEMBERED + POOL)
    pool, new = at.tokens("pool", fresh[:POOL]), at.tokens("new", unseen(fresh))
    bad, none = at.tokens("bad", [forged(t) for t in fresh[:POOL]]), at.tokens("none", ["-"])
    doors = [s for s in at.everyone if s is not at.bare]
    others = [at.peers[one.name] for one, _ in OTHERS if one.name in at.peers]
    for s in (*at.everyone, *others):
        door.once(Load("warming up", pool), s, 16, 1)
    for connections in CONNECTIONS:
        door.run({Load("valid tokens", pool): at.everyone}, connections, 3 if connections == 4 else ROUNDS)
    fresh_and_bad = {Load("every token new", new): [*others, *doors], Load("bad signature", bad, refused=True): doors}
    door.run(fresh_and_bad, 16, ROUNDS)
    door.run({Load("no token", none, refused=True): doors}, 16, 1)
    door.run({Load("ten events streamed", pool, STREAM): at.everyone}, 16, 1)
    return door


def unseen(tokens: Sequence[str]) -> list[str]:
    """The pool's last: it was used just before. In turn, each token is forgotten by the time it comes again."""
    return [*tokens[POOL:], *tokens[:POOL]]


def _cells(door: Door) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for r in door.rows:
        of = door.ratio(r.load, r.connections) if r.server == "door" else None
        run = r.median
        found: list[Cell] = [round(run.rate), round(r.per_cpu_s), run.p50_us, run.p99_us]
        rows.append([r.load, r.connections, r.server, *found, None if of is None else round(of, 2)])
    return rows


def _goals(door: Door, absent: Mapping[str, str]) -> list[Goal]:
    why = absent.get(peer.HAPROXY.name, "")
    repeated = [x for c in (16, 64) if (x := door.ratio("valid tokens", c)) is not None]
    alone, through = door.find("valid tokens", 1, "bare agent"), door.find("valid tokens", 1, "door")
    busy, bad = door.find("valid tokens", 16, "door"), door.find("bad signature", 16, "door")
    fresh = door.find("every token new", 16, "door")
    if alone is None or through is None or busy is None or bad is None or fresh is None:
        raise RuntimeError("a load was left out")
    spread = statistics.median(r.p99_us / r.p50_us for r in busy.runs)
    added = statistics.median(r.p50_us for r in through.runs) - statistics.median(r.p50_us for r in alone.runs)
    new = door.ratio("every token new", 16)
    return [
        Goal(
            "repeated tokens, 16 to 64 connections, of HAProxy",
            min(repeated, default=None),
            0.60,
            "high",
            0.90,
            why=why,
        ),
        Goal("every token new, of HAProxy", new, 0.35, "high", 0.50, why=why),
        *(
            Goal(
                f"every token new / {p.name}",
                door.ratio("every token new", 16, p.name),
                least,
                "high",
                why=absent.get(p.name, ""),
            )
            for p, least in OTHERS
        ),
        Goal("added p50 at one connection", added, 250, "low", 140, "us"),
        Goal("p99 / p50 at 16 connections", spread, 3, "low", 1.6),
        Goal("refusing a bad signature / letting in a new token", by_rounds(bad, fresh), 1.0, "high", 1.3),
    ]
