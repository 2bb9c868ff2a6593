"""The process itself: what survives it, what must not outlive it, and when it refuses to start."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from tests.contract.agents import MAIN, archive
from tests.contract.cloud import ROLE, Emulator, Local, People, eventually, make_people, make_role
from tests.contract.deployed import BUCKET, Deployed

Create = Callable[..., Deployed]


@pytest.fixture
def own(emulator: Emulator, tmp_path: Path) -> Iterator[Local]:
    """An agentcore_local that a test may kill."""
    local = Local(emulator, tmp_path)
    local.start()
    yield local
    local.kill()


WAITING = "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.02)\n"


def pid_of_agent(local: Local, runtime: Deployed, people: People) -> int:
    answer = local.invoke(runtime.arn, headers=people.bearer())
    assert answer.status == 200, answer
    pid: int = answer.json["pid"]
    return pid


def started(local: Local, runtime: Deployed, version: int) -> int | None:
    """The process of a version's agent, as the log tells, without taking part in a session of it."""
    pids = [
        e["pid"]
        for e in local.events()
        if e["event"] == "agent_started" and (e["runtime"], e["version"]) == (runtime.id, version)
    ]
    return pids[-1] if pids else None


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_kill_loses_no_state_and_leaves_no_agent(own: Local, create: Create, people: People) -> None:
    runtime = create(own, authorizerConfiguration=people.authorizer(), tags={"a": "b"})
    before, agent = runtime.get(), pid_of_agent(own, runtime, people)
    own.kill()
    eventually(lambda: is_gone(agent), "the agent has ended with its host")
    own.start()
    after = runtime.get()
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    assert own.invoke(runtime.arn).status == 401
    assert own.invoke(runtime.arn, headers=people.bearer(people.outsider_id)).status == 401
    assert pid_of_agent(own, runtime, people) != agent
    assert runtime.control.list_tags_for_resource(resourceArn=runtime.arn)["tags"] == {"a": "b"}


def test_a_kill_while_creating_is_taken_up_at_the_next_start(own: Local, upload: Callable[..., Any]) -> None:
    control = own.control()
    made = control.create_agent_runtime(
        agentRuntimeName="interrupted", agentRuntimeArtifact=upload(main=WAITING + MAIN), roleArn=ROLE
    )
    own.kill()
    own.start()
    runtime_id = made["agentRuntimeId"]
    assert control.get_agent_runtime(agentRuntimeId=runtime_id)["status"] == "CREATING"
    folder = own.folder / "state/agents" / runtime_id / "1/code"
    eventually(folder.exists, "the code is there")
    (folder / "go").touch()
    eventually(lambda: control.get_agent_runtime(agentRuntimeId=runtime_id)["status"] == "READY", "ready")


def test_a_kill_while_updating_leaves_the_old_door_until_the_new_agent_is_healthy(
    own: Local, create: Create, people: People, upload: Callable[..., Any]
) -> None:
    runtime = create(own, authorizerConfiguration=people.authorizer())
    insider, outsider = people.bearer(), people.bearer(people.outsider_id)
    runtime.control.update_agent_runtime(
        agentRuntimeId=runtime.id,
        agentRuntimeArtifact=upload(main=WAITING + MAIN),
        roleArn=ROLE,
        authorizerConfiguration=people.authorizer(people.outsider_id),
    )
    own.kill()
    own.start()
    assert runtime.get()["status"] == "UPDATING"
    assert own.invoke(runtime.arn, headers=insider).status == 200
    assert own.invoke(runtime.arn, headers=outsider).status == 401
    folder = own.folder / "state/agents" / runtime.id / "2/code"
    eventually(folder.exists, "the new code is there")
    (folder / "go").touch()
    runtime.settle()
    assert own.invoke(runtime.arn, headers=insider).status == 401
    assert own.invoke(runtime.arn, headers=outsider).status == 200


def test_a_stop_ends_the_agents_and_succeeds(own: Local, create: Create, people: People) -> None:
    runtime = create(own, authorizerConfiguration=people.authorizer())
    agent = pid_of_agent(own, runtime, people)
    assert own.stop() == 0
    assert is_gone(agent)


def test_a_stop_does_not_wait_for_an_endless_stream(own: Local, create: Create, people: People) -> None:
    runtime = create(own, authorizerConfiguration=people.authorizer())
    path = f"/runtimes/{quote(runtime.arn, safe='')}/invocations"
    body = b'{"stream": 1000000, "pause": 0.01}'
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", own.data_port), timeout=20) as s:
        s.sendall(f"{head}Authorization: {people.bearer()['Authorization']}\r\n\r\n".encode() + body)
        assert s.recv(100).startswith(b"HTTP/1.1 200")
        assert own.stop() == 0


def test_an_agent_that_died_is_started_for_the_next_call(own: Local, create: Create, people: People) -> None:
    runtime = create(own, authorizerConfiguration=people.authorizer())
    agent = pid_of_agent(own, runtime, people)
    psutil.Process(agent).kill()
    eventually(lambda: is_gone(agent), "the agent is dead")
    again = eventually(lambda: pid_of_agent(own, runtime, people), "a new agent answers")
    assert again != agent


def test_the_agent_of_a_replaced_version_ends(own: Local, create: Create, people: People) -> None:
    runtime = create(own, authorizerConfiguration=people.authorizer())
    old = eventually(lambda: started(own, runtime, 1), "the first version's agent has started")
    runtime.update(authorizerConfiguration=people.authorizer())
    eventually(lambda: is_gone(old), "the old version's agent has ended")
    assert pid_of_agent(own, runtime, people) != old


def test_an_agent_that_listens_beyond_loopback_is_refused(create: Create, upload: Callable[..., Any]) -> None:
    main = MAIN.replace('os.environ["HOST"]', '"0.0.0.0"')
    got = create(agentRuntimeArtifact=upload(main=main)).get()
    assert got["status"] == "CREATE_FAILED"
    assert "listens on 0.0.0.0" in got["failureReason"]


def test_state_and_agents_files_are_private(local: Local, create: Create) -> None:
    create()
    state = local.folder / "state"
    shared = [p for p in [state, *state.rglob("*")] if p.stat().st_mode & 0o077]
    assert shared == []


def test_without_keys_nobody_gets_in_and_with_them_again(create: Create, tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    cloud = Emulator(tmp_path / "cloud", "AKIAEXAMPLEEXAMPLE00", "s" * 40)
    local = Local(cloud, tmp_path)
    try:
        cloud.start()
        s3, people = cloud.client("s3"), make_people(cloud.client("cognito-idp"))
        make_role(cloud.client("iam"))
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="a.zip", Body=archive())
        local.start()
        code = {"s3": {"bucket": BUCKET, "prefix": "a.zip"}}
        artifact = {"codeConfiguration": {"code": code, "runtime": "PYTHON_3_11", "entryPoint": ["main.py"]}}
        runtime = create(local, agentRuntimeArtifact=artifact, authorizerConfiguration=people.authorizer())
        bearer = people.bearer()
        assert local.invoke(runtime.arn, headers=bearer).status == 200
        local.kill()
        cloud.stop()
        local.start()
        refused = local.invoke(runtime.arn, headers=bearer)
        assert (refused.status, refused.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
        cloud.start()
        eventually(lambda: local.invoke(runtime.arn, headers=bearer).status == 200, "keys are back")
    finally:
        local.kill()
        cloud.stop()


def test_the_mmdsv2_default_can_be_turned(create: Create, emulator: Emulator, tmp_path: Path) -> None:
    local = Local(emulator, tmp_path, ("--mmds-v2-default", "false"))
    try:
        local.start()
        runtime, data = create(local), local.data()
        assert runtime.get()["metadataConfiguration"] == {"requireMMDSV2": False}
        with pytest.raises(data.exceptions.ValidationException, match="not MMDSv2-enabled"):
            data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")
    finally:
        local.kill()


def start(local: Local, **environment: str) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": local.emulator.key, "AWS_SECRET_ACCESS_KEY": local.emulator.secret}
    return subprocess.run(
        local.command(),
        env={"PATH": os.environ["PATH"]} | keys | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("key", ["test", "123456789012", ""])
def test_a_short_cut_root_key_is_refused_at_start(emulator: Emulator, tmp_path: Path, key: str) -> None:
    result = start(Local(emulator, tmp_path), AWS_ACCESS_KEY_ID=key)
    assert result.returncode == 2
    assert "key" in result.stderr


def test_a_taken_port_and_a_taken_folder_are_named(local: Local, emulator: Emulator, tmp_path: Path) -> None:
    port = start(Local(emulator, tmp_path, control_port=local.control_port))
    assert (port.returncode, str(local.control_port) in port.stderr) == (5, True)
    folder = start(Local(emulator, local.folder))
    assert (folder.returncode, "in use" in folder.stderr) == (5, True)
