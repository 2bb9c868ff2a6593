"""The agent as a process, and HTTP servers for it to talk to."""

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


@dataclass
class Running:
    url: str
    log: Path

    def post(self, prompt: str, **headers: str) -> httpx.Response:
        given = {"Authorization": ANN, **headers}
        return httpx.post(f"{self.url}/invocations", json={"prompt": prompt}, headers=given, timeout=60)

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
