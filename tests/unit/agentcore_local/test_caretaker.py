"""How idleness is judged, with a host that says what a test wants; real agents are in the contract tests."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agentcore_local.caretaker import Caretaker
from agentcore_local.falls import Falls
from agentcore_local.sessions import SessionKey, Sessions

KEY = SessionKey("a-0123456789", "DEFAULT", "s" * 33)
VERSION = (KEY.runtime_id, 1)
LIFECYCLE = {"idleRuntimeSessionTimeout": 60, "maxLifetime": 600}
WALL = 1_800_000_000.0


@dataclass
class FakeLaunch:
    log: Path
    idle_s: float = 60.0


@dataclass
class FakeAgent:
    launch: FakeLaunch
    used: float = 0.0
    in_flight: int = 0
    healthy_at: float = 0.0
    key: tuple[str, int] = VERSION


@dataclass
class World:
    """Store, Rollouts and AgentHost in one, as far as the caretaker looks."""

    agent: FakeAgent
    says: tuple[bool, float | None] = (False, None)
    reachable: bool = True
    version_there: bool = True
    live: bool = True
    stopped: list[tuple[str, int]] = field(default_factory=list)
    falls: Falls = field(default_factory=lambda: Falls(lambda: 0.0))
    judged: list[tuple[str, str | None]] = field(default_factory=list)

    def failing(self, key: tuple[str, int], text: str) -> None:
        self.judged.append(("failing", text))

    def well(self, key: tuple[str, int]) -> None:
        self.judged.append(("well", None))

    def door(self, *_: Any) -> object | None:
        return object() if self.reachable else None

    def version(self, *_: Any) -> object | None:
        return object() if self.version_there else None

    def serves(self, *_: Any) -> bool:
        return self.live

    def find(self, key: tuple[str, int]) -> FakeAgent | None:
        return self.agent if key == VERSION else None

    def agents(self) -> list[FakeAgent]:
        return [self.agent]

    async def ping(self, agent: FakeAgent) -> tuple[bool, float | None]:
        return self.says

    async def stop_unless(self, key: tuple[str, int], wanted: Any) -> None:
        if not wanted():
            self.stopped.append(key)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(FakeAgent(FakeLaunch(tmp_path / "agent.log")))


def swept(world: Any, after_s: float, *, in_call: bool = False) -> Sessions:
    """A session was used at second 0 and the caretaker sweeps at after_s."""
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    caretaker = Caretaker(world, sessions, world, world, lambda: now[0], lambda: WALL + now[0], lambda *a, **k: None)

    async def work() -> None:
        with sessions.call(KEY, 1, LIFECYCLE) as session:
            session.state = "ready"
            if in_call:
                now[0] = after_s
                await caretaker.sweep()
        if not in_call:
            now[0] = after_s
            await caretaker.sweep()

    asyncio.run(work())
    return sessions


@pytest.mark.parametrize(
    ("says", "kept"),
    [
        pytest.param((False, None), False, id="healthy"),
        pytest.param((True, None), True, id="busy"),
        pytest.param((True, WALL - 5000), True, id="busy-for-long"),
        pytest.param((False, WALL + 60), True, id="healthy-again-a-second-ago"),
        pytest.param((False, WALL), False, id="healthy-since-the-start"),
        pytest.param((False, WALL + 9000), True, id="a-clock-ahead-counts-as-now"),
    ],
)
def test_an_idle_session_is_kept_for_the_agents_own_work_only(
    world: World, says: tuple[bool, float | None], kept: bool
) -> None:
    world.says = says
    assert (swept(world, 61).find(KEY) is not None) is kept


def test_a_call_under_way_keeps_a_session(world: World) -> None:
    sessions = swept(world, 300, in_call=True)
    assert sessions.find(KEY) is not None and world.stopped == []


def test_a_maximum_lifetime_ends_a_session_under_way(world: World) -> None:
    world.says = (True, None)
    assert swept(world, 600, in_call=True).find(KEY) is None


@pytest.mark.parametrize("gone", ["reachable", "version_there"])
def test_a_session_that_nobody_can_reach_is_over(world: World, gone: str) -> None:
    setattr(world, gone, False)
    assert swept(world, 1).find(KEY) is None


@pytest.mark.parametrize(
    ("used", "live", "in_flight", "stopped"),
    [
        pytest.param(0.0, True, 0, True, id="rested"),
        pytest.param(40.0, True, 0, False, id="used-since"),
        pytest.param(40.0, False, 0, True, id="no-endpoint-leads-to-it"),
        pytest.param(0.0, False, 1, False, id="call-under-way"),
    ],
)
def test_an_agent_without_sessions_is_stopped_when_nobody_needs_it(
    world: World, used: float, live: bool, in_flight: int, stopped: bool
) -> None:
    world.agent.used, world.live, world.agent.in_flight = used, live, in_flight
    swept(world, 61)
    assert (world.stopped == [VERSION]) is stopped


def test_an_agent_that_keeps_ending_is_told_and_a_steady_one_is_well_again(world: World) -> None:
    for _ in range(3):
        world.falls.note(VERSION, "Agent ended with code 3: no index", lived_s=1.0)
    world.live = True
    swept(world, 59)
    assert world.judged == [("failing", "The agent keeps ending. Agent ended with code 3: no index")]
    world.judged.clear()
    swept(world, 60)
    assert world.judged[-1] == ("well", None)
    assert world.falls.looping() == {}


def test_a_sweep_that_fails_does_not_end_the_watch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentcore_local.caretaker.SWEEP_EVERY_S", 0.0)
    said: list[str] = []
    caretaker = Caretaker(world, None, world, world, lambda: 0.0, lambda: WALL, lambda e, **_: said.append(e))  # type: ignore[arg-type]

    async def work() -> None:
        task = asyncio.create_task(caretaker.watch())
        while len(said) < 2:
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(work())
    assert set(said) == {"sweep_crashed"}
