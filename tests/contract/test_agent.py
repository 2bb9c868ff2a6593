"""The agent as a process: a model behind OpenAI's protocol, a caller who leaves a stream, a collector of traces."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

AGENT = Path(__file__).resolve().parents[2] / "agent"
DEADLINE_S = 60.0
# {"iss": "https://idp", "sub": "ann"} between two parts that nobody reads any more.
ANN = "Bearer h.eyJpc3MiOiAiaHR0cHM6Ly9pZHAiLCAic3ViIjogImFubiJ9.s"
KEY = "key-of-the-endpoint"


@dataclass
class Running:
    url: str
    log: Path

    def post(self, prompt: str) -> httpx.Response:
        headers = {"Authorization": ANN}
        return httpx.post(f"{self.url}/invocations", json={"prompt": prompt}, headers=headers, timeout=60)

    def events(self, name: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith('{"event"')]
        return [event for event in found if event["event"] == name]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    agent = Running(f"http://127.0.0.1:{port}", folder / "agent.log")
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "HOST": "127.0.0.1", "PORT": str(port)}
    env |= {"CUSTOMERS": '{"ann": "1234"}', **variables}
    with agent.log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "main.py"], cwd=AGENT, env=env, stdout=out, stderr=out)

    def answers() -> bool:
        assert process.poll() is None, agent.log.read_text()
        try:
            return httpx.get(f"{agent.url}/ping", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(answers)
        yield agent
    finally:
        process.terminate()
        process.wait(timeout=30)


@dataclass
class Endpoint:
    """An HTTP server for one test. `answer(path, body)` gives (status, content type, bytes)."""

    answer: Callable[[str, bytes], tuple[int, str, bytes]]
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.got.append((self.path, dict(self.headers), body))
            status, kind, answer = endpoint.answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


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
