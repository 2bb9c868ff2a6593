"""Starts an agent on a leash: it cannot outlive its host, use up the machine, or read what is not its own.

Run as a script, imports nothing of ours, since it becomes the agent:

    python -I leash.py PARENT_PID FOLDER PORT ENTRY < variables.json

The agent's variables come by stdin and count from the moment it becomes the agent: with PYTHONPATH or LD_PRELOAD among
this process's own, the agent's code would run before there is a wall.

A program that talks by stdin, such as a Lambda function's worker, gets its variables by another descriptor:

    python -I leash.py within FOLDER DESCRIPTOR PROGRAM ARGUMENT...

Linux: the kernel kills this process when its parent dies (prctl PR_SET_PDEATHSIG, kept across exec), bounds
it (setrlimit) and walls it in (Landlock, where the kernel has it), then it becomes the agent. Elsewhere: it
stays as the agent's parent and ends it when its own parent is gone; there is no wall there.
"""

import ctypes
import json
import os
import site
import struct
import sys
import time
from collections.abc import Callable, Iterable
from signal import SIGKILL

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every Linux architecture
RULE_PATH, RULE_PORT, ABI_QUESTION, BIND_TCP = 1, 2, 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL  # what a rule on anything but a folder may say
SCOPES = 0b11  # no abstract sockets of, and no signals to, processes outside

MAX_ADDRESS_SPACE = 16 * 2**30  # the service gives a session 8 GB; libraries reserve more than they touch
MAX_FILE = 2**30
MAX_OPEN_FILES = 4096
MORE_PROCESSES = 512  # the kernel counts all of a user's, so this is on top of what runs now; root is not held

# What programs read of a system that is nobody's secret. /etc as a whole is not: root could read shadow.
SYSTEM = (
    "/usr /lib /lib32 /lib64 /bin /sbin /nix/store /gnu/store "
    "/etc/ssl /etc/pki /etc/ca-certificates /etc/crypto-policies /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d "
    "/etc/resolv.conf /etc/hosts /etc/host.conf /etc/nsswitch.conf /etc/gai.conf /etc/services /etc/protocols "
    "/etc/localtime /etc/timezone /etc/passwd /etc/group /etc/mime.types /etc/os-release /etc/alternatives "
    "/proc/self /proc/cpuinfo /proc/meminfo /proc/stat /proc/loadavg /proc/sys /proc/filesystems "
    "/sys/devices/system/cpu /sys/fs/cgroup /sys/kernel/mm/transparent_hugepage"
).split()
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


class Unfenced(OSError):
    """The kernel has Landlock and yet the wall could not be built."""


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """Version of Landlock in this kernel; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    answer: int = libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ABI_QUESTION))
    return max(0, answer)


def hide_from_same_user() -> None:
    """Keep this process's memory and environment from other processes of its user (not from root)."""
    if sys.platform == "linux" and libc().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the process cannot be made unreadable")


def interpreter() -> list[str]:
    """Folders that this Python needs: itself, its packages, and the libraries it has loaded."""
    folders = {sys.prefix, sys.base_prefix, *site.getsitepackages()}
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            fields = line.rstrip("\n").split(maxsplit=5)
            if len(fields) == 6 and fields[5].startswith("/") and ".so" in fields[5]:
                folders.add(os.path.dirname(fields[5]))
    return sorted(folders - {"/"})


def fence(folder: str, port: int, abi: int) -> None:
    """Wall this process in for good: its folder and TMPDIR to write, the system and Python to read, one port to bind.

    port 0: none. Raises Unfenced.
    """
    handled = (1 << min(13 + (abi >= 2) + (abi >= 3) + (abi >= 5), 16)) - 1
    parts = [handled, BIND_TCP, SCOPES][: 1 + (abi >= 4) + (abi >= 6)]
    attributes = struct.pack(f"={len(parts)}Q", *parts)
    ruleset = _ask(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    own = [folder, os.environ.get("TMPDIR", folder)]
    for paths, rights in ((own, handled), (DEVICES, OF_FILES & ~EXECUTE), ((*SYSTEM, *interpreter()), READ)):
        _open_up(ruleset, paths, rights & handled)
    if len(parts) > 1 and port:
        _ask(ADD_RULE, ctypes.c_int(ruleset), RULE_PORT, struct.pack("=QQ", BIND_TCP, port), ctypes.c_uint32(0))
    if libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise Unfenced(ctypes.get_errno(), "no_new_privs")
    _ask(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def _open_up(ruleset: int, paths: Iterable[str], rights: int) -> None:
    for path in paths:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)  # follows links: the rule is on what they lead to
        except OSError:
            continue  # not on this system
        allowed = rights if os.path.isdir(path) else rights & OF_FILES
        rule = struct.pack("=Qi", allowed, opened)
        _ask(ADD_RULE, ctypes.c_int(ruleset), RULE_PATH, rule, ctypes.c_uint32(0))
        os.close(opened)


def _ask(number: int, *arguments: object) -> int:
    result: int = libc().syscall(number, *arguments)
    if result < 0:
        raise Unfenced(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result


def bound() -> None:
    """Resource limits, for good: hard ones too. A core dump would hold the agent's tokens."""
    import resource

    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: MAX_FILE,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
    }
    if sys.platform == "linux":  # elsewhere the kernel ignores the one, and nothing tells the count for the other
        wanted |= {resource.RLIMIT_AS: MAX_ADDRESS_SPACE, resource.RLIMIT_NPROC: processes_of_user() + MORE_PROCESSES}
    for name, value in wanted.items():
        _, hard = resource.getrlimit(name)
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (limit, limit))


def processes_of_user() -> int:
    """Threads that this user runs, which is what the kernel counts."""
    count = 0
    for name in os.listdir("/proc"):
        try:
            if name.isdecimal() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue  # it has ended, or hides
    return count


Wall = Callable[[str, int, int], None]


def become(
    parent: int, folder: str, port: int, entry: str, abi: int, variables: dict[str, str], wall: Wall = fence
) -> None:
    """Linux. The parent may have died before prctl took hold, hence the look afterwards. abi 0 is no Landlock."""
    if libc().prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0:
        raise SystemExit("the agent cannot be bound to its parent")
    if os.getppid() != parent:
        raise SystemExit("parent is gone")
    bound()
    if abi:
        wall(folder, port, abi)
    os.execve(sys.executable, [sys.executable, entry], variables)  # noqa: S606  no shell is wanted


def supervise(parent: int, entry: str, variables: dict[str, str]) -> int:
    """Anywhere else. Watches its own parent ten times a second; the agent is in this process group."""
    child = os.posix_spawn(sys.executable, [sys.executable, entry], variables)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != parent:
            os.killpg(os.getpgrp(), SIGKILL)
        time.sleep(0.1)


def within(folder: str, variables: dict[str, str], program: list[str], abi: int, wall: Wall = fence) -> None:
    """Become a program that outlives no pipe to its parent, in the working folder of this one. abi 0 is no Landlock."""
    os.environ["TMPDIR"] = folder  # what the wall leaves open
    bound()
    if abi:
        wall(folder, 0, abi)
    os.execvpe(program[0], program, {**variables, "TMPDIR": folder})  # noqa: S606  no shell is wanted


def main(argv: list[str]) -> int:
    if argv[1] == "within":
        with open(int(argv[3]), encoding="utf-8") as given:
            variables = json.load(given)
        within(argv[2], variables, argv[4:], landlock_abi())
    parent, folder, port, entry = int(argv[1]), argv[2], int(argv[3]), argv[4]
    os.chdir(folder)
    variables = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ["TMPDIR"] = variables.get("TMPDIR", folder)  # the wall leaves it open
    if sys.platform == "linux" and len(argv) < 6:
        become(parent, folder, port, entry, landlock_abi(), variables)
    bound()
    return supervise(parent, entry, variables)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
