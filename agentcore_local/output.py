"""What an agent prints: read from a pipe, so that neither its speed nor its amount fills the disk."""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from agentcore_local.rotated import RotatedFile, old_name
from agentcore_local.shown import without_credentials

MAX_BYTES = 4 * 1024 * 1024
KEPT = 3
CHUNK = 64 * 1024
MAX_LINE = CHUNK
"""Bytes of a line that are kept. No chunk is longer, so only a line that began in an earlier one can be."""
DRAIN_S = 0.5
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z ")


class LineLog:
    """Writes chunks of an agent's output as lines with the time in front. now() is ISO 8601 with a Z."""

    def __init__(self, sink: RotatedFile, now: Callable[[], str]) -> None:
        self._sink, self._now = sink, now
        self._open, self._length, self._cut = False, 0, 0

    def feed(self, chunk: bytes) -> None:
        """At most CHUNK bytes. Raises OSError."""
        stamp = self._now().encode() + b" "
        first, newline, rest = chunk.partition(b"\n")
        kept = first[: MAX_LINE - self._length]
        self._length += len(kept)
        self._cut += len(first) - len(kept)
        begins = not self._open
        self._sink.write((stamp if begins else b"") + kept, begins_line=begins)
        self._open = True
        if not newline:
            return
        self._end_line()
        lines, ended, tail = rest.rpartition(b"\n")
        whole = stamp + lines.replace(b"\n", b"\n" + stamp) + b"\n" if ended else b""
        if rest:
            self._sink.write(whole + (stamp + tail if tail else b""))
        self._open, self._length = bool(tail), len(tail)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if self._open:
                self._end_line()
        self._sink.close()

    def _end_line(self) -> None:
        cut = b" ... (%d bytes cut)" % self._cut if self._cut else b""
        self._open, self._length, self._cut = False, 0, 0
        self._sink.write(cut + b"\n", begins_line=False)


class AgentOutput:
    """The reading end of an agent's output, served by the event loop.

    lost(error) is told once when lines cannot be kept: an agent must not stop because a disk is full.
    """

    def __init__(
        self,
        log: Path,
        now: Callable[[], str],
        lost: Callable[[OSError], None],
        opened: Callable[[Path, int, int], RotatedFile] = RotatedFile,
    ) -> None:
        """Raises OSError."""
        self._log = LineLog(opened(log, MAX_BYTES, KEPT), now)
        self._lost, self._told = lost, False
        self._pipe, self.writing_end = os.pipe()
        os.set_blocking(self._pipe, False)
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe, self._read)

    async def finish(self, patience_s: float = DRAIN_S) -> None:
        """Take what is still in the pipe. A process that outlived the agent and holds it open is not waited for."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), patience_s)
        self._end()

    def _read(self) -> None:
        try:
            chunk = os.read(self._pipe, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._end()
            return
        try:
            self._log.feed(chunk)
        except OSError as e:
            if not self._told:
                self._told = True
                self._lost(e)

    def _end(self) -> None:
        if not self._over.is_set():
            self._over.set()
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._log.close()


def last_lines(log: Path, count: int = 5, characters: int = 600) -> list[str]:
    """The last lines an agent wrote, fit for a message: bounded, printable, without what looks like a credential."""
    found: list[str] = []
    for number in (0, 1):  # a file that has just begun says little
        with contextlib.suppress(FileNotFoundError), old_name(log, number).open("rb") as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - 16 * 1024))
            lines = f.read().decode("utf-8", "replace").splitlines()
            found = [text for line in lines if (text := _STAMP.sub("", line, count=1).strip())] + found
        if len(found) >= count:
            break
    told = ["".join(c if c.isprintable() else " " for c in without_credentials(line))[:300] for line in found]
    while len(told := told[-count:]) > 1 and sum(map(len, told)) > characters:
        count = len(told) - 1
    return told
