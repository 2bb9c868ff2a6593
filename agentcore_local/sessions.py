"""Sessions: which version each one talks to, what is under way in it, and when it is over. Knows no processes.

A session keeps the version it started with (AgentCore devguide: runtime-troubleshooting). It says nothing
about who may call: the door is asked anew at each request, and it is the one of the endpoint's live version.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from agentcore_local.wire import Refused

MAX_SESSIONS = 5000  # AgentCore devguide: bedrock-agentcore-limits (active sessions, us-east-1)
_MAX_STOPS = 1024


class SessionKey(NamedTuple):
    """The same id at another endpoint is another session (assumed)."""

    runtime_id: str
    qualifier: str
    session_id: str


class Over:
    """An event that hardly anybody ever waits for: what it takes to wait is made for whoever does."""

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        if not self._is_set:
            self._event = self._event or asyncio.Event()
            await self._event.wait()


@dataclass(slots=True, eq=False)
class Session:
    """One session. Times are seconds of the clock given to Sessions; `over` is set when its calls must end.

    A call takes part in it for the length of a `with` block.
    """

    among: "Sessions" = field(repr=False)
    key: SessionKey
    version: int
    idle_s: float
    life_s: float
    born: float
    used: float
    state: Literal["starting", "ready", "stopping"] = "starting"
    calls: int = 0
    over: Over = field(default_factory=Over)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.among.left(self)


class Sessions:
    """All sessions there are, least recently used first. clock() is seconds, monotonic."""

    def __init__(self, clock: Callable[[], float], limit: int = MAX_SESSIONS) -> None:
        self._clock, self._limit = clock, limit
        self._all: OrderedDict[SessionKey, Session] = OrderedDict()
        self._stops: OrderedDict[tuple[SessionKey, str], None] = OrderedDict()
        self._round: list[Session] = []
        self._versions: Counter[tuple[str, int]] = Counter()

    def call(self, key: SessionKey, version: int, lifecycle: Mapping[str, int]) -> Session:
        """Take part in a session for one call, which must leave it again; a new one begins on `version`.

        Raises Refused while it is starting or stopping, and when every session that is allowed is in use.
        """
        now = self._clock()
        session = self._all.get(key)
        if session is not None and session.state != "ready":
            raise Refused("session_busy", log_reason=f"session_{session.state}")
        if session is not None and now - session.born >= session.life_s:
            self.end(session)
            session = None
        if session is None:
            self._make_room()
            idle_s, life_s = lifecycle["idleRuntimeSessionTimeout"], lifecycle["maxLifetime"]
            session = self._all[key] = Session(self, key, version, idle_s, life_s, now, now)
            self._versions[key.runtime_id, version] += 1
        else:
            self._all.move_to_end(key)
            session.used = now
        session.calls += 1
        return session

    def left(self, session: Session) -> None:
        """A call is over."""
        session.calls -= 1
        session.used = self._clock()
        if session.state == "starting" and not session.calls:
            self.end(session)  # its agent never came up

    def _make_room(self) -> None:
        """The longest unused session makes place: ids are minted for every call that brings none."""
        if len(self._all) < self._limit:
            return
        for session in self._all.values():
            if not session.calls and session.state == "ready":
                return self.end(session)
        raise Refused("session_quota", limit=self._limit)

    def find(self, key: SessionKey) -> Session | None:
        return self._all.get(key)

    def end(self, session: Session) -> None:
        """The session is over now: its calls are told, and the next call with its id begins a new one."""
        session.over.set()
        if self._is_there(session):
            del self._all[session.key]
            depended = (session.key.runtime_id, session.version)
            self._versions[depended] -= 1
            if not self._versions[depended]:
                del self._versions[depended]

    def stop(self, key: SessionKey, token: str | None) -> Session | None:
        """Begin to stop a session; None when a stop with this client token was answered before.

        Raises Refused for a session that is not there, is starting or is being stopped.
        """
        if token is not None and (key, token) in self._stops:
            return None
        session = self._all.get(key)
        if session is None:
            raise Refused("no_session", session=key.session_id)
        if session.state != "ready":
            raise Refused("session_busy", log_reason=f"session_{session.state}")
        session.state = "stopping"
        session.over.set()
        if token is not None:
            self._stops[(key, token)] = None
            if len(self._stops) > _MAX_STOPS:
                self._stops.popitem(last=False)
        return session

    def some(self, count: int) -> list[Session]:
        """Up to so many of the sessions there are, others at each call until it was all their turn."""
        if not self._round:
            self._round = list(self._all.values())
        taken, self._round = self._round[:count], self._round[count:]
        return [s for s in taken if self._is_there(s)]

    def _is_there(self, session: Session) -> bool:
        return self._all.get(session.key) is session

    def past_life(self, among: Iterable[Session]) -> list[Session]:
        """Sessions older than their maxLifetime, calls under way or not."""
        now = self._clock()
        return [s for s in among if s.state == "ready" and now - s.born >= s.life_s and self._is_there(s)]

    def idle(self, among: Iterable[Session]) -> list[Session]:
        """Sessions without a call for idleRuntimeSessionTimeout; whether their agent is busy is not known here."""
        now = self._clock()
        unused = (s for s in among if s.state == "ready" and not s.calls and now - s.used >= s.idle_s)
        return [s for s in unused if self._is_there(s)]

    def touch(self, session: Session, ago_s: float) -> None:
        """The agent itself was at work for this session until `ago_s` seconds ago."""
        session.used = max(session.used, self._clock() - ago_s)

    def versions(self) -> set[tuple[str, int]]:
        """Versions that a session depends on."""
        return set(self._versions)
