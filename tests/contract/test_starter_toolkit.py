"""The starter toolkit's own classes as clients, unchanged, in a process of their own with the endpoints it knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cloud import ACCOUNT, REGION, ROLE, Local, People
from tests.contract.deployed import BUCKET, Deployed

Create = Callable[..., Deployed]

# Reads {"calls": [[name, arguments], ...]} on stdin; prints one result or error for each call as the last line.
CLIENT = """
import json, sys
from bedrock_agentcore_starter_toolkit.services.runtime import BedrockAgentCoreClient, HttpBedrockAgentCoreClient

asked = json.load(sys.stdin)
kinds = {"signed": BedrockAgentCoreClient, "bearer": HttpBedrockAgentCoreClient}
client = kinds[asked["kind"]](asked["region"])
results = []
for name, arguments in asked["calls"]:
    try:
        results.append({"ok": getattr(client, name)(**arguments)})
    except Exception as e:
        results.append({"error": type(e).__name__, "text": str(e)})
print(json.dumps(results, default=str))
"""

# The Runtime class of notebooks, configured for a runtime that is there already.
NOTEBOOK = """
import json, sys
from pathlib import Path
from bedrock_agentcore_starter_toolkit import Runtime
from bedrock_agentcore_starter_toolkit.utils.runtime.config import load_config, save_config

asked = json.load(sys.stdin)
Path("main.py").write_text("app = None\\n")
Path("requirements.txt").write_text("")
runtime = Runtime()
runtime.configure(
    entrypoint="main.py", agent_name=asked["name"], execution_role=asked["role"], auto_create_ecr=False,
    s3_path=asked["bucket"], authorizer_configuration=asked["authorizer"], region=asked["region"],
    requirements_file="requirements.txt", disable_otel=True, memory_mode="NO_MEMORY",
    deployment_type="direct_code_deploy", runtime_type="PYTHON_3_11",
)
path = Path(".bedrock_agentcore.yaml")
config = load_config(path)
agent = config.get_agent_config()
agent.aws.account = asked["account"]
agent.bedrock_agentcore.agent_id, agent.bedrock_agentcore.agent_arn = asked["id"], asked["arn"]
save_config(config, path)
results = {"status": runtime.status().model_dump()}
for name, arguments in asked["calls"]:
    try:
        results[name] = getattr(runtime, name)(**arguments)
    except Exception as e:
        results[name] = {"error": type(e).__name__, "text": str(e)}
print(json.dumps(results, default=str))
"""


def run(local: Local, program: str, folder: Path, asked: dict[str, Any]) -> Any:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": local.emulator.key,
        "AWS_SECRET_ACCESS_KEY": local.emulator.secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": local.emulator.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BEDROCK_AGENTCORE_CP_ENDPOINT": local.control_url,
        "BEDROCK_AGENTCORE_DP_ENDPOINT": local.data_url,
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps({"region": REGION, **asked}),
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def jwt_door(create: Create, people: People) -> Deployed:
    return create(authorizerConfiguration=people.authorizer())


@pytest.fixture(scope="module")
def iam_door(create: Create) -> Deployed:
    return create()


def test_the_signing_client_finds_calls_and_stops(
    local: Local, iam_door: Deployed, jwt_door: Deployed, tmp_path: Path
) -> None:
    session = "s" * 40
    calls: list[tuple[str, dict[str, Any]]] = [
        ("find_agent_by_name", {"agent_name": iam_door.name}),
        ("get_agent_runtime", {"agent_id": iam_door.id}),
        ("get_agent_runtime_endpoint", {"agent_id": iam_door.id}),
        ("wait_for_agent_endpoint_ready", {"agent_id": iam_door.id, "max_wait": 10}),
        ("invoke_endpoint", {"agent_arn": iam_door.arn, "payload": "{}", "session_id": session}),
        ("stop_runtime_session", {"agent_arn": iam_door.arn, "session_id": session}),
        ("invoke_endpoint", {"agent_arn": jwt_door.arn, "payload": "{}", "session_id": session}),
        ("list_agents", {}),
    ]
    found, got, endpoint, ready, invoked, stopped, refused, listed = run(
        local, CLIENT, tmp_path, {"kind": "signed", "calls": calls}
    )
    assert found["ok"]["agentRuntimeId"] == got["ok"]["agentRuntimeId"] == iam_door.id
    assert (got["ok"]["status"], endpoint["ok"]["status"]) == ("READY", "READY")
    assert iam_door.id in ready["ok"] or "runtime" in ready["ok"]
    assert '"generation": "1"' in json.dumps(invoked["ok"]).replace('\\"', '"').replace("\\", "")
    assert "error" not in stopped, stopped
    assert "AccessDeniedException" in refused["error"] + refused["text"]
    assert "Authorization method mismatch" in refused["text"]
    assert iam_door.arn in {agent["agentRuntimeArn"] for agent in listed["ok"]}


def test_the_bearer_client_is_judged_by_its_token(
    local: Local, jwt_door: Deployed, iam_door: Deployed, people: People, tmp_path: Path
) -> None:
    insider = people.tokens(people.client_id)["AccessToken"]
    outsider = people.tokens(people.outsider_id)["AccessToken"]
    tries = [(jwt_door, insider), (jwt_door, outsider), (jwt_door, "e30.e30.AA"), (jwt_door, None), (iam_door, insider)]
    calls = [
        (
            "invoke_endpoint",
            {"agent_arn": door.arn, "payload": "{}", "session_id": "b" * 40, "bearer_token": token},
        )
        for door, token in tries
    ]
    results = run(local, CLIENT, tmp_path, {"kind": "bearer", "calls": calls})
    assert "generation" in json.dumps(results[0]["ok"])
    # The toolkit words every 401 and 403 as a ValueError that begins with the status.
    assert [result["text"][:4] for result in results[1:]] == ["401 ", "403 ", "401 ", "403 "]


def notebook(door: Deployed, calls: list[tuple[str, dict[str, Any]]], authorizer: Any = None) -> dict[str, Any]:
    names = {"name": door.name, "id": door.id, "arn": door.arn, "role": ROLE, "account": ACCOUNT}
    return {**names, "bucket": f"s3://{BUCKET}", "authorizer": authorizer, "calls": calls}


def test_a_notebook_calls_with_a_token(local: Local, jwt_door: Deployed, people: People, tmp_path: Path) -> None:
    token = people.tokens(people.client_id)["AccessToken"]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("invoke", {"payload": {"a": 1}, "bearer_token": token, "session_id": "n" * 40}),
        ("stop_session", {"session_id": "n" * 40}),
    ]
    got = run(local, NOTEBOOK, tmp_path, notebook(jwt_door, calls, people.authorizer()))
    assert got["status"]["agent"]["status"] == "READY"
    assert got["status"]["endpoint"]["status"] == "READY"
    assert "generation" in json.dumps(got["invoke"])
    # The toolkit signs this call, whatever the door: the service refuses it at a JWT door, and so it is here.
    assert "Authorization method mismatch" in json.dumps(got["stop_session"])


def test_a_notebook_calls_with_a_signature(local: Local, iam_door: Deployed, tmp_path: Path) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("invoke", {"payload": {"a": 1}, "session_id": "m" * 40}),
        ("stop_session", {"session_id": "m" * 40}),
    ]
    got = run(local, NOTEBOOK, tmp_path, notebook(iam_door, calls))
    assert got["status"]["agent"]["status"] == "READY"
    assert "generation" in json.dumps(got["invoke"])
    assert got["stop_session"].get("status_code") == 200, got["stop_session"]
