"""Starts an agent so that it cannot outlive the process that asked for it. Run as a script, imports nothing of ours.

    python leash.py PARENT_PID FOLDER ENTRY

Linux: the kernel kills this process when its parent dies (prctl PR_SET_PDEATHSIG, kept across exec), then
it becomes the agent. Elsewhere: it stays as the agent's parent and ends it when its own parent is gone.
"""

import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1


def become(parent: int, entry: str) -> None:
    """Linux. The parent may have died before prctl took hold, hence the look afterwards."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise SystemExit("the agent cannot be bound to its parent")
    if os.getppid() != parent:
        raise SystemExit("parent is gone")
    os.execv(sys.executable, [sys.executable, entry])  # noqa: S606  no shell is wanted


def supervise(parent: int, entry: str) -> int:
    """Anywhere else. Watches its own parent ten times a second; the agent is in this process group."""
    child = os.posix_spawn(sys.executable, [sys.executable, entry], os.environ)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != parent:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        time.sleep(0.1)


def main(argv: list[str]) -> int:
    parent, folder, entry = int(argv[1]), argv[2], argv[3]
    os.chdir(folder)
    if sys.platform == "linux" and len(argv) < 5:
        become(parent, entry)
    return supervise(parent, entry)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
