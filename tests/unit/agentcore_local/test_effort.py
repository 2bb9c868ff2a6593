"""How much Python a call takes: functions that are entered, which no other program on the machine changes.

A bound that is met with ease by what is there and missed by whatever looks something up anew at each call. Whoever adds
to a call on purpose measures it (`make bench`) and raises the number.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from uvicorn.server import ServerState

import agentcore_local
from agentcore_local.callers import Callers
from agentcore_local.calls import Calls
from agentcore_local.data import DataPlane
from agentcore_local.edge import new_id
from agentcore_local.gate import Gate
from agentcore_local.journal import DecisionFile, Journal
from agentcore_local.jwks import IssuerKeys
from agentcore_local.patient import PatientProtocol
from agentcore_local.permissions import Permissions
from agentcore_local.proxy import Proxy
from agentcore_local.serve import server
from agentcore_local.sessions import Sessions
from agentcore_local.store import Endpoint, Runtime, Store, Version
from agentcore_local.upstream.pool import Pool
from tests.fakes import agent_server
from tests.fakes.tokens import CLIENT, DISCOVERY_URL, NOW, bearer, issuer_keys

SINCE = "2026-11-23T12:00:00Z"
ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/a-0123456789"
OURS = str(Path(agentcore_local.__file__).parent)
SPEC = {
    "metadataConfiguration": {"requireMMDSV2": True},
    "lifecycleConfiguration": {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800},
    "authorizerConfiguration": {"customJWTAuthorizer": {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}},
}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
ROUNDS = 5


class OneIssuer:
    """Its keys, from memory."""

    def __init__(self) -> None:
        self._keys = issuer_keys()

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys:
        return self._keys

    async def check(self, discovery_url: str) -> None:
        pass


@contextmanager
def plane(folder: Path, pool: Pool, port: int) -> Iterator[DataPlane]:
    """The data plane as it is put together for real, before one agent that runs."""
    store, decisions = Store(folder / "state.sqlite3"), DecisionFile(folder / "decisions.jsonl")
    with store.change():
        store.put_runtime(Runtime("a-0123456789", "a", ARN, 1, "READY", None, SINCE, SINCE))
        store.put_version(Version("a-0123456789", 1, SPEC, "READY", SINCE))
        store.put_endpoint(Endpoint("a-0123456789", "DEFAULT", "D-1", 1, 1, None, "READY", None, SINCE, SINCE))

    async def running(*_: object) -> Any:
        return SimpleNamespace(port=port, entered=lambda: None, left=lambda: None)

    rollouts: Any = SimpleNamespace(agent=running)
    nobody: Any = None  # only bearer tokens come here, and no session is stopped
    callers = Callers("AKIAEXAMPLEEXAMPLE00", "s", "us-east-1")
    rules = Permissions(callers, nobody, nobody, store.resource_policy, lambda: float(NOW), "us-east-1", "000000000000")
    gate = Gate(rules, OneIssuer(), lambda: float(NOW), "http://127.0.0.1:1")
    calls = Calls(store, rollouts, Proxy(pool), Sessions(lambda: 0.0), nobody, new_id)
    journal = Journal(io.StringIO(), b"salt", lambda: SINCE, decisions)
    yield DataPlane(store, gate, calls, journal, "us-east-1", "000000000000", new_id)
    decisions.close()
    store.close()


@contextmanager
def counted(entered: Counter[str]) -> Iterator[None]:
    """Functions of ours that are entered meanwhile, by name."""

    def look(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS):
            entered[f"{Path(code.co_filename).name}:{code.co_qualname}"] += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


def request(authorization: str | None) -> bytes:
    lines = [f"POST /runtimes/{quote(ARN, safe='')}/invocations HTTP/1.1", "Host: 127.0.0.1:1"]
    lines += ["Content-Type: application/json", "Content-Length: 14"]
    lines += [f"Authorization: {authorization}"] if authorization else []
    return "\r\n".join([*lines, "", '{"do": "json"}']).encode()


Send = Callable[[bytes], Awaitable[int]]


async def with_a_caller(folder: Path, work: Callable[[Send], Awaitable[None]]) -> None:
    """`work` sends requests over one connection, and gets the status of each answer."""
    pool = Pool(5.0)
    talk = agent_server.answers(ANSWER)
    async with agent_server.server(talk) as agent, asyncio.timeout(20), AsyncExitStack() as stack:
        app = stack.enter_context(plane(folder, pool, agent.port))
        config = server(app).config
        config.load()
        state = ServerState()
        listening = await asyncio.get_running_loop().create_server(
            lambda: PatientProtocol(config, state, {}), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())

        async def send(wanted: bytes) -> int:
            writer.write(wanted)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            return int(head.split()[1])

        await work(send)
        writer.close()
        await writer.wait_closed()
        listening.close()
        pool.close()


def effort(folder: Path, warm: list[bytes], requests: list[bytes], status: int) -> tuple[int, Counter[str]]:
    """The least that one of the requests took, after the others; and what that was."""
    taken: list[Counter[str]] = []

    async def work(send: Send) -> None:
        for wanted in warm:
            await send(wanted)
        for wanted in requests:
            entered = Counter[str]()
            with counted(entered):
                got = await send(wanted)
            assert got == status
            taken.append(entered)

    asyncio.run(with_a_caller(folder, work))
    least = min(taken, key=Counter.total)
    return least.total(), least


def fresh(number: int) -> bytes:
    return request(bearer({"jti": f"id-{number}"}))


def bad(number: int) -> bytes:
    head, _, signature = bearer({"jti": f"id-{number}"}).rpartition(".")
    return request(f"{head}.{'B' if signature[0] != 'B' else 'C'}{signature[1:]}")


WARM = [fresh(0), bad(0), request(None), fresh(0)]


@pytest.mark.parametrize(
    ("requests", "status", "most"),
    [
        pytest.param([fresh(0)] * ROUNDS, 200, 175, id="token-that-was-seen-before"),
        pytest.param([fresh(n) for n in range(1, ROUNDS + 1)], 200, 235, id="new-token"),
        pytest.param([bad(n) for n in range(1, ROUNDS + 1)], 403, 110, id="bad-signature"),
        pytest.param([request(None)] * ROUNDS, 401, 105, id="no-token"),
    ],
)
def test_a_call_takes_no_more_steps_than_it_did(requests: list[bytes], status: int, most: int, tmp_path: Path) -> None:
    steps, entered = effort(tmp_path, WARM, requests, status)
    assert steps <= most, "\n".join(f"{times} {name}" for name, times in entered.most_common())
