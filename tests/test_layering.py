"""Who may import whom. This walks the imports of the whole tree and fails on every arrow that is not drawn below."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each room of orchestration imports only rooms before it.
ROOMS = (
    "errors machine home clock processes lock terraform outputs settings ledger runtime gateway tokens review drift "
    "remains checks report evidence consent console terminal aws http client embedded subjects desks steps tools "
    "doctor commands wiring"
).split()
OURS = frozenset(
    {"orchestration", "agentcore_local", "agent", "mortgage", "main", "cli", "tasks", "scripts", "tests", "bench"}
)
# Inside orchestration each of these has one importer, whose fakes and errors are then the only ones to know.
OWNERS: Mapping[str, str] = {
    "boto3": "orchestration.aws",
    "botocore": "orchestration.aws",
    "httpx": "orchestration.http",
    "httpx_sse": "orchestration.http",
    "pycognito": "orchestration.aws",
    "rich": "orchestration.console",
    "bedrock_agentcore_starter_toolkit": "orchestration.runtime.worker",
    "python_terraform": "orchestration.terraform.process",
    "filelock": "orchestration.lock",
    "psutil": "orchestration.embedded.daemon",
}
AGENT_MAY = frozenset({"strands", "bedrock_agentcore", "starlette"})
# What strands' own interface is made of, each in the modules that implement it and nowhere else.
AGENT_OWNERS: Mapping[str, frozenset[str]] = {
    "boto3": frozenset({"agent.mortgage.aws"}),
    "botocore": frozenset({"agent.mortgage.aws"}),
    "httpx2": frozenset({"agent.mortgage.mcp_call"}),
    "mcp": frozenset({"agent.mortgage.mcp_call"}),
    "opentelemetry": frozenset({"agent.mortgage.traces"}),
    "pydantic": frozenset({"agent.mortgage.loop", "agent.mortgage.scripted_model"}),
}
CLI_MAY = frozenset({"orchestration.wiring", "orchestration.console"})


@dataclass(frozen=True)
class Import:
    """`module` imports `name`, in full and without relative dots; both dotted."""

    file: Path
    line: int
    module: str
    name: str

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.module} imports {self.name}"


def module_name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def nodes(text: str) -> tuple[ast.AST, ...]:
    """Everything in a module, which several rules look at."""
    return tuple(ast.walk(ast.parse(text)))


def imports(root: Path, folder: str) -> Iterator[Import]:
    """Every import statement below a folder, or in a file; those inside functions count like any other."""
    base = root / folder
    for path in sorted(base.rglob("*.py")) if base.is_dir() else [base]:
        file = path.relative_to(root)
        module = module_name(file)
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for node in nodes(path.read_text(encoding="utf-8")):
            for name in _names(root, node, package):
                yield Import(file, getattr(node, "lineno", 0), module, name)


def _names(root: Path, node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, base] if base else above)
        for alias in node.names:
            below = root.joinpath(*base.split("."), alias.name)
            yield f"{base}.{alias.name}" if below.is_dir() or below.with_suffix(".py").exists() else base
    elif isinstance(node, ast.Call) and _called(node.func) in {"import_module", "__import__"}:
        argument = node.args[0] if node.args else None
        known = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        yield argument.value if known else "<a name made at run time>"  # type: ignore[union-attr]


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def room(module: str) -> str:
    """The part of orchestration that a module belongs to; "" for the package itself."""
    return (module.split(".") + [""])[1]


def wrong_in_orchestration(found: Import) -> bool:
    here = room(found.module)
    if found.top == "orchestration":
        there = room(found.name)
        if here not in ROOMS or there not in ROOMS:
            return True
        if found.module == OWNERS["bedrock_agentcore_starter_toolkit"]:
            return True  # it runs in another folder, where nothing of ours can be imported
        return here != there and ROOMS.index(there) > ROOMS.index(here)
    if found.top in OWNERS:
        owner = OWNERS[found.top]
        return found.module != owner and not found.module.startswith(f"{owner}.")
    return found.top in OURS or found.top.startswith("<")


def wrong_in_agentcore_local(found: Import) -> bool:
    return found.top in OURS - {"agentcore_local"} or found.top.startswith("<")


def wrong_in_agent(found: Import) -> bool:
    if found.top in AGENT_OWNERS:
        return found.module not in AGENT_OWNERS[found.top]
    return found.top not in AGENT_MAY | sys.stdlib_module_names | {"mortgage"}


def wrong_in_cli(found: Import) -> bool:
    return found.top in OURS - {"cli"} and found.name not in CLI_MAY


def wrong_in_tasks(found: Import) -> bool:
    return found.top in OURS - {"cli"}


def wrong_in_scripts(found: Import) -> bool:
    return found.name == "orchestration.wiring"


def faults(root: Path) -> list[str]:
    """Each import that is not drawn, and each circle of modules in orchestration."""
    rules = {
        "orchestration": wrong_in_orchestration,
        "agentcore_local": wrong_in_agentcore_local,
        "agent": wrong_in_agent,
        "cli": wrong_in_cli,
        "tasks.py": wrong_in_tasks,
        "scripts": wrong_in_scripts,
    }
    found = [str(i) for folder, wrong in rules.items() for i in imports(root, folder) if wrong(i)]
    return found + circles(root)


def circles(root: Path) -> list[str]:
    graph: dict[str, set[str]] = {}
    for i in imports(root, "orchestration"):
        if i.top == "orchestration" and i.name != i.module:
            graph.setdefault(i.module, set()).add(i.name)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as e:
        return [f"circle: {' -> '.join(e.args[1])}"]
    return []


def mocks(root: Path) -> list[str]:
    """Tests that replace parts of modules instead of passing a fake."""
    found = []
    for path in sorted((root / "tests").rglob("*.py")):
        if "mock" not in (text := path.read_text(encoding="utf-8")):
            continue  # most do not, and parsing them takes seconds
        file = path.relative_to(root)
        named = imports(root, str(file))
        found += [str(i) for i in named if i.name.startswith(("unittest.mock", "mock", "pytest_mock"))]
        for node in nodes(text):
            patches = isinstance(node, ast.Attribute) and node.attr == "patch" and _called(node.value) == "mock"
            if patches or (isinstance(node, ast.arg) and node.arg == "mocker"):
                found.append(f"{file}:{getattr(node, 'lineno', 0)}: uses mock")
    return found


def test_every_import_is_drawn() -> None:
    assert faults(ROOT) == []


def test_no_test_mocks() -> None:
    assert mocks(ROOT) == []


def test_every_room_is_in_the_drawing() -> None:
    there = {p.stem for p in (ROOT / "orchestration").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert there - {"__init__"} == set(ROOMS)


GOOD = {
    "orchestration/__init__.py": "",
    "orchestration/errors.py": "",
    "orchestration/runtime/__init__.py": "",
    "orchestration/runtime/spec.py": "from orchestration.errors import X",
    "orchestration/runtime/launch.py": "from orchestration.runtime.spec import X",
    "orchestration/runtime/worker.py": "def f():\n    import bedrock_agentcore_starter_toolkit",
    "orchestration/checks/__init__.py": "",
    "orchestration/checks/run.py": "import json",
    "orchestration/aws.py": "import boto3\nfrom botocore.config import Config\nfrom orchestration.checks import run",
    "orchestration/wiring.py": "from orchestration.aws import X",
    "agentcore_local/__init__.py": "",
    "agentcore_local/app.py": "import starlette, boto3",
    "agent/main.py": "import json\nfrom strands import Agent\nfrom mortgage.tools import x",
    "agent/mortgage/tools.py": "",
    "cli/proof.py": "from orchestration import wiring\nfrom invoke import task",
    "tasks.py": "from cli import proof",
    "scripts/lint.py": "from orchestration.errors import X",
    "tests/test_x.py": "import pytest",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in GOOD.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_tree_as_drawn_has_no_fault(tree: Path) -> None:
    assert faults(tree) == []
    assert mocks(tree) == []


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        pytest.param("orchestration/errors.py", "from orchestration.aws import X", "orchestration.aws", id="backwards"),
        pytest.param("orchestration/errors.py", "from orchestration import aws", "orchestration.aws", id="package"),
        pytest.param("orchestration/errors.py", "from . import aws", "orchestration.aws", id="relative"),
        pytest.param("orchestration/errors.py", "from .aws import X", "orchestration.aws", id="relative-module"),
        pytest.param("orchestration/runtime/spec.py", "from ..aws import X", "orchestration.aws", id="relative-two-up"),
        pytest.param("orchestration/errors.py", "import orchestration.aws as a", "orchestration.aws", id="as"),
        pytest.param("orchestration/errors.py", "def f():\n    import orchestration.aws", "orchestration.aws", id="in"),
        pytest.param(
            "orchestration/errors.py",
            "if TYPE_CHECKING:\n    from orchestration.aws import X",
            "orchestration.aws",
            id="for-types",
        ),
        pytest.param(
            "orchestration/errors.py", "import_module('orchestration.aws')", "orchestration.aws", id="by-text"
        ),
        pytest.param("orchestration/errors.py", "__import__(name)", "<a name made at run time>", id="by-variable"),
        pytest.param("orchestration/other.py", "import orchestration.errors", "orchestration.errors", id="new-room"),
        pytest.param("orchestration/wiring.py", "import boto3", "boto3", id="second-importer-of-boto3"),
        pytest.param("orchestration/wiring.py", "from botocore import x", "botocore", id="second-importer-of-botocore"),
        pytest.param("orchestration/aws.py", "import httpx", "httpx", id="second-importer-of-httpx"),
        pytest.param("orchestration/aws.py", "from rich.table import T", "rich.table", id="second-importer-of-rich"),
        pytest.param(
            "orchestration/runtime/launch.py",
            "import bedrock_agentcore_starter_toolkit",
            "bedrock_agentcore_starter_toolkit",
            id="second-importer-of-the-toolkit",
        ),
        pytest.param("orchestration/aws.py", "import python_terraform", "python_terraform", id="terraform-elsewhere"),
        pytest.param(
            "orchestration/runtime/worker.py",
            "from orchestration.errors import X",
            "orchestration.errors",
            id="worker-imports-ours",
        ),
        pytest.param("orchestration/aws.py", "import agentcore_local.app", "agentcore_local.app", id="local-in-ours"),
        pytest.param("orchestration/aws.py", "import mortgage", "mortgage", id="agent-in-orchestration"),
        pytest.param("orchestration/aws.py", "import tasks", "tasks", id="tasks-in-orchestration"),
        pytest.param("agentcore_local/app.py", "import orchestration.errors", "orchestration.errors", id="ours-local"),
        pytest.param("agentcore_local/app.py", "import mortgage", "mortgage", id="agent-in-local"),
        pytest.param("agent/main.py", "import orchestration.errors", "orchestration.errors", id="ours-in-agent"),
        pytest.param("agent/mortgage/tools.py", "import boto3", "boto3", id="boto3-elsewhere-in-agent"),
        pytest.param("agent/mortgage/tools.py", "import httpx", "httpx", id="third-party-in-agent"),
        pytest.param("cli/proof.py", "from orchestration import aws", "orchestration.aws", id="tasks-past-the-wiring"),
        pytest.param("tasks.py", "from orchestration import wiring", "orchestration.wiring", id="tasks-past-the-cli"),
        pytest.param("scripts/lint.py", "from orchestration import wiring", "orchestration.wiring", id="in-script"),
    ],
)
def test_a_planted_import_is_reported_with_its_place(tree: Path, file: str, text: str, name: str) -> None:
    (tree / file).write_text(text)
    [fault] = faults(tree)
    assert fault.startswith(f"{file}:")
    assert fault.endswith(f" imports {name}")


def test_a_planted_circle_is_reported(tree: Path) -> None:
    (tree / "orchestration/runtime/spec.py").write_text("import orchestration.runtime.launch")
    [fault] = faults(tree)
    assert fault.startswith("circle: ")
    assert "orchestration.runtime.launch" in fault


@pytest.mark.parametrize(
    "text",
    [
        "from unittest import mock\nmock.patch('x')",
        "import unittest.mock",
        "from unittest.mock import Mock",
        "from mock import patch",
        "def test_x(mocker): ...",
    ],
)
def test_a_planted_mock_is_reported(tree: Path, text: str) -> None:
    (tree / "tests/test_x.py").write_text(text)
    assert mocks(tree)


# -- importing does nothing

# Run with the root of a tree as its argument; prints what importing its modules did.
IMPORTER = """
import importlib, os, sys, threading
from pathlib import Path

root = Path(sys.argv[1])
sys.path.insert(0, str(root))
folders = [str(root / name) + os.sep for name in ("orchestration", "agentcore_local")]
did = []

def ours(frame):
    # Whoever asked, past the standard library's own mapping and environment functions.
    while frame and frame.f_globals.get("__name__") in ("os", "collections.abc", "_collections_abc", "__main__"):
        frame = frame.f_back
    return frame and frame.f_code.co_filename.startswith(tuple(folders)) and frame.f_code.co_filename

def watch(name):
    original = getattr(os._Environ, name)
    def watched(*args):
        if file := ours(sys._getframe(1)):
            did.append(f"{file} reads the environment")
        return original(*args)
    setattr(os._Environ, name, watched)

def hook(event, args):
    if event in ("socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.bind"):
        frame = sys._getframe(1)
        while frame and not frame.f_code.co_filename.startswith(tuple(folders)):
            frame = frame.f_back
        if frame and event != "socket.__new__":
            did.append(f"{frame.f_code.co_filename} causes {event}")
        raise OSError("sockets are closed")
    if event in ("subprocess.Popen", "os.system", "os.fork"):
        did.append(f"causes {event}")

for name in ("__getitem__", "__iter__"):
    watch(name)
start = threading.Thread.start
def started(self):
    did.append(f"starts the thread {self.name}")
    start(self)
threading.Thread.start = started
sys.addaudithook(hook)
handlers = len(__import__("logging").getLogger().handlers)
modules = []
for folder in ("orchestration", "agentcore_local"):
    for path in sorted((root / folder).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        modules.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
for module in modules:
    importlib.import_module(module)
if len(__import__("logging").getLogger().handlers) != handlers:
    did.append("sets logging up")
print(len(modules))
print("\\n".join(did), file=sys.stderr)
"""


def imported(root: Path) -> tuple[int, list[str]]:
    """(modules imported, what that did)."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTER, str(root)],
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout), done.stderr.split("\n")[:-1]


def test_importing_every_module_does_nothing() -> None:
    count, did = imported(ROOT)
    assert [line for line in did if line] == []
    assert count == sum(len(list((ROOT / package).rglob("*.py"))) for package in ("orchestration", "agentcore_local"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("import os\nX = os.environ['PATH']", "reads the environment", id="item"),
        pytest.param("import os\nX = os.getenv('HOME')", "reads the environment", id="getenv"),
        pytest.param("import os\nX = os.environ.get('HOME')", "reads the environment", id="get"),
        pytest.param("import os\nX = 'HOME' in os.environ", "reads the environment", id="in"),
        pytest.param("import os\nX = dict(os.environ)", "reads the environment", id="copy"),
        pytest.param("import threading\nthreading.Thread(target=print).start()", "starts the thread", id="thread"),
        pytest.param("import logging\nlogging.basicConfig()", "sets logging up", id="logging"),
        pytest.param(
            "import socket\ntry:\n    socket.getaddrinfo('localhost', 80)\nexcept OSError:\n    pass",
            "causes socket.getaddrinfo",
            id="name-resolution",
        ),
        pytest.param("import subprocess\nsubprocess.run(['/bin/true'])", "causes subprocess.Popen", id="process"),
    ],
)
def test_a_module_that_does_something_at_import_is_caught(tmp_path: Path, text: str, words: str) -> None:
    for package in ("orchestration", "agentcore_local"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "orchestration" / "bad.py").write_text(text)
    count, did = imported(tmp_path)
    assert count == 3
    assert any(words in line for line in did)
