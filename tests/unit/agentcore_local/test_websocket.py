import base64

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from agentcore_local.edge import Head
from agentcore_local.websocket import BEARER, Closing, closing_of, read_bearer, read_query_headers, sendable
from agentcore_local.wire import CUSTOM_PREFIX, SESSION_ID, Refused

TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"


def head(*headers: tuple[str, str], query: str = "") -> Head:
    return Head("GET", b"/", query.encode(), headers)


def offer(token: str = TOKEN) -> str:
    return f"{BEARER}." + base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()


def test_a_token_among_the_subprotocols_becomes_a_bearer() -> None:
    read, others = read_bearer(head(("sec-websocket-protocol", f"{offer()}, {BEARER},chat")))
    assert read.one("authorization") == f"Bearer {TOKEN}"
    assert others == [BEARER, "chat"]


def test_without_a_token_the_head_stays_as_it_is() -> None:
    given = head(("sec-websocket-protocol", f"chat, {BEARER}"), ("authorization", "Bearer a"))
    assert read_bearer(given) == (given, ["chat", BEARER])


@pytest.mark.parametrize(
    ("headers", "slug"),
    [
        pytest.param([("sec-websocket-protocol", f"{offer()},{offer('b')}")], "two_credentials", id="two"),
        pytest.param(
            [("sec-websocket-protocol", offer()), ("sec-websocket-protocol", offer())], "two_credentials", id="lines"
        ),
        pytest.param(
            [("sec-websocket-protocol", offer()), ("authorization", "Bearer a")], "two_credentials", id="header-too"
        ),
        pytest.param(
            [("sec-websocket-protocol", offer()), ("authorization", "")], "two_credentials", id="empty-header-too"
        ),
        pytest.param([("sec-websocket-protocol", f"{BEARER}.")], "malformed_token", id="empty"),
        pytest.param([("sec-websocket-protocol", f"{BEARER}.YQ==")], "malformed_token", id="padded"),
        pytest.param([("sec-websocket-protocol", f"{BEARER}.Y Q")], "malformed_token", id="space"),
        pytest.param([("sec-websocket-protocol", f"{BEARER}._w")], "malformed_token", id="not-ascii"),
    ],
)
def test_a_token_that_is_not_the_only_one_or_cannot_be_read_is_refused(
    headers: list[tuple[str, str]], slug: str
) -> None:
    with pytest.raises(Refused) as e:
        read_bearer(head(*headers))
    assert e.value.slug == slug


def test_session_and_custom_headers_are_read_from_the_query() -> None:
    read = read_query_headers(head(query=f"{SESSION_ID.upper()}=s1&{CUSTOM_PREFIX}A=1&authorization=x&X-Tenant=t"))
    assert read.headers == ((SESSION_ID, "s1"), (f"{CUSTOM_PREFIX}a", "1"))


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        pytest.param(f"{SESSION_ID}=a&{SESSION_ID}=b", [], id="twice"),
        pytest.param(f"{SESSION_ID}=a&{SESSION_ID.upper()}=b", [], id="twice-in-other-case"),
        pytest.param(f"{SESSION_ID}=a", [(SESSION_ID, "b")], id="header-too"),
        pytest.param(f"{CUSTOM_PREFIX}a=%0d%0aX-Evil:1", [], id="line-break"),
        pytest.param(f"{CUSTOM_PREFIX}a=%C3%BC", [], id="not-ascii"),
    ],
)
def test_an_odd_header_in_the_query_is_refused(query: str, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(Refused):
        read_query_headers(head(*headers, query=query))


@pytest.mark.parametrize(
    ("code", "sent"),
    [(1000, 1000), (1009, 1009), (3000, 3000), (4999, 4999), (1005, 1011), (1006, 1011), (5000, 1011), (0, 1011)],
)
def test_only_codes_that_may_be_sent_are_sent(code: int, sent: int) -> None:
    assert sendable(code) == sent


@pytest.mark.parametrize(
    ("received", "sent", "received_first", "closing"),
    [
        (Close(4000, "why"), Close(4000, "why"), True, Closing("agent", 4000, "why")),
        (Close(1009, ""), Close(1009, "too big"), False, Closing("agent", 1009, "too big")),
        (None, Close(1009, "too big"), None, Closing("agent", 1009, "too big")),
        (None, None, None, Closing("agent", 1011)),
    ],
)
def test_who_closed_first_is_told(
    received: Close | None, sent: Close | None, received_first: bool | None, closing: Closing
) -> None:
    assert closing_of(ConnectionClosedError(received, sent, received_first)) == closing
