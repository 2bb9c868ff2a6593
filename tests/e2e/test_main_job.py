"""README's commands in a fresh clone, in the order in which a newcomer meets them."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from typing import Any

import psutil
import pytest

from orchestration.checks.case import Door
from orchestration.checks.cases import CASES
from tests.e2e.acts import allow_client, client, files_with, local_environment, one_error, secrets_of
from tests.e2e.conftest import Clone, Done

pytestmark = pytest.mark.e2e

CREDIT_QUESTION = "what is the credit score for me? my customer id is 1234"
OWN_DOORS = (Door.MAIN, Door.GATEWAY)
OWN_CASES = {case.id for case in CASES if case.door in OWN_DOORS}


def test_make_up_in_a_fresh_clone_proves_the_door(first_up: Done) -> None:
    assert first_up.code == 0, first_up.err
    verdicts = len(OWN_CASES) + len(OWN_DOORS)  # each door's configuration is one more
    assert f"{verdicts} of {verdicts} verdicts as expected" in first_up.out
    assert "what to try next" in first_up.err


def test_a_make_up_that_ctrl_c_ended_leaves_nothing_to_change_for_the_next_one(up: Clone) -> None:
    before = up.document("status")["runtime"], serial(up)
    with up.start("make", "up") as cut:
        assert cut.stderr is not None
        shown = next(line for line in cut.stderr if "ok  terraform init" in line)
        os.killpg(cut.pid, signal.SIGINT)
        shown += cut.stderr.read()
    assert cut.returncode != 0 and "interrupted; nothing is lost" in shown and "Traceback" not in shown
    done = up.run("make", "up")
    assert done.code == 0, done.err
    assert "nothing changed" in done.err
    # Whatever was said to the emulator before: that plan found nothing, so the next one need not be made.
    again = up.run("make", "up")
    assert again.code == 0, again.err
    assert "terraform: not planned" in again.err and "terraform plan" not in again.err
    assert (up.document("status")["runtime"], serial(up)) == before


def test_ask_answers_the_credit_question(up: Clone) -> None:
    done = up.invoke("ask", CREDIT_QUESTION)
    assert (done.code, done.err) == (0, "")
    scores = json.loads((up.path / "agent/mortgage/data/credit_scores.demo.json").read_text())["scores"]
    assert str(scores["1234"]) in done.out


def test_one_request_is_followed_through_gateway_and_function(up: Clone) -> None:
    done = up.invoke("ask", "--trace", CREDIT_QUESTION)
    assert done.code == 0, done.err
    assert done.err == "", "nothing of it is missing"
    told = up.document("trace")
    assert told["trace"] in done.out
    places = [hop["place"] for hop in told["hops"]]
    assert (places[0], set(places)) == ("runtime", {"runtime", "agent", "gateway", "function"})
    outcomes = {hop["place"]: hop.get("outcome") for hop in told["hops"] if "outcome" in hop}
    assert outcomes == {"agent": "found", "gateway": "ok", "function": "found"}


@pytest.mark.parametrize(("client", "name"), [("user", "user_client_id"), ("machine", "machine_client_id")])
def test_token_is_an_access_token_of_that_client(up: Clone, outputs: dict[str, Any], client: str, name: str) -> None:
    done = up.invoke("token", "--client", client)
    payload = done.out.strip().split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["client_id"] == outputs["cognito"][name]
    assert claims["token_use"] == "access"


def test_status_and_outputs_have_the_documented_shape(up: Clone, outputs: dict[str, Any]) -> None:
    for document in (up.document("status"), outputs):
        assert (document["target"], document["region"]) == ("local", "us-east-1")
        assert set(document["endpoints"]) == {"aws", "control_plane", "data_plane"}
        runtime = document["runtime"]
        assert {"name", "id", "arn", "version", "status", "endpoint"} <= set(runtime)
        assert runtime["status"] == "READY" and runtime["arn"].endswith(runtime["id"])
        clients = {document["cognito"]["user_client_id"], document["cognito"]["machine_client_id"]}
        assert set(document["authorizer"]["allowed_clients"]) == clients
        assert document["cognito"]["user_pool_id"] in document["authorizer"]["discovery_url"]
        gateway = document["gateway"]
        assert gateway["authorizer"]["allowed_scopes"] == ["gateway/invoke"]
        assert not clients & set(gateway["authorizer"]["allowed_clients"])
        assert gateway["targets"]["credit-check"]["status"] == gateway["status"] == "READY"


def test_a_killed_local_cloud_is_named_leaves_no_agent_and_make_up_recovers(up: Clone, outputs: dict[str, Any]) -> None:
    emulator, runtime = (process["pid"] for process in up.document("local.status")["processes"])
    agents = psutil.Process(runtime).children(recursive=True)
    assert agents, "the agent runs as a process of its own"
    os.kill(runtime, signal.SIGKILL)
    _, alive = psutil.wait_procs(agents, timeout=20)
    assert not alive
    down = up.invoke("smoke-test")
    assert (down.code, one_error(down).startswith("error [local_cloud_down]: agentcore_local is down")) == (5, True)
    os.kill(emulator, signal.SIGKILL)
    done = up.invoke("ask", CREDIT_QUESTION)
    assert (done.code, one_error(done).startswith("error [local_cloud_down]: ministack is down")) == (5, True)
    assert "remedy: make up" in done.err
    again = up.run("make", "up")
    assert (again.code, "ok  terraform plan" in again.err) == (0, True), (
        "another process of the emulator proves nothing"
    )
    pool = up.document("status")["cognito"]["user_pool_id"]
    assert pool == outputs["cognito"]["user_pool_id"], "the checkpoint must have kept the pool"


@pytest.mark.parametrize(
    ("env", "words", "code", "error"),
    [
        pytest.param({"TARGET": "mars"}, ["status"], 2, "error [bad_target]: TARGET is 'mars'", id="target"),
        pytest.param({"ENVIRONMENT": "none"}, ["status"], 5, "error [local_cloud_absent]", id="nothing-there"),
        pytest.param({"TERRAFORM": "/no/such"}, ["plan"], 5, "error [terraform_missing]: /no/such", id="terraform"),
    ],
)
def test_an_error_is_one_line_with_a_remedy(
    up: Clone, env: dict[str, str], words: list[str], code: int, error: str
) -> None:
    done = up.invoke(*words, **env)
    assert done.code == code
    assert error in one_error(done)


def test_a_client_let_in_behind_the_codes_back_is_the_one_line_of_drift_and_may_not_stay_at_another_endpoint(
    up: Clone, outputs: dict[str, Any]
) -> None:
    """The version that let the outsider in is kept alive by a named endpoint, while DEFAULT is mended."""
    outsider = outputs["terraform"]["probe_outsider_client_id"]
    allow_client(up, outsider)
    drifted = up.invoke("drift", "--json")
    assert drifted.code == 2
    assert [(f["field"], f["added"], f["removed"]) for f in json.loads(drifted.out)["fields"]] == [
        ("authorizer.allowedClients", [outsider], [])
    ]
    control = client(local_environment(up))
    runtime_id = outputs["runtime"]["id"]
    version = control.get_agent_runtime(agentRuntimeId=runtime_id)["agentRuntimeVersion"]
    control.create_agent_runtime_endpoint(agentRuntimeId=runtime_id, name="legacy", agentRuntimeVersion=version)
    done = up.invoke("up")
    assert done.code == 3
    assert "error [other_door]: endpoint 'legacy'" in one_error(done)
    control.delete_agent_runtime_endpoint(agentRuntimeId=runtime_id, endpointName="legacy")
    again = up.run("make", "up")
    assert again.code == 0, again.err
    clean = up.invoke("drift")
    assert (clean.code, clean.out) == (0, "no drift: everything is as code and launch say\n")


def test_a_corrupt_ledger_stops_every_command_and_loses_nothing(up: Clone) -> None:
    """What it alone recorded, such as the doors of the matrix, is unknown from here on."""
    ledger = up.path / ".state/local-dev/ledger.json"
    good = ledger.read_text()
    ledger.write_text(good[: len(good) // 2])
    for word in ("up", "down", "status"):
        done = up.invoke(word)
        assert done.code == 5
        assert "error [corrupt_ledger]" in one_error(done)
    remedy = re.search(r"remedy: (mv \S+ \S+)", done.err)
    assert remedy
    subprocess.run(remedy[1].split(), check=True)
    runtime = json.loads(good)["runtime"]["id"]
    assert up.run("make", "up").code == 0
    assert up.document("status")["runtime"]["id"] == runtime


def test_a_taken_port_is_named(clone: Clone, first_up: Done) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        done = clone.invoke("up", ENVIRONMENT="port", LOCAL_AWS_PORT=str(port))
    assert done.code == 5
    assert f"error [port_taken]: LOCAL_AWS_PORT is {port}" in one_error(done)
    assert clone.invoke("down", ENVIRONMENT="port").code == 0


def test_no_secret_is_on_disk_outside_the_emulator(up: Clone) -> None:
    """A password is nowhere, a machine client's secret in Terraform's state alone, a token where it is kept alone."""
    env = local_environment(up)
    passwords, client_secrets = secrets_of(env)
    tokens = [up.invoke("token", "--client", name).out.strip().split(".")[2] for name in ("user", "machine")]
    assert len(passwords) >= 2 and len(client_secrets) >= 3
    state = up.path / ".state/local-dev"
    assert {name for password in passwords for name in files_with(state, password)} == set()
    assert {name for token in tokens for name in files_with(state, token)} == {"tokens/tokens.json"}
    assert {name for secret in client_secrets for name in files_with(state, secret)} <= {
        "terraform.tfstate",
        "terraform.tfstate.backup",
    }
    assert files_with(state, env["AWS_SECRET_ACCESS_KEY"]) == {"cloud/root-key.json"}
    assert [p for p in state.rglob("*") if p.is_file() and p.stat().st_mode & 0o077] == []


def replace_package(clone: Clone, outputs: dict[str, Any]) -> Any:
    """Put another object where the package is. The S3 client, to see what becomes of it."""
    s3 = client(local_environment(clone), "s3")
    s3.put_object(**package(outputs), Body=b"mine")
    return s3


def package(outputs: dict[str, Any]) -> dict[str, str]:
    made = outputs["terraform"]
    return {"Bucket": made["artifact_bucket_name"], "Key": f"{made['agent_runtime_name']}/deployment.zip"}


def test_a_package_that_was_replaced_in_the_bucket_is_not_kept(up: Clone, outputs: dict[str, Any]) -> None:
    replace_package(up, outputs)
    done = up.run("make", "up")
    assert done.code == 0, done.err
    assert "nothing changed" not in done.err
    assert ": artifact" in done.err


def test_a_reader_that_leaves_does_not_harm_what_is_being_made(up: Clone, outputs: dict[str, Any]) -> None:
    s3 = replace_package(up, outputs)
    done = up.run("sh", "-c", ".venv/bin/invoke up 2>&1 | head -1")
    assert "Traceback" not in done.out + done.err
    assert s3.head_object(**package(outputs))["ContentLength"] > 1000, "it was launched again"
    assert "nothing changed" in up.invoke("up").err


def test_daemons_are_found_when_the_state_folder_was_deleted(clone: Clone, first_up: Done) -> None:
    assert clone.invoke("local.up", ENVIRONMENT="lost").code == 0
    shutil.rmtree(clone.path / ".state" / "local-lost")
    assert clone.invoke("down", ENVIRONMENT="lost").code == 0
    assert not [words for words in clone.processes() if "local-lost" in words]


def serial(clone: Clone) -> int:
    return int(json.loads((clone.path / ".state/local-dev/terraform.tfstate").read_text())["serial"])
