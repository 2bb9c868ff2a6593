"""One agent's process: how it is started on its leash, ended with all that it started, and looked at."""

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from agentcore_local.falls import Key
from agentcore_local.protocols import CONTRACTS, Contract

STOP_GRACE_S = 5.0
LEASH = Path(__file__).with_name("leash.py")


class StartFailed(Exception):
    """The agent did not come up; the text becomes the runtime's failureReason."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One version to run: where its files are, what to start, with which variables of its own."""

    key: Key
    folder: Path
    entry: str
    variables: Mapping[str, str]
    log: Path
    contract: Contract = CONTRACTS["HTTP"]
    idle_s: float = 900.0
    role: str = ""

    @property
    def temporary(self) -> Path:
        """Its own place for temporary files; /tmp is not open to it."""
        return self.log.with_name("tmp")


async def spawn(launch: Launch, environment: dict[str, str], output: int) -> asyncio.subprocess.Process:
    """Start it; it alone holds `output`, the descriptor that it prints to, afterwards."""
    try:
        launch.temporary.mkdir(mode=0o700, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(LEASH),
            str(os.getpid()),
            str(launch.folder),
            environment["PORT"],
            launch.entry,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            # Not the agent's: the leash hands those on once the wall stands.
            env={"LANG": "C.UTF-8", "PATH": os.defpath},
            start_new_session=True,
        )
    finally:
        os.close(output)
    assert process.stdin is not None  # noqa: S101 - it was asked for
    with contextlib.suppress(ConnectionError):  # one that ended already is told by its exit code
        process.stdin.write(json.dumps(environment).encode())
        await process.stdin.drain()
    process.stdin.close()
    return process


def how_it_ended(code: int) -> str:
    """An exit code for people."""
    with contextlib.suppress(ValueError):
        return f"Agent was ended by {signal.Signals(-code).name}"
    return f"Agent ended with code {code}"


async def end(process: asyncio.subprocess.Process) -> None:
    """SIGTERM to the agent's whole group, SIGKILL to what is left of it."""
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_GRACE_S)
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether something takes connections there; a hundredth of the price of a request."""
    with socket.socket() as caller:
        caller.setblocking(False)
        caller.connect_ex(("127.0.0.1", port))
        return caller.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != errno.ECONNREFUSED


def refuse_open_listener(pid: int, port: int) -> None:
    """The port must belong to this agent and to loopback alone: else another process could answer for it,
    or callers could walk around the door. Raises StartFailed."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        sockets = [c for p in family for c in p.net_connections(kind="tcp")]
    except psutil.Error as e:
        raise StartFailed("Agent ended while its listener was looked at.") from e
    open_at = {c.laddr.ip for c in sockets if c.status == psutil.CONN_LISTEN and c.laddr.port == port}
    if not open_at:
        raise StartFailed(f"Port {port} is answered by another process than the agent.")
    if open_at - {"127.0.0.1"}:
        raise StartFailed(f"Agent listens on {', '.join(sorted(open_at))}; it must listen on HOST (127.0.0.1).")
