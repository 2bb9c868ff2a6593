"""The function behind the gateway, called as Lambda calls it."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gateway.credit_check import handler
from mortgage.customers import DEMO_SCORES

SCHEMA = DEMO_SCORES.parents[2] / "gateway" / "credit_check" / "tool_schema.json"
SCORES = {"1234": 742, "2222": 801}
CANARY, TRACE = "c" * 32, "d" * 32
FROM_GATEWAY = {
    "bedrockAgentCoreToolName": f"credit-check___{handler.TOOL}",
    "bedrockAgentCoreAwsRequestId": "gateway-request",
    "bedrockAgentCoreMcpMessageId": CANARY,
    "bedrockAgentCorePropagatedHeaders": {"Traceparent": f"00-{TRACE}-{'e' * 16}-01"},
}


def context(custom: Any) -> Any:
    return SimpleNamespace(aws_request_id="function-request", client_context=SimpleNamespace(custom=custom))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The handler as its package has it: beside the scores."""
    folder = tmp_path_factory.mktemp("credit_check")
    for path in (Path(handler.__file__), DEMO_SCORES):
        shutil.copy(path, folder)
    spec = importlib.util.spec_from_file_location("packed_handler", folder / "handler.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_known_customer_has_a_score() -> None:
    assert handler.answer({"customer_id": "1234"}, handler.TOOL, SCORES) == {
        "customer_id": "1234",
        "credit_score": 742,
    }


@pytest.mark.parametrize(
    ("event", "tool", "error"),
    [
        pytest.param({"customer_id": "9999"}, handler.TOOL, "no_record", id="unknown"),
        pytest.param({"customer_id": "123"}, handler.TOOL, "bad_customer_id", id="short"),
        pytest.param({"customer_id": "1" * 13}, handler.TOOL, "bad_customer_id", id="long"),
        pytest.param({"customer_id": "1234\n"}, handler.TOOL, "bad_customer_id", id="newline"),
        pytest.param({"customer_id": "١٢٣٤"}, handler.TOOL, "bad_customer_id", id="other-digits"),
        pytest.param({"customer_id": 1234}, handler.TOOL, "bad_customer_id", id="number"),
        pytest.param({"customer_id": ["1234"]}, handler.TOOL, "bad_customer_id", id="list"),
        pytest.param({}, handler.TOOL, "bad_customer_id", id="absent"),
        pytest.param(["1234"], handler.TOOL, "bad_customer_id", id="event-is-a-list"),
        pytest.param(None, handler.TOOL, "bad_customer_id", id="no-event"),
        pytest.param({"customer_id": "1234"}, "drop_table", "unknown_tool", id="other-tool"),
        pytest.param({"customer_id": "1234"}, "", "unknown_tool", id="blank-tool"),
    ],
)
def test_what_has_no_answer_is_an_error_that_repeats_nothing(event: Any, tool: str | None, error: str) -> None:
    result = handler.answer(event, tool, SCORES)
    assert (set(result), result["error"]) == ({"error", "message"}, error)
    assert "1234" not in result["message"] and "drop" not in result["message"]


@pytest.mark.parametrize(
    ("custom", "tool"),
    [
        (FROM_GATEWAY, handler.TOOL),
        ({"bedrockAgentCoreToolName": handler.TOOL}, handler.TOOL),
        ({"bedrockAgentCoreToolName": "other-target___get_credit_score_of_all"}, "get_credit_score_of_all"),
        ({}, None),
    ],
)
def test_the_tool_is_named_without_its_target(custom: dict[str, Any], tool: str | None) -> None:
    assert handler.tool_of(custom) == tool


def test_a_call_of_the_gateway_is_answered_and_logged_without_customer_and_score(
    packed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert packed.handle({"customer_id": "1234"}, context(FROM_GATEWAY))["credit_score"] == 742
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert logged.pop("time")
    assert logged == {
        "event": "credit_checked",
        "outcome": "found",
        "request": "function-request",
        "gateway_request": "gateway-request",
        "canary": CANARY,
        "trace": TRACE,
    }


@pytest.mark.parametrize("custom", [None, {}, [], {"bedrockAgentCorePropagatedHeaders": "x"}], ids=repr)
def test_a_call_without_a_gateways_context_is_logged_all_the_same(custom: Any) -> None:
    line = handler.log_line({"error": "no_record"}, custom or {}, context(custom))
    assert (line["outcome"], line["request"]) == ("no_record", "function-request")
    assert {"canary", "trace", "gateway_request"}.isdisjoint(line)


def test_what_a_client_chose_as_message_id_or_trace_is_logged_only_where_it_is_one() -> None:
    chosen = {
        "bedrockAgentCoreMcpMessageId": "customer 1234",
        "bedrockAgentCorePropagatedHeaders": {"traceparent": "customer 1234"},
    }
    assert "1234" not in json.dumps(handler.log_line({}, chosen, context(chosen)))


def test_the_schema_offers_the_one_tool_in_the_terms_of_the_service() -> None:
    (tool,) = json.loads(SCHEMA.read_text())
    assert tool["name"] == handler.TOOL
    schema = tool["inputSchema"]
    assert (schema["type"], list(schema["properties"]), schema["required"]) == (
        "object",
        ["customer_id"],
        ["customer_id"],
    )
    # SchemaDefinition (botocore model: bedrock-agentcore-control) knows no pattern, no enum and no bounds.
    assert set(schema) | set(schema["properties"]["customer_id"]) <= {"type", "properties", "required", "description"}
