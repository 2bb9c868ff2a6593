"""A Lambda function that looks credit scores up; AgentCore Gateway calls it as the tool get_credit_score.

The event is the tool's arguments; which tool is meant stands in the client context, prefixed with the target's name
(AgentCore devguide: gateway-add-target-lambda). It trusts nobody but who may invoke it: whose score a caller may see
is decided before the gateway is called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TOOL = "get_credit_score"
DELIMITER = "___"
SCORES = Path(__file__).parent / "credit_scores.demo.json"
CUSTOMER_ID = re.compile(r"[0-9]{4,12}")
CANARY = re.compile(r"[0-9a-f]{32}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

JsonObject = dict[str, Any]


def handle(event: Any, context: Any) -> JsonObject:
    """{"customer_id": "1234"} -> {"customer_id": "1234", "credit_score": 742}, or {"error": slug, "message": text}.

    It never raises for what it is given: the gateway would tell its client no more than that something failed.
    """
    custom = _custom(context)
    result = answer(event, tool_of(custom), read_scores(SCORES))
    print(json.dumps(log_line(result, custom, context)), flush=True)
    return result


def answer(event: Any, tool: str | None, scores: Mapping[str, int]) -> JsonObject:
    """Pure. tool None: nobody said, as in a call without a gateway, and there is only the one."""
    if tool not in (None, TOOL):
        return _error("unknown_tool", f"this function has one tool, {TOOL}")
    customer_id = event.get("customer_id") if isinstance(event, Mapping) else None
    if not isinstance(customer_id, str) or not CUSTOMER_ID.fullmatch(customer_id):
        return _error("bad_customer_id", "customer_id must be a string of 4 to 12 digits")
    if customer_id not in scores:
        return _error("no_record", "there is no credit record of this customer")
    return {"customer_id": customer_id, "credit_score": scores[customer_id]}


def tool_of(custom: Mapping[str, Any]) -> str | None:
    """The tool's own name, without the target's."""
    name = custom.get("bedrockAgentCoreToolName")
    return str(name).rpartition(DELIMITER)[2] if name is not None else None


def read_scores(path: Path) -> Mapping[str, int]:
    """{"scores": {customer id: credit score}} as a mapping."""
    scores: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["scores"]
    return scores


def log_line(result: JsonObject, custom: Mapping[str, Any], context: Any) -> JsonObject:
    """What the log keeps: how it ended and which call it was, neither customer nor score nor anything given."""
    ids = {
        "request": getattr(context, "aws_request_id", None),
        "gateway_request": custom.get("bedrockAgentCoreAwsRequestId"),
        "canary": _canary(custom.get("bedrockAgentCoreMcpMessageId")),
        "trace": _trace_id(custom.get("bedrockAgentCorePropagatedHeaders")),
    }
    return {
        "event": "credit_checked",
        "outcome": result.get("error", "found"),
        **{name: value for name, value in ids.items() if isinstance(value, str) and value},
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def _canary(message_id: Any) -> str | None:
    """The nonce by which a test finds its call again: the id of an MCP request, where it looks like one."""
    return message_id if isinstance(message_id, str) and CANARY.fullmatch(message_id) else None


def _trace_id(headers: Any) -> str | None:
    """The trace id of W3C's traceparent, where the target lets that header through."""
    given = {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, Mapping) else {}
    found = TRACEPARENT.fullmatch(str(given.get("traceparent")))
    return found.group(1) if found else None


def _custom(context: Any) -> Mapping[str, Any]:
    custom = getattr(getattr(context, "client_context", None), "custom", None)
    return custom if isinstance(custom, Mapping) else {}


def _error(code: str, message: str) -> JsonObject:
    return {"error": code, "message": message}
