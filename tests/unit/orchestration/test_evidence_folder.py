"""The folder: whole or not there, sealed byte by byte, never with a secret in it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import BadInput, GateRefused
from orchestration.evidence import Problem, seal_of, verify, write
from orchestration.evidence.seal import MANIFEST
from tests.fakes.evidence import TOKEN, admitted, case, inputs, request, skipped, smoke, wrong

FILES = {
    "controls.json",
    "environment.json",
    "failures.sarif",
    "junit.xml",
    "manifest.sha256",
    "report.html",
    "requests.json",
    "result.json",
    "summary.md",
}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("sealed") / "evidence", inputs(admitted(), wrong(), skipped()))


@pytest.fixture
def folder(sealed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sealed, tmp_path / "evidence")


def test_the_folder_is_whole_and_its_owners_alone(sealed: Path) -> None:
    assert {path.name for path in sealed.iterdir()} == FILES
    assert sealed.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in sealed.iterdir()} == {0o600}
    assert [path.name for path in sealed.parent.iterdir()] == ["evidence"]


def test_the_same_inputs_make_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = write(tmp_path / "again", inputs(admitted(), wrong(), skipped()))
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in folder.iterdir()}


def test_an_untouched_folder_verifies_wherever_it_is(folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(folder, tmp_path / "at-the-auditors")
    assert verify(moved, seal_of(folder)) == []


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_any_changed_byte_is_found(folder: Path, name: str, place: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[{"first": 0, "middle": len(data) // 2, "last": -1}[place]] ^= 1
    (folder / name).write_bytes(data)
    assert verify(folder)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_removed_file_is_found(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert [problem.file for problem in verify(folder)] == [name]


@pytest.mark.parametrize(
    "add",
    [
        pytest.param(lambda f: (f / "note.txt").write_text(""), id="file"),
        pytest.param(lambda f: (f / ".hidden").write_text(""), id="hidden"),
        pytest.param(lambda f: (f / "sub").mkdir(), id="folder"),
        pytest.param(lambda f: (f / "link").symlink_to("result.json"), id="link"),
        pytest.param(lambda f: os.mkfifo(f / "pipe"), id="pipe"),
        pytest.param(lambda f: (f / "a\nb").write_text(""), id="line-end-in-its-name"),
        pytest.param(lambda f: open(os.fsencode(f) + b"/\xff", "w").close(), id="name-that-is-no-text"),
    ],
)
def test_whatever_is_added_is_found(folder: Path, add: Callable[[Path], Any]) -> None:
    add(folder)
    assert len(verify(folder)) == 1


def test_a_file_that_became_a_link_to_its_copy_is_found(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / "result.json", tmp_path / "copy")
    (folder / "result.json").symlink_to(tmp_path / "copy")
    assert Problem("result.json", "is no plain file") in verify(folder)


def test_a_manifest_line_twice_is_found(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text + text.splitlines()[0] + "\n")
    assert verify(folder) == [Problem(MANIFEST, "was changed")]


def test_a_folder_sealed_anew_does_not_have_the_seal(folder: Path) -> None:
    seal = seal_of(folder)
    (folder / "result.json").write_text("{}\n")
    lines = [line for line in (folder / MANIFEST).read_text().splitlines() if not line.endswith("  result.json")]
    lines.append(f"{hashlib.sha256(b'{}' + bytes([10])).hexdigest()}  result.json")
    (folder / MANIFEST).write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:])))
    assert verify(folder) == []
    assert verify(folder, seal) == [Problem(MANIFEST, "is not the one of that seal")]


def test_a_folder_without_a_manifest_is_not_sealed(tmp_path: Path) -> None:
    assert [problem.file for problem in verify(tmp_path)] == [MANIFEST]


def test_a_folder_that_is_there_is_not_written_over(folder: Path) -> None:
    before = seal_of(folder)
    with pytest.raises(BadInput) as caught:
        write(folder, inputs())
    assert caught.value.code == "evidence_exists"
    assert verify(folder, before) == []


HIDING_PLACES = [
    pytest.param(inputs(admitted(reason=f"you sent {TOKEN}")), id="answer"),
    pytest.param(inputs(wrong(explanation=f"seen {TOKEN}")), id="explanation"),
    pytest.param(inputs(skipped(skipped=f"cannot forge {TOKEN}")), id="skipped"),
    pytest.param(inputs(case(title=f"a caller with {TOKEN}")), id="title"),
    pytest.param(inputs(requests=[request(url=f"http://127.0.0.1/{TOKEN}")]), id="path-of-a-url"),
]


@pytest.mark.parametrize("told", HIDING_PLACES)
def test_a_token_anywhere_stops_the_seal_and_is_not_repeated(tmp_path: Path, told: Any) -> None:
    with pytest.raises(GateRefused) as caught:
        write(tmp_path / "evidence", told)
    assert "jwt" in caught.value.message
    assert TOKEN[:10] not in f"{caught.value.message}{caught.value.remedy}"
    [draft] = tmp_path.iterdir()
    assert str(draft) in caught.value.remedy
    assert not (draft / MANIFEST).exists() and draft.stat().st_mode & 0o777 == 0o700


def test_a_known_secret_stops_the_seal_and_is_named_only(tmp_path: Path) -> None:
    told = inputs(admitted(reason="the password is correct-horse"), secrets={"caller's password": "correct-horse"})
    with pytest.raises(GateRefused) as caught:
        write(tmp_path / "evidence", told)
    assert "result.json (value of caller's password)" in caught.value.message
    assert "correct-horse" not in caught.value.message


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        write(tmp_path / "evidence", inputs(secrets={"pin": "1234"}))
    assert list(tmp_path.iterdir()) == []


def test_a_document_of_another_shape_is_refused_with_its_places(tmp_path: Path) -> None:
    document = smoke(admitted(status="two hundred", surprise=TOKEN))
    with pytest.raises(BadInput) as caught:
        write(tmp_path / "evidence", inputs(smoke=document))
    assert caught.value.code == "evidence_schema"
    assert "/cases/0/status breaks 'type'" in caught.value.message
    assert "/cases/0 breaks 'additionalProperties'" in caught.value.message
    assert "two hundred" not in caught.value.message and TOKEN not in caught.value.message


@pytest.mark.parametrize(
    ("document", "named"),
    [
        pytest.param(smoke(admitted(), wrong(), ok=True), "ok", id="ok-above-a-wrong-verdict"),
        pytest.param(smoke(admitted(), passed=2), "passed", id="passed"),
        pytest.param(smoke(admitted(), wrong(), failed=[]), "failed", id="failed"),
        pytest.param(smoke(admitted(), skipped(), skipped=[]), "skipped", id="skipped"),
        pytest.param(smoke(skipped(), ok=True), "ok", id="ok-though-nothing-ran"),
        pytest.param(smoke(admitted(), admitted()), "an id twice", id="id-twice"),
        pytest.param(smoke(case(got="admitted")), "ok beside another verdict", id="ok-beside-another-verdict"),
        pytest.param(smoke(skipped(ok=True)), "ok beside skipped", id="skipped-counted-as-passed"),
        pytest.param(smoke(case(reached=True)), "ok though the agent", id="refused-but-reached"),
    ],
)
def test_sums_that_the_cases_do_not_bear_out_are_refused(tmp_path: Path, document: Any, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        write(tmp_path / "evidence", inputs(smoke=document))
    assert caught.value.code == "evidence_sums"
    assert named in caught.value.message
