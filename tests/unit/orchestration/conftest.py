"""No sockets at all, unless a test says that it talks to a process of its own."""

from __future__ import annotations

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest, _loopback_at_most: None) -> None:
    """Marked with `enable_socket`, a test still reaches loopback only."""
    if request.node.get_closest_marker("enable_socket") is None:
        disable_socket(allow_unix_socket=True)
