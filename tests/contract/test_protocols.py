"""Protocols against a real agent: MCP, A2A, AG-UI and WebSocket, each behind the same door."""

import asyncio
import base64
import http.client
import json
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.contract.cloud import REGION, Answer, Local, People, eventually, send
from tests.contract.deployed import Deployed
from tests.contract.speaking import SPEAKING

Create = Callable[..., Deployed]
Upload = Callable[..., dict[str, Any]]
SESSION = "x-amzn-bedrock-agentcore-runtime-session-id"
CUSTOM = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant"
BEARER = "base64UrlBearerAuthorization"
MCP_ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def speaking(create: Create, upload: Upload, people: People) -> Callable[[str], Deployed]:
    """One runtime for each protocol, made when first asked for."""
    made: dict[str, Deployed] = {}

    def of(protocol: str) -> Deployed:
        if protocol not in made:
            made[protocol] = create(
                agentRuntimeArtifact=upload(main=SPEAKING),
                protocolConfiguration={"serverProtocol": protocol},
                authorizerConfiguration=people.authorizer(),
                requestHeaderConfiguration={"requestHeaderAllowlist": [CUSTOM, "Authorization"]},
            )
        return made[protocol]

    return of


Speaking = Callable[[str], Deployed]


def card(local: Local, runtime: Deployed, headers: dict[str, str]) -> Answer:
    path = f"/runtimes/{quote(runtime.arn, safe='')}/invocations/.well-known/agent-card.json"
    return send("GET", local.data_url + path, None, headers)


@pytest.mark.parametrize(
    ("protocol", "path"), [("HTTP", "/invocations"), ("AGUI", "/invocations"), ("MCP", "/mcp"), ("A2A", "/")]
)
def test_a_call_reaches_the_path_of_its_protocol(
    local: Local, speaking: Speaking, people: People, protocol: str, path: str
) -> None:
    answer = local.invoke(speaking(protocol).arn, headers=people.bearer() | MCP_ACCEPT)
    assert (answer.status, answer.json["path"]) == (200, path)


REFUSED = [
    pytest.param("MCP", "nobody", 401, ("error", "code", -32001), id="mcp-unauthenticated"),
    pytest.param("MCP", "forged", 403, ("error", "code", -32002), id="mcp-denied"),
    pytest.param("MCP", "session", 200, ("error", "code", -32006), id="mcp-validation"),
    pytest.param("MCP", "broken", 200, ("error", "code", -32010), id="mcp-agent"),
    pytest.param("MCP", "accept", 406, ("error", "code", -32011), id="mcp-accept"),
    pytest.param("A2A", "nobody", 401, ("error", "code", -32001), id="a2a-unauthenticated"),
    pytest.param("A2A", "forged", 403, ("message",), id="a2a-denied"),
    pytest.param("A2A", "session", 400, ("error", "code", -32052), id="a2a-validation"),
    pytest.param("A2A", "broken", 424, ("error", "code", -32055), id="a2a-agent"),
    pytest.param("AGUI", "nobody", 401, ("code", "UNAUTHORIZED"), id="agui-unauthenticated"),
    pytest.param("AGUI", "forged", 403, ("code", "ACCESS_DENIED"), id="agui-denied"),
    pytest.param("AGUI", "session", 400, ("code", "VALIDATION_ERROR"), id="agui-validation"),
    pytest.param("AGUI", "broken", 200, ("code", "AGENT_ERROR"), id="agui-agent"),
]


@pytest.mark.parametrize(("protocol", "case", "status", "told"), REFUSED)
def test_a_refusal_wears_the_envelope_of_its_protocol(
    local: Local, speaking: Speaking, people: People, protocol: str, case: str, status: int, told: tuple[Any, ...]
) -> None:
    good = people.bearer() | MCP_ACCEPT
    sent, body = {
        "nobody": (MCP_ACCEPT, b"{}"),
        "forged": (MCP_ACCEPT | {"Authorization": "Bearer forged"}, b"{}"),
        "session": (good | {SESSION: "short"}, b"{}"),
        "broken": (good, b'{"status": 500}'),
        "accept": (good | {"Accept": "application/json"}, b"{}"),
    }[case]
    answer = local.invoke(speaking(protocol).arn, headers=sent, body=body)
    assert answer.status == status
    kind = "text/event-stream" if protocol == "AGUI" else "application/json"
    assert answer.headers["content-type"] == kind
    found = json.loads(answer.body.removeprefix(b"data: "))
    if protocol == "AGUI":
        assert found["type"] == "RUN_ERROR"
    for name in told[:-1]:
        found = found[name]
    assert found == told[-1] if len(told) > 1 else found[told[0]]
    assert ("www-authenticate" in answer.headers) is (status == 401)


@pytest.mark.parametrize("protocol", ["MCP", "A2A"])
@pytest.mark.parametrize("more", [{}, {SESSION: "short"}], ids=["agent", "validation"])
def test_a_refused_call_is_known_again_by_its_id(
    local: Local, speaking: Speaking, people: People, protocol: str, more: dict[str, str]
) -> None:
    headers, body = people.bearer() | MCP_ACCEPT | more, b'{"id": "call-7", "status": 500}'
    assert local.invoke(speaking(protocol).arn, headers=headers, body=body).json["id"] == "call-7"
    chunks = [b'{"id": "call-8", "status"', b": 500}"]
    path = f"/runtimes/{quote(speaking(protocol).arn, safe='')}/invocations"
    connection = http.client.HTTPConnection("127.0.0.1", local.data_port, timeout=20)
    connection.request("POST", path, body=iter(chunks), headers=headers, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["id"] == "call-8"
    connection.close()


def test_mcp_callers_are_told_their_session_and_come_back_with_it(
    local: Local, speaking: Speaking, people: People
) -> None:
    mcp = speaking("MCP")
    first = local.invoke(mcp.arn, headers=people.bearer() | MCP_ACCEPT)
    session = first.headers["mcp-session-id"]
    assert first.json["headers"]["mcp-session-id"] == first.headers[SESSION] == session
    again = local.invoke(mcp.arn, headers=people.bearer() | MCP_ACCEPT | {"Mcp-Session-Id": session})
    assert again.headers[SESSION] == again.json["headers"]["mcp-session-id"] == session


def test_an_agent_card_is_the_agents_own_and_only_for_a2a(local: Local, speaking: Speaking, people: People) -> None:
    assert card(local, speaking("A2A"), people.bearer()).json["name"] == "speaking"
    assert card(local, speaking("A2A"), {}).status == 401
    assert card(local, speaking("A2A"), people.bearer(people.outsider_id)).status == 401
    assert card(local, speaking("HTTP"), people.bearer()).status == 400


def test_boto3_reads_an_agent_card(local: Local, create: Create, upload: Upload) -> None:
    a2a = create(agentRuntimeArtifact=upload(main=SPEAKING), protocolConfiguration={"serverProtocol": "A2A"})
    reply = local.data().get_agent_card(agentRuntimeArn=a2a.arn)
    assert (reply["agentCard"]["name"], reply["statusCode"]) == ("speaking", 200)


def test_commands_are_refused_and_never_run(local: Local, speaking: Speaking, people: People) -> None:
    url = f"{local.data_url}/runtimes/{quote(speaking('HTTP').arn, safe='')}/commands"
    answer = send("POST", url, b'{"command": "touch pwned"}', people.bearer())
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert send("POST", url, b"{}", {}).status == 401


# WebSocket.


def ws_url(local: Local, arn: str, query: str = "") -> str:
    return f"ws://127.0.0.1:{local.data_port}/runtimes/{quote(arn, safe='')}/ws{query}"


def dial(local: Local, arn: str, headers: dict[str, str], query: str = "", **options: Any) -> Any:
    options = {"compression": None, "proxy": None, "max_size": None, "open_timeout": 20} | options
    return connect(ws_url(local, arn, query), additional_headers=headers, **options)


@pytest.fixture
def chat(local: Local, speaking: Speaking, people: People) -> Iterator[ClientConnection]:
    with dial(local, speaking("HTTP").arn, people.bearer()) as ws:
        yield ws


def folder(local: Local, runtime: Deployed) -> Path:
    return local.folder / "state/agents" / runtime.id / "1/code"


def test_messages_of_both_kinds_pass_both_ways(chat: ClientConnection) -> None:
    for message in ("text ü", b"\x00\xff", "", "x" * 65_536):
        chat.send(message)
        assert chat.recv(10) == message


def test_a_message_of_many_frames_passes_whole(chat: ClientConnection) -> None:
    chat.send(iter(["size ", *["y" * 60_000] * 5]))
    assert chat.recv(10) == "300000"


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_a_frame_above_the_limit_ends_the_connection_with_1009(chat: ClientConnection, who: str) -> None:
    with pytest.raises(ConnectionClosed) as e:
        chat.send("size " + "x" * 65_536 if who == "caller" else "big 65537")
        chat.recv(10)
    assert e.value.rcvd and e.value.rcvd.code == 1009


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 4321])
def test_the_agents_closing_reaches_the_caller(chat: ClientConnection, code: int) -> None:
    chat.send(f"close {code} because")
    with pytest.raises(ConnectionClosed) as e:
        chat.recv(10)
    assert e.value.rcvd and (e.value.rcvd.code, e.value.rcvd.reason) == (code, "because")


@pytest.mark.parametrize("code", [1000, 4321])
def test_the_callers_closing_reaches_the_agent(local: Local, speaking: Speaking, people: People, code: int) -> None:
    closed = folder(local, speaking("HTTP")) / "closed"
    closed.unlink(missing_ok=True)
    with dial(local, speaking("HTTP").arn, people.bearer()) as ws:
        ws.close(code)
    eventually(lambda: closed.read_text() == str(code), "the agent saw the code")


def test_a_caller_that_vanishes_is_gone_for_the_agent_too(local: Local, speaking: Speaking, people: People) -> None:
    closed = folder(local, speaking("HTTP")) / "closed"
    closed.unlink(missing_ok=True)
    with dial(local, speaking("HTTP").arn, people.bearer()) as ws:
        ws.socket.shutdown(socket.SHUT_RDWR)
        eventually(lambda: closed.read_text() == "1001", "the agent's side is closed")


def test_an_agent_that_dies_is_gone_for_the_caller_too(
    local: Local, create: Create, upload: Upload, people: People
) -> None:
    runtime = create(agentRuntimeArtifact=upload(main=SPEAKING), authorizerConfiguration=people.authorizer())
    pid = local.invoke(runtime.arn, headers=people.bearer()).json["pid"]
    with dial(local, runtime.arn, people.bearer()) as ws:
        psutil.Process(pid).kill()
        with pytest.raises(ConnectionClosed) as e:
            ws.recv(10)
    assert e.value.rcvd and e.value.rcvd.code == 1011


def test_a_stopped_session_ends_its_connection(local: Local, speaking: Speaking, people: People) -> None:
    arn, mine = speaking("HTTP").arn, people.bearer() | {SESSION: secrets.token_hex(20)}
    with dial(local, arn, mine) as ws:
        url = f"{local.data_url}/runtimes/{quote(arn, safe='')}/stopruntimesession"
        assert send("POST", url, b"{}", mine).status == 200
        with pytest.raises(ConnectionClosed) as e:
            ws.recv(10)
    assert e.value.rcvd and e.value.rcvd.code == 1001


def test_a_caller_that_does_not_read_holds_the_agent_back(local: Local, speaking: Speaking, people: People) -> None:
    runtime = speaking("HTTP")
    flooding = folder(local, runtime) / "flooding"
    assert local.process is not None
    before = psutil.Process(local.process.pid).memory_info().rss
    settled: list[str] = []

    def stands_still() -> bool:
        settled.append(flooding.read_text())
        return len(settled) > 60 and len(set(settled[-50:])) == 1

    with dial(local, runtime.arn, people.bearer(), max_queue=1) as ws:
        ws.send("flood 5000")  # 300 MB
        eventually(lambda: flooding.read_text(), "the agent sends")
        eventually(stands_still, "the agent waits")
        assert int(settled[-1]) < 2000
        assert psutil.Process(local.process.pid).memory_info().rss - before < 64 * 2**20
        ws.socket.shutdown(socket.SHUT_RDWR)


def browser(token: str) -> list[Subprotocol]:
    encoded = base64.urlsafe_b64encode(token.encode()).rstrip(b"=").decode()
    return [Subprotocol(f"{BEARER}.{encoded}"), Subprotocol(BEARER)]


def test_a_browser_brings_its_token_as_a_subprotocol(local: Local, speaking: Speaking, people: People) -> None:
    token = people.tokens(people.client_id)["AccessToken"]
    with dial(local, speaking("HTTP").arn, {}, subprotocols=browser(token)) as ws:
        assert ws.subprotocol == BEARER
        ws.send("headers")
        seen = json.loads(ws.recv(10))
    assert seen["authorization"] == f"Bearer {token}"
    assert BEARER not in json.dumps(seen)
    with dial(local, speaking("HTTP").arn, {}, subprotocols=[*browser(token), Subprotocol("chat")]) as ws:
        assert ws.subprotocol == "chat"


def test_session_and_custom_headers_may_come_in_the_query(local: Local, speaking: Speaking, people: People) -> None:
    session = secrets.token_hex(20)
    query = f"?{SESSION}={session}&{CUSTOM}=t1&X-Amzn-Bedrock-AgentCore-Runtime-Custom-Other=t2&X-Tenant=t3"
    with dial(local, speaking("HTTP").arn, people.bearer(), query) as ws:
        assert ws.response is not None and ws.response.headers[SESSION] == session
        ws.send("headers")
        seen = json.loads(ws.recv(10))
    assert (seen[SESSION], seen[CUSTOM.lower()]) == (session, "t1")
    assert not {"t2", "t3"} & set(seen.values())


WRONG = ["nobody", "outsider", "forged", "browser-outsider", "browser-garbage", "two-credentials", "short-session"]


@pytest.mark.parametrize("case", [*WRONG, "unknown-runtime", "not-websocket-protocol", "agent-refuses"])
def test_a_handshake_is_refused_at_the_same_door(local: Local, speaking: Speaking, people: People, case: str) -> None:
    insider = people.bearer()
    outsider = people.tokens(people.outsider_id)["AccessToken"]
    arn = speaking("HTTP").arn
    garbage = [Subprotocol(f"{BEARER}.e"), Subprotocol(BEARER)]
    table: dict[str, tuple[dict[str, str], dict[str, Any], int]] = {
        "nobody": ({}, {}, 401),
        "outsider": (people.bearer(people.outsider_id), {}, 401),
        "forged": ({"Authorization": "Bearer forged"}, {}, 403),
        "browser-outsider": ({}, {"subprotocols": browser(outsider)}, 401),
        "browser-garbage": ({}, {"subprotocols": garbage}, 403),
        "two-credentials": (insider, {"subprotocols": browser(outsider)}, 400),
        "short-session": (insider | {SESSION: "short"}, {}, 400),
        "unknown-runtime": (insider, {}, 404),
        "not-websocket-protocol": (insider, {}, 400),
        "agent-refuses": (insider, {}, 424),
    }
    headers, options, status = table[case]
    if case == "unknown-runtime":
        arn += "x"
    if case == "not-websocket-protocol":
        arn = speaking("MCP").arn
    refusing = folder(local, speaking("HTTP")) / "no-sockets"
    if case == "agent-refuses":
        refusing.touch()
    with pytest.raises(InvalidStatus) as e:
        dial(local, arn, headers, **options)
    refusing.unlink(missing_ok=True)
    assert e.value.response.status_code == status
    assert e.value.response.headers["x-amzn-errortype"]
    assert ("www-authenticate" in e.value.response.headers) is (status == 401)


def signed(local: Local, arn: str) -> dict[str, str]:
    request = AWSRequest("GET", ws_url(local, arn).replace("ws://", "http://"))
    keys = Credentials(local.emulator.key, local.emulator.secret)
    SigV4Auth(keys, "bedrock-agentcore", REGION).add_auth(request)
    return dict(request.headers)


def test_a_signed_handshake_passes_where_there_is_no_authorizer(
    local: Local, create: Create, upload: Upload, people: People, speaking: Speaking
) -> None:
    runtime = create(agentRuntimeArtifact=upload(main=SPEAKING))
    with dial(local, runtime.arn, signed(local, runtime.arn)) as ws:
        ws.send("hello")
        assert ws.recv(10) == "hello"
    for arn, headers in ((runtime.arn, people.bearer()), (speaking("HTTP").arn, signed(local, speaking("HTTP").arn))):
        with pytest.raises(InvalidStatus) as e:
            dial(local, arn, headers)
        assert e.value.response.status_code == 403
        assert b"method mismatch" in (e.value.response.body or b"")


def test_a_plain_request_for_a_websocket_is_told_to_upgrade(local: Local, speaking: Speaking, people: People) -> None:
    url = ws_url(local, speaking("HTTP").arn).replace("ws://", "http://")
    assert send("GET", url, None, people.bearer()).status == 426
    assert send("GET", url, None, {}).status == 401


ODD = {
    "body": (b"Content-Length: 3\r\n", 400),
    "chunked": (b"Transfer-Encoding: chunked\r\n", 400),
    "long-line": (b"X-A: " + b"a" * 9000 + b"\r\n", 431),
    "many-lines": (b"X-A: 1\r\n" * 140, 431),
    "two-authorizations": (b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", 400),
    "no-key": (b"", 400),
    "two-hosts": (b"Host: b\r\n", 400),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_handshake_ends_without_reaching_the_agent(local: Local, speaking: Speaking, case: str) -> None:
    more, status = ODD[case]
    key = b"" if case == "no-key" else b"Sec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n"
    path = ws_url(local, speaking("HTTP").arn).split(str(local.data_port))[1].encode()
    request = b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    request += b"Sec-WebSocket-Version: 13\r\n" + key + more + b"\r\n"

    async def exchange() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", local.data_port)
        writer.write(request)
        got = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return got

    assert asyncio.run(exchange()).startswith(b"HTTP/1.1 %d " % status)
