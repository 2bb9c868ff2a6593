"""The record of decisions in CloudWatch Logs. Never run against AWS."""

from __future__ import annotations

from orchestration.aws.session import Clients, translated
from orchestration.errors import Unfit

# CloudWatch Logs User Guide: filter and pattern syntax. Both kinds of line that checks.auth_log reads.
PATTERN = '{ ($.event = "decision") || ($.eventSource = "bedrock-agentcore.amazonaws.com") }'


class DecisionLog:
    """Reads the log group that terraform/modules/auth_monitoring makes."""

    def __init__(self, clients: Clients) -> None:
        self._logs = clients.make("logs")

    def lines(self, project: str, environment: str, since: float) -> list[str]:
        """Messages since that moment (Unix seconds). Raises Unfit where the group is not there."""
        group = f"{project}-{environment}/auth"
        with translated("logs:FilterLogEvents"):
            try:
                pages = self._logs.get_paginator("filter_log_events").paginate(
                    logGroupName=group, startTime=int(since * 1000), filterPattern=PATTERN
                )
                return [event["message"] for page in pages for event in page["events"]]
            except self._logs.exceptions.ResourceNotFoundException:
                raise Unfit(
                    f"there is no log group {group}",
                    remedy="invoke apply; terraform/modules/auth_monitoring/README.md says what writes to it",
                    code="no_auth_log",
                ) from None
