"""Agent processes that die: what callers get, who starts them again, what the control plane says, what is kept of
their output. The processes are real and are really killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from agentcore_local.output import KEPT, MAX_BYTES, MAX_LINE
from agentcore_local.rotated import old_name
from tests.contract.agents import MAIN
from tests.contract.cloud import Answer, Local, People, eventually
from tests.contract.deployed import Deployed

Create = Callable[..., Deployed]
Upload = Callable[..., dict[str, Any]]
DYING = MAIN.replace(
    'if "status" in asked:',
    'if "die" in asked:\n            print("\\x1b[31mthe index is gone\\x1b[0m", flush=True)\n            os._exit(3)\n'
    '        if "print" in asked:\n            print("\\n".join([asked["print"] * asked["long"]] * asked["times"]))\n'
    '        if "status" in asked:',
)


@pytest.fixture
def runtime(create: Create, people: People, upload: Upload) -> Deployed:
    return create(agentRuntimeArtifact=upload(main=DYING), authorizerConfiguration=people.authorizer())


def starts(local: Local, runtime: Deployed) -> int:
    return sum(e["event"] == "agent_started" and e["runtime"] == runtime.id for e in local.events())


def deaths(local: Local, runtime: Deployed) -> int:
    return sum(e["event"] == "agent_died" and e["runtime"] == runtime.id for e in local.events())


def log_of(local: Local, runtime: Deployed) -> Path:
    return local.folder / "state" / "agents" / runtime.id / "1" / "agent.log"


def died(local: Local, runtime: Deployed, people: People) -> Answer:
    """The answer to a call under which the agent ends; its end has been noted."""
    before = deaths(local, runtime)
    answer = local.invoke(runtime.arn, body=b'{"die": true}', headers=people.bearer())
    eventually(lambda: deaths(local, runtime) > before, "its end is noted")
    return answer


def test_the_caller_of_a_dying_agent_gets_424_and_the_next_one_another_agent(
    local: Local, runtime: Deployed, people: People
) -> None:
    insider = people.bearer()
    first = local.invoke(runtime.arn, headers=insider).json["pid"]
    answer = died(local, runtime, people)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (424, "RuntimeClientError")
    assert b"index" not in answer.body
    assert local.invoke(runtime.arn, headers=insider).json["pid"] != first
    assert runtime.get()["status"] == "READY"


def test_strangers_do_not_start_a_dead_agent(local: Local, runtime: Deployed, people: People) -> None:
    insider, outsider = people.bearer(), people.bearer(people.outsider_id)
    psutil.Process(local.invoke(runtime.arn, headers=insider).json["pid"]).kill()
    eventually(lambda: deaths(local, runtime) == 1, "its end is noted")
    before = starts(local, runtime)
    for headers in ({}, outsider, {"Authorization": "Bearer x.y.z"}):
        assert local.invoke(runtime.arn, headers=headers).status in (401, 403)
    assert starts(local, runtime) == before
    assert local.invoke(runtime.arn, headers=insider).status == 200
    assert starts(local, runtime) == before + 1


def test_an_agent_that_keeps_dying_rests_behind_its_door_and_says_why_until_it_is_mended(
    local: Local, runtime: Deployed, people: People, upload: Upload
) -> None:
    insider = people.bearer()
    for _ in range(2):
        died(local, runtime, people)
    before = starts(local, runtime)
    resting = local.invoke(runtime.arn, headers=insider)
    assert (resting.status, starts(local, runtime)) == (424, before)
    assert "starting the runtime" in resting.json["message"]
    eventually(lambda: died_again(local, runtime, insider), "it is tried again after its rest")
    eventually(lambda: runtime.get()["status"] == "UPDATE_FAILED", "the runtime says so")
    reason = runtime.get()["failureReason"]
    assert "Agent ended with code 3" in reason and "the index is gone" in reason and "\x1b" not in reason
    endpoint = runtime.control.get_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName="DEFAULT")
    assert (endpoint["status"], endpoint["failureReason"]) == ("UPDATE_FAILED", reason)
    assert local.invoke(runtime.arn).status == 401
    assert local.invoke(runtime.arn, headers=insider).status == 424
    runtime.update(agentRuntimeArtifact=upload(), authorizerConfiguration=people.authorizer())
    assert (runtime.get()["status"], "failureReason" in runtime.get()) == ("READY", False)
    assert local.invoke(runtime.arn, headers=insider).status == 200


def died_again(local: Local, runtime: Deployed, insider: dict[str, str]) -> bool:
    local.invoke(runtime.arn, body=b'{"die": true}', headers=insider)
    return deaths(local, runtime) >= 3


def test_a_flood_of_output_neither_fills_the_disk_nor_stops_the_agent(
    local: Local, runtime: Deployed, people: People
) -> None:
    for body in (
        b'{"print": "flood ", "long": 1000, "times": 5000}',
        b'{"print": "wide ", "long": 2000000, "times": 1}',
        b'{"print": "the end", "long": 1, "times": 1}',
    ):
        assert local.invoke(runtime.arn, body=body, headers=people.bearer()).status == 200
    log = log_of(local, runtime)
    eventually(lambda: log.read_text().endswith(" the end\n"), "all of it is written")
    files = [old_name(log, number) for number in range(KEPT + 1)]
    assert set(log.parent.glob("agent.log*")) == set(files)
    assert sum(f.stat().st_size for f in files) <= (KEPT + 1) * MAX_BYTES
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    longest = max(len(line) for f in files for line in f.read_text().splitlines())
    assert MAX_LINE < longest < MAX_LINE + 100
