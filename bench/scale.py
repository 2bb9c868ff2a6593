"""Many agents: how long until all of them are READY, and what each holds in memory."""

from __future__ import annotations

import functools
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench.agent import MIB, SCRIPTED, package
from bench.facts import machine, now, versions
from bench.result import Cell, Goal, Part, Plot, Table
from scripts.load import are_ready, create, own_emulator, serving, upload
from tests.contract.cloud import eventually
from tests.contract.provider import token

NUMBERS = (1, 4, 16)
PER_AGENT_S = 0.65


def measure() -> Part:
    """Takes about a minute."""
    content, ready, memory = package(), dict[int, float](), dict[int, float]()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "emulator").mkdir()
        with own_emulator(folder / "emulator") as emulator:
            for number in NUMBERS:
                own = folder / f"local-{number}"
                own.mkdir()
                with serving(emulator, own) as local, ThreadPoolExecutor(number) as pool:
                    code, control = upload(local, content), local.control()
                    began = time.monotonic()
                    make = functools.partial(create, control, code, SCRIPTED)
                    arns = [made.result() for made in [pool.submit(make) for _ in range(number)]]
                    eventually(functools.partial(are_ready, control, arns), "all are ready", 120.0, 0.1)
                    ready[number] = time.monotonic() - began
                    for arn in arns:
                        local.invoke(arn, body=b'{"prompt": "what can you do?"}', headers=token("k1", "first"))
                    agents = [e["pid"] for e in local.events() if e["event"] == "agent_started"]
                    memory[number] = statistics.median(psutil.Process(pid).memory_info().rss for pid in agents) / MIB
    rows: list[list[Cell]] = [
        [n, round(ready[n], 2), round(ready[n] / n, 2), round(memory[n])] for n in NUMBERS
    ]  # fmt: skip
    return Part(
        "scale",
        "Many agents",
        "Runtimes made at once from one upload, until all are READY; then one call to each.",
        now(),
        machine(),
        versions(),
        [
            Goal(f"{n} {'agent' if n == 1 else 'agents'} READY, for each", ready[n] / n, PER_AGENT_S, "low", unit="s")
            for n in NUMBERS
        ],
        [Table("Agents", ["number", "all READY, s", "for each, s", "memory of one, MiB"], rows)],
        [
            Plot("Agents READY", "agents", "seconds", {"made at once": [(float(n), ready[n]) for n in NUMBERS]}),
            Plot("Memory of one agent", "agents", "MiB", {"each": [(float(n), memory[n]) for n in NUMBERS]}),
        ],
    )
