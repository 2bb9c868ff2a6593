"""A folder that was copied does not work on what the original made; one that was moved does."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from orchestration.errors import BadInput
from orchestration.home import NOTE, move_in, moved_from


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "a" / "local-dev"
    folder.mkdir(parents=True)
    move_in(folder)
    return folder


def test_a_folder_at_home_was_not_moved_however_it_is_reached(original: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(original.parent)
    assert moved_from(original) is None
    assert moved_from(tmp_path / "link" / original.name) is None
    assert stat.S_IMODE((original / NOTE).stat().st_mode) == 0o600


def test_a_link_in_its_place_is_refused(original: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(original)
    with pytest.raises(BadInput) as caught:
        moved_from(tmp_path / "link")
    assert caught.value.code == "state_is_link"


def test_a_folder_without_a_note_is_nobodys_copy(tmp_path: Path) -> None:
    assert moved_from(tmp_path) is None


def test_a_copy_is_refused_while_the_original_is_there(original: Path, tmp_path: Path) -> None:
    copy = tmp_path / "b"
    shutil.copytree(original, copy)
    move_in(original)  # the next command there
    with pytest.raises(BadInput, match="is a copy of") as caught:
        moved_from(copy)
    assert (caught.value.code, f"rm -r {copy}" in caught.value.remedy) == ("state_copied", True)
    shutil.rmtree(original)
    assert moved_from(copy) == original


def test_a_moved_folder_is_at_home_where_it_is_now(original: Path, tmp_path: Path) -> None:
    moved = original.rename(tmp_path / "moved")
    assert moved_from(moved) == original
    move_in(moved)
    assert moved_from(moved) is None


def test_a_moved_folder_is_no_copy_of_what_was_made_anew_at_its_old_place(original: Path, tmp_path: Path) -> None:
    moved = original.rename(tmp_path / "moved")
    original.mkdir()
    move_in(original)
    assert moved_from(moved) == original
    move_in(moved)
    copy = shutil.copytree(moved, tmp_path / "copy")
    with pytest.raises(BadInput, match=f"is a copy of {moved}"):
        moved_from(copy)


def test_a_copy_made_before_notes_had_ids_is_refused_too(original: Path, tmp_path: Path) -> None:
    (original / NOTE).write_text(f"{original}\n")
    copy = shutil.copytree(original, tmp_path / "b")
    move_in(original)
    with pytest.raises(BadInput, match="is a copy of"):
        moved_from(copy)


def test_what_lives_at_the_old_place_now_is_not_the_original_if_it_is_at_home_elsewhere(
    original: Path, tmp_path: Path
) -> None:
    """Two folders that changed places are both moved."""
    other = tmp_path / "other"
    other.mkdir()
    move_in(other)
    moved = original.rename(tmp_path / "moved")
    other.rename(original)
    assert moved_from(moved) == original
