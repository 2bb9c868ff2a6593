"""A gateway as the tests hold it: a function in the emulator, machine clients, and the SDKs' own clients as callers."""

import asyncio
import base64
import io
import json
import secrets
import urllib.parse
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.contract.cast import Cast
from tests.contract.cloud import ISSUER_BASE, TRUST, Answer, Emulator, Local, eventually, send

SCOPE = "gateway/invoke"
TOOL = "numbers___double"
GATEWAY_ROLES = [{"credentialProviderType": "GATEWAY_IAM_ROLE"}]
# Doubles, fails, or tells what it was given.
FUNCTION = """
import json


def handle(event, context):
    print(json.dumps({"request": context.aws_request_id, "number": event["number"]}))
    if event.get("fail"):
        raise ValueError("the number was " + str(event["number"]))
    if event.get("echo"):
        return {"event": event, "request": context.aws_request_id}
    return {"doubled": 2 * event["number"]}
"""
SCHEMA = [
    {
        "name": "double",
        "description": "Twice a number",
        "inputSchema": {
            "type": "object",
            "properties": {
                "number": {"type": "integer", "description": "any"},
                "fail": {"type": "boolean"},
                "echo": {"type": "boolean"},
            },
            "required": ["number"],
        },
    }
]


@dataclass
class Machines:
    """A pool with a resource server and two machine clients, of which one is let in."""

    emulator: Emulator
    discovery_url: str
    insider: tuple[str, str] = field(repr=False)
    outsider: tuple[str, str] = field(repr=False)

    def token(self, client: tuple[str, str], scope: str = SCOPE) -> str:
        form = {"grant_type": "client_credentials", "scope": scope}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(client).encode()).decode()
        reply = send("POST", f"{self.emulator.url}/oauth2/token", urllib.parse.urlencode(form).encode(), headers)
        token: str = reply.json["access_token"]
        return token

    def bearer(self, client: tuple[str, str] | None = None, scope: str = SCOPE) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(client or self.insider, scope)}"}

    def authorizer(self) -> dict[str, Any]:
        rules = {"allowedClients": [self.insider[0]], "allowedScopes": [SCOPE]}
        return {"customJWTAuthorizer": {"discoveryUrl": self.discovery_url, **rules}}


def make_machines(emulator: Emulator) -> Machines:
    idp = emulator.client("cognito-idp")
    pool = idp.create_user_pool(PoolName="machines")["UserPool"]["Id"]
    scopes = [{"ScopeName": n, "ScopeDescription": n} for n in ("invoke", "look")]
    idp.create_resource_server(UserPoolId=pool, Identifier="gateway", Name="gateway", Scopes=scopes)
    made = []
    for name in ("insider", "outsider"):
        client = idp.create_user_pool_client(
            UserPoolId=pool,
            ClientName=name,
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=[SCOPE, "gateway/look"],
        )["UserPoolClient"]
        made.append((client["ClientId"], client["ClientSecret"]))
    return Machines(emulator, f"{ISSUER_BASE}/{pool}/.well-known/openid-configuration", made[0], made[1])


def make_function(emulator: Emulator, cast: Cast) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("numbers_tool.py", FUNCTION)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
    trust["Statement"][0]["Principal"] = {"Service": "lambda.amazonaws.com"}  # type: ignore[index]
    role = cast.role()
    cast.iam.update_assume_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyDocument=json.dumps(trust))
    made = emulator.client("lambda").create_function(
        FunctionName=f"numbers-{secrets.token_hex(4)}",
        Runtime="python3.12",
        Role=role,
        Handler="numbers_tool.handle",
        Code={"ZipFile": packed.getvalue()},
    )
    arn: str = made["FunctionArn"]
    return arn


def gateway_role(cast: Cast, *statements: dict[str, Any]) -> str:
    role = cast.role(*statements)
    cast.iam.update_assume_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyDocument=json.dumps(TRUST))
    return role


@dataclass
class Held:
    """A gateway with one target, READY."""

    local: Local
    control: Any = field(repr=False)
    id: str
    url: str
    request: dict[str, Any]
    target_id: str = ""

    def get(self) -> dict[str, Any]:
        reply: dict[str, Any] = self.control.get_gateway(gatewayIdentifier=self.id)
        return reply

    def settle(self) -> dict[str, Any]:
        def ready() -> dict[str, Any] | None:
            reply = self.get()
            return reply if reply["status"] == "READY" else None

        reply: dict[str, Any] = eventually(ready, f"{self.id} is ready")
        return reply

    def update(self, **changes: Any) -> dict[str, Any]:
        request = {k: v for k, v in (self.request | changes).items() if v is not None}
        self.control.update_gateway(gatewayIdentifier=self.id, **request)
        return self.settle()

    def add_target(self, function: str, name: str = "numbers", **more: Any) -> str:
        reply = self.control.create_gateway_target(**target_request(self.id, function, name), **more)
        target_id: str = reply["targetId"]
        self.target_id = target_id
        eventually(lambda: self.target(target_id)["status"] not in ("CREATING", "UPDATING"), "the target is settled")
        return target_id

    def target(self, target_id: str = "") -> dict[str, Any]:
        asked = {"gatewayIdentifier": self.id, "targetId": target_id or self.target_id}
        reply: dict[str, Any] = self.control.get_gateway_target(**asked)
        return reply

    def post(self, body: Any, headers: Mapping[str, str], **more: str) -> Answer:
        """A plain call, as a program without any library makes it."""
        own = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return send("POST", self.url, content, {**own, **headers, **more})

    def call(self, arguments: dict[str, Any], headers: Mapping[str, str], id: Any = 1, **more: str) -> Answer:
        body = {"jsonrpc": "2.0", "id": id, "method": "tools/call"}
        return self.post(body | {"params": {"name": TOOL, "arguments": arguments}}, headers, **more)

    def line(self, answer: Answer) -> dict[str, Any]:
        """The decision about one call; it is written once the answer has gone out."""
        wanted = answer.headers["x-amzn-requestid"]

        def written() -> list[dict[str, Any]]:
            lines = [json.loads(line) for line in self.local.decisions.read_text().splitlines()]
            return [d for d in lines if d["request"] == wanted]

        found: dict[str, Any] = eventually(written, "the decision is written down")[0]
        return found


def target_request(gateway_id: str, function: str, name: str = "numbers", schema: Any = None) -> dict[str, Any]:
    tools = {"lambdaArn": function, "toolSchema": {"inlinePayload": schema or SCHEMA}}
    return {
        "gatewayIdentifier": gateway_id,
        "name": name,
        "targetConfiguration": {"mcp": {"lambda": tools}},
        "credentialProviderConfigurations": GATEWAY_ROLES,
    }


def make_gateway(local: Local, role: str, authorizer: dict[str, Any] | None, **more: Any) -> Held:
    control = local.control()
    name = f"gw-{secrets.token_hex(4)}"
    request: dict[str, Any] = {"name": name, "roleArn": role, "protocolType": "MCP"}
    request |= {"authorizerType": "AWS_IAM"}
    if authorizer is not None:
        request |= {"authorizerType": "CUSTOM_JWT", "authorizerConfiguration": authorizer}
    made = control.create_gateway(**request, **more)
    held = Held(local, control, made["gatewayId"], made["gatewayUrl"], request)
    held.settle()
    return held


def by_sdk(url: str, headers: Mapping[str, str], mode: str, arguments: dict[str, Any]) -> tuple[list[str], Any]:
    """The official SDK's client: the tools it sees, and the result of one call."""

    async def call() -> Any:
        async with httpx2.AsyncClient(headers=dict(headers), timeout=20) as http:
            async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
                listed = [t.name for t in (await client.list_tools()).tools]
                return listed, await client.call_tool(TOOL, arguments)

    tools, result = asyncio.run(call())
    return tools, result
