"""The log groups that AgentCore makes for a runtime and keeps after it. Never run against AWS."""

from __future__ import annotations

from orchestration.aws.session import Clients, translated


class LogGroups:
    """Names and deletes them."""

    def __init__(self, clients: Clients) -> None:
        self._logs = clients.make("logs")

    def of(self, runtime_id: str) -> list[str]:
        """One for each endpoint (AgentCore devguide: runtime-troubleshooting)."""
        prefix = f"/aws/bedrock-agentcore/runtimes/{runtime_id}-"
        with translated("logs:DescribeLogGroups"):
            pages = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
            return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def remove(self, runtime_id: str) -> list[str]:
        """Names of the deleted ones."""
        names = self.of(runtime_id)
        with translated("logs:DeleteLogGroup"):
            for name in names:
                try:
                    self._logs.delete_log_group(logGroupName=name)
                except self._logs.exceptions.ResourceNotFoundException:
                    continue
        return names
