"""The agent without a network: tokens as the runtime hands them on, visits, a desk whose log can be read."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from mortgage.access import Access, Own
from mortgage.assistant import Answer, Assistant, Chunk
from mortgage.customers import load_customers
from mortgage.journal import Journal
from mortgage.knowledge import load_knowledge
from mortgage.scores import BuiltInScores, Scores
from mortgage.service import Desk
from mortgage.specialists import build_specialists
from mortgage.visit import Visit
from starlette.testclient import TestClient
from strands.models.model import Model

ANN, BOB = "ann-subject", "bob-subject"
CUSTOMERS = {ANN: "1234", BOB: "2222"}
SESSION = "s" * 36
SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"


def bearer(**claims: Any) -> str:
    """A header with these claims; signature and header are nobody's business any more in the agent."""
    given = {"iss": "https://idp", "client_id": "user-app", "username": "somebody", **claims}
    payload = base64.urlsafe_b64encode(json.dumps(given).encode()).decode()
    return f"Bearer header.{payload.rstrip('=')}.signature"


def machine(scope: str | None = "agent/invoke") -> str:
    """A token of client_credentials."""
    return bearer(sub="machine-app", client_id="machine-app", username=None, scope=scope)


def visit(access: Access | None = None, log: io.StringIO | None = None) -> Visit:
    return Visit(access or Own("1234"), Journal(log or io.StringIO(), key=b"k"), "caller")


def assistant(model: Model, scores: Scores | None = None) -> Assistant:
    customers = load_customers()
    found = scores or BuiltInScores(customers)
    return Assistant(model, build_specialists(model, customers, found, load_knowledge()))


def desk(model: Model, log: io.StringIO, **changes: Any) -> Desk:
    return Desk(assistant(model), Journal(log), CUSTOMERS, **changes)


async def collect(asked: Assistant, prompt: str, of: Visit | None = None) -> list[Chunk | Answer]:
    return [event async for event in asked.ask(prompt, of or visit())]


def post(client: TestClient, header: str | None, payload: object, session: str | None = None, **headers: str) -> Any:
    """POST /invocations as the runtime does."""
    given = {"Authorization": header} if header else {}
    given |= {SESSION_HEADER: session} if session else {}
    return client.post("/invocations", json=payload, headers=given | headers)


def text_of(reply: Any) -> str:
    """The answer's text, from either kind of reply."""
    return str(reply.json()["result"]["content"][0]["text"])


def lines(log: io.StringIO, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]
