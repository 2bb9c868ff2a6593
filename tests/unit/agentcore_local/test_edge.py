import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentcore_local.edge import Body, ClientGone, read_head, spool
from agentcore_local.wire import Refused

GOOD = [(b"host", b"a"), (b"authorization", b"Bearer t")]


def scope(headers: list[tuple[bytes, bytes]], **changes: Any) -> dict[str, Any]:
    base = {"method": "POST", "raw_path": b"/p", "query_string": b"", "http_version": "1.1", "headers": headers}
    return base | changes


def test_a_plain_request_passes() -> None:
    assert read_head(scope(GOOD)).one("authorization") == "Bearer t"


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        pytest.param(scope([*GOOD, (b"authorization", b"Bearer t")]), "duplicate_authorization", id="two-auth"),
        pytest.param(scope(GOOD[1:]), "bad_request", id="no-host"),
        pytest.param(scope([*GOOD, (b"host", b"b")]), "bad_request", id="two-hosts"),
        pytest.param(scope([*GOOD, (b"x", b"1")] * 51), "headers_too_large", id="many-fields"),
        pytest.param(scope([*GOOD, (b"x", b"1" * 32_768)]), "headers_too_large", id="long-field"),
        pytest.param(scope(GOOD, raw_path=b"/" * 9_000), "headers_too_large", id="long-path"),
        pytest.param(scope([*GOOD, (b"transfer-encoding", b"gzip, chunked")]), "bad_request", id="gzip"),
        pytest.param(
            scope([*GOOD, (b"transfer-encoding", b"chunked")], http_version="1.0"), "bad_request", id="http-1.0"
        ),
        pytest.param(
            scope([*GOOD, (b"transfer-encoding", b"chunked"), (b"content-length", b"1")]),
            "bad_request",
            id="two-lengths",
        ),
    ],
)
def test_one_fault_refuses_a_request(changed: dict[str, Any], slug: str) -> None:
    with pytest.raises(Refused) as e:
        read_head(changed)
    assert e.value.slug == slug


def test_a_repeated_header_is_refused_when_one_value_is_wanted() -> None:
    head = read_head(scope([*GOOD, (b"x-tenant", b"a"), (b"x-tenant", b"b")]))
    with pytest.raises(Refused):
        head.one("x-tenant")


def arriving(*messages: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    return receive


def chunk(data: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_a_body_is_hashed_while_it_is_read() -> None:
    body = Body(arriving(chunk(b"ab", True), chunk(b"c", False)), 3, None)
    spooled = asyncio.run(spool(body))
    with spooled.file:
        assert (spooled.read(), spooled.size) == (b"abc", 3)
    assert spooled.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_body_past_the_limit_is_refused_whatever_it_declared() -> None:
    with pytest.raises(Refused, match="larger"):
        asyncio.run(spool(Body(arriving(chunk(b"ab", True), chunk(b"cd", False)), 3, "2")))
    with pytest.raises(Refused, match="larger"):
        Body(arriving(), 3, "4")


def test_a_caller_that_leaves_early_is_noticed() -> None:
    with pytest.raises(ClientGone):
        asyncio.run(spool(Body(arriving(chunk(b"a", True), {"type": "http.disconnect"}), 3, None)))
