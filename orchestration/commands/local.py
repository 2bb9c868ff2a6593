"""Commands of the local cloud."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.embedded.cloud import DaemonStatus
from orchestration.steps import Steps


@dataclass(frozen=True, slots=True)
class Local:
    """Start, stop and show the local cloud."""

    steps: Steps

    def up(self) -> list[DaemonStatus]:
        with self.steps.changing():
            self.steps.start_cloud()
            return self.status()

    def down(self) -> bool:
        """Stop the local cloud; its state stays."""
        cloud = self.steps.require_cloud()
        if not self.steps.deployment.state_dir.exists():
            return False
        with self.steps.alone():
            return cloud.stop()

    def status(self) -> list[DaemonStatus]:
        cloud = self.steps.require_cloud()
        ledger = self.steps.ledger().load()
        if ledger is None or ledger.ports is None:
            return []
        return cloud.status(ledger.ports)

    def environment(self) -> dict[str, str]:
        """Variables that point any AWS SDK or the AWS CLI at the local cloud. The secret is the emulator's own."""
        cloud = self.steps.require_cloud()
        endpoints = self.steps.endpoints()
        key = cloud.root_key()
        exempt = [host for host in (self.steps.env.get("NO_PROXY"), "127.0.0.1", "localhost") if host]
        return {
            "NO_PROXY": ",".join(exempt),
            "no_proxy": ",".join(exempt),
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_REGION": self.steps.deployment.region,
            "AWS_DEFAULT_REGION": self.steps.deployment.region,
            "AWS_ENDPOINT_URL": str(endpoints.aws),
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": endpoints.control_plane,
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": endpoints.data_plane,
        }
