"""The adapter of gateways against botocore's own service model; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from orchestration.aws import AccessKey, BotoGatewayControl, Clients
from orchestration.aws.gateway import provider_from_api
from orchestration.errors import Unfit
from orchestration.gateway import differing
from tests.fakes.gateway import (
    PROVIDER_ARN,
    TARGET_ID,
    asked,
    observed_gateway,
    observed_provider,
    observed_target,
)
from tests.fakes.orchestration import CLIENT_SECRET, GATEWAY_ARN, GATEWAY_ID, GATEWAY_URL, LOCAL_ENDPOINTS

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:x"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = asked()
GATEWAY = {
    "name": ASKED.gateway.name,
    "roleArn": ASKED.gateway.role_arn,
    "protocolType": "MCP",
    "authorizerType": "CUSTOM_JWT",
    "authorizerConfiguration": ASKED.gateway.authorizer,
}
TARGET = {
    "name": "credit-check",
    "targetConfiguration": {
        "mcp": {
            "lambda": {
                "lambdaArn": ASKED.target.function_arn,
                "toolSchema": {"inlinePayload": list(ASKED.target.tools)},
            }
        }
    },
    "credentialProviderConfigurations": [{"credentialProviderType": "GATEWAY_IAM_ROLE"}],
    "metadataConfiguration": {"allowedRequestHeaders": ["traceparent"]},
}
CLIENT = {"oauthDiscovery": {"discoveryUrl": ASKED.provider.discovery_url}, "clientId": ASKED.provider.client_id}
PROVIDER = {
    "name": ASKED.provider.name,
    "credentialProviderVendor": "CustomOauth2",
    "oauth2ProviderConfigInput": {"customOauth2ProviderConfig": {**CLIENT, "clientSecret": CLIENT_SECRET}},
}
SHOWN_PROVIDER = {
    "name": ASKED.provider.name,
    "credentialProviderArn": PROVIDER_ARN,
    "credentialProviderVendor": "CustomOauth2",
    "clientSecretArn": {"secretArn": SECRET_ARN},
    "clientSecretJsonKey": "client_secret",
    "oauth2ProviderConfigOutput": {"customOauth2ProviderConfig": CLIENT},
    "createdTime": WHEN,
    "lastUpdatedTime": WHEN,
}
IN_GATEWAY: dict[str, Any] = {"gatewayIdentifier": GATEWAY_ID}
IN_TARGET: dict[str, Any] = {**IN_GATEWAY, "targetId": TARGET_ID}


def shown_gateway(**changes: Any) -> dict[str, Any]:
    answer = {"gatewayArn": GATEWAY_ARN, "gatewayId": GATEWAY_ID, "gatewayUrl": GATEWAY_URL, "status": "READY"}
    return {**answer, "createdAt": WHEN, "updatedAt": WHEN, **GATEWAY, **changes}


def shown_target(**changes: Any) -> dict[str, Any]:
    answer = {"gatewayArn": GATEWAY_ARN, "targetId": TARGET_ID, "status": "READY"}
    return {**answer, "createdAt": WHEN, "updatedAt": WHEN, **TARGET, **changes}


@pytest.fixture(scope="module")
def adapter() -> BotoGatewayControl:
    return BotoGatewayControl(Clients("us-east-1", LOCAL_ENDPOINTS, AccessKey("AKIAEXAMPLE", "secret")))


@pytest.fixture
def stub(adapter: BotoGatewayControl) -> Iterator[Stubber]:
    with Stubber(adapter._control) as made:
        yield made
        made.assert_no_pending_responses()


def test_a_gateway_is_read_as_it_is(adapter: BotoGatewayControl, stub: Stubber) -> None:
    stub.add_response("get_gateway", shown_gateway(), IN_GATEWAY)
    assert adapter.get(GATEWAY_ID) == observed_gateway()


def test_what_changes_a_call_on_its_way_is_seen(adapter: BotoGatewayControl, stub: Stubber) -> None:
    stub.add_response("get_gateway", shown_gateway(exceptionLevel="DEBUG", statusReasons=["why"]), IN_GATEWAY)
    found = adapter.get(GATEWAY_ID)
    assert found is not None
    assert (found.spec.extras, found.reasons) == (("exceptionLevel",), ("why",))


def test_a_gateway_is_found_by_name_on_a_later_page(adapter: BotoGatewayControl, stub: Stubber) -> None:
    item = {"status": "READY", "createdAt": WHEN, "updatedAt": WHEN, "authorizerType": "CUSTOM_JWT"}
    other = {**item, "gatewayId": "other-ab12cd34ef", "name": "another"}
    ours = {**item, "gatewayId": GATEWAY_ID, "name": ASKED.gateway.name}
    stub.add_response("list_gateways", {"items": [other], "nextToken": "t"}, {})
    stub.add_response("list_gateways", {"items": [ours]}, {"nextToken": "t"})
    stub.add_response("get_gateway", shown_gateway(), IN_GATEWAY)
    assert adapter.find(ASKED.gateway.name) == observed_gateway()


def test_making_and_changing_send_every_setting(adapter: BotoGatewayControl, stub: Stubber) -> None:
    stub.add_response("create_gateway", shown_gateway(status="CREATING"), {**GATEWAY, "tags": ASKED.tags})
    stub.add_response("update_gateway", shown_gateway(), {**IN_GATEWAY, **GATEWAY})
    stub.add_response("create_gateway_target", shown_target(), {**IN_GATEWAY, **TARGET})
    stub.add_response("update_gateway_target", shown_target(), {**IN_TARGET, **TARGET})
    assert adapter.create(ASKED.gateway, ASKED.tags) == observed_gateway(status="CREATING")
    adapter.update(GATEWAY_ID, ASKED.gateway)
    assert adapter.create_target(GATEWAY_ID, ASKED.target) == TARGET_ID
    adapter.update_target(GATEWAY_ID, TARGET_ID, ASKED.target)


def test_a_target_is_read_as_it_is(adapter: BotoGatewayControl, stub: Stubber) -> None:
    stub.add_response("get_gateway_target", shown_target(), IN_TARGET)
    assert adapter.target(GATEWAY_ID, TARGET_ID) == observed_target()


def test_a_target_of_another_kind_is_not_taken_for_ours(adapter: BotoGatewayControl, stub: Stubber) -> None:
    elsewhere = {"mcp": {"mcpServer": {"endpoint": "https://elsewhere.invalid"}}}
    stub.add_response("get_gateway_target", shown_target(targetConfiguration=elsewhere), IN_TARGET)
    found = adapter.target(GATEWAY_ID, TARGET_ID)
    assert found is not None
    assert (found.spec.function_arn, found.spec.extras) == ("", ("mcpServer",))


def test_a_providers_secret_is_sent_and_never_read(adapter: BotoGatewayControl, stub: Stubber) -> None:
    made = {name: SHOWN_PROVIDER[name] for name in ("name", "credentialProviderArn", "clientSecretArn")}
    stub.add_response("create_oauth2_credential_provider", made, {**PROVIDER, "tags": ASKED.tags})
    stub.add_response("update_oauth2_credential_provider", SHOWN_PROVIDER, PROVIDER)
    stub.add_response("get_oauth2_credential_provider", SHOWN_PROVIDER, {"name": ASKED.provider.name})
    adapter.create_provider(ASKED.provider, CLIENT_SECRET, ASKED.tags)
    adapter.update_provider(ASKED.provider, CLIENT_SECRET)
    found = adapter.provider(ASKED.provider.name)
    assert found == observed_provider(secret_arn=SECRET_ARN, secret_key="client_secret")
    assert CLIENT_SECRET not in repr(found)


@pytest.mark.parametrize(
    ("more", "extras"),
    [
        (
            {"privateEndpoint": {"selfManagedLatticeResource": {"resourceConfigurationIdentifier": "r"}}},
            "privateEndpoint",
        ),
        ({"privateEndpointOverrides": [{"domain": "idp.example", "privateEndpoint": {}}]}, "privateEndpointOverrides"),
        ({"privateKeyJwtConfig": {"kmsKeyArn": "k"}}, "privateKeyJwtConfig"),
        ({"onBehalfOfTokenExchangeConfig": {"grantType": "TOKEN_EXCHANGE"}}, "onBehalfOfTokenExchangeConfig"),
        ({"clientAuthenticationMethod": "AWS_IAM_ID_TOKEN_JWT"}, "clientAuthenticationMethod"),
        ({"clientAuthenticationMethod": "CLIENT_SECRET_POST"}, None),
    ],
)
def test_where_else_a_provider_takes_the_secret_is_a_difference(more: dict[str, Any], extras: str | None) -> None:
    shown = SHOWN_PROVIDER | {"oauth2ProviderConfigOutput": {"customOauth2ProviderConfig": {**CLIENT, **more}}}
    live = provider_from_api(shown).spec
    assert live.extras == ((extras,) if extras else ())
    assert differing(ASKED.provider, live) == (("extras",) if extras else ())


@pytest.mark.parametrize(
    ("kept", "key", "fits"),
    [
        (f'{{"client_secret": "{CLIENT_SECRET}"}}', "client_secret", True),
        (CLIENT_SECRET, "", True),
        ('{"client_secret": "another"}', "client_secret", False),
        (f'{{"other": "{CLIENT_SECRET}"}}', "client_secret", False),
        (CLIENT_SECRET, "client_secret", False),
        (None, "client_secret", False),
    ],
    ids=["as-json", "plain", "another", "another-key", "no-json", "gone"],
)
def test_what_a_provider_keeps_is_compared_with_its_clients_secret(
    adapter: BotoGatewayControl, kept: str | None, key: str, fits: bool
) -> None:
    with Stubber(adapter._secrets) as vault:
        if kept is None:
            vault.add_client_error("get_secret_value", "ResourceNotFoundException")
        else:
            vault.add_response("get_secret_value", {"SecretString": kept}, {"SecretId": SECRET_ARN})
        held = observed_provider(secret_arn=SECRET_ARN, secret_key=key)
        assert adapter.keeps(held, CLIENT_SECRET) is fits


def test_what_is_gone_is_none_and_deleting_it_is_no_error(adapter: BotoGatewayControl, stub: Stubber) -> None:
    for call in (
        "get_gateway",
        "get_gateway_target",
        "get_oauth2_credential_provider",
        "delete_gateway",
        "delete_gateway_target",
        "delete_oauth2_credential_provider",
    ):
        stub.add_client_error(call, "ResourceNotFoundException", http_status_code=404)
    assert adapter.get(GATEWAY_ID) is None
    assert adapter.target(GATEWAY_ID, TARGET_ID) is None
    assert adapter.provider("x") is None
    adapter.delete(GATEWAY_ID)
    adapter.delete_target(GATEWAY_ID, TARGET_ID)
    adapter.delete_provider("x")


def test_a_missing_permission_is_named(adapter: BotoGatewayControl, stub: Stubber) -> None:
    stub.add_client_error("list_gateways", "AccessDeniedException", http_status_code=403)
    with pytest.raises(Unfit, match="bedrock-agentcore:ListGateways"):
        adapter.find("x")
