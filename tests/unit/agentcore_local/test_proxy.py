"""A call on its way to the agent and back, whatever either side does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from agentcore_local.edge import BODY_FOLLOWS, Body, ClientGone
from agentcore_local.proxy import SMALL_BODY, TICK_S, AgentBroke, Proxy, Request
from agentcore_local.sessions import Over
from agentcore_local.upstream.pool import Pool
from agentcore_local.wire import Refused
from tests.fakes.agent_server import Caller, Server, Talk, answers, once, server

OK = b"HTTP/1.1 200 OK\r\n"
STREAM = OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b"9\r\ndata: 1\n\n\r\n"
Message = MutableMapping[str, Any]


class Client:
    """The caller: what it sends, and when it leaves. `stalls`: it takes no part of the answer but its head."""

    def __init__(self, *parts: bytes, stalls: bool = False) -> None:
        self.parts, self.stalls = list(parts), stalls
        self.left, self.over = asyncio.Event(), Over()
        self.got: list[Message] = []
        self.answered = asyncio.Event()

    async def receive(self) -> Message:
        if self.parts:
            body = self.parts.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self.parts)}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.stalls and message["type"] == "http.response.body":
            await asyncio.Event().wait()
        self.got.append(message)
        self.answered.set()

    @property
    def body(self) -> bytes:
        return b"".join(m["body"] for m in self.got[1:])


async def relayed(client: Client, at: Server, length: int | None, limit: int = 10**8) -> int | str:
    """The agent's status, or how the call ended instead."""
    body = Body(client.receive, limit, None)
    request = Request("POST", at.port, "/invocations", [("a", "b")], body, length, body, client.over)
    pool = Pool(answer_s=5.0)
    try:
        return await Proxy(pool).relay(request, client.send, [("own", "header")])
    except Refused as e:
        return e.log_reason if e.slug != "agent_error" else f"{e.log_reason}: {e.message[:20]}"
    except (AgentBroke, ClientGone) as e:
        return type(e).__name__
    finally:
        pool.close()


def ending(
    talk: Talk,
    client: Callable[[], Client],
    length: int | None = 2,
    limit: int = 10**8,
    meanwhile: Callable[[Client, Server], Awaitable[None]] | None = None,
) -> tuple[int | str, Client, Server]:
    async def run() -> tuple[int | str, Client, Server]:
        here = client()
        async with server(talk) as at, asyncio.timeout(10):
            call = asyncio.create_task(relayed(here, at, length, limit))
            if meanwhile is not None:
                await meanwhile(here, at)
            return await call, here, at

    return asyncio.run(run())


def test_an_answer_comes_back_with_our_headers_and_a_few_of_the_agents() -> None:
    said = OK + b"Content-Type: a/b\r\nOwn: x\r\nSet-Cookie: y\r\nContent-Length: 2\r\n\r\nhi"
    status, client, at = ending(answers(said), lambda: Client(b"{}"))
    assert (status, client.body) == (200, b"hi")
    assert client.got[0]["headers"] == [(b"own", b"header"), (b"content-type", b"a/b"), (b"content-length", b"2")]
    [head] = at.callers[0].heads
    host = b"host: 127.0.0.1:%d" % at.port
    assert head.split(b"\r\n")[:4] == [b"POST /invocations HTTP/1.1", host, b"a: b", b"content-length: 2"]


def test_an_answer_without_a_body_has_no_length() -> None:
    said = b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"
    status, client, _ = ending(answers(said), lambda: Client(b"{}"))
    assert (status, client.body, client.got[0]["headers"]) == (204, b"", [(b"own", b"header")])


async def echo(caller: Caller) -> None:
    """Answers with the bytes of the body as they were sent."""
    head = await caller.head()
    if b"content-length" in head:
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await caller.reader.readexactly(length)
    else:
        body = await caller.reader.readuntil(b"0\r\n\r\n")
    await caller.say(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


@pytest.mark.parametrize(
    ("parts", "length", "arrived"),
    [
        pytest.param([b"ab", b"", b"c"], 3, b"abc", id="short"),
        pytest.param([b"x" * SMALL_BODY, b"y"], SMALL_BODY + 1, b"x" * SMALL_BODY + b"y", id="long"),
        pytest.param([b"ab", b"c"], None, b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", id="of-unknown-length"),
        pytest.param([b""], None, b"0\r\n\r\n", id="empty"),
    ],
)
def test_a_body_arrives_as_it_was_sent(parts: list[bytes], length: int | None, arrived: bytes) -> None:
    status, client, _ = ending(echo, lambda: Client(*parts), length)
    assert (status, client.body) == (200, arrived)


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        pytest.param(
            answers(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "agent_error: Received error (500)", id="500"
        ),
        pytest.param(
            answers(b"HTTP/1.1 302 No\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "agent_error: ", id="302"
        ),
        pytest.param(once(), "agent_closed_connection: Received error (502)", id="closed"),
        pytest.param(once(b"SSH-2.0\r\n"), "agent_closed_connection: ", id="no-http"),
        pytest.param(once(STREAM + EVENT), "AgentBroke", id="half-a-stream"),
        pytest.param(once(OK + b"Content-Length: 9\r\n\r\nhalf"), "AgentBroke", id="half-an-answer"),
    ],
)
def test_an_agents_fault_is_told_from_a_short_answer(talk: Talk, told: str) -> None:
    status, client, _ = ending(talk, lambda: Client(b"{}"))
    assert str(status).startswith(told)
    assert not [m for m in client.got if m.get("more_body") is False]


async def endless(caller: Caller) -> None:
    await caller.head()
    await caller.say(STREAM)
    while True:
        await caller.say(EVENT)
        await asyncio.sleep(0)


async def quiet(caller: Caller) -> None:
    await caller.head()
    await caller.reader.read()


@pytest.mark.parametrize("stalls", [False, True], ids=["reads", "stalls"])
@pytest.mark.parametrize("talk", [endless, quiet], ids=["streaming", "thinking"])
def test_the_agent_is_let_go_when_the_caller_leaves(talk: Talk, stalls: bool) -> None:
    async def leave(client: Client, at: Server) -> None:
        await (asyncio.sleep(0.01) if talk is quiet else client.answered.wait())
        client.left.set()
        while not at.callers:
            await asyncio.sleep(0)
        await at.callers[0].left.wait()

    assert ending(talk, lambda: Client(b"{}", stalls=stalls), meanwhile=leave)[0] == "ClientGone"


@pytest.mark.parametrize(
    ("talk", "told"), [(endless, "AgentBroke"), (quiet, "session_over")], ids=["begun", "not-begun"]
)
def test_a_session_that_is_over_ends_its_calls(talk: Talk, told: str) -> None:
    async def stop(client: Client, at: Server) -> None:
        await (asyncio.sleep(0.01) if talk is quiet else client.answered.wait())
        client.over.set()

    assert ending(talk, lambda: Client(b"{}"), meanwhile=stop)[0] == told


def test_a_body_beyond_its_limit_is_refused_while_the_agent_waits_for_it() -> None:
    assert ending(quiet, lambda: Client(b"x" * 10, b"x" * 10), None, limit=15)[0] == "body_too_large"


def test_a_body_beyond_its_limit_ends_an_answer_that_has_begun() -> None:
    async def early(caller: Caller) -> None:
        await caller.head()
        await caller.say(STREAM + EVENT)
        await caller.reader.read()

    class Slow(Client):
        async def receive(self) -> Message:
            if len(self.parts) == 1:
                await self.answered.wait()
            return await super().receive()

    assert ending(early, lambda: Slow(b"x" * 10, b"x" * 10), None, limit=15)[0] == "AgentBroke"


def test_an_answer_need_not_wait_for_the_whole_body() -> None:
    class Endless(Client):
        async def receive(self) -> Message:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": b"x", "more_body": True}

    status, client, at = ending(answers(OK + b"Content-Length: 2\r\n\r\nno"), Endless, None)
    assert (status, client.body) == (200, b"no")
    assert at.callers[0].left.is_set()


@pytest.mark.parametrize("held", [False, True], ids=["young", "watched"])
def test_a_call_that_is_cancelled_is_not_taken_for_one_whose_caller_left(held: bool) -> None:
    async def run() -> None:
        async with server(quiet) as at, asyncio.timeout(10):
            call = asyncio.create_task(relayed(Client(b"{}"), at, 2))
            await asyncio.sleep(3 * TICK_S if held else TICK_S / 4)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(run())


@pytest.mark.parametrize(
    ("parts", "follows"),
    [
        pytest.param([OK + b"Content-Length: 2\r\n\r\nhi"], True, id="in-one-piece"),
        pytest.param([OK + b"Content-Length: 0\r\n\r\n"], True, id="empty"),
        pytest.param([STREAM], False, id="a-stream-to-come"),
    ],
)
def test_an_answer_is_held_back_only_for_a_body_that_is_there(parts: list[bytes], follows: bool) -> None:
    async def leave(client: Client, at: Server) -> None:
        await client.answered.wait()
        client.left.set()

    _, client, _ = ending(answers(*parts), lambda: Client(b"{}"), meanwhile=leave)
    assert client.got[0].get(BODY_FOLLOWS, False) is follows
