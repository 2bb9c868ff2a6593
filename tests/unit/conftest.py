"""Unit tests reach this machine at most, and do not depend on which tools it has."""

from __future__ import annotations

import pytest
from pytest_socket import socket_allow_hosts

from tests.conftest import TOOLS


@pytest.fixture(autouse=True)
def _loopback_at_most() -> None:
    """pytest-socket lifts this after each test. Marks of its own can narrow it further, never widen it."""
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _no_tools_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOOLS:
        monkeypatch.delenv(name, raising=False)
