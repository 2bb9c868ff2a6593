"""Agent processes: one per runtime version, started when needed, watched until healthy, never left behind."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from agentcore_local.protocols import CONTRACTS, Contract, read_ping

START_DEADLINE_S = 120.0  # AgentCore devguide: runtime-how-it-works (initialization within 120 s)
STOP_GRACE_S = 5.0
RESTART_GAP_S = 2.0  # callers of an agent that cannot start are answered at once for that long
LEASH = Path(__file__).with_name("leash.py")
Key = tuple[str, int]
_PING: dict[str, Any] = {"timeout": aiohttp.ClientTimeout(total=2), "allow_redirects": False}


class StartFailed(Exception):
    """The agent did not come up; the text becomes the runtime's failureReason."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One version to run: where its files are, what to start, with which variables of its own."""

    key: Key
    folder: Path
    entry: str
    variables: Mapping[str, str]
    log: Path
    contract: Contract = CONTRACTS["HTTP"]
    idle_s: float = 900.0
    role: str = ""

    @property
    def temporary(self) -> Path:
        """Its own place for temporary files; /tmp is not open to it."""
        return self.log.with_name("tmp")


@dataclass(slots=True)
class Agent:
    """A running agent. in_flight counts calls, so that an old version ends after its last one."""

    launch: Launch
    process: asyncio.subprocess.Process
    port: int
    used: float
    in_flight: int = 0

    @property
    def key(self) -> Key:
        return self.launch.key

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Around each call: an agent is not stopped for idleness under it."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self.used = time.monotonic()


class AgentHost:
    """Starts and stops agents. `session` is the HTTP client for /ping; region goes to the agents.

    aws(launch) gives the variables by which an agent reaches AWS as its role.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        region: str,
        log: Callable[..., None],
        aws: Callable[[Launch], Mapping[str, str]] = lambda _: {},
    ) -> None:
        self._session, self._region, self._log, self._aws = session, region, log, aws
        self._processes: dict[Key, asyncio.subprocess.Process] = {}
        self._agents: dict[Key, Agent] = {}
        self._locks: dict[Key, asyncio.Lock] = {}
        self._failed: dict[Key, tuple[float, str]] = {}

    async def ensure(self, launch: Launch) -> Agent:
        """The healthy agent of a version, started now if it does not run. Raises StartFailed."""
        async with self._lock(launch.key):
            agent = self.find(launch.key)
            if agent is None:
                self._refuse_restart(launch.key)
                agent = self._agents[launch.key] = await self._start_noting(launch)
            return agent

    def find(self, key: Key) -> Agent | None:
        """The agent of a version if it runs."""
        agent = self._agents.get(key)
        return agent if agent is not None and agent.alive else None

    def lives(self, key: Key) -> bool:
        """Whether a process of this version is there, healthy already or not."""
        process = self._processes.get(key)
        return process is not None and process.returncode is None

    async def stop(self, key: Key) -> None:
        """End a version's agent now. One that is being started is waited for, so that it cannot stay."""
        async with self._lock(key):
            if agent := self._agents.pop(key, None):
                await _end(agent.process)
                self._log("agent_stopped", runtime=key[0], version=key[1])

    async def retire(self, key: Key, patience_s: float = 60.0) -> None:
        """End a version's agent once its calls are answered, or after patience_s."""
        until = time.monotonic() + patience_s
        while (agent := self._agents.get(key)) and agent.in_flight and time.monotonic() < until:
            await asyncio.sleep(0.1)
        await self.stop(key)

    async def stop_unless(self, key: Key, wanted: Callable[[], bool]) -> None:
        """End a version's agent now, unless a call is under way in it or wanted() says so."""
        async with self._lock(key):
            agent = self._agents.get(key)
            # Nothing awaits between this look and the pop, so that no call can slip in between.
            if agent is not None and not agent.in_flight and not wanted():
                del self._agents[key]
                await _end(agent.process)
                self._log("agent_stopped", runtime=key[0], version=key[1])

    async def ping(self, agent: Agent) -> tuple[bool, float | None]:
        """(busy, time of its last change in Unix seconds) as the agent says itself; silence is not busy."""
        try:
            async with self._session.get(f"http://127.0.0.1:{agent.port}/ping", **_PING) as reply:
                body = await reply.content.read(64 * 1024)
                return read_ping(body) if reply.status == 200 else (False, None)
        except (aiohttp.ClientError, TimeoutError):
            return False, None

    def running(self) -> list[Key]:
        return [k for k, a in self._agents.items() if a.alive]

    def agents(self) -> list[Agent]:
        return [a for a in self._agents.values() if a.alive]

    async def stop_runtime(self, runtime_id: str) -> None:
        """End all agents of a runtime, those being started too."""
        await asyncio.gather(*(self.stop(k) for k in list(self._locks) if k[0] == runtime_id))
        for key in [k for k in self._locks if k[0] == runtime_id]:
            del self._locks[key]
            self._failed.pop(key, None)

    async def close(self) -> None:
        await asyncio.gather(*(self.stop(k) for k in list(self._agents)))

    def _lock(self, key: Key) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    def _refuse_restart(self, key: Key) -> None:
        at, text = self._failed.get(key, (0.0, ""))
        if text and time.monotonic() - at < RESTART_GAP_S:
            raise StartFailed(text)

    async def _start_noting(self, launch: Launch) -> Agent:
        self._failed.pop(launch.key, None)
        try:
            return await self._start(launch)
        except StartFailed as e:
            self._failed[launch.key] = (time.monotonic(), str(e))
            raise

    async def _start(self, launch: Launch) -> Agent:
        port = _free_port()
        process = self._processes[launch.key] = await _spawn(launch, self._environment(launch, port))
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                await self._until_healthy(launch, process, port)
        except TimeoutError:
            await _end(process)
            raise StartFailed("Runtime initialization time exceeded.") from None
        except BaseException:
            await _end(process)
            raise
        self._log("agent_started", runtime=launch.key[0], version=launch.key[1], pid=process.pid, port=port)
        return Agent(launch, process, port, time.monotonic())

    async def _until_healthy(self, launch: Launch, process: asyncio.subprocess.Process, port: int) -> None:
        pause = 0.05
        while True:
            if process.returncode is not None:
                raise StartFailed(f"Agent ended with code {process.returncode}: {last_line(launch.log)}")
            if await self._answers_ping(port, launch.contract):
                break
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 0.5)
        refuse_open_listener(process.pid, port)

    async def _answers_ping(self, port: int, contract: Contract) -> bool:
        try:
            async with self._session.get(f"http://127.0.0.1:{port}/ping", **_PING) as reply:
                return reply.status == 200 or not contract.needs_ping
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _environment(self, launch: Launch, port: int) -> dict[str, str]:
        """Nothing of the operator's environment: no credentials, no proxies, no tokens of others."""
        return {
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin"]),
            **launch.variables,
            "HOME": str(launch.folder),
            "TMPDIR": str(launch.temporary),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            **self._aws(launch),
        }


async def _spawn(launch: Launch, environment: dict[str, str]) -> asyncio.subprocess.Process:
    launch.temporary.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(LEASH),
            str(os.getpid()),
            str(launch.folder),
            environment["PORT"],
            launch.entry,
            stdin=asyncio.subprocess.PIPE,
            stdout=descriptor,
            stderr=descriptor,
            # Not the agent's: the leash hands those on once the wall stands.
            env={"LANG": "C.UTF-8", "PATH": os.defpath},
            start_new_session=True,
        )
        assert process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(ConnectionError):  # one that ended already is told by its exit code
            process.stdin.write(json.dumps(environment).encode())
            await process.stdin.drain()
        process.stdin.close()
        return process
    finally:
        os.close(descriptor)


async def _end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM to the agent's whole group, SIGKILL to what is left of it."""
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_GRACE_S)
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuse_open_listener(pid: int, port: int) -> None:
    """The port must belong to this agent and to loopback alone: else another process could answer for it,
    or callers could walk around the door. Raises StartFailed."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        sockets = [c for p in family for c in p.net_connections(kind="tcp")]
    except psutil.Error as e:
        raise StartFailed("Agent ended while its listener was looked at.") from e
    open_at = {c.laddr.ip for c in sockets if c.status == psutil.CONN_LISTEN and c.laddr.port == port}
    if not open_at:
        raise StartFailed(f"Port {port} is answered by another process than the agent.")
    if open_at - {"127.0.0.1"}:
        raise StartFailed(f"Agent listens on {', '.join(sorted(open_at))}; it must listen on HOST (127.0.0.1).")


def last_line(log: Path) -> str:
    """The last line an agent wrote, fit for a message: bounded and printable."""
    with log.open("rb") as f:
        f.seek(0, os.SEEK_END)
        f.seek(max(0, f.tell() - 4096))
        lines = [line.strip() for line in f.read().decode("utf-8", "replace").splitlines() if line.strip()]
    text = lines[-1] if lines else "no output"
    return "".join(c if c.isprintable() else " " for c in text)[:300]
