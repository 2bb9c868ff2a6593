"""Gateways, their targets and OAuth2 credential providers, as launching needs them. Never run against AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orchestration.aws.control import tags_of
from orchestration.aws.session import Clients, translated
from orchestration.gateway import (
    GatewaySpec,
    ObservedGateway,
    ObservedProvider,
    ObservedTarget,
    ProviderSpec,
    TargetSpec,
)

# Members of GetGatewayResponse and GetGatewayTargetResponse that we never send and that alter what a call does
# (botocore model).
GATEWAY_EXTRAS = (
    "customTransformConfiguration",
    "exceptionLevel",
    "interceptorConfigurations",
    "kmsKeyArn",
    "policyEngineConfiguration",
    "protocolConfiguration",
    "wafConfiguration",
)
TARGET_EXTRAS = ("privateEndpoint", "certificateConfigurations")
# Of CustomOauth2ProviderConfigOutput (botocore model).
PROVIDER_EXTRAS = (
    "onBehalfOfTokenExchangeConfig",
    "privateEndpoint",
    "privateEndpointOverrides",
    "privateKeyJwtConfig",
)
# Either shows the secret to the token endpoint; which of them the service chooses unasked is not documented.
BY_SECRET = frozenset({"CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST"})
METADATA_EXTRAS = ("allowedQueryParameters", "allowedResponseHeaders")


class BotoGatewayControl:
    """gateway.lifecycle.GatewayControl over bedrock-agentcore-control."""

    def __init__(self, clients: Clients) -> None:
        self._control = clients.make("bedrock-agentcore-control")
        self._secrets = clients.make("secretsmanager")

    def get(self, gateway_id: str) -> ObservedGateway | None:
        with translated("bedrock-agentcore:GetGateway"):
            try:
                return gateway_from_api(self._control.get_gateway(gatewayIdentifier=gateway_id))
            except self._control.exceptions.ResourceNotFoundException:
                return None

    def find(self, name: str) -> ObservedGateway | None:
        with translated("bedrock-agentcore:ListGateways"):
            pages = self._control.get_paginator("list_gateways").paginate()
            ids = [item["gatewayId"] for page in pages for item in page["items"] if item["name"] == name]
        return self.get(ids[0]) if ids else None

    def create(self, spec: GatewaySpec, tags: Mapping[str, str]) -> ObservedGateway:
        with translated("bedrock-agentcore:CreateGateway"):
            return gateway_from_api(self._control.create_gateway(**_gateway(spec), tags=dict(tags)))

    def update(self, gateway_id: str, spec: GatewaySpec) -> None:
        with translated("bedrock-agentcore:UpdateGateway"):
            self._control.update_gateway(gatewayIdentifier=gateway_id, **_gateway(spec))

    def delete(self, gateway_id: str) -> None:
        with self._deleting("DeleteGateway"):
            self._control.delete_gateway(gatewayIdentifier=gateway_id)

    def tags(self, arn: str) -> dict[str, str]:
        return tags_of(self._control, arn)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        with translated("bedrock-agentcore:TagResource"):
            self._control.tag_resource(resourceArn=arn, tags=dict(tags))

    def targets(self, gateway_id: str) -> dict[str, str]:
        with translated("bedrock-agentcore:ListGatewayTargets"):
            pages = self._control.get_paginator("list_gateway_targets").paginate(gatewayIdentifier=gateway_id)
            return {item["name"]: item["targetId"] for page in pages for item in page["items"]}

    def target(self, gateway_id: str, target_id: str) -> ObservedTarget | None:
        with translated("bedrock-agentcore:GetGatewayTarget"):
            try:
                found = self._control.get_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id)
                return target_from_api(found)
            except self._control.exceptions.ResourceNotFoundException:
                return None

    def create_target(self, gateway_id: str, spec: TargetSpec) -> str:
        with translated("bedrock-agentcore:CreateGatewayTarget"):
            made = self._control.create_gateway_target(gatewayIdentifier=gateway_id, **_target(spec))
        return str(made["targetId"])

    def update_target(self, gateway_id: str, target_id: str, spec: TargetSpec) -> None:
        with translated("bedrock-agentcore:UpdateGatewayTarget"):
            self._control.update_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id, **_target(spec))

    def delete_target(self, gateway_id: str, target_id: str) -> None:
        with self._deleting("DeleteGatewayTarget"):
            self._control.delete_gateway_target(gatewayIdentifier=gateway_id, targetId=target_id)

    def provider(self, name: str) -> ObservedProvider | None:
        with translated("bedrock-agentcore:GetOauth2CredentialProvider"):
            try:
                return provider_from_api(self._control.get_oauth2_credential_provider(name=name))
            except self._control.exceptions.ResourceNotFoundException:
                return None

    def create_provider(self, spec: ProviderSpec, secret: str, tags: Mapping[str, str]) -> None:
        with translated("bedrock-agentcore:CreateOauth2CredentialProvider"):
            self._control.create_oauth2_credential_provider(**_provider(spec, secret), tags=dict(tags))

    def update_provider(self, spec: ProviderSpec, secret: str) -> None:
        with translated("bedrock-agentcore:UpdateOauth2CredentialProvider"):
            self._control.update_oauth2_credential_provider(**_provider(spec, secret))

    def delete_provider(self, name: str) -> None:
        with self._deleting("DeleteOauth2CredentialProvider"):
            self._control.delete_oauth2_credential_provider(name=name)

    def keeps(self, provider: ObservedProvider, secret: str) -> bool:
        with translated("secretsmanager:GetSecretValue"):
            try:
                kept = str(self._secrets.get_secret_value(SecretId=provider.secret_arn)["SecretString"])
            except (KeyError, self._secrets.exceptions.ResourceNotFoundException):
                return False
        try:
            return bool(json.loads(kept)[provider.secret_key] == secret) if provider.secret_key else kept == secret
        except (ValueError, LookupError, TypeError):
            return False

    @contextmanager
    def _deleting(self, action: str) -> Iterator[None]:
        with translated(f"bedrock-agentcore:{action}"):
            try:
                yield
            except self._control.exceptions.ResourceNotFoundException:
                return


def _gateway(spec: GatewaySpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "roleArn": spec.role_arn,
        "protocolType": spec.protocol,
        "authorizerType": spec.authorizer_type,
        "authorizerConfiguration": spec.authorizer,
    }


def _target(spec: TargetSpec) -> dict[str, Any]:
    function = {"lambdaArn": spec.function_arn, "toolSchema": {"inlinePayload": list(spec.tools)}}
    return {
        "name": spec.name,
        "targetConfiguration": {"mcp": {"lambda": function}},
        "credentialProviderConfigurations": [{"credentialProviderType": kind} for kind in spec.credentials],
        "metadataConfiguration": {"allowedRequestHeaders": list(spec.headers)},
    }


def _provider(spec: ProviderSpec, secret: str) -> dict[str, Any]:
    client = {
        "oauthDiscovery": {"discoveryUrl": spec.discovery_url},
        "clientId": spec.client_id,
        "clientSecret": secret,
    }
    return {
        "name": spec.name,
        "credentialProviderVendor": spec.vendor,
        "oauth2ProviderConfigInput": {"customOauth2ProviderConfig": client},
    }


def gateway_from_api(answer: Mapping[str, Any]) -> ObservedGateway:
    """GetGateway's answer in our words (botocore model: GetGatewayResponse). What is left out is not set."""
    return ObservedGateway(
        id=answer["gatewayId"],
        arn=answer["gatewayArn"],
        url=answer.get("gatewayUrl", ""),
        status=answer["status"],
        reasons=tuple(answer.get("statusReasons", ())),
        spec=GatewaySpec(
            name=answer["name"],
            role_arn=answer.get("roleArn", ""),
            authorizer_type=answer["authorizerType"],
            authorizer=answer.get("authorizerConfiguration", {}),
            protocol=answer.get("protocolType", ""),
            extras=tuple(name for name in GATEWAY_EXTRAS if answer.get(name)),
        ),
    )


def target_from_api(answer: Mapping[str, Any]) -> ObservedTarget:
    """GetGatewayTarget's answer in our words (botocore model: GetGatewayTargetResponse)."""
    configuration = answer["targetConfiguration"]
    mcp = configuration.get("mcp", {})
    function = mcp.get("lambda", {})
    schema = function.get("toolSchema", {})
    others = [name for name in configuration if name != "mcp"] + [name for name in mcp if name != "lambda"]
    metadata = answer.get("metadataConfiguration", {})
    others += [name for name in METADATA_EXTRAS if metadata.get(name)]
    others += [f"toolSchema {name}" for name in schema if name != "inlinePayload"]
    return ObservedTarget(
        id=answer["targetId"],
        status=answer["status"],
        reasons=tuple(answer.get("statusReasons", ())),
        spec=TargetSpec(
            name=answer["name"],
            function_arn=function.get("lambdaArn", ""),
            tools=tuple(schema.get("inlinePayload", ())),
            credentials=tuple(
                item["credentialProviderType"] for item in answer.get("credentialProviderConfigurations", ())
            ),
            headers=tuple(metadata.get("allowedRequestHeaders", ())),
            extras=(*(name for name in TARGET_EXTRAS if answer.get(name)), *sorted(others)),
        ),
    )


def provider_from_api(answer: Mapping[str, Any]) -> ObservedProvider:
    """GetOauth2CredentialProvider's answer in our words (botocore model: GetOauth2CredentialProviderResponse)."""
    client = answer.get("oauth2ProviderConfigOutput", {}).get("customOauth2ProviderConfig", {})
    method = "clientAuthenticationMethod"
    others = (method,) if client.get(method) not in {None, *BY_SECRET} else ()
    return ObservedProvider(
        arn=answer["credentialProviderArn"],
        status=answer.get("status", "READY"),
        spec=ProviderSpec(
            name=answer["name"],
            discovery_url=client.get("oauthDiscovery", {}).get("discoveryUrl", ""),
            client_id=client.get("clientId", ""),
            vendor=answer.get("credentialProviderVendor", ""),
            extras=(*(name for name in PROVIDER_EXTRAS if client.get(name)), *others),
        ),
        secret_arn=answer.get("clientSecretArn", {}).get("secretArn", ""),
        secret_key=answer.get("clientSecretJsonKey", ""),
    )
