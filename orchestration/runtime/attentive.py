"""Looks for a launched agent's endpoint more often than the starter toolkit. worker.py hands it the toolkit's class.

Imports nothing of ours: it runs in the build folder.
"""

from __future__ import annotations

import math
import time
from typing import Any


def attentive(base: Any, poll_s: float, clock: Any = time) -> Any:
    """A class like `base`, the toolkit's client, which looks for the endpoint but once a second.

    clock: monotonic() and sleep(seconds).
    """

    class Attentive(base):  # type: ignore[misc]
        def wait_for_agent_endpoint_ready(
            self, agent_id: str, endpoint_name: str = "DEFAULT", max_wait: int = 120
        ) -> str:
            until = clock.monotonic() + max_wait
            while self._is_on_its_way(agent_id, endpoint_name):
                if clock.monotonic() >= until:
                    return f"{endpoint_name} is not ready after {max_wait} s"
                clock.sleep(poll_s)
            left = max(1, math.ceil(until - clock.monotonic()))
            return str(super().wait_for_agent_endpoint_ready(agent_id, endpoint_name, max_wait=left))

        def _is_on_its_way(self, agent_id: str, endpoint_name: str) -> bool:
            try:
                endpoint = self.get_agent_runtime_endpoint(agent_id, endpoint_name)
            except self.client.exceptions.ResourceNotFoundException:
                return True
            return endpoint.get("status") in ("CREATING", "UPDATING")

    return Attentive
