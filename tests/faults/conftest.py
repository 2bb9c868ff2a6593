"""One clone for all faults, run by the environment that runs the tests; each has a deployment of its own in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Clone, cloned

__all__ = ["clone"]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Never with `make` inside: that would make an environment, which `make setup` and its own tests prove."""
    with cloned(tmp_path_factory.mktemp("faults"), Path(sys.executable).parent) as clone:
        yield clone
