"""Where an address is declared: the line of its block in the sources of its module."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from orchestration.review.findings import Finding

Place = tuple[str, int]
"""(file from the repository's root, line from 1)."""
Places = Callable[[Finding], Place]
# Blocks of the canonical form (terraform fmt) begin at the first column.
OUTPUT = re.compile(r"output\.([\w-]+)")
RESOURCE = re.compile(r"(?:^|\.)([\w-]+)\.([\w-]+)(?:\[[^]]*\])?$")


def nowhere(finding: Finding) -> Place:
    """The file that the plan tells, and no line of it."""
    return finding.location, 1


def declared_in(root: Path) -> Places:
    """Looks the block up in the repository at `root`; for what is not there, as `nowhere`."""

    def place(finding: Finding) -> Place:
        header = _header(finding.address)
        folder = (root / finding.location).parent
        for file in sorted(folder.glob("*.tf")) if header else ():
            try:
                lines = file.read_text(encoding="utf-8").splitlines()
            except (OSError, ValueError):
                continue
            for number, line in enumerate(lines, start=1):
                if line.startswith(header):
                    return file.relative_to(root).as_posix(), number
        return nowhere(finding)

    return place


def _header(address: str) -> str:
    if output := OUTPUT.fullmatch(address):
        return f'output "{output[1]}" {{'
    if resource := RESOURCE.search(address):
        return f'resource "{resource[1]}" "{resource[2]}" {{'
    return ""
