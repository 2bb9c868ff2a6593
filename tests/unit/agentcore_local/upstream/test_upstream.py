"""The client that speaks to agents: what it makes of any bytes, whose connection is used again, what it holds."""

from __future__ import annotations

import asyncio

import pytest

from agentcore_local.upstream.connection import HIGH_WATER, Broken, Connection, Silent, request_head
from agentcore_local.upstream.pool import Pool
from tests.fakes.agent_server import Caller, Talk, answers, endless, once, server

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = OK + b"Content-Length: 5\r\n\r\nhello"
HEAD = request_head("GET", "/", [("host", "a")])


async def read(connection: Connection) -> bytes:
    await connection.head()
    got, over = b"", False
    while not over:
        data, over = await connection.read()
        got += data
    return got


async def call(pool: Pool, port: int) -> bytes:
    connection = await pool.take(port)
    try:
        connection.request(HEAD)
        connection.sent()
        return await read(connection)
    finally:
        pool.give_back(connection)


def said(talk: Talk, times: int = 1, pause_s: float = 0.0, keep_s: float = 2.0) -> tuple[list[bytes | str], int]:
    """What each of several calls got, or the name of its error; and how many connections that took."""

    async def run() -> tuple[list[bytes | str], int]:
        pool, got = Pool(answer_s=5.0, keep_s=keep_s), list[bytes | str]()
        async with server(talk) as at, asyncio.timeout(10):
            for _ in range(times):
                try:
                    got.append(await call(pool, at.port))
                except Broken as e:
                    got.append(type(e).__name__)
                await asyncio.sleep(pause_s)
            pool.close()
            return got, len(at.callers)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(answers(LENGTH), id="length"),
        pytest.param(answers(*(bytes([b]) for b in LENGTH)), id="byte-by-byte"),
        pytest.param(answers(CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"), id="chunked"),
        pytest.param(answers(CHUNKED + b"5\r\nhello\r\n0\r\nA: b\r\n\r\n"), id="trailer"),
        pytest.param(once(OK + b"\r\nhello"), id="until-the-end"),
        pytest.param(once(b"HTTP/1.0 200 OK\r\n\r\nhello"), id="http-1.0"),
        pytest.param(
            answers(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + LENGTH), id="interim"
        ),
    ],
)
def test_every_framing_of_an_answer_is_read(talk: Talk) -> None:
    assert said(talk)[0] == [b"hello"]


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(once(), id="nothing"),
        pytest.param(once(b"220 mail.example ESMTP\r\n"), id="no-http"),
        pytest.param(once(OK + b"Content-Length: 6\r\n\r\nhello"), id="short"),
        pytest.param(once(CHUNKED + b"5\r\nhello\r\n"), id="no-last-chunk"),
        pytest.param(once(CHUNKED + b"0x2\r\nhe\r\n0\r\n\r\n"), id="bad-chunk"),
        pytest.param(once(OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), id="two-framings"),
        pytest.param(once(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), id="two-lengths"),
        pytest.param(once(OK + b"Content-Length: -5\r\n\r\nhello"), id="negative-length"),
        pytest.param(once(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello"), id="upgrade"),
        pytest.param(once(b"HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n"), id="no-status"),
        pytest.param(once(OK + b"A: \0\r\n\r\n"), id="control-character"),
        pytest.param(endless(OK, b"A: " + b"b" * 1000 + b"\r\n"), id="endless-head"),
        pytest.param(endless(OK + b"A: ", b"b" * 1000), id="endless-header"),
        pytest.param(endless(b"", b"HTTP/1.1 103 Early\r\n\r\n"), id="endless-interim"),
        pytest.param(endless(CHUNKED + b"0\r\n", b"A: " + b"b" * 1000 + b"\r\n"), id="endless-trailers"),
        pytest.param(endless(CHUNKED + b"5;", b"x" * 1000), id="endless-extension"),
    ],
)
def test_an_answer_that_cannot_be_trusted_to_be_whole_is_broken(talk: Talk) -> None:
    assert said(talk)[0] == ["Broken"]


def test_a_connection_is_used_again() -> None:
    assert said(answers(LENGTH), times=5) == ([b"hello"] * 5, 1)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello"], id="asked-to-close"),
        pytest.param([LENGTH + LENGTH], id="a-second-answer"),
        pytest.param([LENGTH, b"x"], id="a-stray-byte"),
        pytest.param([b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"], id="http-1.0"),
    ],
)
def test_nobody_gets_what_was_meant_for_another(parts: list[bytes]) -> None:
    assert said(answers(*parts), times=3, pause_s=0.02) == ([b"hello"] * 3, 3)


def test_a_connection_that_rested_too_long_is_not_used() -> None:
    assert said(answers(LENGTH), times=2, pause_s=0.05, keep_s=0.02) == ([b"hello"] * 2, 2)


def test_a_connection_that_the_agent_closed_is_not_used() -> None:
    assert said(once(LENGTH), times=3, pause_s=0.02) == ([b"hello"] * 3, 3)


def test_an_answer_before_the_request_was_whole_ends_the_connection() -> None:
    async def run() -> None:
        async with server(answers(LENGTH)) as at:
            pool = Pool(answer_s=5.0)
            connection = await pool.take(at.port)
            connection.request(HEAD)
            assert await read(connection) == b"hello"
            pool.give_back(connection)
            assert connection.closed

    asyncio.run(run())


def test_an_answer_that_nobody_waited_for_ends_the_connection() -> None:
    async def run() -> None:
        async with server(answers(LENGTH)) as at:
            pool = Pool(answer_s=5.0)
            connection = await pool.take(at.port)
            connection.request(HEAD)
            connection.sent()
            pool.give_back(connection)
            assert await call(pool, at.port) == b"hello"
            assert len(at.callers) == 2
            pool.close()

    asyncio.run(run())


def test_silence_ends_a_call() -> None:
    async def quiet(caller: Caller) -> None:
        await caller.head()
        await caller.reader.read()

    async def run() -> None:
        async with server(quiet) as at, asyncio.timeout(5):
            with pytest.raises(Silent):
                await call(Pool(answer_s=0.03, keep_s=0.01), at.port)

    asyncio.run(run())


def test_an_agent_that_does_not_listen_is_broken() -> None:
    async def run() -> None:
        async with server(answers(LENGTH)) as at:
            port = at.port
        with pytest.raises(Broken):
            await Pool(answer_s=1.0).take(port)

    asyncio.run(run())


def test_more_calls_than_places_wait_for_one() -> None:
    async def run() -> None:
        async with server(answers(LENGTH)) as at:
            pool = Pool(answer_s=5.0, limit=1)
            first = await pool.take(at.port)
            second = asyncio.create_task(call(pool, at.port))
            await asyncio.sleep(0.01)
            assert not second.done()
            pool.give_back(first)
            assert await second == b"hello"
            pool.close()

    asyncio.run(run())


def test_a_stream_that_nobody_reads_holds_the_agent_back() -> None:
    sent = 0

    async def flood(caller: Caller) -> None:
        nonlocal sent
        await caller.head()
        await caller.say(OK + b"Content-Length: 104857600\r\n\r\n")
        for _ in range(1600):
            await caller.say(b"x" * 65536)
            sent += 65536

    async def run() -> None:
        async with server(flood) as at, asyncio.timeout(30):
            connection = await Pool(answer_s=5.0).take(at.port)
            connection.request(HEAD)
            await connection.head()
            before = -1
            while before != sent:  # until the buffers of the kernel are full
                before = sent
                await asyncio.sleep(0.05)
            assert sent < 104857600
            data, over = await connection.read()
            assert len(data) <= HIGH_WATER + 256 * 1024
            assert not over
            data, _ = await connection.read()
            assert data
            connection.close()

    asyncio.run(run())


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\nb", "a\rb", "a\0b"])
def test_a_value_that_would_end_its_line_is_not_sent(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        request_head("GET", "/", [("a", value)])
