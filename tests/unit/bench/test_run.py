"""A run of the benchmark: what it reports when parts fail, and what is left of it when it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench import commands, floor
from bench.__main__ import measured
from bench.environment import PIP, SETUP, SYNC, Way, timed, ways
from bench.floor import Bare, Watch
from bench.result import Part, save
from bench.stop import Stop


def part(name: str, ran_at: str = "today") -> Part:
    return Part(name, f"The {name}", "As said.", ran_at, "two cores", {})


def breaks() -> Part:
    raise RuntimeError("the disk\nis full")


def test_a_run_that_measured_nothing_leaves_the_report_alone(tmp_path: Path) -> None:
    save(part("agent", "yesterday"), tmp_path / "out")
    assert measured({"agent": breaks}, Stop(), tmp_path / "out", tmp_path) == 1
    assert not (tmp_path / "results.md").exists()


def test_a_report_says_what_failed_and_how_old_its_figures_are(tmp_path: Path) -> None:
    save(part("agent", "yesterday"), tmp_path / "out")
    parts = {"scale": lambda: part("scale"), "agent": breaks, "verdicts": breaks}
    assert measured(parts, Stop(), tmp_path / "out", tmp_path) == 1
    text = (tmp_path / "results.md").read_text()
    assert (
        "**The part agent was not measured this time, what is below is of yesterday**: RuntimeError: the disk is full."
    ) in text
    assert "**The part verdicts was not measured this time, nothing is below**" in text
    assert "The part scale" not in text


def test_the_first_signal_ends_the_run_even_if_tidying_up_fails_and_no_other_cuts_it_short(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stop, later = Stop(), []

    def interrupted() -> Part:
        try:
            stop.take(signal.SIGTERM)
        finally:
            stop.take(signal.SIGINT)
            raise RuntimeError("down failed")

    def next_one() -> Part:
        later.append(1)
        return part("scale")

    with pytest.raises(SystemExit) as ended:
        measured({"agent": interrupted, "scale": next_one}, stop, tmp_path, tmp_path)
    assert ended.value.code == 143
    assert later == []
    assert capfd.readouterr().err.count("SIGTERM: ending") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_the_process_with_one_line(number: signal.Signals) -> None:
    code = f"from bench.stop import Stop; import signal; Stop().heed(); signal.raise_signal({int(number)})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 128 + number
    assert ended.stderr == f"bench: {number.name}: ending what was started ...\n"


def test_what_a_late_command_started_is_ended_with_it(tmp_path: Path) -> None:
    script = f"trap 'echo tidy > {tmp_path}/tidy; exit' INT; sleep 60 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        commands.run(["sh", "-c", script], tmp_path, {"PATH": os.environ["PATH"]}, 0.2)
    assert (tmp_path / "tidy").exists()
    assert gone(int((tmp_path / "pid").read_text()))


def gone(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        for _ in range(100):
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
            time.sleep(0.01)
        return False
    return True


def test_offline_only_what_needs_no_package_index_is_made(tmp_path: Path) -> None:
    all_ways, asked = ways(offline=True), []
    assert {way.name for way in all_ways if way.needs_index} == {SETUP, PIP}
    harmless = [Way(way.name, lambda place, _: asked.append(place), way.needs_index) for way in all_ways]
    took, absent = timed(harmless, tmp_path, offline=True)
    assert (list(took), absent, len(asked)) == ([SYNC], {SETUP: "--offline", PIP: "--offline"}, 1)


def test_without_the_package_index_what_needs_it_is_left_out_with_its_reason(tmp_path: Path) -> None:
    def unreachable(place: Path, deadline_s: float) -> None:
        raise RuntimeError("pip ended with 1: a warning\nNo matching distribution")

    def late(place: Path, deadline_s: float) -> None:
        raise subprocess.TimeoutExpired("pip", deadline_s)

    chosen = [Way(SYNC, lambda *_: None, needs_index=False), Way(SETUP, unreachable), Way(PIP, late)]
    took, absent = timed(chosen, tmp_path, offline=False, deadline_s=9)
    assert list(took) == [SYNC]
    assert absent == {SETUP: "No matching distribution", PIP: "it was not done in 9 s"}
    (tmp_path / "bad").mkdir()
    with pytest.raises(RuntimeError, match="No matching"):
        timed([Way(SYNC, unreachable, needs_index=False)], tmp_path / "bad", offline=True)


def test_all_ways_have_the_deadline_together(tmp_path: Path) -> None:
    left = []

    def slow(place: Path, deadline_s: float) -> None:
        left.append(deadline_s)
        time.sleep(0.01)

    timed([Way(SETUP, slow), Way(PIP, slow)], tmp_path, offline=False, deadline_s=9)
    assert left[1] <= left[0] - 0.01


def test_an_upload_is_timed_without_terraforms_telling_where_to(tmp_path: Path) -> None:
    open_now: list[str] = []
    seen: list[tuple[str, ...]] = []

    class Noted(Watch):
        def __call__(self, name: str) -> Any:
            open_now.append(name)
            inner = super().__call__(name)

            class Block:
                def __enter__(self) -> None:
                    inner.__enter__()

                def __exit__(self, *e: Any) -> None:
                    open_now.pop()
                    inner.__exit__(*e)

            return Block()

    class S3:
        def upload_file(self, package: str, bucket: str, key: str) -> None:
            seen.append((*open_now, "upload_file", package, bucket))

    class Fake(Bare):
        def __post_init__(self) -> None:
            pass

        def terraform(self, command: str, *options: str, values: bool = True) -> str:
            seen.append((*open_now, command))
            return '{"artifact_bucket_name": {"value": "b"}}'

    emulator: Any = type("Emulator", (), {"client": lambda self, service: S3()})()
    floor.parts(Fake(tmp_path, emulator, tmp_path, tmp_path), Noted(), lambda: tmp_path / "zip")
    assert [one for one in seen if one[0] == "upload"] == [("upload", "upload_file", f"{tmp_path}/zip", "b")]
    assert ("output",) in seen


def test_packaging_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    program = "import sys, tempfile; open(sys.argv[2] + '/deployment.zip', 'w').write(tempfile.gettempdir())"
    package = floor.packaged(tmp_path, tmp_path / "cache", program)
    assert package.read_text() == str(tmp_path / "cache") != tempfile.gettempdir()
