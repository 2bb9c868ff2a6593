"""On what, with what and when a part was measured."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench import peer

PACKAGES = ("cryptography", "uvicorn", "uvloop", "httptools", "joserfc", "strands-agents", "bedrock-agentcore")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def machine() -> str:
    info, model = Path("/proc/cpuinfo"), platform.processor()
    if info.exists():
        names = (x.split(":")[1].strip() for x in info.read_text().splitlines() if x.startswith("model name"))
        model = next(names, model)
    load = psutil.getloadavg()[0]
    return f"{model}, {psutil.cpu_count()} cores, {platform.system()}; load before the run {load:.1f}"


def versions() -> dict[str, str]:
    found = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    return found | {p.name: p.version() for p in peer.PEERS if p.is_there}
