from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.runtime.attentive import attentive
from tests.fakes.orchestration import FakeClock


class NotFound(Exception):
    pass


class Client:
    """The toolkit's, for an endpoint that says `statuses` in turn; the last of them stays."""

    client = SimpleNamespace(exceptions=SimpleNamespace(ResourceNotFoundException=NotFound))

    def __init__(self, *statuses: str) -> None:
        self.statuses, self.asked, self.handed_on = list(statuses), 0, list[Any]()

    def get_agent_runtime_endpoint(self, agent_id: str, endpoint_name: str = "DEFAULT") -> dict[str, Any]:
        self.asked += 1
        assert (agent_id, endpoint_name, self.asked < 99) == ("id", "stage", True)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == "none":
            raise NotFound
        return {"status": status}

    def wait_for_agent_endpoint_ready(self, agent_id: str, endpoint_name: str = "DEFAULT", max_wait: int = 120) -> str:
        self.handed_on.append((agent_id, endpoint_name, max_wait))
        return "arn"


def waited(*statuses: str, max_wait: int = 10) -> tuple[str, Any, list[float]]:
    clock = FakeClock()
    client = attentive(Client, 0.5, clock)(*statuses)
    return client.wait_for_agent_endpoint_ready("id", "stage", max_wait=max_wait), client.handed_on, clock.slept


@pytest.mark.parametrize("last", ["READY", "CREATE_FAILED", "anything"])
def test_the_toolkit_judges_what_is_on_its_way_no_longer_and_waits_for_the_rest_of_the_time(last: str) -> None:
    assert waited("none", "CREATING", "none", "UPDATING", last) == ("arn", [("id", "stage", 8)], [0.5] * 4)


@pytest.mark.parametrize("status", ["CREATING", "none"])
def test_an_endpoint_that_stays_on_its_way_is_waited_for_once(status: str) -> None:
    assert waited(status) == ("stage is not ready after 10 s", [], [0.5] * 20)
