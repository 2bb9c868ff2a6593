"""What each server protocol means: where the agent listens for it, and how its callers are told of a refusal.

Sources: AgentCore devguide: runtime-http-protocol-contract, runtime-mcp-protocol-contract,
runtime-a2a-protocol-contract, runtime-agui-protocol-contract. The service's fixed ports (8080, 8000, 9000)
would collide on one machine; here every agent is told its port by PORT.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentcore_local.wire import Refused, encode


@dataclass(frozen=True, slots=True)
class Contract:
    """Where calls go. needs_ping: /ping must answer 200 (else any answer proves that a server listens)."""

    path: str
    needs_ping: bool = True
    websocket: bool = False


CONTRACTS: Mapping[str, Contract] = {
    "HTTP": Contract("/invocations", websocket=True),
    "AGUI": Contract("/invocations", websocket=True),
    "MCP": Contract("/mcp", needs_ping=False),
    "A2A": Contract("/"),
}
CARD_PATH = "/.well-known/agent-card.json"
MCP_SESSION = "mcp-session-id"
JSON_RPC = ("MCP", "A2A")


def protocol_of(spec: Mapping[str, Any]) -> str:
    name: str = (spec.get("protocolConfiguration") or {}).get("serverProtocol", "HTTP")
    return name


# Kind of refusal: (JSON-RPC code, HTTP status). The MCP table answers most failures with 200.
_MCP: Mapping[str, tuple[int, int]] = {
    "UnauthorizedException": (-32001, 401),
    "AccessDeniedException": (-32002, 403),
    "ThrottlingException": (-32003, 200),
    "ServiceQuotaExceededException": (-32003, 200),
    "ResourceNotFoundException": (-32004, 200),
    "ConflictException": (-32005, 200),
    "RetryableConflictException": (-32005, 200),
    "ValidationException": (-32006, 200),
    "RuntimeClientError": (-32010, 200),
    "NotAcceptable": (-32011, 406),
    "InternalServerException": (-32603, 200),
}
# 401 and 403 are plain answers for A2A.
_A2A: Mapping[str, tuple[int, int]] = {
    "ResourceNotFoundException": (-32051, 404),
    "ValidationException": (-32052, 400),
    "ThrottlingException": (-32053, 429),
    "ServiceQuotaExceededException": (-32053, 429),
    "ConflictException": (-32054, 409),
    "RetryableConflictException": (-32054, 409),
    "RuntimeClientError": (-32055, 424),
    "InternalServerException": (-32603, 500),
}
_AGUI: Mapping[str, tuple[str, int]] = {
    "UnauthorizedException": ("UNAUTHORIZED", 401),
    "AccessDeniedException": ("ACCESS_DENIED", 403),
    "ThrottlingException": ("RATE_LIMIT_EXCEEDED", 429),
    "ServiceQuotaExceededException": ("SERVICE_QUOTA_EXCEEDED", 429),
    "ConflictException": ("SESSION_BUSY", 409),
    "RetryableConflictException": ("SESSION_BUSY", 409),
    "ValidationException": ("VALIDATION_ERROR", 400),
    "RuntimeClientError": ("AGENT_ERROR", 200),
    "InternalServerException": ("INTERNAL_ERROR", 500),
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A refusal as one protocol's callers get it."""

    status: int
    body: bytes
    content_type: str = "application/json"


def envelope(refused: Refused, protocol: str, call_id: str | int | None = None) -> Envelope:
    """Dress a refusal for InvokeAgentRuntime; what a protocol's table does not name stays as it is.

    call_id is the JSON-RPC id of the call, None where it is not known.
    """
    kind = refused.row.kind
    plain = Envelope(refused.row.status, refused.body())
    if refused.row.status in (408, 413, 431):
        return plain  # of the transport; an answer with 200 would hide that the body was not read
    if protocol == "AGUI" and kind in _AGUI:
        code, status = _AGUI[kind]
        message = "Authentication required" if refused.slug == "missing_token" else refused.message
        event = {"type": "RUN_ERROR", "code": code, "message": message}
        return Envelope(status, b"data: " + encode(event) + b"\n\n", "text/event-stream")
    table = {"MCP": _MCP, "A2A": _A2A}.get(protocol, {})
    if kind in table and refused.row.shape != "rpc":
        number, status = table[kind]
        error = {"code": number, "message": refused.message}
        return Envelope(status, encode({"jsonrpc": "2.0", "id": call_id, "error": error}))
    return plain


def accepts_mcp(accept: str | None) -> bool:
    """MCP answers are JSON or an event stream; a caller must take both (MCP specification: streamable HTTP).

    No Accept header at all means that anything is taken (RFC 9110 section 12.5.1).
    """
    if accept is None:
        return True
    ranges = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    json_fits = bool(ranges & {"*/*", "application/*", "application/json"})
    return json_fits and bool(ranges & {"*/*", "text/*", "text/event-stream"})


def read_rpc_id(body: bytes) -> str | int | None:
    """The id of a JSON-RPC request; None for anything else, a batch too (JSON-RPC 2.0 section 4)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = document.get("id") if isinstance(document, dict) else None
    if isinstance(found, str) and len(found) <= 256:
        return found
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def read_ping(body: bytes) -> tuple[bool, float | None]:
    """(busy, time of the last change in Unix seconds) from a /ping answer; an odd answer is not busy."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False, None
    if not isinstance(document, dict):
        return False, None
    changed = document.get("time_of_last_update")
    if isinstance(changed, bool) or not isinstance(changed, int | float) or not 0 <= changed < 1e12:
        changed = None
    return document.get("status") == "HealthyBusy", changed
