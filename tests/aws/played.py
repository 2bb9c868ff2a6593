"""What AWS would answer and the local cloud cannot: log groups, and lists of what is not played, which are empty.

The emulator hands a function no message's id to note (orchestration/subjects.py), so the gateway's record stands in for
the function's own lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.decisions import decision_lines
from orchestration.embedded.rotated import rotated_lines
from tests.aws.operations import Call
from tests.aws.streams import Answer

RUNTIMES, FUNCTIONS = "/aws/bedrock-agentcore/runtimes/", "/aws/lambda/"
EMPTY: dict[str, object] = {
    "DescribeAlarms": {},
    "ListProjects": {"projects": []},
    "DescribeQueryDefinitions": {"queryDefinitions": []},
    "ListWorkloadIdentities": {"workloadIdentities": []},
}


@dataclass(frozen=True, slots=True)
class Played:
    """Answers after a call was allowed. `now` in Unix seconds."""

    cloud: LocalCloud
    now: Callable[[], float]

    def answer(self, call: Call) -> Answer | None:
        """None for what the local cloud answers itself."""
        if call.operation in EMPTY:
            return _json(EMPTY[call.operation])
        group = str(call.params.get("logGroupName", ""))
        if call.operation == "FilterLogEvents" and group.startswith((RUNTIMES, FUNCTIONS)):
            return self._events(group, str(call.params.get("filterPattern", "")))
        return None

    def _events(self, group: str, pattern: str) -> Answer:
        """A pattern of one word in quotes finds lines that hold it (CloudWatch devguide: filter and pattern syntax)."""
        word, at = pattern.strip('"'), int(self.now() * 1000)
        common = {"logStreamName": "played", "timestamp": at, "ingestionTime": at}
        lines = enumerate(line for line in self._lines(group) if word in line)
        events = [{"eventId": f"{at}-{number}", "message": line, **common} for number, line in lines]
        return _json({"events": events, "searchedLogStreams": []})

    def _lines(self, group: str) -> Iterable[str]:
        if group.startswith(RUNTIMES):
            runtime = group.removeprefix(RUNTIMES).rpartition("-")[0]
            return [line for path in self.cloud.agent_logs([runtime]) for line in rotated_lines(path)]
        return [line for line in decision_lines(self.cloud.runtime_folder) if '"function_request"' in line]


def _json(document: object) -> Answer:
    return Answer(200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(document).encode())
