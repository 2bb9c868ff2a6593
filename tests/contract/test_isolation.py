"""What an agent can reach of the machine it shares with its host, its operator and other agents."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentcore_local import leash
from agentcore_local.process import LEASH
from tests.contract.cloud import Local, free_port
from tests.contract.deployed import Deployed

Create = Callable[..., Deployed]
Upload = Callable[..., dict[str, Any]]
ROOT = Path(__file__).parents[2]

# Does what it is told and says how each went: the name of the error, or "done".
PROBE = """
import json, os, pathlib, resource, signal, socket, ssl, subprocess, tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).parent

def bind(port):
    with socket.socket() as s:
        s.bind(("127.0.0.1", port))

def temporary(_):
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"x")

DEEDS = {
    "read": lambda p: pathlib.Path(p).read_bytes(),
    "list": os.listdir,
    "write": lambda p: pathlib.Path(p).write_text("x"),
    "move": lambda p: os.rename(HERE / "own.py", p),
    "signal": lambda pid: os.kill(pid, 0),
    "bind": bind,
    "temporary": temporary,
    "tls": lambda _: ssl.create_default_context(),
    "run": lambda words: subprocess.run(words, check=True, capture_output=True),
}

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        told = []
        for deed, object in asked:
            try:
                DEEDS[deed](object)
                told.append("done")
            except Exception as e:
                told.append(type(e).__name__)
        limits = {n: resource.getrlimit(getattr(resource, n)) for n in ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_AS")}
        body = json.dumps({"told": told, "pid": os.getpid(), "limits": limits}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def probe(create: Create, upload: Upload) -> Deployed:
    return create(agentRuntimeArtifact=upload(main=PROBE))


def ask(local: Local, runtime: Deployed, *deeds: tuple[str, Any]) -> dict[str, Any]:
    reply = local.data().invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=json.dumps(deeds).encode())
    answer: dict[str, Any] = json.loads(reply["response"].read())
    return answer


walled = pytest.mark.skipif(leash.landlock_abi() < 6, reason="this kernel has no Landlock with scopes")


def test_the_log_says_which_wall_this_kernel_has(local: Local) -> None:
    [event] = [e for e in local.events() if e["event"] == "listening"][-1:]
    assert event["landlock"] == leash.landlock_abi()


@walled
def test_an_agent_reaches_nothing_that_is_not_its_own(
    local: Local, probe: Deployed, create: Create, upload: Upload
) -> None:
    other = create(agentRuntimeArtifact=upload(main=PROBE))
    pid = ask(local, other)["pid"]
    theirs = local.folder / "state/agents" / other.id / "1"
    mine = local.folder / "state/agents" / probe.id / "1"
    secret = local.folder / "operators-file"
    secret.write_text("x")
    assert local.process is not None
    host = local.process.pid
    files: list[Path | str] = [
        theirs / "code/main.py",
        theirs / "agent.log",
        mine / "agent.log",
        local.folder / "state/state.sqlite3",
        local.log,
        secret,
        ROOT / "README.md",
        ROOT / "agentcore_local/wire.py",
        "/etc/shadow",
        f"/proc/{host}/environ",
        f"/proc/{host}/cmdline",
        f"/proc/{pid}/environ",
        Path("/proc", str(pid), "root", "etc", "passwd"),
    ]
    assert all(Path(f).exists() for f in files if not str(f).startswith("/proc"))
    deeds: list[tuple[str, Any]] = [("read", str(f)) for f in files]
    deeds += [("list", str(d)) for d in (theirs / "code", mine, local.folder / "state", Path.home(), "/tmp", "/")]
    deeds += [("write", str(d / "planted")) for d in (theirs / "code", mine, local.folder, Path("/tmp"), Path.home())]
    deeds += [("move", str(theirs / "code/own.py")), ("signal", host), ("signal", pid), ("bind", free_port())]
    told = ask(local, probe, *deeds)["told"]
    reached = [d for d, how in zip(deeds, told, strict=True) if how not in ("PermissionError", "OSError")]
    assert reached == []


# Python runs this by itself where it finds it, long before main.py: it tries the state database and tells how it went.
EARLY = """
import os, pathlib
told = pathlib.Path(__file__).parent / "early.txt"
try:
    open(pathlib.Path(__file__).parents[4] / "state.sqlite3", "rb").read(1)
    how = "read"
except Exception as e:
    how = type(e).__name__
with told.open("a") as f:
    f.write(how + chr(10))
"""


@walled
def test_no_code_of_the_agent_runs_before_its_wall(local: Local, create: Create, upload: Upload) -> None:
    """PYTHONPATH, with the folder that the next version will have, makes Python run the agent's own sitecustomize."""
    archive = {"sitecustomize.py": EARLY}
    runtime = create(agentRuntimeArtifact=upload(main=PROBE))
    code = local.folder / "state/agents" / runtime.id / "2/code"
    reply = runtime.update(
        agentRuntimeArtifact=upload(main=PROBE, **archive), environmentVariables={"PYTHONPATH": str(code)}
    )
    assert reply["status"] == "READY"
    assert (code / "early.txt").read_text().split() == ["PermissionError"]


def test_an_agent_has_what_programs_need(local: Local, probe: Deployed) -> None:
    own = local.folder / "state/agents" / probe.id / "1/code"
    needed = [("write", str(own / "notes.txt")), ("read", str(own / "main.py")), ("list", str(own))]
    needed += [
        ("temporary", ""),
        ("tls", ""),
        ("read", "/etc/hosts"),
        ("write", "/dev/null"),
        ("read", "/proc/self/status"),
    ]
    run = [("run", ["/bin/sh", "-c", "exit 0"]), ("run", [sys.executable, "-c", "import aiohttp, boto3"])]
    told = ask(local, probe, *needed, *run)["told"]
    assert set(told) == {"done"}, list(zip([*needed, *run], told, strict=True))


def test_an_agent_is_bounded(local: Local, probe: Deployed) -> None:
    limits = ask(local, probe)["limits"]
    assert limits["RLIMIT_CORE"] == [0, 0]
    assert limits["RLIMIT_FSIZE"] == [leash.MAX_FILE] * 2
    assert limits["RLIMIT_AS"] == [leash.MAX_ADDRESS_SPACE] * 2


@pytest.mark.skipif(sys.platform != "linux", reason="a switch of Linux")
def test_the_host_is_unreadable_for_its_own_user() -> None:
    code = "from agentcore_local.leash import *; hide_from_same_user(); print(libc().prctl(3, 0, 0, 0, 0))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "0"


# The leash with another kernel's answers.
LEASHED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import leash
def wall(*_):
    raise leash.Unfenced(1, "refused")
leash.become(os.getppid(), sys.argv[2], 8080, "main.py", int(sys.argv[3]), dict(os.environ), wall)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is of Linux")
@pytest.mark.parametrize(("abi", "starts"), [(0, True), (7, False)])
def test_without_landlock_an_agent_starts_and_with_a_broken_wall_it_does_not(
    tmp_path: Path, abi: int, starts: bool
) -> None:
    (tmp_path / "main.py").write_text("open('started', 'w')\n")
    command = [sys.executable, "-c", LEASHED, str(LEASH.parent), str(tmp_path), str(abi)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=20, env=dict(os.environ))
    assert (tmp_path / "started").exists() is starts
    assert (result.returncode == 0) is starts
