"""The real program: `python main.py` on a loopback port, with an environment of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.agent import ANN, CUSTOMERS, bearer

AGENT = Path(__file__).resolve().parents[3] / "agent"
SEED_QUESTION = "what is the credit score for me? my customer id is 1234"
START_DEADLINE_S = 60.0


def environment(**extra: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **extra}


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, _module_sockets: None) -> Iterator[tuple[str, Path]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log, url = tmp_path_factory.mktemp("agent") / "agent.log", f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "main.py"],
            cwd=AGENT,
            env=environment(
                HOST="127.0.0.1", PORT=str(port), MODEL_PROVIDER="scripted", CUSTOMERS=json.dumps(CUSTOMERS)
            ),
            stdout=out,
            stderr=out,
        )
    try:
        wait_for(url, process, log)
        yield url, log
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def _module_sockets() -> None:
    from pytest_socket import enable_socket

    enable_socket()


pytestmark = pytest.mark.usefixtures("socket_enabled")


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/ping", timeout=5, trust_env=False).json()["status"] == "Healthy":
                return
        except httpx.TransportError:
            time.sleep(0.02)
    pytest.fail(f"the agent did not start: {log.read_text()}")


def post(url: str, body: object) -> httpx.Response:
    headers = {"Authorization": bearer(sub=ANN)}
    return httpx.post(f"{url}/invocations", json=body, headers=headers, timeout=30, trust_env=False)


def test_the_credit_question_is_answered(agent: tuple[str, Path]) -> None:
    reply = post(agent[0], {"prompt": SEED_QUESTION})
    assert reply.status_code == 200
    assert reply.json() == {
        "result": {
            "role": "assistant",
            "content": [{"text": "The credit score of customer 1234 is 742."}],
            "metadata": {"credit_score_source": "built_in"},
        }
    }


def test_a_bad_payload_is_a_400_that_names_the_fault(agent: tuple[str, Path]) -> None:
    reply = post(agent[0], {"question": SEED_QUESTION})
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("prompt is missing")


def test_a_stream_ends_with_the_same_result(agent: tuple[str, Path]) -> None:
    question = {"prompt": "What is an escrow account?"}
    reply = post(agent[0], {**question, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in reply.text.splitlines() if line]
    assert len(events) > 2
    assert events[-1] == post(agent[0], question).json()
    assert "".join(event["text"] for event in events[:-1]) == events[-1]["result"]["content"][0]["text"]


def test_the_log_holds_no_prompt_answer_or_id(agent: tuple[str, Path]) -> None:
    post(agent[0], {"prompt": "credit score, customer id is 765432109876"})
    post(agent[0], {"prompt": 765432109876})
    text = agent[1].read_text()
    assert text.count("\n") >= 2
    assert "765432109876" not in text
    assert "credit score" not in text
    assert ANN not in text


def test_an_unknown_provider_stops_the_start_with_one_line() -> None:
    ended = subprocess.run(
        [sys.executable, "main.py"],
        cwd=AGENT,
        env=environment(MODEL_PROVIDER="parrot"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "agent: MODEL_PROVIDER is 'parrot'; use bedrock, openai or scripted\n"
