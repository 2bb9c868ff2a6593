"""Runs checkov over plans, offline, in the environment that it has for itself."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".venv-policy" / "bin" / "checkov"
PACK = ROOT / "policies" / "checkov"


def with_planned_values(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A reduced plan with the section that scanners read: what will be there, by module."""
    modules: dict[str, list[dict[str, Any]]] = {}
    for entry in plan["resource_changes"]:
        if (values := entry["change"]["after"]) is not None:
            kept = {name: entry[name] for name in ("address", "mode", "type", "name")}
            modules.setdefault(entry.get("module_address", ""), []).append({**kept, "values": values})
    children = [{"address": name, "resources": found} for name, found in modules.items() if name]
    root = {"resources": modules.get("", []), "child_modules": children}
    return {**plan, "planned_values": {"root_module": root}, "configuration": {"root_module": {}}}


def failures(files: Iterable[Path], *options: str, home: Path) -> set[tuple[str, str, str]]:
    """(name of the file, check, address) of every failed check."""
    command = [str(CHECKOV), "--framework", "terraform_plan", "--skip-download", "--quiet", "--compact", "--soft-fail"]
    command += ["--output", "json", *options, *(word for file in files for word in ("--file", str(file)))]
    # An empty home: neither a configuration nor an account of whoever runs this.
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    reports = json.loads(done.stdout)
    found: set[tuple[str, str, str]] = set()
    for report in reports if isinstance(reports, list) else [reports]:
        for failed in report.get("results", {}).get("failed_checks", []):
            found.add((Path(failed["file_path"]).name, failed["check_id"], failed["resource"]))
    return found
