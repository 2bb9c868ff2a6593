"""The state that an apply made and could not write, as on a full disk: kept, and put back when there is room.

Terraform leaves it where it ran (Terraform: errored.tfstate), complete and newer than the one it could not write.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from orchestration.errors import TerraformFailed
from orchestration.terraform.state import parse_state

NAME = "errored.tfstate"


def keep(folder: Path, work_dir: Path) -> None:
    """Move it from where Terraform ran to where the state is: it holds secrets, and the sources are no place for it."""
    if (folder / NAME).exists():
        _move(folder / NAME, work_dir / NAME)


def put_back(work_dir: Path, state: Path, push: Callable[[Path], None] | None) -> bool:
    """Make what was kept the state; False where nothing was. `push` hands it to a remote state, which checks it itself.

    A file is replaced and not pushed to: a push would read it first, and a full disk has cut it off.
    Raises TerraformFailed for one that is none, or that was overtaken.
    """
    left = work_dir / NAME
    if not left.exists():
        return False
    if push is None:
        _require_newer(left, state)
        _move(left, state)
    else:
        push(left)
        left.unlink()
    return True


def _require_newer(left: Path, state: Path) -> None:
    found, current = _serial(left), _serial(state)
    if found is None or (current is not None and current >= found):
        raise TerraformFailed(
            f"{left} is what an apply could not write, and {'no state' if found is None else 'was overtaken'}",
            remedy=f"rm {left}",
            code="state_overtaken",
        )


def _serial(path: Path) -> int | None:
    """None for what is no state, or cut off."""
    try:
        found = parse_state(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found.serial if found else None


def _move(source: Path, target: Path) -> None:
    """Whole or not at all, for the owner alone, from one file system to another if need be."""
    new = target.with_suffix(".new")
    shutil.copyfile(source, new)
    new.chmod(0o600)
    new.replace(target)
    source.unlink()
