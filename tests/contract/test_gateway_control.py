"""The control plane of gateways: what may be made, changed and deleted, by whom, and what a kill leaves."""

import copy
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.cast import Cast, Keys, allow, signed
from tests.contract.cloud import ROLE, Answer, Emulator, Local, eventually
from tests.contract.gateways import (
    SCHEMA,
    Held,
    Machines,
    gateway_role,
    make_function,
    make_gateway,
    make_machines,
    target_request,
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
def gateway(local: Local, machines: Machines) -> Held:
    return make_gateway(local, ROLE, machines.authorizer(), tags={"Project": "p"})


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_gateway_is_read_back_as_it_was_made(gateway: Held, local: Local, machines: Machines) -> None:
    made = gateway.get()
    assert made["gatewayUrl"] == f"{local.data_url}/gateways/{gateway.id}/mcp"
    assert made["authorizerConfiguration"] == machines.authorizer()
    assert (made["authorizerType"], made["roleArn"], made["protocolType"]) == ("CUSTOM_JWT", ROLE, "MCP")
    assert gateway.id in [g["gatewayId"] for g in gateway.control.list_gateways()["items"]]
    assert gateway.control.list_tags_for_resource(resourceArn=made["gatewayArn"])["tags"] == {"Project": "p"}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        pytest.param({}, "ConflictException", "already exists", id="name-taken"),
        pytest.param(
            {"authorizerType": "NONE", "authorizerConfiguration": None}, "", "without authorization", id="none"
        ),
        pytest.param({"authorizerType": "AUTHENTICATE_ONLY"}, "", "without authorization", id="authenticate-only"),
        pytest.param({"authorizerConfiguration": None}, "", "is required", id="no-authorizer"),
        pytest.param({"authorizerType": "AWS_IAM"}, "", "belongs to", id="authorizer-of-another-type"),
        pytest.param({"roleArn": f"{ROLE}-none"}, "", "Role validation failed", id="role"),
        pytest.param({"protocolConfiguration": {"mcp": {"searchType": "SEMANTIC"}}}, "", "not played", id="search"),
        pytest.param(
            {"authorizerConfiguration": {"customJWTAuthorizer": {"discoveryUrl": "https://x.invalid/none"}}},
            "",
            "discoveryUrl",
            id="discovery",
        ),
    ],
)
def test_what_could_not_be_kept_is_refused(gateway: Held, changes: dict[str, Any], code: str, words: str) -> None:
    name = {} if code == "ConflictException" else {"name": f"gw-{secrets.token_hex(4)}"}
    request = {k: v for k, v in (gateway.request | name | changes).items() if v is not None}
    with pytest.raises(ClientError) as e:
        gateway.control.create_gateway(**request)
    got, message = refused(e)
    assert got == (code or "ValidationException")
    assert words in message


def test_type_and_name_are_for_life_and_the_rules_are_not(gateway: Held, machines: Machines) -> None:
    with pytest.raises(ClientError, match="Authorizer type cannot be updated for an existing gateway"):
        gateway.update(authorizerType="AWS_IAM", authorizerConfiguration=None)
    with pytest.raises(ClientError, match="name of a gateway cannot be changed"):
        gateway.update(name="another")
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert gateway.post(body, machines.bearer(machines.outsider)).status == 401
    loosened = copy.deepcopy(machines.authorizer())
    loosened["customJWTAuthorizer"]["allowedClients"].append(machines.outsider[0])
    gateway.update(authorizerConfiguration=loosened)
    assert gateway.post(body, machines.bearer(machines.outsider)).status == 200
    gateway.update()
    assert gateway.post(body, machines.bearer(machines.outsider)).status == 401


def nested(**changes: Any) -> list[dict[str, Any]]:
    schema = copy.deepcopy(SCHEMA)
    schema[0] |= changes
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(nested(name="two words"), id="name"),
        pytest.param(SCHEMA + SCHEMA, id="twice"),
        pytest.param(nested(inputSchema={"type": "string"}), id="no-object"),
        pytest.param(nested(inputSchema={"type": "object", "required": ["x"]}), id="required-undeclared"),
        pytest.param(nested(inputSchema={"type": "what"}), id="type"),
    ],
)
def test_a_tool_that_could_not_be_called_is_refused(gateway: Held, function: str, schema: Any) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        gateway.control.create_gateway_target(**target_request(gateway.id, function, schema=schema))


def test_a_target_lives_within_its_gateway(local: Local, machines: Machines, function: str) -> None:
    held = make_gateway(local, ROLE, machines.authorizer())
    held.add_target(function)
    with pytest.raises(ClientError, match="ConflictException"):
        held.control.create_gateway_target(**target_request(held.id, function))
    held.add_target(function + "-none", "absent")
    assert held.target()["status"] == "FAILED"
    assert "cannot be found" in held.target()["statusReasons"][0]
    with pytest.raises(ClientError, match="has targets associated with it"):
        held.control.delete_gateway(gatewayIdentifier=held.id)
    ids = targets(held)
    assert len(ids) == 2
    for number, target_id in enumerate(ids, start=1):
        held.control.delete_gateway_target(gatewayIdentifier=held.id, targetId=target_id)
        left = len(ids) - number
        eventually(lambda: len(targets(held)) == left, "the target is gone")  # noqa: B023  called at once
    held.control.delete_gateway(gatewayIdentifier=held.id)
    eventually(lambda: held.id not in [g["gatewayId"] for g in held.control.list_gateways()["items"]], "it is gone")
    assert held.post({}, machines.bearer()).status == 404
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        held.get()


def targets(held: Held) -> list[str]:
    return [t["targetId"] for t in held.control.list_gateway_targets(gatewayIdentifier=held.id)["items"]]


def test_the_same_token_gets_the_same_answer(local: Local, machines: Machines) -> None:
    control, token = local.control(), secrets.token_hex(20)
    request: dict[str, Any] = {"name": f"gw-{secrets.token_hex(4)}", "roleArn": ROLE, "authorizerType": "CUSTOM_JWT"}
    request |= {"authorizerConfiguration": machines.authorizer(), "clientToken": token}
    first = control.create_gateway(**request)["gatewayId"]
    assert control.create_gateway(**request)["gatewayId"] == first
    with pytest.raises(ClientError, match="used before with different parameters"):
        control.create_gateway(**request | {"description": "other"})


def test_each_operation_needs_its_permission(local: Local, cast: Cast, gateway: Held, machines: Machines) -> None:
    reader = cast.user(allow("bedrock-agentcore:GetGateway", gateway.get()["gatewayArn"]))
    control = reader.client("bedrock-agentcore-control", local.control_url)
    assert control.get_gateway(gatewayIdentifier=gateway.id)["gatewayId"] == gateway.id
    for call, request in (
        ("list_gateways", {}),
        ("delete_gateway", {"gatewayIdentifier": gateway.id}),
        ("list_gateway_targets", {"gatewayIdentifier": gateway.id}),
        ("create_gateway", gateway.request),
        ("list_oauth2_credential_providers", {}),
    ):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            getattr(control, call)(**request)


def test_an_iam_gateway_takes_signed_calls_alone(
    local: Local, cast: Cast, machines: Machines, function: str, emulator: Emulator
) -> None:
    held = make_gateway(local, gateway_role(cast, allow("lambda:InvokeFunction", function)), None)
    arn = held.get()["gatewayArn"]
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    may, may_not = cast.user(allow("bedrock-agentcore:InvokeGateway", arn)), cast.user()
    assert signed_post(held, body, may).status == 200
    assert signed_post(held, body, may_not).status == 403
    assert held.post(body, machines.bearer()).status == 403
    assert held.post(body, {}).status == 403


def signed_post(held: Held, body: bytes, keys: Keys) -> Answer:
    return held.post(body, signed(keys, held.url, body))


def test_a_kill_leaves_what_was_there(
    emulator: Emulator, tmp_path: Path, machines: Machines, function: str, cast: Cast
) -> None:
    own = Local(emulator, tmp_path)
    own.start()
    try:
        held = make_gateway(own, gateway_role(cast, allow("lambda:InvokeFunction", function)), machines.authorizer())
        held.add_target(function)
        leaving = make_gateway(own, ROLE, machines.authorizer())
        leaving.control.delete_gateway(gatewayIdentifier=leaving.id)
        own.kill()
        own.start()
        assert held.call({"number": 3}, machines.bearer()).json["result"]["content"][0]["text"] == '{"doubled": 6}'
        eventually(lambda: [g["gatewayId"] for g in held.control.list_gateways()["items"]] == [held.id], "one is left")
    finally:
        own.kill()
