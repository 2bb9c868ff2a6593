import asyncio
from dataclasses import replace
from typing import Any

import pytest

from agentcore_local.callers import Callers
from agentcore_local.edge import Body, Head
from agentcore_local.gate import Gate
from agentcore_local.gateway.door import GatewayDoor
from agentcore_local.gateway.records import Gateway
from agentcore_local.jwks import IssuerKeys
from agentcore_local.keys import KeysUnavailable
from agentcore_local.permissions import Permissions
from agentcore_local.wire import Refused
from tests.fakes import tokens

RULES = {"discoveryUrl": tokens.DISCOVERY_URL, "allowedClients": ["app"], "allowedScopes": ["gateway/invoke"]}
SPEC = {"authorizerType": "CUSTOM_JWT", "authorizerConfiguration": {"customJWTAuthorizer": RULES}, "roleArn": "r"}
GATEWAY = Gateway("gw-0123456789", "gw", "arn:aws:x:gateway/gw-0123456789", 1, SPEC, "READY", None, "", "")
BASE = "http://127.0.0.1:1/gateways/gw-0123456789"


class Keys:
    """An issuer's keys, or a provider that is down."""

    def __init__(self, keys: IssuerKeys | None) -> None:
        self._keys = keys

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys:
        if self._keys is None:
            raise KeysUnavailable("unreachable", "down")
        return self._keys

    async def check(self, discovery_url: str) -> None: ...


async def never() -> dict[str, Any]:
    raise AssertionError("the body was read before the caller was known")


def refusal(authorization: str | None, keys: IssuerKeys | None, gateway: Gateway = GATEWAY) -> Refused:
    callers = Callers("AKIAEXAMPLEEXAMPLE00", "s", "us-east-1")
    nobody: Any = None
    rules = Permissions(callers, nobody, nobody, lambda _: None, lambda: 0.0, "us-east-1", "000000000000")
    gate = Gate(rules, Keys(keys), lambda: float(tokens.NOW), "http://127.0.0.1:1")
    door = GatewayDoor(gate, rules, lambda i: f"http://127.0.0.1:1/gateways/{i}/mcp")
    headers = () if authorization is None else (("authorization", authorization),)
    with pytest.raises(Refused) as e:
        asyncio.run(door.admit(Head("POST", b"/", b"", headers), gateway, Body(never, 10, None)))
    return e.value


def challenge(refused: Refused) -> str:
    return dict(refused.headers)["www-authenticate"]


GOOD = {"client_id": "app", "scope": "gateway/invoke"}


@pytest.mark.parametrize(
    ("authorization", "slug", "error", "reason"),
    [
        pytest.param(None, "gateway_no_token", None, "missing_token", id="nothing"),
        pytest.param("Basic eDp5", "gateway_no_token", None, "not_bearer:other", id="basic"),
        pytest.param("AWS4-HMAC-SHA256 x", "gateway_no_token", None, "not_bearer:sigv4", id="signed"),
        pytest.param("Bearer x", "gateway_bad_token", "invalid_token", "malformed_token", id="garbage"),
        pytest.param({"client_id": "other"}, "gateway_bad_token", "invalid_token", "client_mismatch", id="client"),
        pytest.param({"scope": "other"}, "gateway_scope", "insufficient_scope", "scope_mismatch", id="scope-alone"),
        pytest.param(
            {"scope": "other", "client_id": "other"},
            "gateway_bad_token",
            "invalid_token",
            "client_mismatch,scope_mismatch",
            id="scope-and-client",
        ),
    ],
)
def test_a_refusal_says_what_an_mcp_client_can_act_on(
    authorization: Any, slug: str, error: str | None, reason: str
) -> None:
    if isinstance(authorization, dict):
        authorization = tokens.bearer(GOOD | authorization)
    refused = refusal(authorization, tokens.issuer_keys())
    assert (refused.slug, refused.log_reason) == (slug, reason)
    words = f'Bearer resource_metadata="{BASE}/.well-known/oauth-protected-resource", scope="gateway/invoke"'
    assert challenge(refused) == words + (f', error="{error}"' if error else "")


def test_nobody_gets_in_while_the_keys_cannot_be_known() -> None:
    refused = refusal(tokens.bearer(GOOD), None)
    assert (refused.slug, refused.log_reason) == ("gateway_bad_token", "keys_unavailable")


def test_an_iam_gateway_takes_no_token_and_needs_no_body_to_say_so() -> None:
    signed = replace(GATEWAY, spec={"authorizerType": "AWS_IAM", "roleArn": "r"})
    assert refusal(tokens.bearer(GOOD), tokens.issuer_keys(), signed).slug == "method_mismatch"
    assert refusal(None, tokens.issuer_keys(), signed).slug == "iam_no_credentials"
