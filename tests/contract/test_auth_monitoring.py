"""The filter over the record of decisions: what the local door writes, and events as CloudTrail documents them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from agentcore_local.data import Call
from agentcore_local.journal import Journal
from orchestration.aws.auth_log import PATTERN
from orchestration.checks.auth_log import entries
from tests.doubles.filter_pattern import matches

MODULE = Path(__file__).resolve().parents[2] / "terraform/modules/auth_monitoring/main.tf"


def refused_pattern() -> str:
    """The parts of join's list, unescaped and joined, as Terraform would."""
    parts = MODULE.read_text().partition('refused_pattern = join(" ", [')[2].partition("]")[0]
    return " ".join(json.loads(line.strip().rstrip(",")) for line in parts.strip().splitlines())


REFUSED = refused_pattern()


def decision(plane: str = "data", **changes: Any) -> str:
    stream = io.StringIO()
    call = Call("r", 0.0, "InvokeAgentRuntime", "door-AbCdEfGhIj", "DEFAULT")
    for name, value in changes.items():
        setattr(call, name, value)
    Journal(stream, b"k" * 16, lambda: "2027-01-01T12:00:00Z").decision(plane, call)
    return stream.getvalue().strip()


# AgentCore devguide: understanding-gateway-cloudtrail-log-entries, "data event with authentication error", shortened.
TRAIL: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"},
    "eventTime": "2027-01-01T12:00:00Z",
    "eventSource": "bedrock-agentcore.amazonaws.com",
    "eventName": "InvokeAgentRuntime",
    "requestParameters": {"body": {"id": 0}},
    "responseElements": {"body": {"error": {"code": -32001, "message": "Invalid Bearer token"}}, "statusCode": 401},
}
LINES = {
    "refused": (decision(reason="client_mismatch", status=401), True),
    "refused-by-route": (decision(reason="no_endpoint", status=404), True),
    "admitted": (decision(by="jwt", status=200), False),
    "admitted-and-failed": (decision(by="jwt", reason="agent_error", status=424), False),
    "trail-401": (json.dumps(TRAIL), True),
    "trail-403": (json.dumps(TRAIL | {"responseElements": {"statusCode": 403}}), True),
    "trail-error-code": (json.dumps(TRAIL | {"responseElements": None, "errorCode": "AccessDenied"}), True),
    "trail-admitted": (json.dumps(TRAIL | {"responseElements": {"statusCode": 200}}), False),
    "trail-of-another-service": (json.dumps(TRAIL | {"eventSource": "s3.amazonaws.com"}), False),
    "another-event": ('{"event": "listening", "decision": "deny"}', False),
    "text": ("deny", False),
}


@pytest.mark.parametrize(("line", "counted"), LINES.values(), ids=LINES.keys())
def test_the_filter_counts_refusals_and_nothing_else(line: str, counted: bool) -> None:
    assert matches(REFUSED, line) is counted


@pytest.mark.parametrize(("line", "counted"), LINES.values(), ids=LINES.keys())
def test_what_the_alarm_counts_is_what_the_task_lists_as_refused(line: str, counted: bool) -> None:
    listed = entries([line] if matches(PATTERN, line) else [], 0)
    assert [entry.decision for entry in listed if entry.decision == "deny"] == ["deny"] * counted


@pytest.mark.parametrize(
    "pattern",
    [
        "deny",
        "{ $.a }",
        "{ $.a = }",
        "{ ($.a = 1 }",
        "{ $.a = 1 ) }",
        "{ $.a[0] = 1 }",
        "{ $.a IS NULL }",
        "{ $.a > 1 }",
    ],
)
def test_a_pattern_beyond_the_known_part_is_not_guessed_at(pattern: str) -> None:
    with pytest.raises(ValueError):
        matches(pattern, "{}")


def test_the_evaluator_tells_texts_from_numbers() -> None:
    assert matches('{ $.a = "4*" }', '{"a": "401"}')
    assert not matches('{ $.a = "401" }', '{"a": 401}')
    assert matches("{ $.a.b = 401 }", '{"a": {"b": 401}}')
    assert not matches("{ $.a = 401 }", '{"a": "401"}')
    assert matches('{ $.a != "x" }', "{}")
