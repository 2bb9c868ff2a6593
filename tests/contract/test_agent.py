"""The agent as a process: a model behind OpenAI's protocol, a caller who leaves a stream, a collector of traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from tests.contract.agent_process import ANN, DEADLINE_S, Endpoint, running, serving, until

KEY = "key-of-the-endpoint"


def chat(path: str, body: bytes) -> tuple[int, str, bytes]:
    """A model that always wants the credit score and repeats what a tool says (OpenAI API: chat completions)."""
    asked = json.loads(body)
    last = asked["messages"][-1]
    names = {offered["function"]["name"] for offered in asked["tools"]}
    delta: dict[str, Any]
    if last["role"] == "tool":
        delta, reason = {"role": "assistant", "content": f"It says: {last['content']}"}, "stop"
    else:
        supervises = "ask_credit_specialist" in names
        name = "ask_credit_specialist" if supervises else "get_credit_score"
        call = {"name": name, "arguments": json.dumps({"question": "score?"} if supervises else {})}
        tool = {"index": 0, "id": "call-1", "type": "function", "function": call}
        delta, reason = {"role": "assistant", "tool_calls": [tool]}, "tool_calls"
    base = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": asked["model"]}
    chunks = [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
    ]
    text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return 200, "text/event-stream", text.encode()


def openai(url: str) -> dict[str, str]:
    return {
        "MODEL_PROVIDER": "openai",
        "MODEL_ID": "small-model",
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": KEY,
    }


def test_a_model_behind_openais_protocol_drives_supervisor_specialist_and_tool(tmp_path: Path) -> None:
    endpoint = Endpoint(chat)
    with serving(endpoint) as url, running(tmp_path, **openai(url)) as agent:
        reply = agent.post("what is my credit score?")
    assert reply.status_code == 200
    assert "742" in reply.json()["result"]["content"][0]["text"]
    assert {path for path, _, _ in endpoint.got} == {"/v1/chat/completions"}
    assert {headers["Authorization"] for _, headers, _ in endpoint.got} == {f"Bearer {KEY}"}
    assert {json.loads(body)["model"] for _, _, body in endpoint.got} == {"small-model"}
    assert KEY not in agent.log.read_text()


def test_a_model_that_fails_tells_the_caller_nothing_and_the_log_what_kind(tmp_path: Path) -> None:
    words = b'{"error": {"message": "no such model on host-17"}}'
    with serving(Endpoint(lambda path, body: (404, "application/json", words))) as url:
        with running(tmp_path, **openai(url)) as agent:
            reply = agent.post("what is my credit score?")
    assert reply.status_code == 500
    assert set(reply.json()) == {"error", "reference"}
    (failed,) = agent.events("failed")
    assert failed["reference"] == reply.json()["reference"]
    assert failed["cause"].startswith("NotFoundError at ")
    assert "host-17" not in reply.text + agent.log.read_text()


def test_a_caller_who_leaves_a_slow_stream_has_had_its_beginning_and_stops_the_model(tmp_path: Path) -> None:
    with running(tmp_path, MODEL_PROVIDER="scripted", SCRIPTED_PAUSE_MS="60000") as agent:
        payload = {"prompt": "hello", "stream": True}
        with httpx.stream("POST", f"{agent.url}/invocations", json=payload, timeout=DEADLINE_S) as reply:
            first = next(line for line in reply.iter_lines() if line)
        assert json.loads(first.removeprefix("data: "))["text"].startswith("I can answer")
        assert reply.headers["content-type"].startswith("text/event-stream")
        until(lambda: len(agent.events("stopped")) == 1)
        # The next call is answered: nobody waits behind the one that was left.
        assert httpx.get(f"{agent.url}/ping", timeout=5).json()["status"] == "Healthy"


def test_traces_reach_the_collector_that_the_environment_names_and_quote_nothing(tmp_path: Path) -> None:
    collector = Endpoint(lambda path, body: (200, "application/x-protobuf", b""))
    with serving(collector) as url:
        # Uncompressed, so that what is looked for could be found.
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_COMPRESSION": "none"}
        with running(tmp_path, MODEL_PROVIDER="scripted", **variables) as agent:
            assert "742" in agent.post("what is my credit score? my name is Guinevere").text
    assert {path for path, _, _ in collector.got} == {"/v1/traces"}
    spans = b"".join(body for _, _, body in collector.got)
    assert b"get_credit_score" in spans
    assert [word for word in (b"Guinevere", b"742", b"1234", ANN.encode()) if word in spans] == []
