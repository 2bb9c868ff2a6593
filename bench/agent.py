"""The agent: how long it takes to import and to start, what a call costs, and what the door adds to that."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from bench import wrk
from bench.facts import machine, now, versions
from bench.result import Cell, Goal, Part, Table
from bench.rig import cores, distinct, pin, running
from scripts.load import deploy, own_emulator, serving
from tests.contract.cloud import eventually, free_port, get, send
from tests.contract.provider import token

AGENT = Path(__file__).resolve().parent.parent / "agent"
STARTS, CALLS, ROUNDS, SECONDS = 3, 60, 3, 2
PROMPTS = {"without a tool": "what can you do?", "with a tool": "what is an escrow account?"}
IMPORTS = ("strands", "bedrock_agentcore", "mortgage.serve")
SCRIPTED = {"MODEL_PROVIDER": "scripted"}
SHARE = "behind the door / agent alone"
# Fewer than the agent holds of one caller, as all are to whom no token is passed on; more than it remembers talks of.
SESSIONS = 1000
MIB = 1024 * 1024


def measure() -> Part:
    """Takes about half a minute."""
    imports: list[list[Cell]] = [[name, round(_imported(name), 2)] for name in IMPORTS]
    starts, calls, memory = [], dict[str, float](), 0.0
    for _ in range(STARTS):
        began = time.monotonic()
        with _agent() as (url, process):
            starts.append(time.monotonic() - began)
            memory = process.memory_info().rss / MIB
            calls = {name: _latency(url, prompt) for name, prompt in PROMPTS.items()}
    begun: list[Cell] = ["process to first good /ping, s", round(statistics.median(starts), 2)]
    rows: list[list[Cell]] = [begun, ["memory, MiB", round(memory)]]
    rows += [[f"call {name}, p50 ms", round(ms, 1)] for name, ms in calls.items()]
    through, goals = _through_the_door()
    tables = [
        Table("Import", ["module", "s"], imports, "A new interpreter each, bytecode present."),
        Table("Process", ["what", "value"], rows, "Without the door; the scripted model."),
        through,
    ]
    method = f"{STARTS} starts, {CALLS} calls of each kind one after the other; medians."
    return Part("agent", "The agent", method, now(), machine(), versions(), goals, tables)


def _imported(name: str) -> float:
    """Seconds, the best of three."""
    argv, environment = [sys.executable, "-c", f"import {name}"], {"PATH": os.environ["PATH"], "PYTHONPATH": str(AGENT)}
    took = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run(argv, env=environment, check=True, capture_output=True)
        took.append(time.monotonic() - began)
    return min(took)


@contextmanager
def _agent() -> Iterator[tuple[str, psutil.Process]]:
    """Its URL once it is healthy, and its process."""
    port = free_port()
    environment = SCRIPTED | {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(port)}
    quiet = subprocess.DEVNULL
    with subprocess.Popen([sys.executable, "main.py"], cwd=AGENT, env=environment, stdout=quiet, stderr=quiet) as agent:
        try:
            eventually(lambda: get(f"http://127.0.0.1:{port}/ping"), "the agent is healthy")
            yield f"http://127.0.0.1:{port}/invocations", psutil.Process(agent.pid)
        finally:
            agent.terminate()


def _latency(url: str, prompt: str) -> float:
    """Milliseconds."""
    body, took = json.dumps({"prompt": prompt}).encode(), []
    for _ in range(CALLS):
        began = time.monotonic()
        answer = send("POST", url, body, {"Content-Type": "application/json"})
        took.append((time.monotonic() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"the agent answered {answer.status}")
    return statistics.median(took)


def _through_the_door() -> tuple[Table, list[Goal]]:
    """Throughput of the real agent alone and behind the door, 16 callers, the two in turn."""
    if not wrk.is_there():
        why = "wrk is not installed"
        return Table("Behind the door", [], [], f"{why}."), [Goal(SHARE, None, 0.97, "high", why=why)]
    doors_cpu, callers_cpu = cores()
    body, runs = json.dumps({"prompt": PROMPTS["without a tool"]}), dict[str, list[wrk.Run]]()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for part in ("emulator", "local"):
            (folder / part).mkdir()
        with own_emulator(folder / "emulator") as emulator, serving(emulator, folder / "local") as local:
            arn = deploy(local, package(), SCRIPTED)
            path = f"/runtimes/{quote(arn, safe='')}/invocations"
            local.invoke(arn, body=body.encode(), headers=token("k1", "first"))
            port = next(e["port"] for e in local.events() if e["event"] == "agent_started")
            agent = next(e["pid"] for e in local.events() if e["event"] == "agent_started")
            tokens = distinct(100)
            callers = {"agent alone": in_sessions(["-"]), "behind the door": in_sessions(tokens)}
            process = psutil.Process(agent)
            pin(process, callers_cpu)
            pin(psutil.Process(running(local)), doors_cpu)
            urls = {"agent alone": f"http://127.0.0.1:{port}/invocations", "behind the door": local.data_url + path}
            for server, lines in callers.items():
                (folder / server).write_text("\n".join(lines) + "\n")
            for _ in range(ROUNDS):
                for server, url in urls.items():
                    run = wrk.run(url, folder / server, body, 16, SECONDS, process, doors_cpu)
                    if why := run.wrong():
                        raise RuntimeError(f"{server}: {why}")
                    runs.setdefault(server, []).append(run)
    medians = {server: wrk.median(found) for server, found in runs.items()}
    rows: list[list[Cell]] = [[server, round(m.rate, 1), round(m.per_cpu_s, 1)] for server, m in medians.items()]
    note = (
        "16 callers; the agent on one core, door and callers on the other. The agent gets the same both times: no "
        f"token, as it asked for none, and the ids of {SESSIONS} sessions in turn."
    )
    share = medians["behind the door"].rate / medians["agent alone"].rate
    return Table("Behind the door", ["server", "calls/s", "per CPU second of the agent"], rows, note), [
        Goal(SHARE, share, 0.97, "high")
    ]


def in_sessions(tokens: Sequence[str]) -> list[str]:
    """Lines for wrk, each with a session of its own."""
    return [f"{tokens[n % len(tokens)]}\tbenchmark-session-{n:020}" for n in range(SESSIONS)]


def package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        for path in sorted(AGENT.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                z.write(path, path.relative_to(AGENT))
    return buffer.getvalue()
