"""Who gets in: the two kinds of door, what moves between them, and what a signature is worth."""

import json
import re
import socket
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.contract.cloud import REGION, Answer, Local, People, eventually, send
from tests.contract.deployed import Deployed

Create = Callable[..., Deployed]
MISMATCH = "Authorization method mismatch. The agent is configured for a different authorization method"


@pytest.fixture(scope="module")
def jwt_door(create: Create, people: People) -> Deployed:
    return create(authorizerConfiguration=people.authorizer())


@pytest.fixture(scope="module")
def iam_door(create: Create) -> Deployed:
    return create()


def signed(
    local: Local, method: str, url: str, body: bytes, *, key: str = "", secret: str = "", service: str = ""
) -> dict[str, str]:
    """Headers of a request signed with botocore, as an SDK would send them."""
    credentials = Credentials(key or local.emulator.key, secret or local.emulator.secret)
    request = AWSRequest(method=method, url=url, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(credentials, service or "bedrock-agentcore", REGION).add_auth(request)
    return dict(request.headers.items())


def invoke_url(local: Local, runtime: Deployed) -> str:
    escaped = runtime.arn.replace(":", "%3A").replace("/", "%2F")
    return f"{local.data_url}/runtimes/{escaped}/invocations"


def test_sigv4_at_a_jwt_door_is_access_denied(local: Local, jwt_door: Deployed) -> None:
    data = local.data()
    calls: list[Callable[[], Any]] = [
        lambda: data.invoke_agent_runtime(agentRuntimeArn=jwt_door.arn, payload=b"{}"),
        lambda: data.stop_runtime_session(agentRuntimeArn=jwt_door.arn, runtimeSessionId="s" * 33),
    ]
    for call in calls:
        with pytest.raises(data.exceptions.AccessDeniedException, match=re.escape(MISMATCH)):
            call()


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({}, 401, "Missing Authentication Token"),
        ({"Authorization": ""}, 401, "Missing Authentication Token"),
        ({"Authorization": "Basic YTpi"}, 401, "Missing Authentication Token"),
        ({"Authorization": "Bearer"}, 403, "OAuth authorization failed: Failed to parse token"),
        ({"Authorization": "Bearer garbage"}, 403, "OAuth authorization failed: Failed to parse token"),
    ],
)
def test_a_jwt_door_refuses_what_is_no_token(
    local: Local, jwt_door: Deployed, headers: dict[str, str], status: int, words: str
) -> None:
    answer = local.invoke(jwt_door.arn, headers=headers)
    assert answer.status == status
    document = answer.json
    assert document.get("message", document.get("error", {}).get("message")) == words
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_challenge_leads_to_the_metadata_document(local: Local, jwt_door: Deployed, people: People) -> None:
    answer = local.invoke(jwt_door.arn)
    assert answer.json == {"jsonrpc": "2.0", "error": {"code": -32001, "message": "Missing Authentication Token"}}
    match = re.fullmatch(r'Bearer resource_metadata="([^"]+)"', answer.headers["www-authenticate"])
    assert match
    document = send("GET", match[1], None, {}).json
    assert document["authorization_servers"] == [people.discovery_url.split("/.well-known")[0]]
    assert document["resource"] == f"{invoke_url(local, jwt_door)}?qualifier=DEFAULT"


def test_a_runtime_without_authorizer_has_no_metadata_document(local: Local, iam_door: Deployed) -> None:
    url = invoke_url(local, iam_door) + "/.well-known/oauth-protected-resource"
    assert send("GET", url, None, {}).status == 404


def test_tokens_at_a_jwt_door(local: Local, jwt_door: Deployed, people: People) -> None:
    good = people.tokens(people.client_id)
    head, payload, signature = good["AccessToken"].split(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    expected = {
        good["AccessToken"]: 200,
        good["IdToken"]: 401,
        people.tokens(people.outsider_id)["AccessToken"]: 401,
        f"{head}.{payload}.{flipped}": 403,
        f"{head}.{payload}.": 403,
    }
    got = {t: local.invoke(jwt_door.arn, headers={"Authorization": f"Bearer {t}"}).status for t in expected}
    assert list(got.values()) == list(expected.values())


def test_an_iam_door_refuses_tokens_and_strangers(local: Local, iam_door: Deployed, people: People) -> None:
    bearer = local.invoke(iam_door.arn, headers=people.bearer())
    assert (bearer.status, bearer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert bearer.json["message"].startswith(MISMATCH)
    nobody = local.invoke(iam_door.arn)
    assert (nobody.status, nobody.json) == (403, {"message": "Missing Authentication Token"})
    assert "www-authenticate" not in nobody.headers


def test_strangers_cannot_tell_an_iam_runtime_from_none(local: Local, iam_door: Deployed) -> None:
    unknown = local.invoke(iam_door.arn[:-1] + ("x" if iam_door.arn[-1] != "x" else "y"))
    known = local.invoke(iam_door.arn)
    assert (known.status, known.body) == (unknown.status, unknown.body)


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("", "wrong-secret", "InvalidSignatureException"),
        ("AKIAUNKNOWNKEY000000", "x", "UnrecognizedClientException"),
        ("test", "test", "UnrecognizedClientException"),
        ("123456789012", "test", "UnrecognizedClientException"),
    ],
)
def test_only_the_root_key_signs(local: Local, iam_door: Deployed, key: str, secret: str, code: str) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: local.data(key, secret).invoke_agent_runtime(agentRuntimeArn=iam_door.arn, payload=b"{}"),
        lambda: local.control(key, secret).list_agent_runtimes(),
        lambda: local.control(key, secret).delete_agent_runtime(agentRuntimeId=iam_door.id),
    ]
    for call in calls:
        with pytest.raises(ClientError) as e:
            call()
        assert e.value.response["Error"]["Code"] == code
        assert e.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_unsigned_control_call_is_refused(local: Local) -> None:
    session = botocore.session.get_session()
    config = botocore.config.Config(signature_version=UNSIGNED, proxies={})
    control = session.create_client("bedrock-agentcore-control", REGION, endpoint_url=local.control_url, config=config)
    with pytest.raises(ClientError, match="Missing Authentication Token"):
        control.list_agent_runtimes()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda h: h | {"X-Amz-Date": "20200101T000000Z"}, id="old-date"),
        pytest.param(lambda h: h | {"Content-Type": "text/plain"}, id="signed-header-changed"),
        pytest.param(lambda h: h | {"X-Amz-Target": "Unsigned"}, id="unsigned-amz-header"),
        pytest.param(lambda h: h | {"X-Amz-Security-Token": "t"}, id="session-token-added"),
        pytest.param(lambda h: h | {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, id="unsigned-payload"),
        pytest.param(lambda h: h | {"Authorization": h["Authorization"][:-1]}, id="signature-cut"),
    ],
)
def test_a_changed_request_is_refused(
    local: Local, iam_door: Deployed, change: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    url = invoke_url(local, iam_door)
    good = signed(local, "POST", url, b"{}")
    assert send("POST", url, b"{}", good).status == 200
    assert send("POST", url, b"{}", change(good)).status == 403


@pytest.mark.parametrize("where", ["body", "query", "path", "service"])
def test_a_signature_holds_for_one_request_only(local: Local, iam_door: Deployed, where: str) -> None:
    url = invoke_url(local, iam_door)
    headers = signed(local, "POST", url, b"{}", service="s3" if where == "service" else "")
    if where == "query":
        url += "?qualifier=DEFAULT"
    if where == "path":
        url = url.replace("/invocations", "/stopruntimesession")
    answer = send("POST", url, b'{"status": 200}' if where == "body" else b"{}", headers)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")


def test_the_body_is_hashed_and_not_believed(local: Local, iam_door: Deployed) -> None:
    url, credentials = invoke_url(local, iam_door), Credentials(local.emulator.key, local.emulator.secret)
    for signed_body, status in ((b"{}", 200), (b'{"other": 1}', 403)):
        request = AWSRequest(method="POST", url=url, data=signed_body)
        signer = SigV4Auth(credentials, "bedrock-agentcore", REGION)
        request.headers["X-Amz-Content-SHA256"] = signer.payload(request)
        signer.add_auth(request)
        assert send("POST", url, b"{}", dict(request.headers.items())).status == status


def test_an_authorizer_swap_decides_the_next_request(local: Local, create: Create, people: People) -> None:
    runtime = create(authorizerConfiguration=people.authorizer())
    insider, outsider = people.bearer(), people.bearer(people.outsider_id)

    def verdicts() -> tuple[int, int]:
        return (
            local.invoke(runtime.arn, headers=insider).status,
            local.invoke(runtime.arn, headers=outsider).status,
        )

    assert verdicts() == (200, 401)
    runtime.update(authorizerConfiguration=people.authorizer(people.outsider_id))
    assert verdicts() == (401, 200)
    runtime.update(authorizerConfiguration=people.authorizer(people.client_id, people.outsider_id))
    assert verdicts() == (200, 200)


def test_whatever_ends_an_admission_counts_at_the_very_next_request(
    local: Local, create: Create, people: People
) -> None:
    runtime, good = create(authorizerConfiguration=people.authorizer()), people.bearer()
    control = runtime.control

    def told(query: str = "") -> int:
        return local.invoke(runtime.arn, headers=good, query=query).status

    assert [told(), told()] == [200, 200]
    policy = {"Effect": "Deny", "Principal": "*", "Action": "bedrock-agentcore:*", "Resource": runtime.arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    control.put_resource_policy(resourceArn=runtime.arn, policy=document)
    assert told() == 403
    control.delete_resource_policy(resourceArn=runtime.arn)
    assert told() == 200
    control.create_agent_runtime_endpoint(agentRuntimeId=runtime.id, name="stage")
    eventually(lambda: told("?qualifier=stage") == 200, "the endpoint leads to the agent")
    eventually(lambda: "stage" in _ready_endpoints(runtime), "the endpoint is ready")
    control.delete_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName="stage")
    assert (told("?qualifier=stage"), told()) == (404, 200)
    control.delete_agent_runtime(agentRuntimeId=runtime.id)
    assert told() == 404


def _ready_endpoints(runtime: Deployed) -> list[str]:
    listed = runtime.control.list_agent_runtime_endpoints(agentRuntimeId=runtime.id)["runtimeEndpoints"]
    return [e["name"] for e in listed if e["status"] == "READY"]


def test_an_update_without_authorizer_makes_an_iam_door(local: Local, create: Create, people: People) -> None:
    runtime, data = create(authorizerConfiguration=people.authorizer()), local.data()
    runtime.update()
    assert "authorizerConfiguration" not in runtime.get()
    assert local.invoke(runtime.arn, headers=people.bearer()).status == 403
    assert data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")["statusCode"] == 200


def test_a_pinned_endpoint_keeps_its_versions_door(local: Local, create: Create, people: People) -> None:
    runtime = create(authorizerConfiguration=people.authorizer())
    runtime.control.create_agent_runtime_endpoint(agentRuntimeId=runtime.id, name="stage")

    def ready() -> bool:
        reply = runtime.control.get_agent_runtime_endpoint(agentRuntimeId=runtime.id, endpointName="stage")
        return bool(reply["status"] == "READY")

    eventually(ready, "endpoint is ready")
    runtime.update()
    assert local.invoke(runtime.arn, query="?qualifier=stage", headers=people.bearer()).status == 200
    assert local.invoke(runtime.arn, headers=people.bearer()).status == 403


def test_a_failed_update_leaves_the_door_as_it_was(
    local: Local, create: Create, people: People, upload: Callable[..., dict[str, Any]]
) -> None:
    runtime = create(authorizerConfiguration=people.authorizer())
    broken = upload(main="raise SystemExit('broken')")
    wide = people.authorizer(people.client_id, people.outsider_id)
    got = runtime.update(agentRuntimeArtifact=broken, authorizerConfiguration=wide)
    assert got["status"] == "UPDATE_FAILED"
    assert local.invoke(runtime.arn, headers=people.bearer(people.outsider_id)).status == 401
    assert local.invoke(runtime.arn, headers=people.bearer()).status == 200
    assert runtime.update(agentRuntimeArtifact=broken)["status"] == "UPDATE_FAILED"
    data = local.data()
    with pytest.raises(data.exceptions.AccessDeniedException):
        data.invoke_agent_runtime(agentRuntimeArn=runtime.arn, payload=b"{}")


def test_an_update_to_an_unreachable_provider_changes_nothing(local: Local, create: Create, people: People) -> None:
    runtime = create(authorizerConfiguration=people.authorizer())
    before = runtime.get()
    nowhere = people.authorizer()["customJWTAuthorizer"] | {
        "discoveryUrl": "https://127.0.0.1:1/.well-known/openid-configuration"
    }
    with pytest.raises(runtime.control.exceptions.ValidationException):
        runtime.update(authorizerConfiguration={"customJWTAuthorizer": nowhere})
    after = runtime.get()
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    assert local.invoke(runtime.arn, headers=people.bearer()).status == 200


def test_decisions_are_logged_without_tokens(local: Local, jwt_door: Deployed, people: People) -> None:
    bearer = people.bearer()
    answer = local.invoke(jwt_door.arn, headers=bearer)
    request = answer.headers["x-amzn-requestid"]
    refused = local.invoke(jwt_door.arn, headers=people.bearer(people.outsider_id)).headers["x-amzn-requestid"]

    def logged() -> dict[str, Any] | None:
        entries = map(json.loads, local.decisions.read_text().splitlines())
        found: dict[str, Any] = {entry["request"]: entry for entry in entries}
        return found if {request, refused} <= set(found) else None

    lines = eventually(logged, "both decisions are logged")
    assert (lines[request]["reason"], lines[request]["status"]) == ("allowed", 200)
    assert re.fullmatch("[0-9a-f]{16}", lines[request]["subject"])
    assert (lines[refused]["reason"], lines[refused]["status"]) == ("client_mismatch", 401)
    assert (lines[request]["decision"], lines[refused]["decision"]) == ("allow", "deny")
    assert lines[refused]["client"] == people.outsider_id
    for written in (local.decisions, local.log):
        assert bearer["Authorization"].rsplit(".", 1)[1] not in written.read_text()


# What no SDK would send. Each is answered before the agent is reached.


def raw(local: Local, data: bytes) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", local.data_port), timeout=20) as s:
        s.sendall(data)
        reply = b""
        while b"\r\n\r\n" not in reply and (chunk := s.recv(65536)):
            reply += chunk
        return int(reply.split(b" ", 2)[1]), reply


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ("", 200),
        ("Authorization: Bearer x\r\n", 400),
        ("Host: other\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", 400),
        ("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: " + "s" * 33 + "\r\n", 200),
        (("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id: " + "s" * 33 + "\r\n") * 2, 400),
        ("X-Long: " + "x" * 40_000 + "\r\n", 431),
        ("X-Many: 1\r\n" * 120, 431),
        ("Content-Length: 100000001\r\n", 413),
    ],
    ids=["good", "two-auth", "two-hosts", "odd-te", "te-and-cl", "session", "two-sessions", "long", "many", "huge"],
)
def test_odd_requests_are_refused(local: Local, jwt_door: Deployed, people: People, extra: str, status: int) -> None:
    path = invoke_url(local, jwt_door).removeprefix(local.data_url)
    length = "" if "Content-Length" in extra or "Transfer" in extra else "Content-Length: 2\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {people.bearer()['Authorization']}\r\n"
    got, reply = raw(local, f"{head}{length}{extra}\r\n{{}}".encode())
    assert got == status, reply


CHUNKED = "Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("name", ["Authorization", "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"])
def test_a_trailer_is_no_header(local: Local, jwt_door: Deployed, people: People, name: str) -> None:
    bearer, path = people.bearer()["Authorization"], invoke_url(local, jwt_door).removeprefix(local.data_url)
    trailer = bearer if name == "Authorization" else "too-short"
    auth = "" if name == "Authorization" else f"Authorization: {bearer}\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nTrailer: {name}\r\n{auth}{CHUNKED}\r\n"
    got, reply = raw(local, f"{head}2\r\n{{}}\r\n0\r\n{name}: {trailer}\r\n\r\n".encode())
    assert got == (401 if name == "Authorization" else 200), reply


def test_a_request_behind_a_refusal_is_judged_on_its_own(local: Local, jwt_door: Deployed, people: People) -> None:
    path = invoke_url(local, jwt_door).removeprefix(local.data_url)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
    good = f"{head}Authorization: {people.bearer()['Authorization']}\r\nConnection: close\r\n\r\n{{}}"
    with socket.create_connection(("127.0.0.1", local.data_port), timeout=20) as s:
        s.sendall(f"{head}\r\n{{}}{good}".encode())
        reply = b""
        while chunk := s.recv(65536):
            reply += chunk
    assert re.findall(rb"HTTP/1.1 (\d+)", reply) == [b"401", b"200"]


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "TRACE", "CONNECT", "HEAD"])
def test_another_method_is_no_operation(local: Local, jwt_door: Deployed, people: People, method: str) -> None:
    path = invoke_url(local, jwt_door).removeprefix(local.data_url)
    bearer = f"Authorization: {people.bearer()['Authorization']}\r\n"
    got, _ = raw(local, f"{method} {path} HTTP/1.1\r\nHost: a\r\n{bearer}\r\n".encode())
    assert got in (400, 404)


@pytest.mark.parametrize(
    "lines",
    [
        "Authorization: {bearer}\r\n more\r\n",
        "X-A: 1\r\n folded\r\nAuthorization: {bearer}\r\n",
        "Authorization : {bearer}\r\n",
        "Authorization: {bearer}\x00\r\n",
        "Authorization: {bearer}, Bearer x\r\n",
        "Authorization: {bearer} {bearer}\r\n",
        "X-Authorization: {bearer}\r\nCookie: Authorization={bearer}\r\n",
        "Proxy-Authorization: {bearer}\r\n",
    ],
)
def test_an_odd_authorization_line_admits_nobody(local: Local, jwt_door: Deployed, people: People, lines: str) -> None:
    path = invoke_url(local, jwt_door).removeprefix(local.data_url)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
    got, _ = raw(local, f"{head}{lines.format(bearer=people.bearer()['Authorization'])}\r\n{{}}".encode())
    assert got in (400, 401, 403)


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda arn: f"/runtimes/{arn}/invocations", 404),
        (lambda arn: f"/runtimes/{arn.replace('/', '%2F')}/invocations", 200),
        (lambda arn: f"/runtimes/{arn.replace('/', '%2f').replace(':', '%3a')}/invocations", 200),
        (lambda arn: f"/runtimes/{arn.replace('/', '%252F')}/invocations", 403),
        (lambda arn: f"/runtimes/{arn.replace('/', '%2F')}%00/invocations", 403),
        (lambda arn: f"/runtimes/{arn.replace('/', '%2F')}/invocations/", 404),
        (lambda arn: f"/runtimes/{arn.replace('/', '%2F')}/../invocations", 404),
        (lambda arn: f"/runtimes/{arn.replace('/', '%2F')}/invocations?qualifier=DEFAULT&qualifier=DEFAULT", 400),
        (lambda arn: f"/runtimes/{arn.replace('/', '%2F')}/invocations?access_token=x", 200),
    ],
)
def test_paths_are_read_undecoded(
    local: Local, jwt_door: Deployed, people: People, make: Callable[[str], str], status: int
) -> None:
    # A path that names no runtime is answered as one that is not there: 403 without, 404 with a credential.
    head = f"POST {make(jwt_door.arn)} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
    bearer = f"Authorization: {people.bearer()['Authorization']}\r\n"
    with_bearer, _ = raw(local, f"{head}{bearer}\r\n{{}}".encode())
    assert with_bearer == (404 if status == 403 else status)
    without, _ = raw(local, f"{head}\r\n{{}}".encode())
    assert without == (401 if status == 200 else status)


def test_a_call_that_was_begun_at_another_door_does_not_pass_the_new_one(
    local: Local, create: Create, people: People
) -> None:
    """A signed call with its last byte held back while the runtime gets a JWT door."""
    runtime = create()
    url, body = invoke_url(local, runtime), b'{"held": 1}'
    headers = signed(local, "POST", url, body) | {
        "Host": f"127.0.0.1:{local.data_port}",
        "Content-Length": str(len(body)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", local.data_port), timeout=60) as s:
        s.sendall(f"POST {url.removeprefix(local.data_url)} HTTP/1.1\r\n{lines}\r\n".encode() + body[:-1])
        assert runtime.update(authorizerConfiguration=people.authorizer())["status"] == "READY"
        s.sendall(body[-1:])
        assert s.recv(65536).startswith(b"HTTP/1.1 403")


# Streams.


def read_some(local: Local, runtime: Deployed, people: People, body: bytes) -> tuple[socket.socket, bytes]:
    path = invoke_url(local, runtime).removeprefix(local.data_url)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
    s = socket.create_connection(("127.0.0.1", local.data_port), timeout=20)
    s.sendall(f"{head}Authorization: {people.bearer()['Authorization']}\r\n\r\n".encode() + body)
    reply = b""
    while b"data: 1\n" not in reply:
        reply += s.recv(65536)
    return s, reply


def test_events_arrive_while_the_agent_still_streams(local: Local, jwt_door: Deployed, people: People) -> None:
    body = json.dumps({"stream": 4, "pause": 0.2}).encode()
    s, reply = read_some(local, jwt_door, people, body)
    with s:
        assert b"text/event-stream" in reply
        assert b"data: 3\n" not in reply
        while b"data: 3\n" not in reply:
            reply += s.recv(65536)


def test_a_caller_that_leaves_ends_the_agents_stream(local: Local, jwt_door: Deployed, people: People) -> None:
    s, _ = read_some(local, jwt_door, people, json.dumps({"stream": 100_000, "pause": 0.01}).encode())
    s.close()
    mark = local.folder / "state/agents" / jwt_door.id / "1/code/caller-left"
    eventually(mark.exists, "the agent noticed", 10)
    mark.unlink()


def test_a_large_body_passes_unharmed(local: Local, jwt_door: Deployed, iam_door: Deployed, people: People) -> None:
    body = b"x" * 3_000_000
    by_token: Answer = local.invoke(jwt_door.arn, body=body, headers=people.bearer())
    assert by_token.json["size"] == len(body)
    reply = local.data().invoke_agent_runtime(agentRuntimeArn=iam_door.arn, payload=body)
    assert json.loads(reply["response"].read())["size"] == len(body)
