"""What every command needs of this machine: room on the disk, and files that nobody else reads."""

from __future__ import annotations

import shlex
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from orchestration.errors import Unfit

# Provider, packages and two versions of the artifact, with some to spare.
ROOM_BYTES = 512 * 1024 * 1024


def require_room(folder: Path, needed: int = ROOM_BYTES) -> int:
    """Free bytes of the disk that holds the folder, which need not be there yet. Raises Unfit for too few."""
    place = folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise Unfit(
            f"{place} has {free // 2**20} MB left, {needed // 2**20} MB are needed",
            remedy=f"df -h {shlex.quote(str(place))}  # then make room, e.g. `make clean` and `uv cache clean`",
            code="disk_full",
        )
    return free


def exposed(folder: Path) -> Iterator[Path]:
    """Files and folders that somebody beside the owner may read, write or enter. Links have no mode of their own."""
    for path in (folder, *sorted(folder.rglob("*"))) if folder.is_dir() else ():
        try:
            mode = path.lstat().st_mode
        except OSError:
            continue  # gone since, as files of running processes come and go
        if stat.S_IMODE(mode) & 0o077 and not stat.S_ISLNK(mode):
            yield path
