"""A file system of its own for every state of a clone, small enough to be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# More than what `up` wants to find free.
SIZE = "1000m"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """The file that fills it; None where nobody may mount one, which takes root, or a container's permission.

    It hides what is in the folder already. The folder of another environment keeps this one from being removed with
    the last deployment in it.
    """
    made = not folder.exists()
    folder.mkdir(mode=0o700, exist_ok=True)
    asked = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(asked, capture_output=True, check=False).returncode == 0
    try:
        if mounted:
            (folder / "local-other").mkdir()
        yield folder / "local-other" / "filler" if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        if made:
            folder.rmdir()


def fill(filler: Path) -> None:
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(2**20))
                file.flush()
        except OSError:
            pass
