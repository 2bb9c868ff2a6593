"""The one door to AWS: the only importer of boto3 and botocore."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from orchestration.checks.run import Reply
from orchestration.errors import OrchestrationError, TokenRefused, Unfit
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec
from orchestration.settings import Endpoints
from orchestration.tokens import UserTokens


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key of the local emulator. repr never shows the secret."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"AccessKey({self.id})"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the commands act as."""

    account: str
    arn: str
    region: str


def known_regions() -> Collection[str]:
    """Regions of all partitions that botocore knows; read from its data, no network."""
    session = boto3.Session()
    return {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("cognito-idp", partition_name=partition)
    }


class Clients:
    """Makes boto3 clients for one target.

    Locally an explicit key and endpoint are given, so the user's own AWS configuration cannot reach the emulator; on
    AWS configured endpoint URLs are ignored, so a stray AWS_ENDPOINT_URL cannot redirect real calls.
    """

    def __init__(self, region: str, endpoints: Endpoints, key: AccessKey | None) -> None:
        self._endpoints = endpoints
        self._local = key is not None
        self.region = region
        self._session = boto3.Session(
            aws_access_key_id=key.id if key else None,
            aws_secret_access_key=key.secret if key else None,
            region_name=region,
        )

    def make(self, service: str, *, read_timeout_s: float = 30.0) -> Any:
        """A client of `service` for this target."""
        urls = {
            "bedrock-agentcore-control": self._endpoints.control_plane,
            "bedrock-agentcore": self._endpoints.data_plane,
        }
        config = Config(
            connect_timeout=5,
            read_timeout=read_timeout_s,
            retries={"max_attempts": 3, "mode": "standard"},
            ignore_configured_endpoint_urls=True,
            proxies={} if self._local else None,
        )
        url = urls.get(service, self._endpoints.aws) if self._local else None
        return self._session.client(service, endpoint_url=url, config=config)


@contextmanager
def _translated(action: str) -> Iterator[None]:
    """botocore's errors as ours: no network and no credentials are the environment's fault."""
    try:
        yield
    except NoCredentialsError:
        raise Unfit(
            "no AWS credentials found",
            remedy="set AWS_PROFILE or run `aws sso login`; without an AWS account use TARGET=local",
            code="no_credentials",
        ) from None
    except ClientError as e:
        error = e.response.get("Error", {})
        code = str(error.get("Code", "unknown"))
        message = f"{action} was refused: {code}: {error.get('Message', '')}"
        if code in {
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        }:
            raise Unfit(message, remedy="renew your AWS credentials", code="bad_credentials") from None
        if "AccessDenied" in code:
            raise Unfit(message, remedy=f"allow {action} to this principal", code="access_denied") from None
        raise OrchestrationError(message, remedy="see the message; run the command again when it is mended") from e
    except BotoCoreError as e:
        raise Unfit(f"{action} could not be sent: {e}", remedy="check the network, then `make up`") from None


def identity(clients: Clients) -> Identity:
    """sts:GetCallerIdentity. Raises Unfit without usable credentials."""
    with _translated("sts:GetCallerIdentity"):
        answer = clients.make("sts").get_caller_identity()
    return Identity(account=answer["Account"], arn=answer["Arn"], region=clients.region)


class CognitoProvider:
    """tokens.IdentityProvider over cognito-idp and secretsmanager."""

    def __init__(self, clients: Clients) -> None:
        self._cognito = clients.make("cognito-idp")
        self._secrets = clients.make("secretsmanager")

    def secret(self, secret_arn: str) -> str:
        with _translated("secretsmanager:GetSecretValue"):
            return str(self._secrets.get_secret_value(SecretId=secret_arn)["SecretString"])

    def sign_in(self, client_id: str, username: str, password: str) -> UserTokens:
        with _translated("cognito-idp:InitiateAuth"):
            try:
                answer = self._cognito.initiate_auth(
                    ClientId=client_id,
                    AuthFlow="USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": username, "PASSWORD": password},
                )
            except ClientError as e:
                raise _token_refused(client_id, username, e) from None
        result = answer.get("AuthenticationResult")
        if not result:
            raise TokenRefused(
                f"Cognito asks {username} for {answer.get('ChallengeName', 'a challenge')} instead of giving tokens",
                remedy="run `invoke configure`, which sets the password again",
            )
        return UserTokens(access=result["AccessToken"], id=result["IdToken"])

    def client_secret(self, pool_id: str, client_id: str) -> str:
        with _translated("cognito-idp:DescribeUserPoolClient"):
            answer = self._cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
        return str(answer["UserPoolClient"]["ClientSecret"])

    def is_confirmed(self, pool_id: str, username: str) -> bool:
        with _translated("cognito-idp:AdminGetUser"):
            answer = self._cognito.admin_get_user(UserPoolId=pool_id, Username=username)
        return bool(answer["UserStatus"] == "CONFIRMED")

    def set_password(self, pool_id: str, username: str, password: str) -> None:
        with _translated("cognito-idp:AdminSetUserPassword"):
            self._cognito.admin_set_user_password(
                UserPoolId=pool_id, Username=username, Password=password, Permanent=True
            )


def _token_refused(client_id: str, username: str, error: ClientError) -> TokenRefused:
    code = error.response.get("Error", {}).get("Code", "unknown")
    return TokenRefused(
        f"Cognito gave {username} no token through app client {client_id}: {code}",
        remedy="run `make up`, which puts pool, user and password right",
    )


class BotoRuntimeControl:
    """runtime.lifecycle.RuntimeControl over bedrock-agentcore-control."""

    def __init__(self, clients: Clients) -> None:
        self._control = clients.make("bedrock-agentcore-control")

    def get(self, runtime_id: str) -> ObservedRuntime | None:
        with _translated("bedrock-agentcore:GetAgentRuntime"):
            try:
                return observed_from_api(self._control.get_agent_runtime(agentRuntimeId=runtime_id))
            except self._control.exceptions.ResourceNotFoundException:
                return None

    def find(self, name: str) -> ObservedRuntime | None:
        with _translated("bedrock-agentcore:ListAgentRuntimes"):
            for page in self._control.get_paginator("list_agent_runtimes").paginate():
                for item in page["agentRuntimes"]:
                    if item["agentRuntimeName"] == name:
                        return self.get(item["agentRuntimeId"])
        return None

    def update(self, runtime: ObservedRuntime, spec: RuntimeSpec) -> None:
        with _translated("bedrock-agentcore:UpdateAgentRuntime"):
            self._control.update_agent_runtime(
                agentRuntimeId=runtime.id,
                agentRuntimeArtifact=runtime.artifact,
                roleArn=spec.role_arn,
                networkConfiguration={"networkMode": spec.network_mode},
                protocolConfiguration={"serverProtocol": spec.protocol},
                authorizerConfiguration=spec.authorizer,
                environmentVariables=dict(spec.environment),
                metadataConfiguration={"requireMMDSV2": spec.require_mmds_v2},
            )

    def delete(self, runtime_id: str) -> None:
        with _translated("bedrock-agentcore:DeleteAgentRuntime"):
            try:
                self._control.delete_agent_runtime(agentRuntimeId=runtime_id)
            except self._control.exceptions.ResourceNotFoundException:
                return


def observed_from_api(answer: Mapping[str, Any]) -> ObservedRuntime:
    """GetAgentRuntime's answer in our words (botocore model: GetAgentRuntimeResponse).

    A member that the service leaves out is taken as not set: no authorizer, MMDSv2 not required.
    """
    artifact = answer.get("agentRuntimeArtifact", {})
    code = artifact.get("codeConfiguration", {})
    return ObservedRuntime(
        id=answer["agentRuntimeId"],
        arn=answer["agentRuntimeArn"],
        version=answer["agentRuntimeVersion"],
        status=answer["status"],
        failure_reason=answer.get("failureReason"),
        spec=RuntimeSpec(
            name=answer["agentRuntimeName"],
            role_arn=answer["roleArn"],
            authorizer=answer.get("authorizerConfiguration", {}),
            environment=answer.get("environmentVariables", {}),
            bucket=code.get("code", {}).get("s3", {}).get("bucket", ""),
            entry_point=(code.get("entryPoint") or [""])[-1],
            code_runtime=code.get("runtime", ""),
            require_mmds_v2=answer.get("metadataConfiguration", {}).get("requireMMDSV2", False),
            network_mode=answer.get("networkConfiguration", {}).get("networkMode", ""),
            protocol=answer.get("protocolConfiguration", {}).get("serverProtocol", ""),
        ),
        artifact=artifact,
    )


class SignedCaller:
    """InvokeAgentRuntime as an IAM caller: what every AWS SDK does by default."""

    def __init__(self, clients: Clients, runtime_arn: str, qualifier: str, timeout_s: float) -> None:
        self._client = clients.make("bedrock-agentcore", read_timeout_s=timeout_s)
        self._arn = runtime_arn
        self._qualifier = qualifier

    def call(self, payload: Mapping[str, Any], session_id: str) -> Reply:
        """The data plane's answer; a refusal is an answer, not an error."""
        with _translated("bedrock-agentcore:InvokeAgentRuntime"):
            try:
                answer = self._client.invoke_agent_runtime(
                    agentRuntimeArn=self._arn,
                    qualifier=self._qualifier,
                    runtimeSessionId=session_id,
                    payload=json.dumps(payload).encode(),
                    contentType="application/json",
                    accept="application/json",
                )
            except ClientError as e:
                error = e.response.get("Error", {})
                status = e.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                body = json.dumps({"message": error.get("Message", "")})
                return Reply(status, body, str(error.get("Code", "")))
            return Reply(answer["statusCode"], answer["response"].read().decode("utf-8", "replace"))
