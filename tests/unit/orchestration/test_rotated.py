"""Reads files while they move to older names; the writer is agentcore_local's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from agentcore_local.rotated import RotatedFile
from orchestration.embedded.rotated import Tail, open_bytes, rotated_lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agent.log"


@pytest.fixture
def log(path: Path) -> Iterator[RotatedFile]:
    """A file holds one line here, so each line that is written moves every file on."""
    made = RotatedFile(path, max_bytes=1, kept=3)
    yield made
    made.close()


@pytest.mark.parametrize("moment", range(5))
def test_a_line_is_read_once_though_its_file_moves_on_meanwhile(log: RotatedFile, path: Path, moment: int) -> None:
    log.write(b"one\n")
    log.write(b"two\n")
    looked: list[Path] = []

    def opened(file: Path) -> BinaryIO:
        if len(looked) == moment:
            log.write(b"three\n")
        looked.append(file)
        return open_bytes(file)

    lines = rotated_lines(path, opened)
    assert len(looked) == 4
    assert lines[:2] == ["one", "two"]
    assert lines[2:] in ([], ["three"])


def test_a_file_that_nobody_wrote_has_no_lines(path: Path) -> None:
    assert rotated_lines(path) == Tail(path).lines() == []


@pytest.mark.parametrize("between", [1, 2, 3, 4])
def test_a_tail_gives_each_line_once_and_in_order_through_rotations(log: RotatedFile, path: Path, between: int) -> None:
    tail, found = Tail(path), list[str]()
    for number in range(12):
        log.write(b"%d\n" % number)
        if number % between == 0:
            found += tail.lines()
    found += tail.lines()
    tail.close()
    assert found == [str(number) for number in range(12)]


def test_a_tail_waits_for_the_end_of_a_line_across_a_rotation(path: Path) -> None:
    log, tail = RotatedFile(path, max_bytes=4, kept=3), Tail(path)
    log.write(b"ha")
    assert tail.lines() == []
    log.write(b"lf\n", begins_line=False)
    log.write(b"next\nrest")
    assert tail.lines() == ["half", "next"]
    tail.close()
    log.close()


def test_a_tail_that_lost_its_file_goes_on_with_what_is_there(log: RotatedFile, path: Path) -> None:
    log.write(b"0\n")
    tail = Tail(path)
    assert tail.lines() == ["0"]
    for number in range(1, 9):
        log.write(b"%d\n" % number)
    assert tail.lines() == ["5", "6", "7", "8"]
    tail.close()
