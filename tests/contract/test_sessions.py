"""Sessions against real agents: what they keep, what ends them, and that the door is never theirs."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import psutil
import pytest

from agentcore_local.caretaker import Caretaker
from agentcore_local.host import AgentHost
from agentcore_local.process import Launch
from agentcore_local.sessions import SessionKey, Sessions
from tests.contract.agents import archive
from tests.contract.cloud import Answer, Local, People, eventually, send
from tests.contract.deployed import Deployed
from tests.contract.speaking import SPEAKING

Create = Callable[..., Deployed]
Upload = Callable[..., dict[str, Any]]
SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


def new_session() -> dict[str, str]:
    return {SESSION: secrets.token_hex(20)}


def stop(local: Local, arn: str, headers: dict[str, str], body: bytes = b"{}") -> Answer:
    return send("POST", f"{local.data_url}/runtimes/{quote(arn, safe='')}/stopruntimesession", body, headers)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def code_of(local: Local, runtime: Deployed, version: int = 1) -> Path:
    return local.folder / "state/agents" / runtime.id / str(version) / "code"


@pytest.fixture
def runtime(create: Create, upload: Upload, people: People) -> Deployed:
    return create(agentRuntimeArtifact=upload(main=SPEAKING), authorizerConfiguration=people.authorizer())


def test_a_session_keeps_its_code_and_a_new_one_gets_the_new_version(
    local: Local, runtime: Deployed, upload: Upload, people: People
) -> None:
    mine = people.bearer() | new_session()
    first = local.invoke(runtime.arn, headers=mine).json
    runtime.update(agentRuntimeArtifact=upload(archive("2", SPEAKING)), authorizerConfiguration=people.authorizer())
    assert local.invoke(runtime.arn, headers=mine).json["pid"] == first["pid"]
    assert local.invoke(runtime.arn, headers=people.bearer() | new_session()).json["generation"] == "2"
    assert stop(local, runtime.arn, mine).status == 200
    eventually(lambda: is_gone(first["pid"]), "the old version's agent ends with its last session")
    assert local.invoke(runtime.arn, headers=mine).json["generation"] == "2"


def test_the_door_of_an_old_session_is_the_new_one(
    local: Local, runtime: Deployed, upload: Upload, people: People
) -> None:
    session = new_session()
    insider, outsider = people.bearer() | session, people.bearer(people.outsider_id) | session
    assert local.invoke(runtime.arn, headers=insider).status == 200
    runtime.update(
        agentRuntimeArtifact=upload(archive("2", SPEAKING)),
        authorizerConfiguration=people.authorizer(people.outsider_id),
    )
    assert local.invoke(runtime.arn, headers=insider).status == 401
    assert local.invoke(runtime.arn, headers=outsider).json["generation"] == "1"


def test_a_stopped_session_begins_anew_with_nothing_remembered(local: Local, runtime: Deployed, people: People) -> None:
    mine = people.bearer() | new_session()
    assert [local.invoke(runtime.arn, headers=mine).json["calls"] for _ in range(2)] == [1, 2]
    answer = stop(local, runtime.arn, mine)
    assert (answer.status, answer.headers[SESSION.lower()]) == (200, mine[SESSION])
    assert local.invoke(runtime.arn, headers=mine).json["calls"] == 1


def test_stopping_one_session_leaves_the_others_alone(local: Local, runtime: Deployed, people: People) -> None:
    mine, other = people.bearer() | new_session(), people.bearer() | new_session()
    pids = {local.invoke(runtime.arn, headers=h).json["pid"] for h in (mine, other)}
    assert stop(local, runtime.arn, mine).status == 200
    assert {local.invoke(runtime.arn, headers=other).json["pid"]} == pids


@pytest.mark.parametrize("body", [b'{"hang": 1}', b'{"stream": 1}'])
def test_a_stop_ends_the_calls_under_way(local: Local, runtime: Deployed, people: People, body: bytes) -> None:
    mine = people.bearer() | new_session()
    assert local.invoke(runtime.arn, headers=mine).status == 200
    got: list[Any] = []

    def call() -> None:
        try:
            got.append(local.invoke(runtime.arn, headers=mine, body=body))
        except Exception as e:
            got.append(e)

    thread = threading.Thread(target=call)
    thread.start()
    agent = psutil.Process(local.invoke(runtime.arn, headers=mine).json["pid"])
    eventually(lambda: len([c for c in agent.net_connections() if c.status == "ESTABLISHED"]) >= 1, "under way")
    if b"hang" in body:
        eventually((code_of(local, runtime) / "hanging").exists, "the agent hangs")
    assert stop(local, runtime.arn, mine).status == 200
    thread.join(20)
    [result] = got
    if b"hang" in body:
        assert (result.status, result.headers["x-amzn-errortype"]) == (424, "RuntimeClientError")
        assert "session ended" in result.json["message"]
    else:  # begun already: broken off, so that it cannot be taken for a whole answer
        assert isinstance(result, Exception)


def test_a_session_that_is_not_there_cannot_be_stopped(local: Local, create: Create, upload: Upload) -> None:
    signed = create(agentRuntimeArtifact=upload(main=SPEAKING))
    data, session = local.data(), secrets.token_hex(20)
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.stop_runtime_session(agentRuntimeArn=signed.arn, runtimeSessionId=session)
    data.invoke_agent_runtime(agentRuntimeArn=signed.arn, runtimeSessionId=session, payload=b"{}")
    stopping = {"agentRuntimeArn": signed.arn, "runtimeSessionId": session, "clientToken": "t" * 40}
    assert data.stop_runtime_session(**stopping)["runtimeSessionId"] == session
    assert data.stop_runtime_session(**stopping)["runtimeSessionId"] == session
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.stop_runtime_session(**stopping | {"clientToken": "u" * 40})


def test_a_session_of_one_endpoint_is_not_that_of_another(local: Local, runtime: Deployed, people: People) -> None:
    control = runtime.control
    control.create_agent_runtime_endpoint(agentRuntimeId=runtime.id, name="stage")

    def ready() -> bool:
        status = control.get_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName="stage")["status"]
        return bool(status == "READY")

    eventually(ready, "the endpoint is ready")
    mine = people.bearer() | new_session()
    assert local.invoke(runtime.arn, headers=mine).status == 200
    url = f"{local.data_url}/runtimes/{quote(runtime.arn, safe='')}/stopruntimesession?qualifier=stage"
    assert send("POST", url, b"{}", mine).status == 404


def test_a_second_call_while_the_session_starts_is_told_to_retry(
    local: Local, runtime: Deployed, people: People
) -> None:
    mine = people.bearer() | new_session()
    assert local.invoke(runtime.arn, headers=mine).status == 200
    hold = code_of(local, runtime) / "hold"
    hold.touch()
    assert stop(local, runtime.arn, mine).status == 200
    got: list[Answer] = []
    threads = [threading.Thread(target=lambda: got.append(local.invoke(runtime.arn, headers=mine))) for _ in range(2)]
    for thread in threads:
        thread.start()
    eventually(lambda: got, "one of the two is answered")
    assert (got[0].status, got[0].headers["x-amzn-errortype"]) == (409, "RetryableConflictException")
    hold.unlink()
    for thread in threads:
        thread.join(20)
    assert got[1].status == 200


class Clock:
    def __init__(self) -> None:
        self.now = time.monotonic()

    def __call__(self) -> float:
        return self.now


class Deployments:
    """One version, live behind DEFAULT, as Store and Rollouts show it to the caretaker."""

    def __init__(self, live: bool = True) -> None:
        self.live = live

    def door(self, runtime_id: str, qualifier: str) -> object:
        return object()

    def version(self, runtime_id: str, number: int) -> object:
        return object()

    def serves(self, runtime_id: str, number: int) -> bool:
        return self.live

    def well(self, key: tuple[str, int]) -> None:
        """Nothing was said against it."""


KEY = SessionKey("a-0123456789", "DEFAULT", "s" * 33)
LIFECYCLE = {"idleRuntimeSessionTimeout": 60, "maxLifetime": 600}


def watched(folder: Path, work: Callable[..., Any], deployments: Any) -> Any:
    """Run work(caretaker, sessions, host, clock, launch) with one real agent process and a clock of its own."""
    (folder / "main.py").write_text(SPEAKING)
    (folder / "own.py").write_text("GENERATION = '1'\n")
    launch = Launch(KEY[:1] + (1,), folder, "main.py", {}, folder / "agent.log", idle_s=60.0)

    async def run() -> Any:
        clock = Clock()
        async with aiohttp.ClientSession() as client:
            host, sessions = AgentHost(client, "us-east-1", lambda *a, **k: None), Sessions(clock)
            caretaker = Caretaker(deployments, sessions, host, deployments, clock, time.time, lambda *a, **k: None)
            try:
                return await work(caretaker, sessions, host, clock, launch)
            finally:
                await host.close()

    return asyncio.run(run())


async def taken_part(sessions: Sessions, host: AgentHost, launch: Launch) -> None:
    with sessions.call(KEY, 1, LIFECYCLE) as session:
        agent = await host.ensure(launch)
        agent.entered()
        session.state = "ready"
        agent.left()


def test_an_idle_session_ends_and_its_agent_comes_back_for_the_next_call(tmp_path: Path) -> None:
    async def work(caretaker: Any, sessions: Any, host: Any, clock: Any, launch: Any) -> None:
        await taken_part(sessions, host, launch)
        clock.now += 59
        await caretaker.sweep()
        first = host.find(launch.key)
        assert sessions.find(KEY) and first
        clock.now += 60  # the agent rests since it was ready, by the machine's clock: starting it took a while
        await caretaker.sweep()
        assert sessions.find(KEY) is None and host.find(launch.key) is None
        assert is_gone(first.process.pid)
        await taken_part(sessions, host, launch)
        assert host.find(launch.key).process.pid != first.process.pid

    watched(tmp_path, work, Deployments())


def test_a_busy_agent_keeps_its_session_until_the_maximum_lifetime(tmp_path: Path) -> None:
    async def work(caretaker: Any, sessions: Any, host: Any, clock: Any, launch: Any) -> None:
        (tmp_path / "busy").touch()
        await taken_part(sessions, host, launch)
        for _ in range(9):
            clock.now += 61
            await caretaker.sweep()
            assert sessions.find(KEY), "HealthyBusy keeps it"
        clock.now += 61
        await caretaker.sweep()
        assert sessions.find(KEY) is None

    watched(tmp_path, work, Deployments())


def test_a_busy_agent_that_becomes_idle_lets_its_session_go(tmp_path: Path) -> None:
    async def work(caretaker: Any, sessions: Any, host: Any, clock: Any, launch: Any) -> None:
        (tmp_path / "busy").touch()
        await taken_part(sessions, host, launch)
        clock.now += 61
        await caretaker.sweep()
        (tmp_path / "busy").unlink()
        clock.now += 61
        await caretaker.sweep()
        assert sessions.find(KEY) is None

    watched(tmp_path, work, Deployments())


def test_an_agent_of_an_old_version_ends_with_its_last_session(tmp_path: Path) -> None:
    async def work(caretaker: Any, sessions: Any, host: Any, clock: Any, launch: Any) -> None:
        await taken_part(sessions, host, launch)
        await caretaker.sweep()
        assert host.find(launch.key), "a session needs it"
        sessions.end(sessions.find(KEY))
        await caretaker.sweep()
        assert host.find(launch.key) is None

    watched(tmp_path, work, Deployments(live=False))
