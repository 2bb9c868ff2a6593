"""Ends what has lived long enough: sessions by their two timers, then agents that nobody needs."""

import asyncio
from collections.abc import Callable

from agentcore_local.falls import STEADY_S, Key
from agentcore_local.host import Agent, AgentHost
from agentcore_local.rollout import Rollouts
from agentcore_local.sessions import Session, SessionKey, Sessions
from agentcore_local.store import Store

SWEEP_EVERY_S = 1.0
SESSIONS_AT_ONCE = 500
"""Callers wait while sessions are looked at. Of the most that there may be, each has its turn every ten seconds."""


class Caretaker:
    """Looks after sessions and agents. clock() is monotonic seconds (that of Sessions), wall() Unix seconds."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        host: AgentHost,
        rollouts: Rollouts,
        clock: Callable[[], float],
        wall: Callable[[], float],
        log: Callable[..., None],
    ) -> None:
        self._store, self._sessions, self._host, self._rollouts = store, sessions, host, rollouts
        self._clock, self._wall, self._log = clock, wall, log

    async def watch(self) -> None:
        """Sweep until cancelled. An error is logged and does not end the watch."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self.sweep()
            except Exception as e:
                self._log("sweep_crashed", error=type(e).__name__)

    async def sweep(self) -> None:
        looked_at = self._sessions.some(SESSIONS_AT_ONCE)
        for session in looked_at:
            if session.state == "ready" and self._is_unreachable(session):
                self._end(session, "unreachable")
        for session in self._sessions.past_life(looked_at):
            self._end(session, "max_lifetime")
        await self._end_idle(looked_at)
        await asyncio.gather(*(self._let_go(a) for a in self._host.agents()))
        self._judge()

    def _judge(self) -> None:
        """Tell those who look at a version's status whether its agent keeps ending."""
        for key, text in self._host.falls.looping().items():
            self._rollouts.failing(key, text)
        for agent in self._host.agents():
            if self._clock() - agent.healthy_at >= STEADY_S:
                self._host.falls.forget(agent.key)
                self._rollouts.well(agent.key)

    async def stop_session(self, key: SessionKey, token: str | None) -> None:
        """StopRuntimeSession: end the calls under way, and the agent's process when it was the last session.

        The service gives each session a machine of its own and takes it away here; a process that served
        this session alone goes too, so that nothing it remembers is left. Raises Refused.
        """
        session = self._sessions.stop(key, token)
        if session is None:
            return
        version = (key.runtime_id, session.version)
        try:
            while session.calls:
                await asyncio.sleep(0.01)
        finally:
            self._sessions.end(session)
            self._log("session_ended", runtime=key.runtime_id, version=session.version, why="stopped")
        await self._host.stop_unless(version, lambda: version in self._sessions.versions())

    def _is_unreachable(self, session: Session) -> bool:
        """Its endpoint is gone, or the version it keeps: nobody can take part in it any more."""
        runtime_id, qualifier, _ = session.key
        gone = self._store.door(runtime_id, qualifier) is None
        return gone or self._store.version(runtime_id, session.version) is None

    def _end(self, session: Session, why: str) -> None:
        self._sessions.end(session)
        self._log("session_ended", runtime=session.key.runtime_id, version=session.version, why=why)

    async def _end_idle(self, among: list[Session]) -> None:
        """Idle means no call and no work of its own: HealthyBusy from /ping keeps sessions.

        time_of_last_update counts as use (AgentCore devguide: runtime-http-protocol-contract). The agent
        is one for all sessions of a version, and so is its answer.
        """
        idle = self._sessions.idle(among)
        keys: set[Key] = {(s.key.runtime_id, s.version) for s in idle}
        said = {k: await self._host.ping(a) for k in keys if (a := self._host.find(k))}
        for session in idle:
            busy, changed = said.get((session.key.runtime_id, session.version), (False, None))
            if busy:
                self._sessions.touch(session, 0.0)
            elif changed is not None:
                self._sessions.touch(session, max(0.0, self._wall() - changed))
        for session in self._sessions.idle(idle):
            self._end(session, "idle")

    async def _let_go(self, agent: Agent) -> None:
        """Stop an agent without sessions: at once when no endpoint leads to it, else after its idle time."""
        key = agent.key
        if agent.in_flight or key in self._sessions.versions():
            return
        rests = self._clock() - agent.used >= agent.launch.idle_s
        if rests or not self._rollouts.serves(*key):
            await self._host.stop_unless(key, lambda: key in self._sessions.versions())
