"""Finds the AWS provider in a folder when the provider registry cannot be reached.

Closed networks keep providers in a file-system mirror. Terraform itself looks only at its implied folders and at
a CLI configuration; here a mirror is found by name, so that nobody has to write that configuration by hand.
Layout: https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from orchestration.errors import BadInput

REGISTRY_HOST = "registry.terraform.io"
PROVIDER = Path(REGISTRY_HOST, "hashicorp", "aws")
MIRROR_VARIABLE = "TF_PROVIDER_MIRROR"
SEARCH_PREFIXES = (
    Path("/opt"),
    Path("/usr/local"),
    Path("/usr/share"),
    Path("/usr/lib"),
    Path("/var/lib"),
    Path("/srv"),
)
SEARCH_DEPTH = 3


def holds_provider(folder: Path) -> bool:
    """True for a mirror in the unpacked or the packed layout."""
    try:
        return any((folder / PROVIDER).iterdir())
    except OSError:
        return False


def usual_folders(env: Mapping[str, str]) -> Iterator[Path]:
    """Terraform's implied mirror folders, in its own order."""
    home = Path(env.get("HOME") or "/")
    yield home / ".terraform.d" / "plugins"
    yield Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / "terraform" / "plugins"
    for base in (env.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        if base:
            yield Path(base) / "terraform" / "plugins"


def shallow(prefix: Path, depth: int) -> Iterator[Path]:
    """Folders below prefix, at most `depth` levels down; unreadable ones and links are passed over."""
    if depth < 0:
        return
    yield prefix
    try:
        entries = sorted(e.path for e in os.scandir(prefix) if e.is_dir(follow_symlinks=False))
    except OSError:
        return
    for path in entries:
        yield from shallow(Path(path), depth - 1)


def find_mirror(env: Mapping[str, str], prefixes: Iterable[Path] = SEARCH_PREFIXES) -> Path | None:
    """The first folder that holds hashicorp/aws: the variable, Terraform's folders, then a shallow search.

    Raises BadInput if TF_PROVIDER_MIRROR names a folder without the provider: a wrong wish is not overridden.
    """
    if wish := env.get(MIRROR_VARIABLE):
        if holds_provider(Path(wish)):
            return Path(wish).resolve()
        raise BadInput(
            f"{MIRROR_VARIABLE} is {wish!r}, which has no {PROVIDER}",
            remedy=f"unset {MIRROR_VARIABLE}, or fill it with `terraform -chdir=terraform providers mirror {wish}`",
            code="bad_provider_mirror",
        )
    for folder in usual_folders(env):
        if holds_provider(folder):
            return folder.resolve()
    for prefix in prefixes:
        for folder in shallow(prefix, SEARCH_DEPTH):
            if holds_provider(folder):
                return folder.resolve()
    return None


def registry_reachable(host: str = REGISTRY_HOST, timeout_s: float = 3.0) -> bool:
    """True if a TCP connection to the registry opens in time. Name resolution counts towards the time.

    A thread does the work because a resolver without network may block for longer than any socket time-out.
    """
    answer: list[bool] = []

    def probe() -> None:
        try:
            socket.create_connection((host, 443), timeout=timeout_s).close()
        except OSError:
            return
        answer.append(True)

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(timeout_s)
    return bool(answer)


def cli_configuration(mirror: Path) -> str:
    """A Terraform CLI configuration that takes the AWS provider from the mirror and nothing else from anywhere."""
    return f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
