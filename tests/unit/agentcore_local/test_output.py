"""What an agent prints: nothing is lost on the way, and nothing of it fills the disk."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentcore_local.output import CHUNK, MAX_LINE, AgentOutput, LineLog, last_lines
from agentcore_local.rotated import RotatedFile, old_name

STAMP = "2027-01-01T00:00:00.000Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "agent.log"


def written(log: Path, *chunks: bytes, max_bytes: int = 10**6, kept: int = 3) -> list[str]:
    """Lines of all files, oldest first, without their stamps."""
    lines = LineLog(RotatedFile(log, max_bytes, kept), lambda: STAMP)
    for chunk in chunks:
        lines.feed(chunk)
    lines.close()
    return read(log)


def read(log: Path) -> list[str]:
    files = [old_name(log, n) for n in range(9, -1, -1)]
    texts = [f.read_bytes().decode() for f in files if f.exists()]
    assert all(text.endswith("\n") for text in texts), "no line is in two files"
    text = "".join(texts)
    assert all(line.startswith(STAMP + " ") for line in text.splitlines())
    return [line.removeprefix(STAMP + " ") for line in text.splitlines()]


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[i : i + size] for i in range(0, len(content), size))


@pytest.mark.parametrize("size", [1, 2, 7, 64, CHUNK])
def test_however_an_agent_flushes_its_lines_are_the_same(log: Path, size: int) -> None:
    content = b"one\n\ntwo\nthe third one\n\n\nlast without an end"
    assert written(log, *pieces(content, size)) == content.decode().split("\n")


@pytest.mark.parametrize("size", [5, 100, 4096])
def test_rotation_loses_no_line_and_splits_none(log: Path, size: int) -> None:
    lines = [f"line {n} {'x' * (n % 50)}" for n in range(400)]
    content = "".join(f"{line}\n" for line in lines).encode()
    assert written(log, *pieces(content, size), max_bytes=9000, kept=9) == lines
    assert old_name(log, 2).exists()


def test_a_flood_is_bounded_and_its_end_is_kept(log: Path) -> None:
    line = b"y" * 99 + b"\n"
    found = written(log, *[line * 100] * 50, b"the end\n", max_bytes=20_000, kept=2)
    total = sum(f.stat().st_size for f in log.parent.iterdir())
    assert len(list(log.parent.iterdir())) == 3
    assert total <= 3 * 20_000
    assert found[-1] == "the end"


def test_a_huge_line_is_cut_and_says_so_and_the_next_one_is_whole(log: Path) -> None:
    huge = 10 * 2**20
    cut, after = written(log, *[b"z" * CHUNK] * (huge // CHUNK), b"\nafter\n")
    assert cut == "z" * MAX_LINE + f" ... ({huge - MAX_LINE} bytes cut)"
    assert after == "after"


def test_old_and_new_files_are_private(log: Path) -> None:
    written(log, b"a\n" * 30, b"b\n" * 30, max_bytes=100)
    files = list(log.parent.iterdir())
    assert len(files) > 1 and {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}


def test_what_is_in_the_pipe_at_the_end_is_kept_and_a_holder_of_the_pipe_is_not_waited_for(log: Path) -> None:
    async def work() -> None:
        output = AgentOutput(log, lambda: STAMP, lambda e: None)
        os.write(output.writing_end, b"last words\n")
        other = os.dup(output.writing_end)
        os.close(output.writing_end)
        await output.finish(0.01)
        os.close(other)

    asyncio.run(work())
    assert read(log) == ["last words"]


def test_a_disk_that_is_full_is_told_once_and_the_agent_is_not_stopped(log: Path) -> None:
    told: list[str] = []

    class Full(RotatedFile):
        def write(self, content: bytes, *, begins_line: bool = True) -> None:
            raise OSError(28, "No space left on device")

    async def full() -> None:
        output = AgentOutput(log, lambda: STAMP, lambda e: told.append(str(e.errno)), opened=Full)
        for _ in range(3):
            os.write(output.writing_end, b"lost\n")
            await asyncio.sleep(0.01)
        os.close(output.writing_end)
        await output.finish()

    asyncio.run(full())
    assert told == ["28"]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"a\nb\n\n", ["a", "b"], id="empty-lines-say-nothing"),
        pytest.param(f"{STAMP} stamped\n".encode(), ["stamped"], id="without-the-time"),
        pytest.param(b"\x1b[31mred\xff\n", [" [31mred\ufffd"], id="printable"),
        pytest.param(b"".join(b"%d\n" % n for n in range(9)), list("45678"), id="the-last-five"),
        pytest.param(b"x " * 4500, ["x " * 150], id="bounded"),
        pytest.param((b"y " * 149 + b"y\n") * 5, ["y " * 149 + "y"] * 2, id="bounded-in-all"),
        pytest.param(
            b"token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl\n",
            ["token (hidden: it could be a credential)"],
            id="a-token",
        ),
    ],
)
def test_the_last_lines_are_fit_for_a_message(log: Path, content: bytes, lines: list[str]) -> None:
    log.write_bytes(content)
    assert last_lines(log) == lines


def test_the_last_lines_go_back_into_the_file_before(log: Path) -> None:
    old_name(log, 1).write_text("before\n")
    log.write_text("now\n")
    assert last_lines(log) == ["before", "now"]
