"""The listener and the leash alone, over real sockets and processes, with short deadlines."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import uvloop

from agentcore_local.edge import answer
from agentcore_local.patient import PatientProtocol
from agentcore_local.process import LEASH
from agentcore_local.serve import ACCEPTED_AT_ONCE, listen, serve_until, server
from tests.contract.cloud import eventually


class Impatient(PatientProtocol):
    headers_deadline_s = 1.0


async def plain(scope: Any, receive: Any, send: Any) -> None:
    await answer(send, 200, b"{}", "r")


class Patient(PatientProtocol):
    headers_deadline_s = 600.0


async def exchange(first: bytes, protocol: type[PatientProtocol] = Impatient) -> bytes:
    """What a listener answers before it closes the connection; it is asked to stop after that."""
    stop = asyncio.Event()
    with listen(0) as sock:
        running = asyncio.create_task(serve_until(stop, [(server(plain, protocol), sock)]))
        reader, writer = await asyncio.open_connection("127.0.0.1", sock.getsockname()[1])
        writer.write(first)
        try:
            got = await asyncio.wait_for(reader.read(), 20)
        except ConnectionResetError:  # closed with bytes unread
            got = b""
        writer.close()
        stop.set()
        await running
    return got


def test_slow_headers_do_not_hold_a_connection() -> None:
    assert asyncio.run(exchange(b"GET / HTTP/1.1\r\nHost: a\r\n")) == b""


def test_a_connection_that_says_nothing_is_closed() -> None:
    assert asyncio.run(exchange(b"")) == b""


def test_headers_without_end_close_the_connection() -> None:
    assert asyncio.run(exchange(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: 1\r\n" * 200_000, Patient)) == b""


def test_a_request_in_time_is_answered() -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert asyncio.run(exchange(request)).startswith(b"HTTP/1.1 200")


def turns_until_all_are_in(callers: int) -> int:
    """How many turns of the loop pass between the first and the last of callers who came together."""
    turn, taken = 0, list[int]()

    class Counted(PatientProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            taken.append(turn)
            super().connection_made(transport)

    async def run() -> None:
        nonlocal turn
        stop = asyncio.Event()
        with listen(0) as sock, contextlib.ExitStack() as stack:
            for _ in range(callers):
                stack.enter_context(socket.create_connection(sock.getsockname()))
            running = asyncio.create_task(serve_until(stop, [(server(plain, Counted), sock)]))
            while len(taken) < callers:
                turn += 1
                await asyncio.sleep(0)
            stop.set()
            await running

    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(run())
    return taken[-1] - taken[0]


def test_callers_who_come_together_are_let_in_together() -> None:
    assert turns_until_all_are_in(ACCEPTED_AT_ONCE) < ACCEPTED_AT_ONCE // 2


# Where the kernel offers no parent-death signal, the leash watches its parent itself.
PARENT = """
import os, subprocess, sys
p = subprocess.Popen(
    [sys.executable, "-I", sys.argv[1], str(os.getpid()), sys.argv[2], "8080", "main.py", "supervise"],
    stdin=subprocess.PIPE,
    start_new_session=True,
)
p.stdin.write(b'{"PATH": "/usr/bin:/bin"}')
p.stdin.close()
p.wait()
"""
AGENT = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)\n"


def test_a_supervised_agent_ends_with_its_killed_parent(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(AGENT)
    with subprocess.Popen([sys.executable, "-c", PARENT, str(LEASH), str(tmp_path)]) as parent:
        agent = int(eventually(lambda: (tmp_path / "pid").read_text(), "the agent runs"))
        os.kill(parent.pid, signal.SIGKILL)

    def gone() -> bool:
        try:
            return psutil.Process(agent).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    eventually(gone, "the agent has ended")


def test_a_leash_whose_parent_is_gone_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(AGENT)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    command = [sys.executable, str(LEASH), str(gone.pid), str(tmp_path), "8080", "main.py"]
    result = subprocess.run(command, timeout=20, input=b"{}")
    assert result.returncode != 0
    assert not (tmp_path / "pid").exists()
