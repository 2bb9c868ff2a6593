"""Who is compared: peers that start, judge rightly and answer under load. Everyone else is left out with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from agentcore_local.remembered import MAX_REMEMBERED
from bench import peer
from bench.agent import SESSIONS, in_sessions
from bench.door import POOL, ROUNDS, ROUNDS_OF_OTHERS, Door, Load, unseen
from bench.rig import Rig, Subject, compared
from bench.wrk import Run

SELF = psutil.Process()


@contextmanager
def answering(statuses: Iterator[int]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(next(statuses))
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass(frozen=True)
class FakePeer(peer.Peer):
    """Installed, and answers its calls with these statuses in turn; the first that it is sent is the good one."""

    statuses: Sequence[int] = ()

    @property
    def is_there(self) -> bool:
        return True

    @contextmanager
    def running(self, folder: Path, upstream: int, cpu: int | None) -> Iterator[peer.Proxy]:
        with answering(iter(self.statuses)) as url:
            yield peer.Proxy(url, SELF, ())


BAD = len(peer.REFUSED)


@pytest.mark.parametrize(
    ("statuses", "why"),
    [
        ([200, *[401] * BAD], ""),
        ([200] * (BAD + 1), "it answered 200 to the token 'none'"),
        ([200, *[401] * (BAD - 1), 200], f"it answered 200 to the token {peer.REFUSED[-1]!r}"),
        ([200, *[500] * BAD], "it answered 500 to the token 'none'"),
        ([401] * (BAD + 1), "it answered 401 to the token 'good'"),
    ],
)
def test_only_a_peer_that_judges_rightly_is_compared(statuses: list[int], why: str, tmp_path: Path) -> None:
    one = FakePeer("fake", "", (), {}, "package", statuses=statuses)
    with ExitStack() as stack:
        there, absent = compared([one], stack, tmp_path, "/", 1, None)
        assert (list(there), absent) == ((["fake"], {}) if not why else ([], {"fake": why}))


def test_a_peer_that_does_not_start_is_left_out_at_once_with_its_last_words(tmp_path: Path) -> None:
    ends = peer.Peer("ends", "sh", ("-c", "echo warning; echo no module >&2; exit 3"), {}, "one")
    silent = peer.Peer("silent", "false", (), {}, "two")
    unknown = peer.Peer("unknown", "no-such-program", (), {}, "three")
    with ExitStack() as stack:
        there, absent = compared([ends, silent, unknown], stack, tmp_path, "/", 1, None)
    assert there == {}
    assert absent == {
        "ends": "it ended with 3; its last words: no module",
        "silent": "it ended with 1; it said nothing",
        "unknown": "Debian's three is not installed",
    }


GOOD, BROKEN = Run(100, 2.0, 1, 2, 0, 0, 1.0), Run(100, 2.0, 1, 2, 0, 7, 1.0)
LOAD = Load("new", Path(os.devnull))


@dataclass(frozen=True)
class FakeRig(Rig):
    """`says` is what a server's runs come to, by turns."""

    says: dict[str, list[Run | Exception]] = field(default_factory=dict)

    def load(self, s: Subject, *_: Any) -> Run:
        says = self.says[s.name]
        said = says.pop(0) if len(says) > 1 else says[0]
        if isinstance(said, Exception):
            raise said
        return said


def rig(**says: list[Run | Exception]) -> FakeRig:
    nothing: Any = None
    door, bare = Subject("door", "", SELF), Subject("bare", "", SELF)
    peers = {name: Subject(name, "", SELF) for name in says if name not in ("door", "bare")}
    return FakeRig(nothing, "", door, bare, peers, {}, Path(), None, says)


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (BROKEN, "7 calls broke beside 100 that were answered"),
        (Run(0, 2.0, 0, 0, 0, 0, 0.0), "0 calls broke beside 0 that were answered"),
        (Run(100, 2.0, 1, 2, 3, 0, 1.0), "3 of 100 calls were refused"),
        (RuntimeError("wrk failed: refused"), "wrk failed: refused"),
        (psutil.NoSuchProcess(1), "process no longer exists (pid=1)"),
    ],
)
def test_a_peer_that_fails_under_load_is_left_out_and_the_others_go_on(failure: Run | Exception, why: str) -> None:
    at = rig(door=[GOOD], one=[GOOD, GOOD, failure], two=[GOOD])
    door = Door(at)
    subjects = [at.peers["one"], at.peers["two"], at.door]
    door.run({LOAD: subjects}, 1, 1)
    door.run({LOAD: subjects}, 16, 2)
    assert at.absent == {"one": f"new, 16 connections: {why}"}
    assert [(row.server, row.connections) for row in door.rows] == [("two", 1), ("door", 1), ("two", 16), ("door", 16)]
    assert (door.ratio("new", 16, "two"), door.ratio("new", 16, "one"), door.ratio("new", 1, "one")) == (1, None, None)


def test_a_broken_call_of_the_door_fails_the_measurement() -> None:
    at = rig(door=[BROKEN])
    with pytest.raises(RuntimeError, match="new, 16 connections: door: 7 calls broke"):
        Door(at).run({LOAD: [at.door]}, 16, 1)


def test_peers_other_than_haproxy_take_part_in_fewer_rounds_and_ratios_are_of_those() -> None:
    fast = Run(100, 2.0, 1, 2, 0, 0, 0.1)
    others: dict[str, list[Run | Exception]] = {peer.NGINX.name: [GOOD], peer.HAPROXY.name: [GOOD]}
    at = rig(door=[*[GOOD] * ROUNDS_OF_OTHERS, fast], **others)
    door = Door(at)
    door.run({LOAD: [*at.peers.values(), at.door]}, 16, ROUNDS)
    assert {row.server: len(row.runs) for row in door.rows} == {
        peer.NGINX.name: ROUNDS_OF_OTHERS,
        peer.HAPROXY.name: ROUNDS,
        "door": ROUNDS,
    }
    assert door.ratio("new", 16, peer.NGINX.name) == 1


def test_new_tokens_are_new_from_the_first_and_forgotten_when_their_turn_comes_again() -> None:
    tokens = [str(n) for n in range(MAX_REMEMBERED + POOL)]
    assert not set(unseen(tokens)[:MAX_REMEMBERED]) & set(tokens[:POOL])
    assert sorted(unseen(tokens)) == sorted(tokens)


def test_calls_of_the_agent_have_few_sessions_with_ids_that_the_service_takes() -> None:
    ids = {line.split("\t")[1] for line in in_sessions(["-", "Bearer x"])}
    assert len(ids) == SESSIONS < 5000
    assert {len(one) >= 33 for one in ids} == {True}
