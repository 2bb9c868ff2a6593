"""A runtime as the tests hold it: created, settled, updated in full."""

from dataclasses import dataclass, field
from typing import Any

from tests.contract.cloud import ROLE, Local, eventually

BUCKET = "agent-code"


@dataclass
class Deployed:
    """A runtime that reached a resting state."""

    local: Local
    name: str
    arn: str
    id: str
    artifact: dict[str, Any]
    control: Any = field(repr=False)

    def get(self) -> dict[str, Any]:
        reply: dict[str, Any] = self.control.get_agent_runtime(agentRuntimeId=self.id)
        return reply

    def settle(self) -> dict[str, Any]:
        def resting() -> dict[str, Any] | None:
            reply = self.get()
            return reply if reply["status"] not in ("CREATING", "UPDATING") else None

        reply: dict[str, Any] = eventually(resting, f"{self.name} is settled")
        return reply

    def update(self, **changes: Any) -> dict[str, Any]:
        request = {"agentRuntimeArtifact": self.artifact, "roleArn": ROLE}
        self.control.update_agent_runtime(agentRuntimeId=self.id, **(request | changes))
        return self.settle()
