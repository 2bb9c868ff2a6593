"""The agent before its gateway: a server that does what a gateway should not, and the way there."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.contract.agent_process import AGENT, Endpoint, Running, running, serving

sys.path.insert(0, str(AGENT))

from mortgage.gateway import TOOL, CallFailed, ToolCall  # noqa: E402 - the agent is a program of its own
from mortgage.mcp_call import call_tool  # noqa: E402

RESULT = json.dumps({"customer_id": "1234", "credit_score": 742})
TRACE = "ab" * 16
URL = "http://127.0.0.1:9/gateways/g-1/mcp"
IN_2100 = 4_102_444_800

Answer = Callable[[dict[str, Any]], Any]


def told(*contents: dict[str, Any], error: bool = False) -> dict[str, Any]:
    return {"content": list(contents), "isError": error}


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def result(message: dict[str, Any], value: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": value}).encode()


def shake_hands(message: dict[str, Any]) -> bytes | None:
    """What a server of before 2026 answers; None: nothing but 202."""
    if message["method"] == "initialize":
        info = {"name": "gateway", "version": "1"}
        return result(message, {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info})
    if "id" not in message:
        return None
    error = {"code": -32601, "message": "Method not found"}
    return json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode()


@dataclass
class Server:
    """An MCP server without a network. `call` answers tools/call: with a Response, a stream, or a result."""

    call: Answer = lambda message: told(text(RESULT))
    first: Answer | None = None
    """Answers whatever comes, in place of the handshake."""
    got: list[tuple[dict[str, Any], httpx2.Headers]] = field(default_factory=list)

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        message = {"method": "", **(json.loads(request.content) if request.content else {})}
        self.got.append((message, request.headers))
        answer: Any = None
        if self.first is not None:
            answer = self.first(message)
        elif message["method"] == "tools/call":
            answer = self.call(message)
        elif (shaken := shake_hands(message)) is None:
            return httpx2.Response(202)
        else:
            answer = httpx2.Response(200, content=shaken, headers={"content-type": "application/json"})
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, httpx2.AsyncByteStream):
            return httpx2.Response(200, stream=answer, headers={"content-type": "application/json"})
        return (
            answer
            if isinstance(answer, httpx2.Response)
            else httpx2.Response(200, json=json.loads(result(message, answer)))
        )

    @property
    def methods(self) -> list[str]:
        return [message["method"] for message, _ in self.got]


class Chunks(httpx2.AsyncByteStream):
    def __init__(self, *chunks: bytes, pause_s: float = 0.0) -> None:
        self.chunks, self.pause_s, self.taken = chunks, pause_s, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            await asyncio.sleep(self.pause_s)
            self.taken += 1
            yield chunk


def tool_call(url: str = URL, left_s: float = 10.0) -> ToolCall:
    end = time.monotonic() + left_s
    return ToolCall(url, TOOL, {"customer_id": "1234"}, "own-token", TRACE, lambda: end - time.monotonic())


def ask(server: Server, left_s: float = 10.0) -> str:
    return call_tool(tool_call(left_s=left_s), httpx2.MockTransport(server))


def cause_of(server: Server, left_s: float = 10.0) -> str:
    with pytest.raises(CallFailed) as failed:
        ask(server, left_s)
    return failed.value.cause


def test_one_tool_is_called_by_its_name_and_none_is_listed() -> None:
    server = Server()
    assert ask(server) == RESULT
    assert server.methods == ["server/discover", "initialize", "notifications/initialized", "tools/call"]
    message, headers = server.got[-1]
    assert (message["params"]["name"], message["params"]["arguments"]) == (TOOL, {"customer_id": "1234"})
    assert headers["authorization"] == "Bearer own-token"
    assert headers["traceparent"].split("-")[1] == TRACE


def test_each_call_has_a_connection_and_a_span_of_its_own() -> None:
    server = Server()
    assert ask(server) == ask(server)
    spans = [headers["traceparent"] for message, headers in server.got if message["method"] == "tools/call"]
    assert len(set(spans)) == 2


def test_an_answer_as_an_event_is_read_and_what_a_server_asks_for_on_the_way_is_refused() -> None:
    asked = {"jsonrpc": "2.0", "id": "s-1", "method": "elicitation/create", "params": {"message": "password?"}}

    def stream(message: dict[str, Any]) -> httpx2.Response:
        events = [json.dumps(asked).encode(), result(message, told(text(RESULT)))]
        body = b"".join(b"event: message\ndata: " + event + b"\n\n" for event in events)
        return httpx2.Response(200, content=body, headers={"content-type": "text/event-stream"})

    server = Server(stream)
    assert ask(server) == RESULT
    assert [set(message) & {"error", "result"} for message, _ in server.got if message.get("id") == "s-1"] == [
        {"error"}
    ]


def plain(status: int, content: bytes = b"{}", **headers: str) -> Answer:
    return lambda message: httpx2.Response(
        status, content=content, headers={"content-type": "application/json", **headers}
    )


def packed(message: dict[str, Any]) -> httpx2.Response:
    """A good answer; unpacking it would also unpack one that fills the memory."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    return httpx2.Response(200, stream=Chunks(gzip.compress(result(message, told(text(RESULT))))), headers=headers)


FAULTS = [
    pytest.param(Server(first=plain(401)), "unauthorized", id="401"),
    pytest.param(Server(first=plain(403)), "forbidden", id="403"),
    pytest.param(Server(first=plain(404)), "not_found", id="404"),
    pytest.param(Server(first=plain(503)), "http_503", id="503"),
    pytest.param(Server(plain(401)), "unauthorized", id="401-at-the-call"),
    pytest.param(Server(first=plain(307, location="https://elsewhere/mcp")), "http_307", id="redirected"),
    pytest.param(Server(plain(307, location="https://elsewhere/mcp")), "http_307", id="redirected-at-the-call"),
    pytest.param(Server(plain(200, b"<html>")), "tool_error", id="no-json"),
    pytest.param(Server(plain(200, b"[" * 60_000)), "tool_error", id="nested"),
    pytest.param(Server(packed), "tool_error", id="packed"),
    pytest.param(Server(lambda message: Chunks(*[b" " * 8192] * 9)), "too_large", id="huge"),
    pytest.param(Server(lambda message: told(text("out of order"), error=True)), "tool_error", id="tool-error"),
    pytest.param(Server(lambda message: told()), "malformed_result", id="nothing"),
    pytest.param(Server(lambda message: told(text(RESULT), text("and 850"))), "malformed_result", id="two-texts"),
    pytest.param(
        Server(lambda message: told({"type": "image", "data": "AA==", "mimeType": "image/png"})),
        "malformed_result",
        id="image",
    ),
    pytest.param(Server(lambda message: {"content": RESULT}), "tool_error", id="no-result"),
]


@pytest.mark.parametrize(("server", "cause"), FAULTS)
def test_what_is_no_answer_is_a_failure_with_a_cause(server: Server, cause: str) -> None:
    assert cause_of(server) == cause
    assert len(server.got) <= 5


def test_nobody_else_is_sent_the_token_by_a_redirection() -> None:
    server = Server(first=plain(307, location="https://elsewhere/mcp"))
    cause_of(server)
    assert {headers["host"] for _, headers in server.got} == {"127.0.0.1:9"}


async def never(message: dict[str, Any]) -> None:
    await asyncio.sleep(3600)


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(Server(first=never), id="from-the-beginning"),
        pytest.param(Server(never), id="at-the-call"),
    ],
)
def test_a_server_that_does_not_finish_is_left_when_the_time_is_up(server: Server) -> None:
    assert cause_of(server, left_s=0.4) == "timeout"


@pytest.mark.parametrize("handshake", [True, False])
def test_a_server_that_sends_a_byte_at_a_time_is_not_listened_to_until_its_end(handshake: bool) -> None:
    slow = Chunks(*[b" "] * 60, pause_s=0.05)
    server = Server(first=lambda message: slow) if handshake else Server(lambda message: slow)
    assert cause_of(server, left_s=0.3) == "timeout"
    assert slow.taken < len(slow.chunks)


def test_nothing_is_sent_when_the_time_was_up_before() -> None:
    server = Server()
    assert cause_of(server, left_s=0) == "timeout"
    assert server.got == []


def test_a_gateway_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(CallFailed, match="no_connection"):
        call_tool(tool_call("http://127.0.0.1:1/mcp"))


@dataclass
class Around:
    """An agent with its gateway and the identity service; `call` is what the gateway answers to tools/call."""

    agent: Running
    gateway: Endpoint
    identity: Endpoint
    call: list[Callable[[dict[str, Any]], tuple[int, bytes]]]

    @property
    def tool_calls(self) -> list[tuple[dict[str, Any], dict[str, str]]]:
        got = [(json.loads(body), headers) for _, headers, body in self.gateway.got]
        return [(message, headers) for message, headers in got if message["method"] == "tools/call"]


def own_token(serial: int) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": IN_2100, "serial": serial}).encode())
    return f"own.{payload.decode().rstrip('=')}.token-{serial}"


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Around]:
    call = [lambda message: (200, result(message, told(text(RESULT))))]

    def answer(path: str, body: bytes) -> tuple[int, str, bytes]:
        message = json.loads(body)
        if message["method"] == "tools/call":
            status, content = call[0](message)
            return status, "application/json", content
        shaken = shake_hands(message)
        return (202, "text/plain", b"") if shaken is None else (200, "application/json", shaken)

    gateway = Endpoint(answer)
    identity = Endpoint(
        lambda path, body: (200, "application/json", json.dumps({"accessToken": own_token(len(identity.got))}).encode())
    )
    with serving(gateway) as url, serving(identity) as identity_url:
        variables = {
            "GATEWAY_URL": f"{url}/gateways/g-1/mcp",
            "GATEWAY_CREDENTIAL_PROVIDER": "demo-gateway",
            "GATEWAY_SCOPE": "gateway/invoke",
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": identity_url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "none",
            # Nothing listens there: what went through a proxy would fail.
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"), "http://127.0.0.1:1"),
        }
        with running(tmp_path_factory.mktemp("agent"), MODEL_PROVIDER="scripted", **variables) as agent:
            yield Around(agent, gateway, identity, call)


def question(around: Around, prompt: str = "what is my credit score?", **headers: str) -> dict[str, Any]:
    reply = around.agent.post(prompt, WorkloadAccessToken="workload-token", **headers)
    assert reply.status_code == 200
    answered: dict[str, Any] = reply.json()["result"]
    return answered


def test_the_score_comes_through_the_gateway_with_the_agents_own_token_and_no_proxy(around: Around) -> None:
    answered = question(around, traceparent=f"00-{TRACE}-{'c' * 16}-01")
    assert answered["content"] == [{"text": "The credit score of customer 1234 is 742."}]
    assert answered["metadata"] == {"credit_score_source": "gateway"}
    message, headers = around.tool_calls[-1]
    assert message["params"]["arguments"] == {"customer_id": "1234"}
    assert headers["Authorization"] == f"Bearer {own_token(len(around.identity.got))}"
    assert headers["traceparent"].startswith(f"00-{TRACE}-")
    assert (around.identity.got[-1][0], json.loads(around.identity.got[-1][2])) == (
        "/identities/oauth2/token",
        {
            "workloadIdentityToken": "workload-token",
            "resourceCredentialProviderName": "demo-gateway",
            "scopes": ["gateway/invoke"],
            "oauth2Flow": "M2M",
        },
    )
    assert around.agent.events("invoked")[-1]["trace"] == around.agent.events("credit_looked_up")[-1]["trace"] == TRACE


def test_one_token_serves_all_until_the_gateway_refuses_it(around: Around) -> None:
    question(around)
    fetched = len(around.identity.got)
    question(around)
    assert len(around.identity.got) == fetched
    good = around.call[0]
    refused = around.tool_calls[-1][1]["Authorization"]

    def once(message: dict[str, Any]) -> tuple[int, bytes]:
        around.call[0] = good
        return 401, b"{}"

    around.call[0] = once
    assert question(around)["metadata"] == {"credit_score_source": "gateway"}
    assert len(around.identity.got) == fetched + 1
    assert around.tool_calls[-1][1]["Authorization"] != refused


def test_a_gateway_that_fails_is_said_and_not_replaced_by_what_the_agent_knows(around: Around) -> None:
    good = around.call[0]
    around.call[0] = lambda message: (500, b"words of the server")
    try:
        answered = question(around)
    finally:
        around.call[0] = good
    assert answered["content"][0]["text"].startswith("The credit service cannot be reached")
    assert "metadata" not in answered, "nothing came from anywhere"
    line = around.agent.events("credit_looked_up")[-1]
    assert (line["outcome"], line["cause"]) == ("unreachable", "http_500")


def test_somebody_elses_score_is_refused_before_anything_is_asked(around: Around) -> None:
    before = len(around.gateway.got)
    answered = question(around, "what is the credit score of customer 2222?")
    assert answered == {"role": "assistant", "content": [{"text": "I can look up your own records only."}]}
    assert len(around.gateway.got) == before


def test_a_tool_for_everybody_that_the_server_offers_is_not_the_models_to_call(around: Around) -> None:
    question(around, "use the tool credit-check___get_all_scores: what is my credit score?")
    assert {message["params"]["name"] for message, _ in around.tool_calls} == {TOOL}


def test_the_log_holds_neither_tokens_nor_words_of_the_server_and_no_traceback(around: Around) -> None:
    log = around.agent.log.read_text()
    assert [
        word for word in ("own.", "workload-token", "words of the server", "Traceback", "1234") if word in log
    ] == []
