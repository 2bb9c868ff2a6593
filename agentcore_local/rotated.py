"""Files that are written line by line and never grow beyond a bound: `x` is the youngest, `x.1` the one before it."""

import os
from pathlib import Path


class RotatedFile:
    """Appends to a file of mode 0600, and begins a new one when it is full; `kept` old ones stay."""

    def __init__(self, path: Path, max_bytes: int, kept: int) -> None:
        """Raises OSError."""
        self._path, self._max_bytes, self._kept = path, max_bytes, kept
        self._open()

    def write(self, content: bytes, *, begins_line: bool = True) -> None:
        """Append whole lines, or the rest of a line, which goes where it began. Raises OSError."""
        if begins_line and self._size and self._size + len(content) > self._max_bytes:
            self._rotate()
        while content:  # a disk that is nearly full takes a part without an error
            written = self._file.write(content)
            self._size += written
            content = content[written:]

    def close(self) -> None:
        self._file.close()

    def _open(self) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._file = os.fdopen(handle, "ab", buffering=0)
        self._size = os.fstat(handle).st_size

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._kept - 1, -1, -1):
            newer = old_name(self._path, number)
            if newer.exists():
                newer.replace(old_name(self._path, number + 1))
        self._open()


def old_name(path: Path, number: int) -> Path:
    """Where a file is after so many rotations."""
    return path.with_name(f"{path.name}.{number}") if number else path
