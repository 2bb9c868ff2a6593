"""Whether a plan is known to find nothing: everything that it would read is as it was when the last one found nothing.

The record holds digests alone. What is not known to be the same counts as changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from orchestration.terraform import errored
from orchestration.terraform.environment import Environment
from orchestration.terraform.preparation import stamp_of
from orchestration.terraform.state import CUT_OFF, LEFT_OUT
from orchestration.terraform.unfinished import unfinished

RECORD = "settled.json"
# Of the process's environment, what Terraform, its provider and their network go by.
_PREFIXES = ("AWS_", "GO", "SSL_", "TF_", "XDG_")
_NAMES = frozenset({"HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY"})
USER_AGENT = "TF_APPEND_USER_AGENT"
"""Says whose requests they are, another one each time; no plan depends on it."""


def is_settled(place: Environment, mark: str) -> bool:
    """True if a plan would find nothing to change. `mark` stands for what Terraform works against, as it is now."""
    if _in_doubt(place):
        return False
    try:
        recorded = json.loads((place.work_dir / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    inputs = inputs_of(place)
    return inputs is not None and bool(recorded == _record(place, inputs, mark))


def settle(place: Environment, inputs: str | None, mark: str) -> None:
    """Note that a plan found nothing, or that an apply ended well.

    `inputs` are those of before it: what was edited meanwhile it may have read or not.
    """
    if inputs is None or _in_doubt(place) or inputs_of(place) != inputs:
        unsettle(place.work_dir)
        return
    handle = os.open(place.work_dir / RECORD, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(_record(place, inputs, mark)) + "\n")


def unsettle(work_dir: Path) -> None:
    (work_dir / RECORD).unlink(missing_ok=True)


def _in_doubt(place: Environment) -> bool:
    """Where others may change the state, or a command did not end as it should have."""
    return (
        place.remote is not None
        or not place.state_file.is_file()
        or (place.work_dir / CUT_OFF).exists()
        or any((folder / errored.NAME).exists() for folder in (place.source_dir, place.work_dir))
        or unfinished(place.work_dir) is not None
    )


def _record(place: Environment, inputs: str, mark: str) -> dict[str, str]:
    state = hashlib.sha256(place.state_file.read_bytes()).hexdigest()
    return {"inputs": inputs, "state": state, "mark": mark}


def inputs_of(place: Environment) -> str | None:
    """sha256 over all that a plan reads besides the state and the cloud: tool, sources, values, environment.

    None where that cannot be told: something among the sources is no file, or cannot be read.
    """
    try:
        return _inputs_of(place)
    except OSError:
        return None


def _inputs_of(place: Environment) -> str:
    total = hashlib.sha256(stamp_of(place.binary, place.search_path, place.source_dir, place.state_file).encode())

    def add(name: str, content: bytes) -> None:
        total.update(f"\0{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)

    for path in _sources(place.source_dir):
        add(str(path.relative_to(place.source_dir)), _content(path))
    for path in place.var_files:
        add(str(path), _content(path))
    add("values", json.dumps(dict(place.tfvars), sort_keys=True).encode())
    for name, value in sorted(place.variables_of("plan", lambda line: None).items()):
        if name != USER_AGENT and (name.startswith(_PREFIXES) or name.upper() in _NAMES):
            add(name, value.encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    """All but what neither a plan nor an apply reads, sorted. A linked folder is one of them, and no file."""
    for parent, folders, files in os.walk(folder):
        left_out = LEFT_OUT(parent, [*folders, *files])
        linked = {name for name in folders if os.path.islink(os.path.join(parent, name))}
        folders[:] = sorted(set(folders) - left_out - linked)
        yield from (Path(parent, name) for name in sorted({*files, *linked} - left_out))


def _content(path: Path) -> bytes:
    """Of a file: a pipe would be waited for. Raises OSError for anything else."""
    if not path.is_file():
        raise FileNotFoundError(path)
    return path.read_bytes()
