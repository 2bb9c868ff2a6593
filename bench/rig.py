"""What the door is measured on: the local data plane, HAProxy and the bare agent, all before the same agent process."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from bench import peer, wrk
from scripts.load import deploy, own_emulator, serving
from tests.contract.agents import archive
from tests.contract.cloud import Local
from tests.contract.provider import CLIENT, ISSUER, token
from tests.fakes.tokens import compact, rsa_key

UPSTREAM = Path(__file__).with_name("upstream.py")


@dataclass(frozen=True)
class Subject:
    """A server under load: where it answers, its process, and the others that work for it."""

    name: str
    url: str
    process: psutil.Process
    workers: tuple[psutil.Process, ...] = ()


@dataclass(frozen=True)
class Rig:
    """`peers` by name, `absent`: {name: why it is not there}. The doors run on core 0, callers and agent on core 1."""

    local: Local
    arn: str
    door: Subject
    bare: Subject
    peers: dict[str, Subject]
    absent: dict[str, str]
    folder: Path
    callers_cpu: int | None

    @property
    def everyone(self) -> list[Subject]:
        """Those that all loads are for."""
        return [s for s in (self.bare, self.door, self.peers.get(peer.HAPROXY.name)) if s is not None]

    def leave_out(self, name: str, why: str) -> None:
        """A peer, from now on."""
        del self.peers[name]
        self.absent[name] = why

    def load(self, s: Subject, tokens: Path, body: str, connections: int, seconds: float, first: int = 0) -> wrk.Run:
        """Load it with the tokens from the `first` on."""
        return wrk.run(s.url, tokens, body, connections, seconds, s.process, self.callers_cpu, s.workers, first)

    def tokens(self, name: str, values: list[str]) -> Path:
        path = self.folder / f"{name}.tokens"
        path.write_text("\n".join(values) + "\n")
        return path


def cores() -> tuple[int | None, int | None]:
    """One for the doors and one for everything else; None where that cannot be had."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def pin(process: psutil.Process, cpu: int | None) -> None:
    """All of its threads, and what it starts from now on."""
    if cpu is not None:
        for thread in process.threads():
            os.sched_setaffinity(thread.id, {cpu})


@contextmanager
def rig() -> Iterator[Rig]:
    doors_cpu, callers_cpu = cores()
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        for part in ("emulator", "local"):
            (folder / part).mkdir()
        local = stack.enter_context(serving(stack.enter_context(own_emulator(folder / "emulator")), folder / "local"))
        arn = deploy(local, archive(main=UPSTREAM.read_text()))
        said = recall(local, arn)
        path = f"/runtimes/{quote(arn, safe='')}/invocations"
        door = Subject("door", local.data_url + path, psutil.Process(running(local)))
        bare = Subject("bare agent", f"http://127.0.0.1:{said['port']}/invocations", psutil.Process(said["pid"]))
        pin(door.process, doors_cpu)
        pin(bare.process, callers_cpu)
        peers, absent = compared(peer.PEERS, stack, folder, path, said["port"], doors_cpu)
        yield Rig(local, arn, door, bare, peers, absent, folder, callers_cpu)


def compared(
    peers: Iterable[peer.Peer], stack: ExitStack, folder: Path, path: str, upstream: int, cpu: int | None
) -> tuple[dict[str, Subject], dict[str, str]]:
    """Those that run until the end of the stack, and why others do not."""
    there, absent = dict[str, Subject](), dict[str, str]()
    for one in peers:
        try:
            there[one.name] = stack.enter_context(_proxy(one, folder, path, upstream, cpu))
        except (peer.Unfit, OSError, psutil.Error) as e:
            absent[one.name] = str(e)
    return there, absent


@contextmanager
def _proxy(one: peer.Peer, folder: Path, path: str, upstream: int, cpu: int | None) -> Iterator[Subject]:
    """Raises Unfit where it is not installed, does not start, and where it lets in a wrong token."""
    if not one.is_there:
        raise peer.Unfit(f"Debian's {one.package} is not installed")
    with one.running(folder / one.package, upstream, cpu) as proxy:
        if wrong := peer.wrong(proxy.url + path):
            raise peer.Unfit(wrong)
        yield Subject(one.name, proxy.url + path, proxy.process, proxy.workers)


def running(local: Local) -> int:
    """The pid of agentcore_local."""
    if local.process is None:
        raise RuntimeError("agentcore_local is not running")
    return local.process.pid


def recall(local: Local, arn: str) -> dict[str, Any]:
    """What the trivial agent tells of itself."""
    said: dict[str, Any] = local.invoke(arn, body=b'{"do": "recall"}', headers=token("k1", "first")).json
    return said


def distinct(count: int) -> list[str]:
    """As many good Authorization headers, of users of their own, in the size of Cognito's."""
    now, made = int(time.time()), []
    for number in range(count):
        claims = {
            "sub": f"{number:08d}-5c1e-4c0b-9d5e-2f4f3c8a1b2c",
            "cognito:groups": ["mortgage-readers", "mortgage-applicants"],
            "iss": ISSUER,
            "version": 2,
            "client_id": CLIENT,
            "origin_jti": "6f4d0d5e-8f0a-4a52-9f6e-1a2b3c4d5e6f",
            "event_id": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
            "token_use": "access",
            "scope": "openid profile agent/invoke",
            "auth_time": now,
            "iat": now - 5,
            "exp": now + 3600,
            "jti": f"{number:08d}-77aa-41f0-b8bb-c9d8e7f6a5b4",
            "username": f"user-{number}",
        }
        made.append(f"Bearer {compact(json.dumps(claims).encode(), {'kid': 'k1', 'alg': 'RS256'}, rsa_key('first'))}")
    return made


def forged(good: str) -> str:
    """The same header with one bit of its signature changed."""
    head, _, signature = good.rpartition(".")
    return f"{head}.{'B' if signature[0] != 'B' else 'C'}{signature[1:]}"
