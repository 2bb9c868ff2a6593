"""Stages the agent's files for the starter toolkit and gives them a digest.

The toolkit zips the whole folder it is started in, state files and keys included, so what may leave this machine
is copied by a list of kinds into a folder of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import BadInput
from orchestration.runtime.requirements import check_requirements

REQUIREMENTS = "requirements.txt"
KINDS = frozenset({".py", ".json", ".md", ".txt", ".yaml", ".yml", ".csv"})
# What is behind the gateway is a package of its own.
SKIPPED_FOLDERS = frozenset({"__pycache__", ".venv", "gateway", "tests"})
# Folder names that the toolkit's own ignore template drops at any depth, silently.
DROPPED_BY_TOOLKIT = frozenset({"build", "dist", "docs", "env", "terraform", "cdk"})


@dataclass(frozen=True, slots=True)
class StagedAgent:
    """A build folder with the agent's files in `source_dir`, and the digest of exactly those files."""

    build_dir: Path
    source_dir: Path
    digest: str
    file_count: int


def agent_files(agent_dir: Path) -> list[Path]:
    """The files that are uploaded, relative and sorted. Raises BadInput for what the toolkit would drop or lack."""
    files = [
        path.relative_to(agent_dir)
        for path in sorted(agent_dir.rglob("*"))
        if path.is_file()
        and path.suffix in KINDS
        and not SKIPPED_FOLDERS.intersection(path.relative_to(agent_dir).parts)
        and not any(part.startswith(".") for part in path.relative_to(agent_dir).parts)
    ]
    for file in files:
        if any((agent_dir / part).is_symlink() for part in (file, *file.parents[:-1])):
            raise BadInput(
                f"agent/{file} is or passes a symbolic link: what it points to would be uploaded",
                remedy="copy the file into agent/, or remove the link",
                code="link_in_agent",
            )
        if dropped := DROPPED_BY_TOOLKIT.intersection(file.parts[:-1]):
            raise BadInput(
                f"agent/{file} is in a folder named {min(dropped)!r}, which the starter toolkit leaves out",
                remedy="rename the folder",
            )
    for needed in ("main.py", REQUIREMENTS):
        if Path(needed) not in files:
            raise BadInput(f"agent/{needed} is missing", remedy=f"git checkout agent/{needed}")
    check_requirements(f"agent/{REQUIREMENTS}", (agent_dir / REQUIREMENTS).read_bytes())
    return files


def digest(agent_dir: Path, files: list[Path]) -> str:
    """sha256 over names and contents, hexadecimal."""
    total = hashlib.sha256()
    for file in files:
        content = (agent_dir / file).read_bytes()
        total.update(os.fsencode(file.as_posix()) + f"\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def stage(agent_dir: Path, build_dir: Path) -> StagedAgent:
    """Copy the agent's files into <build_dir>/src, replacing what was there; caches beside it are kept."""
    files = agent_files(agent_dir)
    source_dir = build_dir / "src"
    shutil.rmtree(source_dir, ignore_errors=True)
    for file in files:
        copy = source_dir / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(agent_dir / file, copy)
    return StagedAgent(build_dir, source_dir, digest(source_dir, files), len(files))
