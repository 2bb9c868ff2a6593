"""The manifest of a folder, and whether the folder is still what it was when the manifest was written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.sha256"
LINE = re.compile(r"([0-9a-f]{64})  ([^/\0\n]+)")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why a folder is not what was sealed."""

    file: str
    what: str


def manifest(folder: Path) -> str:
    """`sha256sum` lines of every file but the manifest, sorted by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items()))


def seal_of(folder: Path) -> str:
    """SHA-256 of the manifest. Kept elsewhere it shows that nobody wrote folder and manifest anew."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def verify(folder: Path, seal: str | None = None) -> list[Problem]:
    """Everything that differs from the manifest; [] when nothing does. `seal`: what seal_of gave at writing."""
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        return [Problem(MANIFEST, "is missing: this is no sealed evidence folder")]
    text = path.read_text(encoding="utf-8", errors="replace")
    listed = {match[2]: match[1] for match in map(LINE.fullmatch, text.splitlines()) if match}
    problems = [Problem(entry.name, "is no plain file") for entry in _odd(folder)]
    problems += _differences(listed, _digests(folder))
    if seal is not None and seal != seal_of(folder):
        problems.append(Problem(MANIFEST, "is not the one of that seal"))
    # Byte by byte: a line that is unreadable, twice or out of place changes the seal.
    if not problems and path.read_bytes() != manifest(folder).encode():
        problems.append(Problem(MANIFEST, "was changed"))
    return sorted(problems)


def _differences(listed: Mapping[str, str], found: Mapping[str, str]) -> list[Problem]:
    return [
        *(Problem(name, "was removed") for name in listed.keys() - found.keys()),
        *(Problem(name, "was added") for name in found.keys() - listed.keys()),
        *(Problem(name, "was changed") for name in listed.keys() & found.keys() if listed[name] != found[name]),
    ]


def _odd(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if entry.is_symlink() or not entry.is_file()]


def _digests(folder: Path) -> dict[str, str]:
    odd = set(_odd(folder))
    plain = [entry for entry in folder.iterdir() if entry.name != MANIFEST and entry not in odd]
    return {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in plain}
