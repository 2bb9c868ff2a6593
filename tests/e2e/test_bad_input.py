"""Whatever is wrong is told in one line with its value and a remedy, before anything is changed."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.acts import one_error
from tests.e2e.bad_inputs import BAD, OUTPUTS, TERRAFORM, Bad, of_outputs
from tests.e2e.conftest import Clone, Done

pytestmark = pytest.mark.e2e

Answers = dict[str, tuple[Bad, dict[str, Any]]]


@pytest.fixture(scope="module")
def answers(clone: Clone, first_up: Done) -> Answers:
    """Every row, run in one process."""
    assert first_up.code == 0, first_up.err
    rows = [*BAD, *of_outputs((clone.path / TERRAFORM).read_bytes())]
    asked = [
        {
            "argv": list(bad.argv),
            "env": dict(bad.env),
            "files": {name: base64.b64encode(content).decode() for name, content in bad.files.items()},
        }
        for bad in rows
    ]
    done = subprocess.run(
        [".venv/bin/python", str(Path(__file__).with_name("batch.py"))],
        cwd=clone.path,
        env=clone.environment(),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return {bad.id: (bad, answer) for bad, answer in zip(rows, json.loads(done.stdout), strict=True)}


@pytest.mark.parametrize("id", [*(bad.id for bad in BAD), *OUTPUTS])
def test_bad_input_is_one_line_with_its_value_and_a_remedy_and_changes_nothing(answers: Answers, id: str) -> None:
    bad, answer = answers[id]
    assert answer["code"] == bad.code, answer["err"]
    line = one_error(Done(answer["code"], answer["out"], answer["err"]))
    assert line.startswith(f"error [{bad.error}]: ")
    assert bad.value in line
    assert (answer["out"], answer["changed"]) == ("", [])


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        pytest.param([b"status", b"--environment", b"d\xff"], "bad_environment", id="no-text"),
        pytest.param([b"ask", b"\xff\xfe"], "question_not_text", id="question-that-is-no-text"),
        pytest.param([b"smoke-test", b"--parallel", b"\xff"], "bad_input", id="no-number"),
    ],
)
def test_bytes_that_are_no_text_are_bad_input(up: Clone, argv: list[bytes], error: str) -> None:
    env = {**up.environment(), "PYTHONUTF8": "1"}
    done = subprocess.run([b".venv/bin/invoke", *argv], cwd=up.path, env=env, capture_output=True, timeout=60)
    said = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert (said.code, said.out) == (2, "")
    assert f"error [{error}]" in one_error(said)
