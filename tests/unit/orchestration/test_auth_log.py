"""The record of decisions: what the local door writes itself, and events as CloudTrail documents them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from agentcore_local.data import Call
from agentcore_local.journal import Journal
from orchestration.checks.auth_log import counts, document, entries, seconds
from orchestration.errors import BadInput

NOON = 1_798_804_800.0  # 2027-01-01T12:00:00Z
TRAIL = {
    "eventTime": "2027-01-01T12:00:00Z",
    "eventSource": "bedrock-agentcore.amazonaws.com",
    "eventName": "InvokeAgentRuntime",
    "requestID": "r-1",
    "responseElements": {"statusCode": 401},
    "resources": [{"ARN": "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/door-AbCdEfGhIj"}],
}


def written(*calls: dict[str, Any], at: str = "2027-01-01T12:00:00.500Z", plane: str = "data") -> list[str]:
    stream = io.StringIO()
    journal = Journal(stream, b"k" * 16, lambda: at)
    journal.event("listening", port=1)
    for changes in calls:
        call = Call("request", 0.0, "InvokeAgentRuntime", "door-AbCdEfGhIj", "DEFAULT")
        for name, value in changes.items():
            setattr(call, name, value)
        journal.decision(plane, call)
    return stream.getvalue().splitlines()


ALLOWED = {"by": "jwt", "client": "app", "subject": "ann", "status": 200}
DENIED = {"reason": "client_mismatch,scope_mismatch", "client": "other", "status": 401}


def test_what_the_local_door_writes_is_read() -> None:
    first, second = entries(written(ALLOWED, DENIED), NOON)
    assert (first.decision, first.reason, first.client, first.status) == ("allow", "allowed", "app", 200)
    assert (second.decision, second.reason, second.runtime) == (
        "deny",
        "client_mismatch,scope_mismatch",
        "door-AbCdEfGhIj",
    )
    assert second.line.startswith("2027-01-01T12:00:00Z  deny   client_mismatch,scope_mismatch  401  door-AbCdEfGhIj  ")


def test_only_decisions_about_calls_since_the_moment_count() -> None:
    lines = written(DENIED) + written(DENIED, plane="control") + written(DENIED, at="2027-01-01T11:59:59Z")
    assert len(entries(lines, NOON)) == 1


DOOR = {"event": "decision", "plane": "data", "ts": "2027-01-01T12:00:00Z", "decision": "deny", "reason": "expired"}


def test_the_gateways_door_is_told_beside_the_runtimes() -> None:
    gateway = DOOR | {"plane": "gateway", "gateway": "tools-ab12cd34ef"}
    found = entries(
        [json.dumps(DOOR | {"runtime": "r"}), json.dumps(gateway), json.dumps(DOOR | {"plane": "control"})], 0
    )
    assert [entry.runtime for entry in found] == ["r", "tools-ab12cd34ef"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "1",
        '{"event": "decision", "plane": "data"}',
        '{"eventSource": 1}',
        pytest.param("[" * 200_000, id="deep"),
        json.dumps(DOOR | {"ts": 7}),
        json.dumps(DOOR | {"ts": "2027-01-01T12:00:00"}),
        json.dumps(DOOR | {"ts": "9999-12-31T23:59:59.999999-23:59"}),
        json.dumps(DOOR | {"decision": {}}),
        json.dumps(TRAIL | {"eventName": None}),
        json.dumps(TRAIL | {"resources": {"ARN": 1}}),
        json.dumps(TRAIL | {"responseElements": [1]}),
    ],
)
def test_other_lines_are_left_out(line: str) -> None:
    assert entries([line], 0) == []


def test_refusals_are_counted_by_their_first_reason_client_and_runtime() -> None:
    found = entries(written(ALLOWED, DENIED, DENIED, {"reason": "expired"}), NOON)
    assert counts(found) == {
        "allow": 1,
        "deny": 3,
        "other": 0,
        "denied_by_reason": {"client_mismatch": 2, "expired": 1},
        "denied_by_client": {"other": 2, "unknown": 1},
        "denied_by_runtime": {"door-AbCdEfGhIj": 3},
    }
    assert document(found)["decisions"][0]["client"] == "app"


@pytest.mark.parametrize(
    ("changes", "decision", "reason"),
    [
        ({}, "deny", "401"),
        ({"responseElements": {"statusCode": 403}}, "deny", "403"),
        ({"responseElements": None, "errorCode": "AccessDenied"}, "deny", "AccessDenied"),
        ({"responseElements": {"statusCode": 200}}, "allow", "allowed"),
        ({"responseElements": None}, "allow", "allowed"),
        ({"responseElements": {"statusCode": 424}}, "other", "424"),
        ({"responseElements": None, "errorCode": "ThrottlingException"}, "other", "ThrottlingException"),
        ({"eventName": "InvokeAgentRuntimeForUser"}, "deny", "401"),
    ],
)
def test_a_trails_event_is_read_as_documented(changes: dict[str, Any], decision: str, reason: str) -> None:
    [entry] = entries([json.dumps(TRAIL | changes)], NOON)
    assert (entry.decision, entry.reason, entry.runtime) == (decision, reason, "door-AbCdEfGhIj")


def test_what_was_done_to_a_runtime_is_no_decision_about_a_call() -> None:
    assert entries([json.dumps(TRAIL | {"eventName": "CreateAgentRuntime"})], NOON) == []


def test_a_call_that_failed_for_another_cause_was_neither_let_in_nor_refused() -> None:
    throttled = json.dumps(TRAIL | {"responseElements": None, "errorCode": "ThrottlingException"})
    counted = counts(entries([throttled, json.dumps(TRAIL)], NOON))
    assert (counted["allow"], counted["deny"], counted["other"]) == (0, 1, 1)


@pytest.mark.parametrize("name", ["status", "client", "subject", "runtime", "session", "latency_ms", "method"])
@pytest.mark.parametrize("value", [{}, [1], True, "x" * 9999])
def test_a_value_of_another_kind_is_left_out(name: str, value: Any) -> None:
    [entry] = entries([json.dumps(DOOR | {name: value})], NOON)
    assert len(entry.line) < 1000
    assert counts([entry])["deny"] == 1
    assert json.dumps(document([entry]))


def test_a_line_is_one_line_that_moves_no_cursor() -> None:
    [entry] = entries([json.dumps(DOOR | {"client": "a\x1b[2J\nb", "reason": "x\u202e"})], NOON)
    assert entry.line.isprintable()


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86_400)])
def test_how_long_ago_has_a_unit(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "0m", "-1m", "1.5h", "10 m", "1w", "١m", "3651d", f"{'9' * 14}d"])
def test_another_time_is_refused_by_its_value(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        seconds(text)
    assert repr(text) in refused.value.message
    assert ("at most 3650d" in refused.value.remedy) is (text in ("3651d", f"{'9' * 14}d"))
