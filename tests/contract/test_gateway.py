"""A gateway from both ends: made by boto3, called by the official MCP SDK, refused as its authorizer says."""

import json
import secrets
from typing import Any

import pytest

from orchestration.aws import AccessKey, BotoFunctions, Clients
from orchestration.settings import Endpoints
from tests.contract.cast import Cast, allow
from tests.contract.cloud import REGION, Emulator, Local, People, get, send
from tests.contract.gateways import (
    SCOPE,
    TOOL,
    Held,
    Machines,
    by_sdk,
    gateway_role,
    make_function,
    make_gateway,
    make_machines,
)


@pytest.fixture(scope="module")
def cast(emulator: Emulator) -> Cast:
    return Cast(emulator)


@pytest.fixture(scope="module")
def machines(emulator: Emulator) -> Machines:
    return make_machines(emulator)


@pytest.fixture(scope="module")
def function(emulator: Emulator, cast: Cast) -> str:
    return make_function(emulator, cast)


@pytest.fixture(scope="module")
def role(cast: Cast, function: str) -> str:
    return gateway_role(cast, allow("lambda:InvokeFunction", function))


@pytest.fixture(scope="module")
def gateway(local: Local, role: str, machines: Machines, function: str) -> Held:
    held = make_gateway(local, role, machines.authorizer())
    held.add_target(function, metadataConfiguration={"allowedRequestHeaders": ["traceparent"]})
    return held


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_lists_and_calls_the_function(gateway: Held, machines: Machines, mode: str) -> None:
    tools, result = by_sdk(gateway.url, machines.bearer(), mode, {"number": 21})
    assert tools == [TOOL]
    assert (result.is_error, result.content[0].text) == (False, '{"doubled": 42}')


def test_a_single_request_is_enough_and_is_told_in_one_line(gateway: Held, machines: Machines) -> None:
    canary, trace = secrets.token_hex(16), secrets.token_hex(16)
    answer = gateway.call(
        {"number": 4, "echo": True}, machines.bearer(), id=canary, traceparent=f"00-{trace}-{secrets.token_hex(8)}-01"
    )
    assert (answer.status, answer.json["id"]) == (200, canary)
    seen = json.loads(answer.json["result"]["content"][0]["text"])
    assert seen["event"] == {"number": 4, "echo": True}
    line = gateway.line(answer)
    told = {"decision": "allow", "tool": TOOL, "outcome": "ok", "canary": canary, "trace": trace, "by": "jwt"}
    assert {k: line.get(k) for k in told} == told
    assert (line["function_request"], line["client"]) == (seen["request"], machines.insider[0])


def refusals(machines: Machines, people: People) -> dict[str, tuple[dict[str, str], int, str, str]]:
    """Who is refused, with which status and error, and what the log says of it."""
    other = people.bearer()
    broken = machines.bearer()["Authorization"]
    return {
        "nobody": ({}, 401, "", "missing_token"),
        "basic": ({"Authorization": "Basic eDp5"}, 401, "", "not_bearer:other"),
        "signed": ({"Authorization": "AWS4-HMAC-SHA256 Credential=x"}, 401, "", "not_bearer:sigv4"),
        "outsider": (machines.bearer(machines.outsider), 401, "invalid_token", "client_mismatch"),
        "other-pool": (other, 401, "invalid_token", "issuer_mismatch"),
        "no-scope": (machines.bearer(scope="gateway/look"), 403, "insufficient_scope", "scope_mismatch"),
        "forged": ({"Authorization": broken[:-8] + "AAAAAAAA"}, 401, "invalid_token", "bad_signature"),
        "garbage": ({"Authorization": "Bearer x"}, 401, "invalid_token", "malformed_token"),
    }


CASES = ["nobody", "basic", "signed", "outsider", "other-pool", "no-scope", "forged", "garbage"]


@pytest.mark.parametrize("case", CASES)
def test_the_door_refuses_as_mcp_clients_are_told(gateway: Held, machines: Machines, people: People, case: str) -> None:
    headers, status, error, reason = refusals(machines, people)[case]
    answer = gateway.call({"number": 1}, headers)
    assert answer.status == status, answer.body
    challenge = answer.headers["www-authenticate"]
    base = gateway.url.removesuffix("/mcp")
    assert f'resource_metadata="{base}/.well-known/oauth-protected-resource"' in challenge
    assert f'scope="{SCOPE}"' in challenge
    assert (f'error="{error}"' in challenge) if error else ("error=" not in challenge)
    line = gateway.line(answer)
    assert (line["decision"], line["reason"].split(",")[0]) == ("deny", reason)


def test_the_metadata_names_the_issuer_to_everybody(gateway: Held, machines: Machines) -> None:
    document = json.loads(get(gateway.url.removesuffix("/mcp") + "/.well-known/oauth-protected-resource"))
    issuer = machines.discovery_url.removesuffix("/.well-known/openid-configuration")
    assert document == {
        "authorization_servers": [issuer],
        "resource": gateway.url,
        "scopes_supported": [SCOPE],
    }


def told(result: Any) -> tuple[bool, str]:
    return result["isError"], result["content"][0]["text"]


GENERIC = "An internal error occurred. Please retry later."


@pytest.mark.parametrize(
    ("arguments", "outcome", "text"),
    [
        pytest.param({}, "bad_arguments", "Invalid arguments: arguments.number is required", id="missing"),
        pytest.param(
            {"number": "4"}, "bad_arguments", "Invalid arguments: arguments.number must be of type integer", id="type"
        ),
        pytest.param({"number": 4, "fail": True}, "function_error", GENERIC, id="function-fails"),
    ],
)
def test_a_call_that_fails_is_an_honest_error(
    gateway: Held, machines: Machines, arguments: dict[str, Any], outcome: str, text: str
) -> None:
    answer = gateway.call(arguments, machines.bearer())
    assert (answer.status, told(answer.json["result"])) == (200, (True, text))
    assert gateway.line(answer)["outcome"] == outcome


def test_ping_is_answered(gateway: Held, machines: Machines) -> None:
    answer = gateway.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, machines.bearer())
    assert answer.json == {"jsonrpc": "2.0", "id": 1, "result": {}}


DEEP = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "numbers___double", "arguments": '
ARGUMENTS = b'{"number": 1, "x": ' + b"[" * 5000 + b"]" * 5000 + b"}}}"


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        pytest.param(b"", {400}, id="empty"),
        pytest.param(b"{", {400}, id="no-json"),
        pytest.param(b"[" * 100_000, {400}, id="brackets"),
        pytest.param(DEEP + ARGUMENTS, {200, 400}, id="deep-arguments"),
        pytest.param(DEEP + b'{"number": NaN}}}', {200, 400}, id="no-number"),
        pytest.param(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}', {202}, id="notification"),
    ],
)
def test_odd_messages_are_answered_and_break_nothing(
    gateway: Held, machines: Machines, body: bytes, statuses: set[int]
) -> None:
    answer = gateway.post(body, machines.bearer())
    assert answer.status in statuses
    assert not gateway.line(answer)["reason"].startswith("crashed")
    assert b"doubled" not in answer.body


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_no_stream_and_no_session_to_end(gateway: Held, machines: Machines, method: str) -> None:
    answer = send(method, gateway.url, None, machines.bearer())
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert send(method, gateway.url, None, {}).status == 401  # the door comes first


@pytest.mark.parametrize("path", ["/mcp/", "/MCP", "%2Fmcp", "/mcp/../mcp", "/.well-known/other", ""])
def test_another_path_is_nothing(gateway: Held, machines: Machines, path: str) -> None:
    answer = send("POST", gateway.url.removesuffix("/mcp") + path, b"{}", machines.bearer())
    assert answer.status == 404


def test_an_unknown_tool_is_a_protocol_error(gateway: Held, machines: Machines) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "numbers___halve", "arguments": {}}}
    answer = gateway.post(body, machines.bearer())
    assert answer.json["error"]["code"] == -32602


def test_debug_says_why_and_a_role_without_permission_gets_nothing(
    local: Local, cast: Cast, machines: Machines, function: str
) -> None:
    held = make_gateway(local, gateway_role(cast), machines.authorizer(), exceptionLevel="DEBUG")
    held.add_target(function)
    answer = held.call({"number": 1}, machines.bearer())
    failed, text = told(answer.json["result"])
    assert failed and "Access denied while invoking Lambda function" in text
    assert held.line(answer)["outcome"] == "access_denied"


def test_ways_round_the_gateway_at_an_alias_or_a_version_are_seen_and_taken_away(
    emulator: Emulator, cast: Cast
) -> None:
    arn, client = make_function(emulator, cast), emulator.client("lambda")
    version = client.publish_version(FunctionName=arn)["Version"]
    client.create_alias(FunctionName=arn, Name="evil", FunctionVersion=version)
    for place in ({}, {"Qualifier": "evil"}):
        client.create_function_url_config(FunctionName=arn, AuthType="NONE", **place)
    for qualifier in ("evil", version):
        allowed = {"Principal": "*", "Action": "lambda:InvokeFunction", "Qualifier": qualifier}
        client.add_permission(FunctionName=arn, StatementId=f"at-{qualifier}", **allowed)
    key, url = AccessKey(emulator.key, emulator.secret), emulator.url
    functions = BotoFunctions(Clients(REGION, Endpoints(url, url, url), key))
    seen = functions.get(arn)
    assert seen is not None and dict(seen.urls) == {arn: "NONE", f"{arn}:evil": "NONE"}
    assert {"evil:at-evil", f"{version}:at-{version}"} <= set(seen.permissions)
    for called in seen.urls:
        functions.remove_url(called)
    for sid in seen.permissions:
        functions.remove_permission(arn, sid)
    left = functions.get(arn)
    assert left is not None and (left.urls, left.permissions) == ({}, {})
