"""One clone for all faults; each fault has an environment of its own in it."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Clone, clone

__all__ = ["clone", "ready"]


@pytest.fixture(scope="session")
def ready(clone: Clone) -> None:
    """The clone has its virtual environment; nothing is made in it yet."""
    done = clone.run("make", "setup", deadline_s=400)
    assert done.code == 0, done.err
