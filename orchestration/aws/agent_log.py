"""The agents' logs in CloudWatch, line by line. Never run against AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.session import Clients, translated
from orchestration.checks.agent_log import LogLine
from orchestration.clock import Clock

# Lines are not there in the order in which they were written: this far back is looked again.
LATE_S = 30.0
THROTTLED = "ThrottlingException"
MOST_PAUSES = 6


class CloudWatchAgentLog:
    """checks.agent_log.LogSource over CloudWatch Logs; `runtimes` maps doors to runtime ids.

    The name of a runtime's log group: AgentCore devguide: runtime-troubleshooting.
    """

    def __init__(
        self, clients: Clients, qualifier: str, runtimes: Mapping[str, str], since: float, clock: Clock
    ) -> None:
        """since: Unix seconds."""
        self._logs = clients.make("logs")
        self._groups = {
            door: f"/aws/bedrock-agentcore/runtimes/{runtime_id}-{qualifier}" for door, runtime_id in runtimes.items()
        }
        self._since = {door: since for door in runtimes}
        self._given: dict[str, float] = {}
        self._clock = clock

    def new(self) -> list[LogLine]:
        """Raises Unfit, OrchestrationError; a log group that is not there yet has no lines."""
        found: list[LogLine] = []
        for door, group in self._groups.items():
            begin = self._since[door]
            for event in self._events(group, begin):
                at = event["timestamp"] / 1000
                if event["eventId"] not in self._given:
                    self._given[event["eventId"]] = at
                    found.append(LogLine(at, door, event["message"].rstrip("\n")))
                self._since[door] = max(self._since[door], at - LATE_S)
        oldest = min(self._since.values(), default=0.0)
        self._given = {name: at for name, at in self._given.items() if at >= oldest - LATE_S}
        return sorted(found, key=lambda line: line.at)

    def close(self) -> None:
        """Nothing is held open."""

    def _events(self, group: str, since: float) -> Iterator[Mapping[str, Any]]:
        """All pages (botocore model: FilterLogEvents; an empty page may have a successor)."""
        request = {"logGroupName": group, "startTime": int(since * 1000)}
        while True:
            page = self._page(request)
            yield from page.get("events", [])
            if "nextToken" not in page:
                return
            request["nextToken"] = page["nextToken"]

    def _page(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        for number in range(MOST_PAUSES + 1):
            with translated("logs:FilterLogEvents"):
                try:
                    page: Mapping[str, Any] = self._logs.filter_log_events(**request)
                    return page
                except self._logs.exceptions.ResourceNotFoundException:
                    return {}
                except ClientError as e:
                    if e.response["Error"]["Code"] != THROTTLED or number == MOST_PAUSES:
                        raise
            self._clock.sleep(2.0**number)
        raise AssertionError("the last try returns or raises")
