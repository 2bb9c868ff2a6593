"""Where a deployment's folder is at home, noted inside it: a copy must not work on what the original made.

A place alone does not tell an original: another may have been made where one was moved away. Its id does.
"""

from __future__ import annotations

import os
import secrets
import shlex
from pathlib import Path

from orchestration.errors import BadInput

NOTE = "home"


def moved_from(state_dir: Path) -> Path | None:
    """Where the folder was before; None where it is at home, or nobody noted that.

    Raises BadInput for a copy, while the original is still there, and for a link.
    """
    refuse_link(state_dir)
    try:
        home, id = _noted(state_dir)
    except FileNotFoundError:
        return None
    if home == _own(state_dir):
        return None
    if _lives(home, id):
        copy = shlex.quote(str(state_dir))
        raise BadInput(
            f"{state_dir} is a copy of {home}, which is still there: what both name belongs to that one",
            remedy=f"rm -r {copy}  # then `make up` makes things of its own; or work in {home}",
            code="state_copied",
        )
    return home


def refuse_link(state_dir: Path) -> None:
    """Raises BadInput for a link in its place: a teardown would leave, or remove, what it leads to."""
    if state_dir.is_symlink():
        link, there = shlex.quote(str(state_dir)), os.path.realpath(state_dir)
        raise BadInput(
            f"{state_dir} is a link to {there}",
            remedy=f"rm {link} && mv {shlex.quote(there)} {link}  # what is there is of this environment, or else: "
            f"rm {link}",
            code="state_is_link",
        )


def move_in(state_dir: Path) -> None:
    """Note that the folder is at home where it is. Its id goes with it."""
    note = state_dir / NOTE
    try:
        id = _noted(state_dir)[1]
    except FileNotFoundError:
        id = ""
    new = note.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(f"{_own(state_dir)}\n{id or secrets.token_hex(16)}\n", encoding="utf-8")
    new.replace(note)


def _own(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _noted(folder: Path) -> tuple[Path, str]:
    """(home, id). A note of before there were ids has an empty one."""
    home, _, id = (folder / NOTE).read_text(encoding="utf-8").strip().partition("\n")
    return Path(home), id


def _lives(home: Path, id: str) -> bool:
    """Whether the original is there. Without an id whatever is at home there may be it."""
    try:
        noted = _noted(home)
        return noted[0] == home and id in ("", noted[1])
    except PermissionError:
        return True  # another user's: who cannot look does not know it gone
    except (OSError, ValueError):
        return False
