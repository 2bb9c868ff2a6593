"""The agents' log groups in CloudWatch, as the canaries need them. Never run against AWS."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.aws.session import Clients, translated


class AgentLogs:
    """Reads what agents noted (AgentCore devguide: runtime-troubleshooting, for the name of the log group)."""

    def __init__(self, clients: Clients, qualifier: str) -> None:
        self._logs = clients.make("logs")
        self._qualifier = qualifier

    def lines(self, runtime_ids: Sequence[str], since: float) -> list[str]:
        """Messages with "canary" in them since that moment (Unix seconds); a log group that is not there is empty."""
        groups = [f"/aws/bedrock-agentcore/runtimes/{runtime_id}-{self._qualifier}" for runtime_id in runtime_ids]
        return self._noted(groups, since)

    def function_events(self, function_arn: str, since: float) -> list[str]:
        """The function's own lines, which are JSON."""
        return self._noted([function_group(function_arn)], since, '"event"')

    def _noted(self, groups: Sequence[str], since: float, pattern: str = '"canary"') -> list[str]:
        found: list[str] = []
        for group in groups:
            with translated("logs:FilterLogEvents"):
                try:
                    pages = self._logs.get_paginator("filter_log_events").paginate(
                        logGroupName=group, startTime=int(since * 1000), filterPattern=pattern
                    )
                    found += [event["message"] for page in pages for event in page["events"]]
                except self._logs.exceptions.ResourceNotFoundException:
                    continue
        return found


def function_group(function_arn: str) -> str:
    """AWS Lambda devguide: monitoring-cloudwatchlogs."""
    return f"/aws/lambda/{function_arn.rpartition(':')[2]}"
