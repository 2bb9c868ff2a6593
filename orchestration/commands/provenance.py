"""What a run was made of: versions, the source's commit, digests."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

PROVIDER = re.compile(r'provider "(?:registry\.[^/"]+/)?([^"]+)" \{\s*version\s*=\s*"([^"]+)"')
GIT_DEADLINE_S = 20.0


def tools(terraform: str, lock_file: Path) -> dict[str, str]:
    """{name: version}. `terraform` is "terraform 1.11.4", as the driver says it."""
    binary, _, version = terraform.partition(" ")
    providers = {f"provider {name}": found for name, found in PROVIDER.findall(lock_file.read_text(encoding="utf-8"))}
    return {binary: version, **providers, "python": platform.python_version(), "system": platform.platform()}


def packages() -> dict[str, str]:
    """{name: version} of everything that is installed beside the project."""
    return dict(sorted((found.name.lower(), found.version) for found in distributions()))


def source(root: Path) -> tuple[str | None, bool | None]:
    """(commit, whether anything is not committed); (None, None) where the folder is no repository of its own."""
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():
        return None, None
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    changes = _git(root, "status", "--porcelain")
    return commit, None if changes is None else bool(changes)


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document, whatever the order of its keys. Terraform's plan carries the time, which is left out."""
    kept = {name: value for name, value in document.items() if name != "timestamp"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _git(root: Path, *words: str) -> str | None:
    """stdout, or None where git is missing or refuses."""
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(root), *words],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            timeout=GIT_DEADLINE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
