"""`invoke evidence` on a deployment that runs: sealed, checked by others' tools, found out when touched."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Clone

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def folder(clone: Clone, first_up: object) -> Path:
    done = clone.invoke("evidence", "--out", "proof")
    assert done.code == 0, done.err
    return clone.path / "proof"


def test_the_folder_holds_the_whole_matrix_and_what_it_ran_on(up: Clone, folder: Path) -> None:
    result = json.loads((folder / "result.json").read_text())
    environment = json.loads((folder / "environment.json").read_text())
    assert result["ok"] and len(result["cases"]) >= 40
    assert {case["door"] for case in result["cases"]} == {door["name"] for door in environment["doors"]}
    assert environment["pending_changes"] is False
    assert [door["as_asked"] for door in environment["doors"]] == [True] * 6
    assert environment["digests"]["agent artifact"] and environment["digests"]["terraform plan"]
    assert {request["case"] for request in json.loads((folder / "requests.json").read_text())["requests"]} == {
        case["id"] for case in result["cases"] if case["skipped"] is None and case["expected"] != "as asked"
    }


def test_every_control_has_cases_that_ran(up: Clone, folder: Path) -> None:
    assert all(entry["met"] for entry in json.loads((folder / "controls.json").read_text())["controls"])


def test_the_folder_verifies_here_and_with_sha256sum_until_a_byte_changes(
    up: Clone, folder: Path, tmp_path: Path
) -> None:
    assert up.invoke("evidence", "--verify", str(folder)).code == 0
    copy = shutil.copytree(folder, tmp_path / "copy")
    theirs = ["sha256sum", "--quiet", "-c", "manifest.sha256"]
    assert subprocess.run(theirs, cwd=copy, check=False).returncode == 0
    page = (copy / "report.html").read_text()
    (copy / "report.html").write_text(page.replace("as expected", "As expected", 1))
    done = up.invoke("evidence", "--verify", str(copy))
    assert done.code == 1
    assert "report.html was changed" in done.err


def test_no_secret_of_the_emulator_is_in_the_folder(up: Clone, folder: Path) -> None:
    text = "".join(path.read_text() for path in folder.iterdir())
    access = up.invoke("token").out.strip()
    assert access.rpartition(".")[2] not in text
    assert "eyJ" not in text
