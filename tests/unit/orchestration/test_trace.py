"""One request is found in everybody's lines, and nobody else's request with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestration.checks.trace import Written, document, hops, last_trace, lines, missing
from orchestration.commands.trace import trace_id
from orchestration.errors import BadInput

TRACE, OTHER = "a" * 32, "b" * 32
CALL = "228d762e-fb7b-4dd4-8b34-e2e70666b7df"


def at(second: float) -> str:
    return f"2026-01-01T00:00:{second:06.3f}+00:00"


def decision(plane: str, second: float, **more: Any) -> str:
    record = {"ts": at(second), "event": "decision", "plane": plane, "decision": "allow", "trace": TRACE, "status": 200}
    return json.dumps(record | more)


def noted(second: float, event: str = "invoked", **more: Any) -> str:
    return json.dumps({"event": event, "trace": TRACE, "time": at(second), "session": "mine"} | more)


def checked(second: float, **more: Any) -> str:
    return json.dumps({"event": "credit_checked", "outcome": "found", "time": at(second), "request": CALL} | more)


DECISIONS = [
    decision("gateway", 3, tool="credit-check___get_credit_score", function_request=CALL, latency_ms=1000),
    decision("data", 9, client="the-callers", latency_ms=9000),
    decision("data", 9.5, trace=OTHER),
]
AGENT = [
    "not json",
    "[1]",
    noted(1),
    noted(5, "credit_looked_up", source="gateway"),
    noted(6, trace=OTHER, session="b"),
]
FUNCTION = [checked(2.5), checked(2.6, request="another")]


def places(written: Written) -> list[str]:
    return [hop.place for hop in hops(TRACE, written)]


def test_the_hops_are_in_the_order_in_which_they_began() -> None:
    assert places(Written(DECISIONS, AGENT, FUNCTION)) == ["runtime", "agent", "gateway", "function", "agent"]


def test_on_aws_the_function_notes_the_trace_itself() -> None:
    found = hops(TRACE, Written([], AGENT, [checked(2.5, trace=TRACE), checked(2.6, trace=OTHER)]))
    assert [hop.place for hop in found] == ["agent", "function", "agent"]
    assert missing(found) == ["runtime", "gateway"]


def test_the_last_request_is_that_of_the_session_asked_for() -> None:
    assert last_trace(AGENT) == OTHER
    assert last_trace(AGENT, "mine") == TRACE
    assert last_trace(AGENT, "nobodys") is None
    assert last_trace([noted(1, trace="short"), noted(1, trace=None), noted(1, trace=7)]) is None


@pytest.mark.parametrize("time", [None, "noon", 7, ""])
def test_a_line_whose_time_cannot_be_read_is_left_out(time: Any) -> None:
    assert places(Written([], [noted(1, time=time)], [])) == []


def test_what_is_shown_moves_no_cursor_and_holds_no_token() -> None:
    odd = noted(1, "x", cause="\x1b[2Jgone", request="eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2ln")
    shown = "\n".join(lines(TRACE, hops(TRACE, Written([], [odd], []))))
    assert "\x1b" not in shown
    assert "eyJ" not in shown


def test_machines_read_the_same_with_what_is_missing() -> None:
    told = document(TRACE, hops(TRACE, Written(DECISIONS, AGENT, [])))
    assert (told["trace"], told["missing"]) == (TRACE, ["function"])
    assert told["hops"][0] == {
        "time": "2026-01-01T00:00:00.000+00:00",
        "place": "runtime",
        "decision": "allow",
        "status": 200,
        "client": "the-callers",
        "latency_ms": 9000,
    }


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("A" * 32, id="capitals"),
        pytest.param("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", id="hyphens"),
        pytest.param(f"00-{'a' * 32}-{'b' * 16}-01", id="traceparent"),
        pytest.param(f" {'a' * 32}\n", id="copied-with-its-line-end"),
    ],
)
def test_a_trace_id_is_taken_as_other_tools_write_it(given: str) -> None:
    assert trace_id(given) == TRACE


@pytest.mark.parametrize("given", ["", "a" * 31, "a" * 33, "g" * 32, "а" * 32, f"00-{'a' * 32}", "a" * 16])
def test_what_is_no_trace_id_is_refused(given: str) -> None:
    with pytest.raises(BadInput, match="--id is"):
        trace_id(given)
