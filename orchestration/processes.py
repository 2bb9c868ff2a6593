"""Processes of this machine: who one is, and a leash that ends it with its parent. Standard library alone.

Run as a script it is the leash, and becomes the program:

    python -I -S processes.py PARENT_PID SIGNAL PROGRAM [ARGUMENT ...]

Linux tells the program when its parent died (prctl PR_SET_PDEATHSIG, kept across exec). Elsewhere nothing does;
whoever comes next finds it by the record of its start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
CANNOT_START = 127
PS_TIMEOUT_S = 10.0


def leashed(argv: Sequence[str], ending: signal.Signals) -> list[str]:
    """The command line that runs `argv` so that it gets `ending` when this process dies, however it dies."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(ending)), *argv]


def heeded(*numbers: signal.Signals) -> list[signal.Signals]:
    """Those that whoever started us does not have us ignore, as nohup and a shell's & do."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def started(pid: int) -> str | None:
    """What tells this process from a later one of the same pid; None when it has ended.

    Linux: /proc/PID/stat, field 22, in clock ticks since boot; a zombie has ended. Elsewhere the second that ps names.
    """
    if sys.platform == "linux":
        try:
            # The name, in brackets, may hold anything.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    listed = _ps("-o", "stat=,lstart=", "-p", str(pid)).split(maxsplit=1)
    return None if len(listed) < 2 or listed[0].startswith("Z") else listed[1].strip()


def runs(pid: int, start: str) -> bool:
    """True if that very process is still there."""
    return started(pid) == start


def end_group(leader: int, word: str) -> bool:
    """SIGKILL what is left of a process group and has the word in its command line; True if there was anything.

    The word guards against a group that got the number of ours since.
    """
    found = False
    for pid, arguments in _members(leader):
        if word in arguments:
            with contextlib.suppress(OSError):  # it has ended
                os.kill(pid, signal.SIGKILL)
                found = True
    return found


def _members(leader: int) -> Iterator[tuple[int, str]]:
    """(pid, command line) of every process of a group."""
    if sys.platform == "linux":
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
                if group == str(leader) and state not in "ZX":
                    yield (
                        int(folder.name),
                        (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"),
                    )
        return
    for line in _ps("-A", "-o", "pid=,pgid=,args=").splitlines():
        fields = line.split(maxsplit=2)
        if len(fields) == 3 and fields[1] == str(leader):
            yield int(fields[0]), fields[2]


def _ps(*options: str) -> str:
    try:
        done = subprocess.run(
            ["ps", *options],  # noqa: S607  where it is differs between systems
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PS_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def main(argv: Sequence[str]) -> int:
    parent, ending, program = int(argv[1]), int(argv[2]), list(argv[3:])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ending, 0, 0, 0)
        if os.getppid() != parent:  # it died before prctl took hold
            return CANNOT_START
    try:
        os.execvp(program[0], program)  # noqa: S606  no shell is wanted
    except OSError as e:
        print(e.strerror, file=sys.stderr)
        return CANNOT_START


if __name__ == "__main__":
    sys.exit(main(sys.argv))
