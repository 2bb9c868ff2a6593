"""The request line: whatever the path, only the runtime that it spells is reached."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from agentcore_local.calls import read_session
from agentcore_local.data import read_target
from agentcore_local.edge import read_head
from agentcore_local.wire import SESSION_ID, Refused
from tests.property.oracle import percent_decoded

REGION, ACCOUNT = "us-east-1", "000000000000"
RUNTIME = "agent_one-AbCdEfGhIj"
ARN = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/{RUNTIME}"

PIECES = [
    *("/", "//", "%2F", "%2f", "%252F", "%25", "%", "%3A", ":", "..", ".", "%2e%2e", "%2E", "%00", "\0", "%0d%0a"),
    *("?", "#", ";", "\\", " ", "%20", "+", "é", "%C3%A9", "%c0%af", "%ff", "\r\n", "~", "*"),
    *("runtimes", "invocations", "stopruntimesession", "arn", "aws", "bedrock-agentcore", REGION, ACCOUNT, "runtime"),
    *(RUNTIME, RUNTIME.lower(), "other-AbCdEfGhIj", ARN, quote(ARN, safe=""), quote(ARN, safe="").lower()),
    *("111122223333", "eu-west-1", ".well-known/oauth-protected-resource", "ws"),
]
paths = st.binary(max_size=120) | st.lists(st.sampled_from(PIECES), max_size=14).map(lambda p: "".join(p).encode())
near = st.builds(
    lambda arn, before, after, rest: f"/runtimes/{before}{arn}{after}/{rest}".encode(),
    st.sampled_from(
        [ARN, quote(ARN, safe=""), quote(ARN, safe="").lower(), quote(quote(ARN, safe=""), safe=""), RUNTIME]
    ),
    st.just("") | st.sampled_from(PIECES),
    st.just("") | st.sampled_from(PIECES),
    st.sampled_from(["invocations", "stopruntimesession", "invocations/", "invocations/..", "ws"]),
)
QUERY_PIECES = [
    "qualifier=DEFAULT",
    "qualifier=prod",
    "qualifier=",
    "accountId=000000000000",
    "accountId=1",
    "&",
    "=",
    "%",
]
queries = st.binary(max_size=60) | st.lists(st.sampled_from(QUERY_PIECES), max_size=4).map(
    lambda p: "&".join(p).encode()
)


def spelled(path: bytes) -> bytes | None:
    """The path's second segment, decoded by the oracle's own hand; None where it is not /runtimes/x/y."""
    parts = path.split(b"/")
    return percent_decoded(parts[2]) if len(parts) > 3 and parts[:2] == [b"", b"runtimes"] else None


@given(paths | near, queries, st.sampled_from(["POST", "GET", "PUT", ""]))
@example(f"/runtimes/{quote(ARN, safe='')}/invocations".encode(), b"", "POST")
@example(f"/runtimes/{RUNTIME}/invocations".encode(), b"accountId=000000000000", "POST")
def test_a_path_reaches_the_runtime_that_it_spells_or_none(path: bytes, query: bytes, method: str) -> None:
    scope = {
        "method": method,
        "raw_path": path,
        "query_string": query,
        "http_version": "1.1",
        "headers": [(b"host", b"a")],
    }
    try:
        target = read_target(read_head(scope), REGION, ACCOUNT)
    except Refused:
        return
    if target.runtime_id is None:
        return
    said = (spelled(path) or b"").decode("utf-8")
    assert said in (f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/{target.runtime_id}", target.runtime_id)
    assert "/" not in target.runtime_id
    assert said.startswith("arn:") or b"accountId=000000000000" in query


def test_the_plain_spellings_reach_it() -> None:
    for path, query in (
        (f"/runtimes/{quote(ARN, safe='')}/invocations", b""),
        (f"/runtimes/{quote(ARN, safe='').lower().replace(RUNTIME.lower(), RUNTIME)}/invocations", b""),
        (f"/runtimes/{RUNTIME}/invocations", b"accountId=000000000000"),
        ("/runtimes/" + "".join(f"%{b:02x}" for b in ARN.encode()) + "/invocations", b"qualifier=DEFAULT"),
    ):
        scope = {"method": "POST", "raw_path": path.encode(), "query_string": query, "http_version": "1.1"}
        head = read_head(scope | {"headers": [(b"host", b"a")]})
        assert read_target(head, REGION, ACCOUNT).runtime_id == RUNTIME


fields = st.lists(
    st.tuples(
        st.sampled_from([b"host", b"Host", b"authorization", b"AUTHORIZATION", b"transfer-encoding", b"x"])
        | st.sampled_from([SESSION_ID.encode(), b"content-length"])
        | st.binary(max_size=12),
        st.sampled_from([b"a", b"", b"chunked", b"gzip, chunked", b"Bearer x", b"5", b"-1", b"s" * 33, b"s" * 257])
        | st.binary(max_size=60),
    ),
    max_size=8,
)


@given(fields, st.sampled_from(["1.0", "1.1", "2", ""]))
def test_any_header_fields_are_read_or_refused(headers: list[tuple[bytes, bytes]], version: str) -> None:
    scope = {"method": "POST", "raw_path": b"/", "query_string": b"", "http_version": version, "headers": headers}
    with suppress(Refused):
        head = read_head(scope)
        assert sum(name.lower() == b"authorization" for name, _ in headers) <= 1
        assert sum(name.lower() == b"host" for name, _ in headers) == 1
        session = read_session(head)
        assert session is None or (33 <= len(session) <= 256 and session.isascii() and session.isprintable())
