"""What a run was made of is read from what is there, and is missing rather than wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestration.commands import provenance

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "terraform" / ".terraform.lock.hcl"


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init")
    (tmp_path / "file").write_text("x")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_the_commit_and_whether_it_is_all(repository: Path) -> None:
    commit, uncommitted = provenance.source(repository)
    assert commit is not None and len(commit) == 40
    assert uncommitted is False
    (repository / "more").write_text("")
    assert provenance.source(repository) == (commit, True)


def test_a_copy_inside_another_repository_has_no_commit(repository: Path) -> None:
    (repository / "copy").mkdir()
    assert provenance.source(repository / "copy") == (None, None)


def test_a_folder_without_a_repository_has_no_commit(tmp_path: Path) -> None:
    assert provenance.source(tmp_path / "nowhere") == (None, None)


def test_tools_name_the_binary_and_the_locked_provider() -> None:
    found = provenance.tools("tofu 1.11.4", LOCK)
    assert found["tofu"] == "1.11.4"
    assert found["provider hashicorp/aws"].count(".") == 2


def test_a_digest_ignores_order_and_the_time_alone() -> None:
    one = provenance.digest({"a": 1, "b": {"c": [1, 2]}, "timestamp": "today"})
    assert one == provenance.digest({"timestamp": "tomorrow", "b": {"c": [1, 2]}, "a": 1})
    assert one != provenance.digest({"a": 1, "b": {"c": [2, 1]}})


def test_packages_are_sorted_and_hold_the_sdk() -> None:
    found = provenance.packages()
    assert list(found) == sorted(found)
    assert found["boto3"]
