import asyncio

import pytest

from agentcore_local.sessions import Over, SessionKey, Sessions
from agentcore_local.wire import Refused

LIFECYCLE = {"idleRuntimeSessionTimeout": 60, "maxLifetime": 600}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def key(number: int = 0) -> SessionKey:
    return SessionKey("a-0123456789", "DEFAULT", f"{number:033}")


def took_part(sessions: Sessions, number: int = 0, version: int = 1) -> int:
    """One call from start to end; the version that answered it."""
    with sessions.call(key(number), version, LIFECYCLE) as session:
        session.state = "ready"
        return session.version


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock, limit=3)


def test_a_session_keeps_the_version_it_started_with(sessions: Sessions) -> None:
    assert [took_part(sessions, version=1), took_part(sessions, version=2)] == [1, 1]
    assert took_part(sessions, number=1, version=2) == 2
    assert sessions.versions() == {("a-0123456789", 1), ("a-0123456789", 2)}


@pytest.mark.parametrize(("waited", "idle"), [(59.9, False), (60.0, True)])
def test_idleness_counts_from_the_end_of_the_last_call(
    sessions: Sessions, clock: Clock, waited: float, idle: bool
) -> None:
    with sessions.call(key(), 1, LIFECYCLE) as session:
        session.state = "ready"
        clock.now += 500
        assert sessions.idle(sessions.some(9)) == []
    clock.now += waited
    assert bool(sessions.idle(sessions.some(9))) is idle


def test_work_of_the_agent_counts_as_use(sessions: Sessions, clock: Clock) -> None:
    took_part(sessions)
    clock.now += 100
    [session] = sessions.idle(sessions.some(9))
    sessions.touch(session, ago_s=70.0)
    assert sessions.idle(sessions.some(9)) == [session]
    sessions.touch(session, ago_s=30.0)
    assert sessions.idle(sessions.some(9)) == []


def test_past_its_lifetime_a_session_begins_anew_on_the_live_version(sessions: Sessions, clock: Clock) -> None:
    took_part(sessions, version=1)
    clock.now += 599.9
    assert sessions.past_life(sessions.some(9)) == []
    assert took_part(sessions, version=2) == 1
    clock.now += 0.1
    assert sessions.past_life(sessions.some(9))
    assert took_part(sessions, version=2) == 2


def test_a_lifetime_ends_calls_under_way(sessions: Sessions, clock: Clock) -> None:
    with sessions.call(key(), 1, LIFECYCLE) as session:
        session.state = "ready"
        clock.now += 600
        assert sessions.past_life(sessions.some(9)) == [session]
        sessions.end(session)
        assert session.over.is_set()
    assert sessions.find(key()) is None


def test_while_a_session_starts_or_stops_callers_are_told_to_retry(sessions: Sessions) -> None:
    with sessions.call(key(), 1, LIFECYCLE) as session:
        for again in (lambda: took_part(sessions), lambda: sessions.stop(key(), None)):
            with pytest.raises(Refused) as e:
                again()
            assert (e.value.row.status, e.value.row.kind) == (409, "RetryableConflictException")
        session.state = "ready"
    sessions.stop(key(), None)
    with pytest.raises(Refused, match="in progress"):
        took_part(sessions)


def test_a_session_whose_agent_never_came_up_is_not_there(sessions: Sessions) -> None:
    with pytest.raises(RuntimeError), sessions.call(key(), 1, LIFECYCLE):
        raise RuntimeError("no agent")
    assert sessions.find(key()) is None
    assert took_part(sessions, version=2) == 2


def test_the_longest_unused_session_makes_place(sessions: Sessions) -> None:
    for number in (0, 1, 2, 0, 3):
        took_part(sessions, number)
    assert [s.key for s in sessions.some(9)] == [key(2), key(0), key(3)]


def test_sessions_in_use_are_not_thrown_out(sessions: Sessions) -> None:
    with sessions.call(key(0), 1, LIFECYCLE), sessions.call(key(1), 1, LIFECYCLE), sessions.call(key(2), 1, LIFECYCLE):
        with pytest.raises(Refused) as e:
            took_part(sessions, 3)
        assert e.value.row.status == 402
    took_part(sessions, 3)


def test_a_stop_is_answered_once_for_its_client_token(sessions: Sessions) -> None:
    took_part(sessions)
    stopped = sessions.stop(key(), "token")
    assert stopped is not None and stopped.over.is_set()
    sessions.end(stopped)
    assert sessions.stop(key(), "token") is None
    for token in ("other", None):
        with pytest.raises(Refused) as e:
            sessions.stop(key(), token)
        assert e.value.row.status == 404


def test_a_stopped_sessions_end_does_not_end_its_successor(sessions: Sessions) -> None:
    with sessions.call(key(), 1, LIFECYCLE) as first:
        first.state = "ready"
        sessions.end(first)
        took_part(sessions, version=2)
    sessions.end(first)
    successor = sessions.find(key())
    assert successor is not None and successor.version == 2


def test_every_session_has_its_turn_and_none_that_has_ended(clock: Clock) -> None:
    sessions = Sessions(clock)
    for number in range(7):
        took_part(sessions, number)
    first = sessions.some(3)
    ended = sessions.find(key(4))
    assert ended is not None
    sessions.end(ended)
    seen = [s.key for s in (*first, *sessions.some(3), *sessions.some(3))]
    assert seen == [key(n) for n in (0, 1, 2, 3, 5, 6)]
    assert [s.key for s in sessions.some(3)] == seen[:3]
    assert sessions.idle([ended]) == sessions.past_life([ended]) == []


def test_a_version_is_depended_on_until_its_last_session_ends(sessions: Sessions) -> None:
    for number in (0, 1):
        took_part(sessions, number)
    for number, versions in ((0, {("a-0123456789", 1)}), (1, set())):
        session = sessions.find(key(number))
        assert session is not None
        sessions.end(session)
        sessions.end(session)
        assert sessions.versions() == versions


def test_whoever_waits_for_a_sessions_end_is_told_before_it_and_after() -> None:
    async def waited() -> list[bool]:
        over, told = Over(), list[bool]()

        async def wait() -> None:
            await over.wait()
            told.append(over.is_set())

        early = [asyncio.ensure_future(wait()) for _ in range(2)]
        await asyncio.sleep(0)
        assert told == []
        over.set()
        over_already = Over()
        over_already.set()
        async with asyncio.timeout(5):
            await asyncio.gather(*early, wait(), over_already.wait())
        return told

    assert asyncio.run(waited()) == [True] * 3
