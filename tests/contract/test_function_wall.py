"""What a Lambda function can reach of the machine, of the emulator that runs it, and of its secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentcore_local.leash import landlock_abi
from orchestration.doctor.traces import exposed_in
from orchestration.embedded.functions import Fenced
from orchestration.embedded.ministack_server import fence_functions, forget_empty_environments
from tests.fakes.orchestration import deployment

ROOT = Path(__file__).parents[2]
WORKER = """
import json, os, pathlib, sys

def tried(deed):
    try:
        deed()
    except Exception as e:
        return type(e).__name__
    return "done"

asked = json.loads(sys.stdin.readline())
print(json.dumps({
    "variables": dict(os.environ),
    "here": os.getcwd(),
    **{path: tried(pathlib.Path(path).read_bytes) for path in asked["read"]},
    "opened": [tried(lambda path=path: os.chmod(path, 0o644)) for path in asked["open"]],
    "write": tried(lambda: pathlib.Path("own.txt").write_text("x")),
    "import": tried(lambda: __import__("orchestration")),
}))
"""


class Emulator:
    """A folder and an environment as the emulator has them, with one function unpacked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.code = folder, folder / "ministack-lambda-f-1" / "code"
        self.code.mkdir(parents=True)
        (self.code.parent / "_worker.py").write_text(WORKER)
        self.secret = folder / "state" / "secretsmanager.json"
        self.secret.parent.mkdir()
        self.secret.write_text("everybody's")
        own = {"AWS_ACCESS_KEY_ID": "AKIAROOT", "AWS_SECRET_ACCESS_KEY": "root", "PYTHONPATH": str(ROOT)}
        self.own = own | {"PATH": os.environ["PATH"], "TMPDIR": str(folder)}
        self.fenced = Fenced(folder, self.own)

    def ask(self, *read: str, opened: tuple[str, ...] = ()) -> dict[str, Any]:
        """As the emulator starts a worker, and what that says of files that it reads and opens to others."""
        env = {**self.own, "AWS_ACCESS_KEY_ID": "ASIAROLE", "GREETING": "hello"}
        worker: Any = self.fenced.Popen(
            [sys.executable, str(self.code.parent / "_worker.py")],
            cwd=str(self.code),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        told, trouble = worker.communicate(json.dumps({"read": read, "open": opened}) + "\n", timeout=30)
        assert worker.returncode == 0, trouble
        answer: dict[str, Any] = json.loads(told)
        return answer


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return Emulator(tmp_path)


def test_a_function_has_its_own_variables_and_none_of_the_emulators(emulator: Emulator) -> None:
    told = emulator.ask()
    given = told["variables"]
    assert (given["AWS_ACCESS_KEY_ID"], given["GREETING"]) == ("ASIAROLE", "hello")
    assert "PYTHONPATH" not in given and "root" not in given.values()
    assert given["TMPDIR"] == str(emulator.code.parent)
    assert (told["here"], told["write"], told["import"]) == (str(emulator.code), "done", "ModuleNotFoundError")


def test_a_function_reads_neither_the_emulators_state_nor_its_environment_nor_the_repository(
    emulator: Emulator,
) -> None:
    closed = (str(emulator.secret), f"/proc/{os.getpid()}/environ", str(ROOT / "README.md"))
    told = emulator.ask(*closed)
    # Where the kernel has no Landlock there is no wall (docs/fidelity.md).
    expected = "PermissionError" if landlock_abi() else "done"
    assert {path: told[path] for path in closed} == dict.fromkeys(closed, expected)


def test_a_mode_that_a_function_changes_outside_its_folder_is_found_by_doctor(tmp_path: Path) -> None:
    # Landlock does not cover modes (docs/fidelity.md); the day this fails, that can be taken back.
    checkout = deployment(tmp_path)
    checkout.state_dir.parent.mkdir(mode=0o700)
    checkout.state_dir.mkdir(mode=0o700)
    emulator = Emulator(checkout.state_dir)
    for path in (checkout.state_dir, *checkout.state_dir.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert list(exposed_in(checkout)) == []
    assert emulator.ask(opened=(str(emulator.secret),))["opened"] == ["done"]
    assert emulator.secret in exposed_in(checkout)


def test_a_program_that_starts_elsewhere_than_where_functions_are_unpacked_is_not_started(emulator: Emulator) -> None:
    for cwd in (emulator.folder, ROOT):
        with pytest.raises(ValueError):
            emulator.fenced.run(["true"], cwd=str(cwd), env={})


def test_a_program_that_is_run_once_is_within_the_wall_too(emulator: Emulator) -> None:
    done = emulator.fenced.run(["env"], cwd=str(emulator.code), env=emulator.own, capture_output=True, text=True)
    assert (done.returncode, "AKIAROOT" in done.stdout) == (0, False)


def test_an_emulator_that_starts_functions_otherwise_does_not_run_them_in_the_open(emulator: Emulator) -> None:
    runner = SimpleNamespace(__name__="runner", subprocess=subprocess)
    fence_functions(emulator.fenced, runner)
    assert runner.subprocess is emulator.fenced
    with pytest.raises(RuntimeError, match="otherwise than this wall expects"):
        fence_functions(emulator.fenced, SimpleNamespace(__name__="runner"))


@pytest.mark.parametrize("emptied", [{}, {"Variables": {}}], ids=["without", "with-none"])
def test_a_function_whose_variables_are_taken_away_again_has_no_environment(emptied: dict[str, Any]) -> None:
    """As before they were set: an empty one would be drift for ever."""
    record: dict[str, Any] = {"config": {"Timeout": 3}}

    def update(name: str, data: dict[str, Any]) -> str:
        record["config"].update(data)
        return name

    functions = SimpleNamespace(_functions={"f": record}, _update_config=update)
    forget_empty_environments(functions)
    functions._update_config("f", {"Environment": {"Variables": {"X": "1"}}})
    assert record["config"]["Environment"] == {"Variables": {"X": "1"}}
    assert functions._update_config("f", {"Environment": emptied}) == "f"
    assert record["config"] == {"Timeout": 3}
    assert functions._update_config("gone", {}) == "gone"
