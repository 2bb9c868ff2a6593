"""The client: what is tried again, what each refusal is, how an answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from orchestration.client import (
    LOOK_AT_LOG,
    MAX_PROMPT_CHARACTERS,
    AgentClient,
    AgentFailed,
    AuthenticationFailed,
    AuthorizationFailed,
    BadRequest,
    CallFailed,
    ConnectionLost,
    NotRouted,
    StaticToken,
    Throttled,
)
from orchestration.errors import BadInput, Unfit
from orchestration.http import Calls
from tests.fakes.orchestration import RUNTIME_ARN, FakeClock, answer

EVENTS = {"Content-Type": "text/event-stream; charset=utf-8"}
Answer = httpx.Response | Exception


@dataclass
class Renewing:
    """A new token for each that was turned away."""

    tokens: list[str] = field(default_factory=lambda: ["token-1", "token-2", "token-3"])
    refused: list[str] = field(default_factory=list)

    def token(self) -> str:
        return self.tokens[0]

    def renewed(self, refused: str) -> str:
        self.refused.append(refused)
        return self.tokens[len(self.refused)]


class Scene:
    """Answers in this order; the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.sent: list[httpx.Request] = []
        self.clock, self.tokens = FakeClock(), Renewing()
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        calls = Calls(client, "http://127.0.0.1:8082")
        self.agent = AgentClient(RUNTIME_ARN, self.tokens, transport=calls, clock=self.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        found = self.answers[min(len(self.sent), len(self.answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    def bearers(self) -> list[str]:
        return [request.headers["authorization"] for request in self.sent]


def ok(text: str = "fine") -> httpx.Response:
    return httpx.Response(200, text=answer(text))


def refusal(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"message": "no"}, headers=headers)


def events(*values: Any) -> httpx.Response:
    return httpx.Response(200, headers=EVENTS, text="".join(f"data: {json.dumps(v)}\n\n" for v in values))


def test_a_call_carries_the_quoted_arn_the_token_and_the_session() -> None:
    scene = Scene(ok())
    scene.agent.call({"prompt": "x"}, session_id="s" * 33)
    (sent,) = scene.sent
    target = sent.url.raw_path.decode()
    assert target == f"/runtimes/{RUNTIME_ARN.replace(':', '%3A').replace('/', '%2F')}/invocations?qualifier=DEFAULT"
    assert sent.headers["authorization"] == "Bearer token-1"
    assert sent.headers["x-amzn-bedrock-agentcore-runtime-session-id"] == "s" * 33


@pytest.mark.parametrize("session", ["", "s" * 32, "s" * 257, "s" * 33 + "\r\nX: y", "s" * 20 + " " + "s" * 20])
def test_a_session_id_that_the_service_would_refuse_is_not_sent(session: str) -> None:
    scene = Scene(ok())
    with pytest.raises(BadInput) as caught:
        scene.agent.call({}, session_id=session)
    assert caught.value.code == "bad_session" and scene.sent == []


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "mortgage",
        "arn:aws:s3:::bucket",
        RUNTIME_ARN.replace("runtime/", "gateway/"),
        RUNTIME_ARN + "\n",
        "arn:aws:bedrock-agentcore:evil.com/#:0:runtime/x",
        RUNTIME_ARN.replace("us-east-1", "evil.com/#"),
        RUNTIME_ARN.replace("us-east-1", "a@evil.com"),
        RUNTIME_ARN.replace("us-east-1", ""),
    ],
)
def test_what_is_no_runtime_is_refused_at_once(arn: str) -> None:
    with pytest.raises(BadInput, match="ARN"):
        AgentClient(arn, StaticToken("token"))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (413, BadRequest),
        (401, AuthenticationFailed),
        (403, AuthorizationFailed),
        (404, NotRouted),
        (424, AgentFailed),
        (429, Throttled),
        (500, AgentFailed),
        (504, AgentFailed),
    ],
)
def test_each_status_is_an_error_of_its_own(status: int, kind: type[CallFailed]) -> None:
    with pytest.raises(CallFailed) as caught:
        Scene(refusal(status)).agent.call({})
    assert (type(caught.value), caught.value.status) == (kind, status)
    assert "token-" not in caught.value.message


def failed(reply: httpx.Response) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        Scene(reply).agent.call({})
    return caught.value


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (400, "look at the payload"),
        (403, "another caller: use another session id"),
        (413, "send less"),
        (500, LOOK_AT_LOG),
        (503, "send it again later"),
    ],
)
def test_what_the_agent_answered_behind_a_424_decides_the_remedy(code: int, remedy: str) -> None:
    words = f"Received error ({code}) from runtime. Please check your CloudWatch logs for more information."
    error = failed(httpx.Response(424, json={"message": words}))
    assert (type(error), error.status, error.message) == (AgentFailed, 424, f"the agent answered {code}")
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (403, {"error": "this session belongs to another caller", "code": "session_of_another"}, "another session id"),
        (400, {"error": "prompt is blank; ask a question", "code": "bad_payload"}, "look at the payload"),
    ],
)
def test_an_agent_that_is_called_without_the_service_is_quoted(status: int, body: Any, remedy: str) -> None:
    error = failed(httpx.Response(status, json=body))
    assert isinstance(error, AgentFailed) and remedy in error.remedy
    assert error.message == f"the agent answered {status}: {body['error']}"


@pytest.mark.parametrize("code", [None, 7, ["bad_payload"], "another"])
def test_a_code_that_no_agent_of_ours_has_is_the_doors_refusal(code: Any) -> None:
    assert type(failed(httpx.Response(403, json={"error": "no", "code": code}))) is AuthorizationFailed


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("", "bad_input"),
        (" \n", "bad_input"),
        ("x" * (MAX_PROMPT_CHARACTERS + 1), "question_too_long"),
        ("caf\udce9", "question_not_text"),
        ("hello\0there", "question_not_text"),
    ],
)
def test_a_prompt_that_the_agent_would_refuse_is_not_sent(prompt: str, code: str) -> None:
    scene = Scene(ok())
    with pytest.raises(BadInput) as caught:
        list(scene.agent.ask(prompt))
    assert (caught.value.code, scene.sent) == (code, [])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_twice_more_and_waited_for(status: int) -> None:
    scene = Scene(refusal(status), refusal(status), ok())
    assert json.dumps(scene.agent.call({}))
    assert scene.clock.slept == [1.0, 2.0]
    scene = Scene(refusal(status))
    with pytest.raises(CallFailed):
        scene.agent.call({})
    assert len(scene.sent) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 409, 424])
def test_nothing_else_is_tried_again(status: int) -> None:
    scene = Scene(refusal(status))
    with pytest.raises(CallFailed):
        scene.agent.call({})
    assert len(scene.sent) == 1 and scene.clock.slept == []


@pytest.mark.parametrize(
    ("told", "waited"),
    [("7", 7.0), ("3600", 30.0), ("Thu, 01 Jan 1970 00:16:52 GMT", 12.0), ("soon", 1.0), ("-5", 1.0), ("", 1.0)],
)
def test_retry_after_is_honoured_up_to_half_a_minute(told: str, waited: float) -> None:
    scene = Scene(refusal(429, **{"Retry-After": told}), ok())
    scene.agent.call({})
    assert scene.clock.slept == [waited]


def test_a_401_is_answered_once_with_another_token() -> None:
    scene = Scene(refusal(401), ok())
    scene.agent.call({})
    assert scene.bearers() == ["Bearer token-1", "Bearer token-2"]
    scene = Scene(refusal(401))
    with pytest.raises(AuthenticationFailed):
        scene.agent.call({})
    assert scene.bearers() == ["Bearer token-1", "Bearer token-2"] and scene.tokens.refused == ["token-1"]


def test_a_token_that_cannot_be_renewed_is_sent_once() -> None:
    scene = Scene(refusal(401))
    scene.tokens.tokens = ["same", "same"]
    with pytest.raises(AuthenticationFailed):
        scene.agent.call({})
    assert len(scene.sent) == 1 and "value" not in repr(StaticToken("value-of-it"))


def test_a_stream_is_read_in_pieces() -> None:
    scene = Scene(events({"text": "one "}, {"text": "two"}, json.loads(answer("one two"))))
    assert list(scene.agent.ask("x")) == ["one ", "two"]
    assert json.loads(scene.sent[0].content) == {"prompt": "x", "stream": True}
    assert "text/event-stream" in scene.sent[0].headers["accept"]


@pytest.mark.parametrize("reply", [ok("whole"), events(json.loads(answer("whole")))], ids=["document", "one-event"])
def test_an_agent_that_does_not_stream_is_read_as_well(reply: httpx.Response) -> None:
    assert list(Scene(reply).agent.ask("x")) == ["whole"]


def test_an_agent_that_fails_in_the_middle_is_an_error_after_what_it_said() -> None:
    pieces = Scene(events({"text": "I thin"}, {"error": {"message": "the model failed"}})).agent.ask("x")
    assert next(pieces) == "I thin"
    with pytest.raises(AgentFailed, match="the model failed"):
        next(pieces)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(lambda: events(), id="no-event"),
        pytest.param(lambda: events({"text": "I thin"}), id="a-piece"),
        pytest.param(lambda: events({"text": "I thin"}, "k"), id="another-value"),
    ],
)
def test_a_stream_without_a_result_is_no_whole_answer(reply: Callable[[], httpx.Response]) -> None:
    with pytest.raises(ConnectionLost):
        list(Scene(reply()).agent.ask("x"))
    with pytest.raises(ConnectionLost):
        Scene(reply()).agent.call({})
    assert len(list(Scene(reply()).agent.stream({}))) < 3  # whoever reads events knows what the last one is


@pytest.mark.parametrize("status", [200, 400, 424])
def test_a_body_that_nobody_can_read_is_a_failed_call(status: int) -> None:
    with pytest.raises(CallFailed):
        Scene(httpx.Response(status, text="[" * 200_000)).agent.call({})


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "payload", [object(), {"prompt": b"x"}, {"n": float("nan")}, CIRCLE, {("a",): 1}], ids=range(5)
)
def test_a_payload_that_is_no_json_is_not_sent(payload: object) -> None:
    scene = Scene(ok())
    with pytest.raises(BadInput) as caught:
        scene.agent.call(payload)
    assert caught.value.code == "bad_payload" and scene.sent == []


@pytest.mark.parametrize("token", ["", "tökën", "to ken", "token\r\nX: y", "token\ud800"], ids=range(5))
@pytest.mark.parametrize("later", [False, True], ids=["first", "renewed"])
def test_a_token_that_is_none_is_not_sent(token: str, later: bool) -> None:
    scene = Scene(refusal(401))
    scene.tokens.tokens = ["token-1", token] if later else [token]
    with pytest.raises(BadInput) as caught:
        scene.agent.call({})
    assert caught.value.code == "bad_token" and len(scene.sent) == later
    assert not token or token not in caught.value.message


class Broken(httpx.SyncByteStream):
    closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b'data: {"text": "a"}\n\n'
        raise httpx.ReadError("reset")

    def close(self) -> None:
        self.closed = True


def test_a_lost_connection_is_told_and_not_tried_again() -> None:
    body = Broken()
    scene = Scene(httpx.Response(200, headers=EVENTS, stream=body))
    pieces = scene.agent.ask("x")
    assert next(pieces) == "a"
    with pytest.raises(ConnectionLost):
        next(pieces)
    assert len(scene.sent) == 1 and body.closed


def test_leaving_an_answer_hangs_up() -> None:
    body = Broken()
    pieces = Scene(httpx.Response(200, headers=EVENTS, stream=body)).agent.ask("x")
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert body.closed


@pytest.mark.parametrize(
    ("error", "expected"),
    [(httpx.ReadTimeout("slow"), ConnectionLost), (httpx.ConnectError("nobody"), Unfit)],
    ids=["no-answer", "nobody-there"],
)
def test_silence_and_absence_are_told_apart(error: Exception, expected: type[Exception]) -> None:
    scene = Scene(error)
    with pytest.raises(expected):
        scene.agent.call({})
    assert len(scene.sent) == 1


def test_without_an_endpoint_the_region_of_the_arn_decides() -> None:
    made: Callable[[str], Any] = lambda arn: AgentClient(arn, StaticToken("t"))._transport  # noqa: E731
    assert made(RUNTIME_ARN.replace("us-east-1", "eu-west-1")).base_url == (
        "https://bedrock-agentcore.eu-west-1.amazonaws.com"
    )
