"""The peers' configuration is whole, and what is compared is compared round by round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.door import Row, by_rounds
from bench.environment import unpinned
from bench.peer import PEERS, Peer
from bench.wrk import Run, median


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_no_word_of_a_peers_configuration_is_left_open(peer: Peer, tmp_path: Path) -> None:
    command = peer.configured(tmp_path, 8001, 8002)
    text = "\n".join([*command, *(path.read_text() for path in tmp_path.iterdir())])
    assert re.findall(r"@\w+@", text) == []
    assert "8001" in text and "8002" in text


def test_a_missing_module_means_that_the_peer_is_not_there(tmp_path: Path) -> None:
    assert Peer("shell", "sh", (), {}, "dash").is_there
    assert not Peer("shell", "sh", (), {}, "dash", str(tmp_path), "mod.so").is_there
    assert not Peer("nothing", "no-such-program", (), {}, "nothing").is_there


def run(requests: int, cpu_s: float) -> Run:
    return Run(requests, 2.0, 1, 2, 0, 0, cpu_s)


def test_a_ratio_is_the_middle_one_of_the_rounds_and_counts_processor_time() -> None:
    door = Row("new", 16, "door", [run(100, 1.0), run(300, 1.0), run(90, 0.1)])
    other = Row("new", 16, "peer", [run(100, 1.0), run(100, 1.0), run(100, 0.2)])
    assert by_rounds(door, other) == pytest.approx(1.8)
    assert median(door.runs).requests == 100


def test_requirements_lose_their_versions_alone() -> None:
    assert unpinned("# why\n\na==1.0\nb[extra]>=2  # note\nc~=3 ; python_version > '3'\n") == ["a", "b[extra]", "c"]
