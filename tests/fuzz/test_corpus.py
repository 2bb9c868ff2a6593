"""What the fuzzer found worth keeping, called again without it. `make fuzz` looks for more."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentcore_local.authorizer import Allow, Deny, authorize
from tests.fuzz import targets

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_corpus_of_a_target_holds(name: str) -> None:
    inputs = sorted((CORPUS / name).iterdir())
    assert len(inputs) > 10
    for path in inputs:
        data = path.read_bytes()
        try:
            targets.TARGETS[name](data)
        except AssertionError as error:
            raise AssertionError(f"{path.name}: {data[:200]!r}") from error


@pytest.mark.parametrize("name", targets.TARGETS)
def test_the_seeds_of_a_target_hold(name: str) -> None:
    for data in targets.SEEDS[name]:
        targets.TARGETS[name](data)


def test_the_signed_target_can_be_admitted() -> None:
    good = targets.token(targets.GOOD_HEAD, targets.GOOD_PAYLOAD)
    assert isinstance(authorize(f"Bearer {good}", targets.POLICY, targets.KEYS, targets.NOW), Allow)
    assert isinstance(authorize(f"Bearer {good}x", targets.POLICY, targets.KEYS, targets.NOW), Deny)


def test_the_header_target_notices_an_admission() -> None:
    good = targets.token(targets.GOOD_HEAD, targets.GOOD_PAYLOAD)
    with pytest.raises(AssertionError, match="never signed"):
        targets.header_bytes(f"Bearer {good}".encode())


def test_the_corpus_stays_small() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert len(files) < 300
    assert sum(path.stat().st_size for path in files) < 500_000
