import asyncio
import io
import json
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from mortgage.failures import describe
from mortgage.intents import ABILITIES
from mortgage.journal import Journal
from mortgage.limits import MAX_BODY_BYTES
from mortgage.memory import Bounds, Memory
from mortgage.payload import Question
from mortgage.scripted_model import ScriptedModel
from mortgage.service import Call, Desk, asks_for_stream, build_app, sent_events
from mortgage.visit import Visit
from starlette.testclient import TestClient

from tests.fakes.agent import ANN, BOB, SESSION, assistant, bearer, desk, lines, machine, post, text_of, visit

pytestmark = pytest.mark.usefixtures("socket_enabled")  # an event loop needs a socket pair

SECRET = "customer 1234 earns 90000"
SCORE = {"prompt": "what is the credit score for me? my customer id is 1234"}


class Failing(ScriptedModel):
    async def stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": SECRET}}, "ConverseStream")
        yield  # makes this a generator


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def client(log: io.StringIO) -> Any:
    with TestClient(build_app(desk(ScriptedModel(), log))) as made:
        yield made


@pytest.mark.parametrize(
    ("header", "says"),
    [
        pytest.param(bearer(sub=ANN), "The credit score of customer 1234 is 742.", id="the-customer"),
        pytest.param(bearer(sub=BOB), "I can look up your own records only.", id="another-customer"),
        pytest.param(bearer(sub="eve"), "I do not know you as a customer", id="no-customer"),
        pytest.param(machine(), "I do not know you as a customer", id="a-machine"),
        pytest.param(machine("agent/act-for-customers"), "The credit score of customer 1234 is 742.", id="acting"),
        pytest.param(None, "I do not know you as a customer", id="nobody"),
    ],
)
def test_who_asks_decides_what_is_answered(client: TestClient, header: str | None, says: str) -> None:
    reply = post(client, header, SCORE)
    assert reply.status_code == 200
    assert text_of(reply).startswith(says)


def test_a_denied_access_is_logged_with_the_call_and_without_the_customer(client: TestClient, log: io.StringIO) -> None:
    post(client, bearer(sub=BOB), SCORE, SESSION)
    post(client, bearer(sub=BOB), SCORE, SESSION)
    first, second = lines(log, "access_denied")
    assert (first["tool"], first["session"]) == ("get_credit_score", SESSION)
    assert (first["caller"], first["customer"]) == (second["caller"], second["customer"])
    assert first["caller"] != first["customer"]
    assert first["request"] != second["request"]
    assert not any(word in log.getvalue() for word in ("1234", "2222", "742", BOB, "credit score"))


def test_a_session_has_a_memory_that_another_one_has_not(client: TestClient) -> None:
    recall = {"prompt": "what did i just ask?"}
    post(client, bearer(sub=ANN), {"prompt": "what is escrow?"}, SESSION)
    assert text_of(post(client, bearer(sub=ANN), recall, SESSION)) == 'Before this you asked: "what is escrow?"'
    assert "first question" in text_of(post(client, bearer(sub=ANN), recall, "t" * 36))
    assert "first question" in text_of(post(client, bearer(sub=ANN), recall))


def test_a_streamed_answer_is_remembered_too(client: TestClient) -> None:
    post(client, None, {"prompt": "what is escrow?", "stream": True}, SESSION)
    assert "what is escrow?" in text_of(post(client, None, {"prompt": "what did i ask?"}, SESSION))


def test_what_failed_is_not_remembered(log: io.StringIO) -> None:
    memory = Memory(Bounds())
    with TestClient(build_app(desk(Failing(), log, memory=memory))) as client:
        post(client, None, SCORE, SESSION)
    assert len(memory) == 0


@pytest.mark.parametrize(
    ("payload", "accept", "kind"),
    [
        ({"stream": True}, "application/json", "text/event-stream"),
        ({}, "text/event-stream", "text/event-stream"),
        ({}, "Text/Event-Stream;q=0.9", "text/event-stream"),
        ({"stream": False}, "text/event-stream", "application/json"),
        ({}, "application/json, text/event-stream", "application/json"),
        ({}, "*/*", "application/json"),
    ],
    ids=repr,
)
def test_payload_or_accept_ask_for_a_stream(client: TestClient, payload: Any, accept: str, kind: str) -> None:
    reply = post(client, None, {"prompt": "hello", **payload}, Accept=accept)
    assert reply.headers["content-type"].startswith(kind)
    events = [json.loads(line.removeprefix("data: ")) for line in reply.text.splitlines() if line]
    assert events[-1] == {"result": {"role": "assistant", "content": [{"text": ABILITIES}]}}


def test_a_stream_is_no_answer_to_everything() -> None:
    assert not asks_for_stream("")


@pytest.mark.parametrize(("stream", "status"), [(False, 500), (True, 200)])
def test_a_failure_tells_the_caller_a_reference_and_the_log_the_place(
    stream: bool, status: int, log: io.StringIO
) -> None:
    with TestClient(build_app(desk(Failing(), log, new_reference=lambda: "ref-1"))) as client:
        reply = post(client, None, {"prompt": SECRET, "stream": stream}, SESSION)
    assert reply.status_code == status
    assert '"error":"internalerror","reference":"ref-1"' in reply.text.replace(" ", "")
    (line,) = lines(log, "failed")
    assert (line["reference"], line["session"]) == ("ref-1", SESSION)
    assert "ClientError[AccessDeniedException] at " in line["cause"]
    assert "test_service.py" in line["cause"]
    assert SECRET not in log.getvalue() + reply.text.replace("\\", "")


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"1" * 6000, b"{", b"", b"\xff", b"[]", b'{"prompt": "\\ud800"}', b'{"prompt": "x", "y": 1}'],
    ids=range(8),
)
def test_an_unreadable_body_is_the_callers_fault(client: TestClient, body: bytes) -> None:
    reply = client.post("/invocations", content=body)
    assert reply.status_code == 400
    assert reply.json()["error"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_beyond_the_limit_is_refused_before_anybody_looks_at_it(
    client: TestClient, log: io.StringIO, announced: bool
) -> None:
    body = json.dumps({"prompt": "x" * MAX_BODY_BYTES}).encode()
    reply = client.post("/invocations", content=body if announced else iter([body]))
    assert reply.status_code == 400
    assert reply.json()["code"] == "bad_payload"
    assert str(MAX_BODY_BYTES) in reply.json()["error"]
    assert log.getvalue() == ""


@pytest.mark.parametrize("announced", [str(MAX_BODY_BYTES + 1), "9" * 5000])
def test_a_body_that_is_only_announced_as_too_large_is_not_waited_for(client: TestClient, announced: str) -> None:
    reply = client.post("/invocations", content=b'{"prompt": "hi"}', headers={"Content-Length": announced})
    assert reply.status_code == 400


def test_the_longest_prompt_fits_however_it_is_escaped(client: TestClient) -> None:
    body = json.dumps({"prompt": "🏠" * 16_000}).encode()
    assert client.post("/invocations", content=body).status_code == 200


class Waiting(ScriptedModel):
    """Says one word and then waits for ever; `left` is set when it is stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.left = asyncio.Event()

    async def stream(self, *args: Any, **kwargs: Any) -> Any:
        try:
            yield {"messageStart": {"role": "assistant"}}
            yield {"contentBlockStart": {"start": {}}}
            yield {"contentBlockDelta": {"delta": {"text": "one"}}}
            await asyncio.Event().wait()
        finally:
            self.left.set()


def test_a_stream_in_which_nothing_is_said_shows_that_it_lives(log: io.StringIO) -> None:
    async def listen() -> list[bytes]:
        model = Waiting()
        events = sent_events(Call(desk(model, log, heartbeat_s=0.001), Question("hello"), visit(log=log), None))
        said = [await anext(events) for _ in range(4)]
        while b"text" not in b"".join(said):
            said.append(await anext(events))
        said += [await anext(events), await anext(events)]
        await events.aclose()
        return said

    said = asyncio.run(asyncio.wait_for(listen(), 30))
    # A line that begins with a colon is a comment: readers of events pass over it.
    assert [event for event in said if not event.startswith(b":")] == [b'data: {"text": "one"}\n\n']
    assert said[-2:] == [b": working\n\n"] * 2


def test_what_takes_long_is_prepared_beside_the_server() -> None:
    prepared = threading.Event()
    with TestClient(build_app(desk(ScriptedModel(), io.StringIO(), prepare=prepared.set))):
        assert prepared.wait(timeout=30)


def test_callers_of_a_slow_service_do_not_wait_for_one_another(log: io.StringIO) -> None:
    everybody = threading.Barrier(min(32, (os.cpu_count() or 1) + 4) + 1)  # one more than asyncio's own threads

    class Slow:
        source = "slow"

        def credit_score(self, customer_id: str, visit: Visit) -> int:
            everybody.wait(timeout=30)
            return 742

    asked = Desk(assistant(ScriptedModel(), Slow()), Journal(log), {ANN: "1234"})
    with TestClient(build_app(asked)) as client, ThreadPoolExecutor(everybody.parties) as callers:
        replies = list(callers.map(lambda _: post(client, bearer(sub=ANN), SCORE), range(everybody.parties)))
    assert {text_of(reply) for reply in replies} == {"The credit score of customer 1234 is 742."}


@pytest.mark.parametrize("how", ["cancelled", "closed"])
def test_a_stream_whose_caller_leaves_stops_the_model_and_says_so(log: io.StringIO, how: str) -> None:
    async def leave() -> tuple[bytes, bool]:
        model = Waiting()
        of = visit(log=log)
        events = sent_events(Call(desk(model, log), Question("hello"), of, None))
        first = await anext(events)
        if how == "cancelled":
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        else:
            await events.aclose()
        await asyncio.wait_for(model.left.wait(), 10)
        return first, of.over.is_set()

    assert asyncio.run(leave()) == (b'data: {"text": "one"}\n\n', True)
    assert len(lines(log, "stopped")) == 1
    assert lines(log, "failed") == []


def test_a_failure_is_described_without_its_words() -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as e:
            raise ValueError(SECRET) from e
    except ValueError as e:
        text = describe(e)
    assert text.startswith("ValueError at test_service.py:")
    assert "caused by KeyError at test_service.py:" in text
    assert SECRET not in text
