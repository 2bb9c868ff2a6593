"""A Terraform that waits for what does not come is interrupted, and killed where that is not enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import Unfit
from orchestration.terraform.guard import AMISS, WATCH_S, Guard
from orchestration.terraform.process import Process

DOWN = Unfit("the local cloud is down", remedy="make up", code="local_cloud_down")


class Cloud:
    """Answers as it is told, one look each; well after that."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.looks = 0

    def watch(self) -> None:
        self.looks += 1
        if not (self.answers.pop(0) if self.answers else True):
            raise DOWN


def looks(guard: Guard, times: int) -> list[bool]:
    return [guard.look(number * (WATCH_S + 1)) for number in range(1, times + 1)]


def test_what_is_amiss_so_often_in_a_row_ends_it_once() -> None:
    guard = Guard(Cloud(*[False] * 9).watch, 1e9, 20.0)
    assert looks(guard, AMISS + 2) == [*[False] * (AMISS - 1), True, False, False]
    assert guard.amiss is DOWN


def test_what_comes_back_in_between_is_not_amiss() -> None:
    assert not any(looks(Guard(Cloud(False, False, True, False, False).watch, 1e9, 20.0), 5))


def test_nobody_is_asked_more_often_than_need_be() -> None:
    cloud = Cloud()
    guard = Guard(cloud.watch, 1e9, 20.0)
    assert [guard.look(now) for now in (1.0, 1.1, 1.0 + WATCH_S)] == [False] * 3
    assert cloud.looks == 2


def test_its_time_is_limited_and_its_end_too() -> None:
    guard = Guard(None, 100.0, 20.0)
    assert not guard.look(99.0) and not guard.out_of_patience(1e9)
    assert guard.look(101.0) and guard.amiss is not None and guard.amiss.code == "deadline"
    assert [guard.out_of_patience(101.0 + s) for s in (19.0, 21.0)] == [False, True]


def terraform(folder: Path, script: str) -> Path:
    binary = folder / "terraform"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o700)
    return binary


def test_what_it_works_against_is_watched_while_it_runs(tmp_path: Path) -> None:
    cloud = Cloud()
    binary = terraform(tmp_path, "sleep 0.1")
    Process(str(binary), tmp_path, {}, tmp_path / "log", cloud.watch).cmd("output")
    assert cloud.looks >= 1


def test_one_that_takes_no_interrupt_is_killed(tmp_path: Path) -> None:
    binary = terraform(tmp_path, "trap '' INT; sleep 20; touch survived")
    with pytest.raises(Unfit) as caught:
        Process(str(binary), tmp_path, {}, tmp_path / "log", deadline_s=0.2, grace_s=0.2).cmd("output")
    assert caught.value.code == "deadline" and not (tmp_path / "survived").exists()
