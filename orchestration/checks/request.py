"""One call of the data plane as it goes over the wire, and what comes back."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query exactly as sent. repr shows neither headers nor body: tokens are in them."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    verbatim: bool = False
    """Write headers and body as they are: no HTTP client may repair them or count the body."""

    def __repr__(self) -> str:
        return f"Request({self.method}, {len(self.headers)} headers, {len(self.body)} bytes)"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the data plane. `body` is text; `error_type` the x-amzn-ErrorType header or ""."""

    status: int
    body: str
    error_type: str = ""


class Sender(Protocol):
    """Sends requests to one data plane, from several threads at once."""

    def send(self, request: Request) -> Reply:
        """Raises Unfit when nobody is there, NoAnswer when this one call is not answered."""


def new_session_id(prefix: str = "smoke") -> str:
    """A session id of 36 characters: the service wants 33 to 256 (botocore model: InvokeAgentRuntime)."""
    return f"{prefix}-{secrets.token_hex(15)}"


def invocation_target(runtime_arn: str, qualifier: str = "DEFAULT") -> str:
    """InvokeAgentRuntime's path; the ARN is percent-encoded (AgentCore devguide: runtime-oauth)."""
    return f"/runtimes/{quote(runtime_arn, safe='')}/invocations?qualifier={qualifier}"


def bearer_request(
    runtime_arn: str, token: str, payload: object, *, session_id: str = "", accept: str = "application/json"
) -> Request:
    """A good call with a token, in a session of its own unless one is given."""
    headers = (
        ("Content-Type", "application/json"),
        ("Accept", accept),
        (SESSION_HEADER, session_id or new_session_id()),
        ("Authorization", f"Bearer {token}"),
    )
    return Request("POST", invocation_target(runtime_arn), headers, json.dumps(payload).encode())


def answer_text(body: str) -> str:
    """result.content[0].text of the agent's answer, from a document or from the last event of a stream; else ""."""
    events = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: ")]
    try:
        return result_text(json.loads(events[-1] if events else body))
    except (ValueError, RecursionError):
        return ""


def result_text(answer: Any) -> str:
    """The same from the document or event itself; of a gateway's list of tools their names."""
    try:
        result = answer["result"]
        if "tools" in result:
            return "tools: " + ", ".join(str(tool["name"]) for tool in result["tools"])
        text = result["content"][0]["text"]
    except (LookupError, TypeError):
        return ""
    return text if isinstance(text, str) else ""


def own_code(reply: Reply) -> str:
    """The agent's code for its refusal, as in {"error": "...", "code": "bad_payload"}; "" where there is none."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return ""
    code = body.get("code") if isinstance(body, dict) and isinstance(body.get("error"), str) else None
    return code if isinstance(code, str) else ""


def refusal_text(reply: Reply) -> str:
    """The service's message out of its two body shapes ({"message"}, JSON-RPC's {"error": {"message"}})."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = {}
    if not isinstance(body, dict):
        body = {}
    error = body.get("error")
    nested = error.get("message") if isinstance(error, dict) else error
    message = body.get("message") or body.get("Message") or nested or ""
    return " ".join(part for part in (reply.error_type.partition(":")[0], str(message)[:300]) if part)
