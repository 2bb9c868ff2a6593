"""Reads what agentcore_local writes to files that move to an older name when they are full."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

OLDEST = 3
"""`x` is the youngest, then `x.1`, `x.2`, `x.3`."""


def open_bytes(path: Path) -> BinaryIO:
    return path.open("rb")


@contextmanager
def files(path: Path, opened: Callable[[Path], BinaryIO] = open_bytes) -> Iterator[list[BinaryIO]]:
    """The files there are, oldest first, each once; a file may move on while it is looked for.

    Files only ever move to an older name, so looking from the youngest to the oldest finds each at least once.
    """
    with ExitStack() as stack:
        found: dict[int, BinaryIO] = {}
        for name in (path.name, *(f"{path.name}.{number}" for number in range(1, OLDEST + 1))):
            with suppress(FileNotFoundError):
                file = stack.enter_context(opened(path.with_name(name)))
                # Held open, so no other file gets its number meanwhile.
                found.setdefault(os.fstat(file.fileno()).st_ino, file)
        yield list(reversed(found.values()))


def rotated_lines(path: Path, opened: Callable[[Path], BinaryIO] = open_bytes) -> list[str]:
    """All lines, oldest first, whatever bytes they hold."""
    with files(path, opened) as there:
        return [line for file in there for line in _text(file.read()).splitlines()]


class Tail:
    """Lines of one such file as they come; none is lost unless a file has come and gone between two looks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: BinaryIO | None = None
        self._rest = b""

    def lines(self) -> list[str]:
        """Lines that were completed since the last look."""
        with files(self._path) as there:
            numbers = [os.fstat(file.fileno()).st_ino for file in there]
            held = os.fstat(self._held.fileno()).st_ino if self._held else None
            newer = there[numbers.index(held) + 1 :] if held in numbers else there
            # After the look: what moved on meanwhile is read to its end the next time, before the newer ones.
            content = self._rest + (self._held.read() if self._held else b"")
            for file in newer:
                content += file.read()
            if newer:
                self.close()
                self._held = os.fdopen(os.dup(newer[-1].fileno()), "rb")
        whole, _, self._rest = content.rpartition(b"\n")
        return _text(whole).split("\n") if whole else []

    def close(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
