"""A caller's connection: what is served of the bytes that come, and what goes back, with no socket at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from agentcore_local.edge import BODY_FOLLOWS, BODY_IS_HERE, Asgi, ClientGone, Receive, Scope, Send, answer
from agentcore_local.patient import MAX_AHEAD, MAX_SILENT, MAX_WAITING, PatientProtocol

POST = b"POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


class Transport(asyncio.Transport):
    """Keeps each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = self.paused = self.aborted = False
        self.unsent = 0

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    @property
    def said(self) -> bytes:
        return b"".join(self.writes)


class Caller(PatientProtocol):
    """A connection to an app, and what the server keeps of it."""

    def __init__(self, app: Asgi, idle_s: float = 60.0) -> None:
        config = uvicorn.Config(app, lifespan="off", log_config=None, interface="asgi3", ws="none")
        config.load()
        config.timeout_keep_alive = idle_s  # type: ignore[assignment]
        self.state, self.wire = ServerState(), Transport()
        super().__init__(config, self.state, {})
        self.connection_made(self.wire)

    async def says(self, *parts: bytes) -> bytes:
        """What is answered to these, once nothing moves any more."""
        for part in parts:
            self.data_received(part)
            await settled()
        return self.wire.said


async def settled() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body, read piece by piece."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await answer(send, 200, body, "r")


def said(app: Asgi, *parts: bytes) -> bytes:
    async def run() -> bytes:
        return await Caller(app).says(*parts)

    return asyncio.run(run())


def saying(*messages: dict[str, Any]) -> Asgi:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


def start(*headers: tuple[bytes, bytes], status: int = 200, **more: Any) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers), **more}


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


LENGTH = (b"content-length", b"2")


def test_a_body_that_came_with_its_head_is_handed_over_with_it() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope.get(BODY_IS_HERE))
        await echo(scope, receive, send)

    assert said(app, POST).endswith(b"\r\n\r\nhi")
    assert said(app, POST[:-1], POST[-1:]).endswith(b"\r\n\r\nhi")
    assert seen == [b"hi", None]


@pytest.mark.parametrize("size", [1, 7])
def test_a_request_in_pieces_is_one_request(size: int) -> None:
    parts = [POST[at : at + size] for at in range(0, len(POST), size)]
    assert said(echo, *parts).count(b"HTTP/1.1 200") == 1


def test_requests_in_one_piece_are_answered_one_after_the_other() -> None:
    order: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        order.append(scope["raw_path"])
        await asyncio.sleep(0)
        order.append(scope["raw_path"])
        await answer(send, 200, scope["raw_path"], "r")

    got = said(app, GET.replace(b"/ ", b"/1 ") + GET.replace(b"/ ", b"/2 ") + GET.replace(b"/ ", b"/3 "))
    assert [x[-2:] for x in got.split(b"HTTP/1.1 200")[1:]] == [b"/1", b"/2", b"/3"]
    assert order == [b"/1", b"/1", b"/2", b"/2", b"/3", b"/3"]


@pytest.mark.parametrize(
    ("messages", "writes"),
    [
        pytest.param([start(LENGTH, **{BODY_FOLLOWS: True}), part(b"hi")], 1, id="together"),
        pytest.param([start(LENGTH), part(b"hi")], 2, id="one-by-one"),
        pytest.param([start(**{BODY_FOLLOWS: True}), part(b"h", True), part(b"i")], 2, id="chunks"),
    ],
)
def test_a_head_is_held_back_only_for_a_body_that_follows(messages: list[dict[str, Any]], writes: int) -> None:
    async def run() -> int:
        caller = Caller(saying(*messages))
        await caller.says(GET)
        return len(caller.wire.writes)

    assert asyncio.run(run()) == writes


@pytest.mark.parametrize(
    ("request_", "messages", "end"),
    [
        pytest.param(GET, [start(), part(b"hi", True), part(b"")], b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n", id="chunked"),
        pytest.param(GET, [start(status=204), part(b"")], b"No Content\r\n\r\n", id="no-content"),
        pytest.param(GET.replace(b"GET", b"HEAD"), [start(LENGTH), part(b"hi")], b": 2\r\n\r\n", id="head"),
        pytest.param(GET.replace(b"1.1", b"1.0"), [start(LENGTH), part(b"hi")], b"close\r\n\r\nhi", id="http-1.0"),
    ],
)
def test_an_answer_is_framed_as_its_request_can_read_it(
    request_: bytes, messages: list[dict[str, Any]], end: bytes
) -> None:
    assert said(saying(*messages), request_).endswith(end)


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([start(LENGTH), part(b"h")], id="short"),
        pytest.param([start(LENGTH), part(b"hi!")], id="long"),
        pytest.param([start(), part(b"hi", True)], id="without-end"),
        pytest.param([start(LENGTH), start(LENGTH)], id="two-heads"),
    ],
)
def test_an_answer_that_is_not_whole_ends_the_connection(messages: list[dict[str, Any]]) -> None:
    async def run() -> Transport:
        caller = Caller(saying(*messages))
        await caller.says(GET)
        return caller.wire

    wire = asyncio.run(run())
    assert wire.closed
    assert not wire.said.endswith((b"\r\n\r\nhi", b"0\r\n\r\n"))


@pytest.mark.parametrize("value", [b"a\r\nB: c", b"a\nb", b"a\rb", b"a\0b", b"a\x7f"])
def test_a_header_that_would_end_its_line_is_not_sent(value: bytes) -> None:
    got = said(saying(start((b"a", value), LENGTH), part(b"hi")), GET)
    assert got.startswith(b"HTTP/1.1 500")
    assert value not in got


def test_trailers_are_no_headers() -> None:
    names: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        names.extend(n for n, _ in scope["headers"])

    chunks = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
    assert said(app, chunks + b"Authorization: Bearer t\r\n\r\n").endswith(b"\r\n\r\nhi")
    assert names == [b"host", b"transfer-encoding"]


def test_who_waits_to_be_asked_for_a_body_is_asked_once_it_is_wanted() -> None:
    head = POST.replace(b"\r\n\r\nhi", b"\r\nExpect: 100-continue\r\n\r\n")
    got = said(echo, head, b"hi")
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    assert said(saying(start(LENGTH), part(b"no")), head).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", id="another-protocol"
        ),
        pytest.param(UPGRADE, id="no-websockets-here"),
        pytest.param(b"GET\r\n\r\n", id="no-http"),
        pytest.param(b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", id="a-byte-beyond-ascii"),
    ],
)
def test_what_is_no_request_is_turned_away_unserved(sent: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("served")

    assert said(app, sent).startswith(b"HTTP/1.1 400")


class Waiting(Caller):
    """A connection whose requests wait for `go`, and what was served of them."""

    def __init__(self) -> None:
        self.go, self.served = asyncio.Event(), list[bytes]()
        super().__init__(self._answer)
        self._config.ws_protocol_class = asyncio.Protocol

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.served.append(scope["raw_path"])
        if scope["method"] == "POST":
            await receive()
        await self.go.wait()
        await answer(send, 200, scope["raw_path"], "r")

    async def goes(self) -> list[bytes]:
        """Statuses of all answers, once the first may be given."""
        self.go.set()
        await settled()
        return [part[:3] for part in self.wire.said.split(b"HTTP/1.1 ")[1:]]


BROKEN_CHUNK = b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param(UPGRADE, id="upgrade"),
        pytest.param(UPGRADE.replace(b"websocket", b"h2c"), id="another-protocol"),
        pytest.param(b"\0garbage\r\n\r\n", id="no-http"),
        pytest.param(BROKEN_CHUNK, id="a-broken-body"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in-one-piece", "later"])
def test_what_is_not_served_is_told_after_the_answer_that_is_due(behind: bytes, together: bool) -> None:
    async def run() -> list[bytes]:
        caller = Waiting()
        assert await caller.says(*([GET + behind] if together else [GET, behind])) == b""
        assert not caller.wire.closed
        statuses = await caller.goes()
        assert caller.wire.closed
        return statuses

    assert asyncio.run(run()) == [b"200", b"400"]


def test_nothing_is_written_into_an_answer_whose_request_breaks() -> None:
    async def early(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(part(b"hi", True))
        while (await receive())["type"] != "http.disconnect":
            pass

    async def run() -> Transport:
        caller = Caller(early)
        await caller.says(BROKEN_CHUNK[:-4], b"ZZ\r\n")
        return caller.wire

    wire = asyncio.run(run())
    assert wire.closed
    assert wire.said.endswith(b"\r\n\r\n2\r\nhi\r\n")


def test_a_request_whose_body_breaks_at_once_is_still_looked_at() -> None:
    async def run() -> tuple[bytes, list[bytes]]:
        caller = Waiting()
        caller.state.default_headers = [(b"date", b"today")]
        got = await caller.says(BROKEN_CHUNK)
        await caller.goes()
        assert not caller.tasks  # it does not wait for the rest
        return got, caller.served

    got, served = asyncio.run(run())
    assert (got[:12], served) == (b"HTTP/1.1 400", [b"/b"])
    assert b"\r\ndate: today\r\n" in got


def test_requests_wait_in_bounded_number_and_their_caller_is_seen_to_leave() -> None:
    async def run() -> list[bytes]:
        caller = Waiting()
        await caller.says(GET * 5_000, *[GET * 100] * 20)
        assert len(caller._queue) == MAX_WAITING
        assert not caller.wire.paused
        caller.go.set()
        while not caller.wire.closed:
            await settled()
        return await caller.goes()

    assert asyncio.run(run()) == [b"200"] * (MAX_WAITING + 1) + [b"503"]


def with_body(size: int) -> bytes:
    return POST[:-2].replace(b"h: 2", b"h: %d" % size) + b"x" * size


@pytest.mark.parametrize("pieces", [1, 40], ids=["whole", "in-pieces"])
def test_requests_wait_with_bounded_bodies(pieces: int) -> None:
    long = with_body(MAX_AHEAD * 2)
    size = len(long) // pieces + 1

    async def run() -> list[bytes]:
        caller = Waiting()
        await caller.says(GET, *(long[at : at + size] for at in range(0, len(long), size)))
        assert sum(len(e.body) for e in caller._queue) <= MAX_AHEAD + size
        assert not caller.wire.paused
        return await caller.goes()

    assert asyncio.run(run()) == [b"200", b"503"]


def test_who_asks_again_and_again_in_time_is_served_for_ever() -> None:
    long = with_body(MAX_AHEAD // 4)
    assert said(saying(start(LENGTH), part(b"hi")), *[long * 4] * 4).count(b"HTTP/1.1 200") == 16


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: ", id="head"),
        pytest.param(CHUNKED + b"0\r\nX: ", id="trailer"),
        pytest.param(CHUNKED + b"1;a=", id="chunk-extension"),
        pytest.param(b"\r\n" * 9, id="lines-before-a-request"),
    ],
)
def test_what_is_neither_head_nor_body_ends(beginning: bytes) -> None:
    piece = b"\r\n" * 4_096 if beginning.startswith(b"\r") else b"a" * 8_192

    async def run() -> int:
        caller, pieces = Caller(echo), 0
        await caller.says(beginning)
        while not caller.wire.closed and pieces < 100:
            await caller.says(piece)
            pieces += 1
        return pieces

    assert asyncio.run(run()) <= MAX_SILENT // 8_192 + 1


def test_a_long_body_is_no_silence() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (4 * MAX_SILENT)
    assert said(echo, head, *[b"x" * MAX_SILENT] * 4).startswith(b"HTTP/1.1 200")


def test_a_status_without_a_name_is_an_answer() -> None:
    assert said(saying(start(LENGTH, status=218), part(b"hi")), GET).startswith(b"HTTP/1.1 218 \r\n")


def test_an_answer_of_which_nothing_was_sent_may_begin_anew() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(**{BODY_FOLLOWS: True}))
        await answer(send, 500, b"{}", "r")

    got = said(app, GET)
    assert got.startswith(b"HTTP/1.1 500")
    assert got.endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize("version", [b"0.9", b"2.0"])
def test_other_versions_of_http_are_turned_away(version: bytes) -> None:
    assert said(echo, GET.replace(b"1.1", version)).startswith(b"HTTP/1.1 400")


def test_an_old_caller_is_not_told_to_continue() -> None:
    head = POST.replace(b"1.1", b"1.0").replace(b"\r\n\r\nhi", b"\r\nExpect: 100-continue\r\n\r\n")
    assert said(echo, head, b"hi").startswith(b"HTTP/1.1 200")


def test_an_answer_that_nobody_is_left_for_is_not_taken_for_given() -> None:
    async def run() -> str:
        told, go = list[str](), asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await go.wait()
            try:
                await answer(send, 200, b"{}", "r")
            except ClientGone:
                told.append("gone")

        caller = Caller(app)
        await caller.says(GET)
        caller.connection_lost(None)
        go.set()
        await settled()
        return told[0]

    assert asyncio.run(run()) == "gone"


def test_an_app_learns_that_its_caller_has_left() -> None:
    async def run() -> tuple[list[str], int]:
        told: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            while not told or told[-1] != "http.disconnect":
                told.append((await receive())["type"])
            await send(start(LENGTH))

        caller = Caller(app)
        await caller.says(POST)
        caller.connection_lost(None)
        await settled()
        return told, len(caller.tasks) + len(caller.state.connections)

    assert asyncio.run(run()) == (["http.request", "http.disconnect"], 0)


def test_a_caller_who_takes_nothing_holds_the_app_back() -> None:
    async def run() -> tuple[int, int]:
        caller = Caller(saying(start(), *(part(b"x", True) for _ in range(5)), part(b"")))
        caller.pause_writing()
        await caller.says(GET)
        before = len(caller.wire.writes)
        caller.resume_writing()
        await settled()
        return before, len(caller.wire.writes)

    assert asyncio.run(run()) == (0, 7)


class Brief(Caller):
    headers_deadline_s = linger_s = 0.02


@pytest.mark.parametrize(
    ("sent", "idle_s"),
    [
        pytest.param([GET], 0.02, id="idle"),
        pytest.param([POST[:-2]], 0.02, id="body-that-nobody-waits-for"),
        pytest.param([GET, GET[:9]], 600.0, id="half-a-head"),
        pytest.param([], 600.0, id="nothing"),
    ],
)
def test_a_connection_that_says_no_more_ends(sent: list[bytes], idle_s: float) -> None:
    async def run() -> None:
        caller = Brief(saying(start(LENGTH), part(b"hi")), idle_s)
        await caller.says(*sent)
        async with asyncio.timeout(5):
            while not caller.wire.closed:
                await asyncio.sleep(0.005)

    asyncio.run(run())


@pytest.mark.parametrize("full", [True, False], ids=["before-an-answer", "behind-it"])
def test_who_takes_nothing_is_let_go(full: bool) -> None:
    async def run() -> None:
        caller = Brief(saying(start(LENGTH), part(b"hi")), 0.02)
        caller.wire.unsent = 9
        if full:
            caller.pause_writing()
        await caller.says(GET)
        async with asyncio.timeout(5):
            while not caller.wire.aborted:
                await asyncio.sleep(0.005)

    asyncio.run(run())


def test_half_a_head_does_not_cut_an_answer_short() -> None:
    async def run() -> bytes:
        caller = Brief(slow, idle_s=600.0)
        await caller.says(GET + GET[:9])
        await asyncio.gather(*caller.tasks)
        assert caller.wire.closed
        return caller.wire.said

    assert asyncio.run(run()).endswith(b"{}")


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.06)
    await answer(send, 200, b"{}", "r")


def test_a_long_answer_is_no_silence() -> None:
    async def run() -> bytes:
        caller = Brief(slow, idle_s=0.02)
        await caller.says(GET)
        await asyncio.gather(*caller.tasks)
        return caller.wire.said

    assert asyncio.run(run()).endswith(b"{}")


def test_a_server_that_stops_lets_an_answer_come_to_its_end() -> None:
    async def run() -> tuple[bool, bytes]:
        go = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await go.wait()
            await answer(send, 200, b"{}", "r")

        caller = Caller(app)
        await caller.says(GET)
        caller.shutdown()
        open_before = not caller.wire.closed
        go.set()
        await settled()
        assert caller.wire.closed
        return open_before, caller.wire.said

    was_open, got = asyncio.run(run())
    assert was_open
    assert b"connection: close" in got
    assert got.endswith(b"{}")
