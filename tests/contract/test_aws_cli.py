"""The AWS CLI from PyPI as a client, unchanged: what a person at a terminal would type."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cloud import REGION, ROLE, Local, People, eventually
from tests.contract.deployed import Deployed

Create = Callable[..., Deployed]
PROGRAM = str(Path(sys.executable).with_name("aws"))


class Terminal:
    """Runs the CLI with an environment of its own."""

    def __init__(self, local: Local, home: Path) -> None:
        self._local, self._home = local, home

    def aws(self, service: str, *words: str, secret: str = "") -> subprocess.CompletedProcess[str]:
        control = service.endswith("control")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "AWS_ACCESS_KEY_ID": self._local.emulator.key,
            "AWS_SECRET_ACCESS_KEY": secret or self._local.emulator.secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "NO_PROXY": "127.0.0.1",
        }
        url = self._local.control_url if control else self._local.data_url
        return subprocess.run(
            [PROGRAM, service, *words, "--endpoint-url", url, "--output", "json"],
            env=environment,
            cwd=self._home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def control(self, *words: str) -> Any:
        done = self.aws("bedrock-agentcore-control", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}


@pytest.fixture
def terminal(local: Local, tmp_path: Path) -> Terminal:
    return Terminal(local, tmp_path)


def invoke(terminal: Terminal, arn: str, secret: str = "") -> subprocess.CompletedProcess[str]:
    words = ("--agent-runtime-arn", arn, "--payload", "e30=", "--content-type", "application/json", "answer.json")
    return terminal.aws("bedrock-agentcore", "invoke-agent-runtime", *words, secret=secret)


def test_a_runtime_lives_and_dies_by_the_cli(
    local: Local, terminal: Terminal, upload: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    control = local.control()  # what is waited for between two commands is asked of boto3, which starts faster
    name = f"typed_{secrets.token_hex(4)}"
    common = ("--role-arn", ROLE, "--network-configuration", '{"networkMode": "PUBLIC"}')
    artifact = ("--agent-runtime-artifact", json.dumps(upload()))
    made = terminal.control("create-agent-runtime", "--agent-runtime-name", name, *artifact, *common)
    runtime = made["agentRuntimeId"]
    by_id = ("--agent-runtime-id", runtime)

    def ready() -> bool:
        return bool(control.get_agent_runtime(agentRuntimeId=runtime)["status"] == "READY")

    eventually(ready, "the runtime is ready")
    assert terminal.control("get-agent-runtime", *by_id)["agentRuntimeName"] == name
    listed = terminal.control("list-agent-runtimes")["agentRuntimes"]
    assert made["agentRuntimeArn"] in {found["agentRuntimeArn"] for found in listed}
    assert invoke(terminal, made["agentRuntimeArn"]).returncode == 0
    assert json.loads((tmp_path / "answer.json").read_text())["generation"] == "1"
    artifact = ("--agent-runtime-artifact", json.dumps(upload(generation="2")))
    assert terminal.control("update-agent-runtime", *by_id, *artifact, *common)["agentRuntimeVersion"] == "2"
    eventually(ready, "the runtime is updated")
    assert invoke(terminal, made["agentRuntimeArn"]).returncode == 0
    assert json.loads((tmp_path / "answer.json").read_text())["generation"] == "2"
    assert terminal.control("delete-agent-runtime", *by_id)["status"] == "DELETING"

    def gone() -> bool:
        return runtime not in {r["agentRuntimeId"] for r in control.list_agent_runtimes()["agentRuntimes"]}

    eventually(gone, "the runtime is gone")
    done = terminal.aws("bedrock-agentcore-control", "get-agent-runtime", *by_id)
    assert (done.returncode != 0, "ResourceNotFoundException" in done.stderr) == (True, True)


def test_a_signed_call_at_a_jwt_door_fails_with_the_services_words(
    terminal: Terminal, create: Create, people: People
) -> None:
    door = create(authorizerConfiguration=people.authorizer())
    done = invoke(terminal, door.arn)
    assert done.returncode != 0
    assert "AccessDeniedException" in done.stderr
    assert "Authorization method mismatch" in done.stderr


def test_a_wrong_secret_is_refused_on_both_planes(terminal: Terminal, create: Create) -> None:
    door = create()
    for done in (
        invoke(terminal, door.arn, secret="wrong"),
        terminal.aws("bedrock-agentcore-control", "list-agent-runtimes", secret="wrong"),
    ):
        assert done.returncode != 0
        assert "InvalidSignatureException" in done.stderr
