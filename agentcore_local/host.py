"""Agent processes: one per runtime version, started when needed, watched until healthy, never left behind."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from agentcore_local.falls import Falls, Key
from agentcore_local.output import AgentOutput, last_lines
from agentcore_local.process import (
    Launch,
    StartFailed,
    end,
    free_port,
    how_it_ended,
    listens,
    refuse_open_listener,
    spawn,
)
from agentcore_local.protocols import Contract, read_ping

START_DEADLINE_S = 120.0  # AgentCore devguide: runtime-how-it-works (initialization within 120 s)
LOOK_S = 0.04
"""Between two looks whether an agent listens."""
_PING: dict[str, Any] = {"timeout": aiohttp.ClientTimeout(total=2), "allow_redirects": False}


@dataclass(slots=True)
class Agent:
    """A running agent. in_flight counts calls, so that an old version ends after its last one.

    healthy_at is in seconds of the host's clock.
    """

    launch: Launch
    process: asyncio.subprocess.Process
    port: int
    used: float
    output: AgentOutput
    healthy_at: float
    in_flight: int = 0

    @property
    def key(self) -> Key:
        return self.launch.key

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def entered(self) -> None:
        """A call begins: until it has left, the agent is not stopped for idleness."""
        self.in_flight += 1

    def left(self) -> None:
        self.in_flight -= 1
        self.used = time.monotonic()


class Resting(StartFailed):
    """It ended too often of late; the text says how it ended the last time."""


class _Ended(StartFailed):
    """It ended before it was healthy."""


class AgentHost:
    """Starts and stops agents. `session` is the HTTP client for /ping; region goes to the agents.

    aws(launch) gives the variables by which an agent reaches AWS as its role; clock() is monotonic seconds.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        region: str,
        log: Callable[..., None],
        aws: Callable[[Launch], Mapping[str, str]] = lambda _: {},
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._region, self._log, self._aws, self._clock = session, region, log, aws, clock
        self._processes: dict[Key, asyncio.subprocess.Process] = {}
        self._agents: dict[Key, Agent] = {}
        self._locks: dict[Key, asyncio.Lock] = {}
        self._watches: set[asyncio.Task[None]] = set()
        self.falls = Falls(clock)

    async def ensure(self, launch: Launch) -> Agent:
        """The healthy agent of a version, started now if it does not run. Raises StartFailed, Resting."""
        async with self._lock(launch.key):
            await self._bury(launch.key)
            agent = self.find(launch.key)
            if agent is None:
                if text := self.falls.resting(launch.key):
                    raise Resting(text)
                agent = self._agents[launch.key] = await self._start_noting(launch)
                watch = asyncio.create_task(self._watch(agent))
                self._watches.add(watch)
                watch.add_done_callback(self._watches.discard)
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
                await self._end(agent)

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
                await self._end(agent)

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
            self.falls.forget(key)

    async def close(self) -> None:
        await asyncio.gather(*(self.stop(k) for k in list(self._agents)))
        await asyncio.gather(*self._watches)

    def _lock(self, key: Key) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    async def _end(self, agent: Agent) -> None:
        await end(agent.process)
        await agent.output.finish()
        self._log("agent_stopped", runtime=agent.key[0], version=agent.key[1])

    async def _watch(self, agent: Agent) -> None:
        """Until it ends. One that nobody ended has fallen."""
        await agent.process.wait()
        if self._agents.get(agent.key) is agent:
            async with self._lock(agent.key):
                await self._bury(agent.key)

    async def _bury(self, key: Key) -> None:
        """Note the fall of an agent that ended unasked, and end what it left behind. Its lock is held."""
        agent = self._agents.get(key)
        if agent is None or agent.alive:
            return
        del self._agents[key]
        lived_s = self._clock() - agent.healthy_at
        await end(agent.process)
        await agent.output.finish()
        code = agent.process.returncode or 0
        self.falls.note(key, _last_words(agent.launch, how_it_ended(code)), lived_s=lived_s)
        self._log("agent_died", runtime=key[0], version=key[1], code=code, lived_s=round(lived_s, 1))

    async def _start_noting(self, launch: Launch) -> Agent:
        try:
            return await self._start(launch)
        except StartFailed as e:
            self.falls.note(launch.key, str(e), lived_s=None)
            raise

    async def _start(self, launch: Launch) -> Agent:
        port = free_port()
        output = AgentOutput(launch.log, _stamp, lambda e: self._log("agent_log_lost", error=type(e).__name__))
        try:
            process = await spawn(launch, self._environment(launch, port), output.writing_end)
        except BaseException:
            await output.finish()
            raise
        self._processes[launch.key] = process
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                await self._until_healthy(launch, process, port)
        except BaseException as e:
            await end(process)
            await output.finish()
            if isinstance(e, TimeoutError):
                raise StartFailed("Runtime initialization time exceeded.") from None
            if isinstance(e, _Ended):
                raise StartFailed(_last_words(launch, str(e))) from None
            raise
        self._log("agent_started", runtime=launch.key[0], version=launch.key[1], pid=process.pid, port=port)
        return Agent(launch, process, port, time.monotonic(), output, self._clock())

    async def _until_healthy(self, launch: Launch, process: asyncio.subprocess.Process, port: int) -> None:
        pause = LOOK_S
        while True:
            if process.returncode is not None:
                raise _Ended(how_it_ended(process.returncode))
            if listens(port):
                if await self._answers_ping(port, launch.contract):
                    break
                pause = min(pause * 1.3, 0.5)
            await asyncio.sleep(pause)
        await asyncio.to_thread(refuse_open_listener, process.pid, port)

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


def _last_words(launch: Launch, how: str) -> str:
    return f"{how}: {' | '.join(last_lines(launch.log)) or 'no output'}"


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
