"""Outbound tokens: an agent gets one by its workload token and its role, and nobody else does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError

from tests.contract.cast import Cast, allow
from tests.contract.cloud import ACCOUNT, REGION, TRUST, Emulator, Local
from tests.contract.deployed import Deployed
from tests.contract.gateways import SCOPE, Machines, make_machines
from tests.contract.test_execution_role import WORKING

PROVIDER = "the-gateway"
IDENTITY = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}"
VAULT = f"{IDENTITY}:token-vault/default"
DIRECTORY = f"{IDENTITY}:workload-identity-directory/default"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:bedrock-agentcore-identity!default/oauth2/{PROVIDER}-*"
TOKEN = allow(
    "bedrock-agentcore:GetResourceOauth2Token",
    VAULT,
    f"{VAULT}/oauth2credentialprovider/{PROVIDER}",
    DIRECTORY,
    f"{DIRECTORY}/workload-identity/*",
)


@pytest.fixture(scope="module")
def cast(emulator: Emulator) -> Cast:
    return Cast(emulator)


@pytest.fixture(scope="module")
def machines(emulator: Emulator) -> Machines:
    return make_machines(emulator)


def config(machines: Machines, secret: str = "") -> dict[str, Any]:
    custom = {
        "oauthDiscovery": {"discoveryUrl": machines.discovery_url},
        "clientId": machines.insider[0],
        "clientSecret": secret or machines.insider[1],
    }
    inputs = {"customOauth2ProviderConfig": custom}
    return {"name": PROVIDER, "credentialProviderVendor": "CustomOauth2", "oauth2ProviderConfigInput": inputs}


@pytest.fixture(scope="module")
def provider(local: Local, machines: Machines) -> Any:
    control = local.control()
    yield control.create_oauth2_credential_provider(**config(machines))
    control.delete_oauth2_credential_provider(name=PROVIDER)


@dataclass
class Agent:
    """An agent that shows its headers and calls AWS as it is told."""

    local: Local
    runtime: Deployed

    def ask(self, **request: Any) -> Any:
        payload = json.dumps(request).encode()
        reply = self.local.data().invoke_agent_runtime(agentRuntimeArn=self.runtime.arn, payload=payload)
        return json.loads(reply["response"].read())

    def workload_token(self) -> str:
        headers = {n.lower(): v for n, v in self.ask()["headers"].items()}
        token: str = headers["workloadaccesstoken"]
        return token

    def fetch(self, workload_token: str = "", **changes: Any) -> Any:
        request = {
            "workloadIdentityToken": workload_token or self.workload_token(),
            "resourceCredentialProviderName": PROVIDER,
            "scopes": [SCOPE],
            "oauth2Flow": "M2M",
        }
        return self.ask(aws="bedrock-agentcore", call="get_resource_oauth2_token", **{"with": request | changes})


@pytest.fixture(scope="module")
def agent_of(
    local: Local, create: Callable[..., Deployed], upload: Callable[..., dict[str, Any]], cast: Cast
) -> Callable[..., Agent]:
    artifact = upload(main=WORKING)

    def make(*statements: dict[str, Any]) -> Agent:
        role = cast.role(*statements)
        cast.iam.update_assume_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyDocument=json.dumps(TRUST))
        return Agent(local, create(agentRuntimeArtifact=artifact, roleArn=role))

    return make


@pytest.fixture(scope="module")
def agent(agent_of: Callable[..., Agent]) -> Agent:
    return agent_of(TOKEN, allow("secretsmanager:GetSecretValue", SECRET))


def test_an_agent_gets_a_token_of_the_providers_client(provider: Any, agent: Agent, machines: Machines) -> None:
    token = agent.fetch()["accessToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["client_id"], claims["scope"]) == (machines.insider[0], SCOPE)


def test_the_secret_is_in_secrets_manager_alone(
    provider: Any, local: Local, emulator: Emulator, machines: Machines
) -> None:
    kept = emulator.client("secretsmanager").get_secret_value(SecretId=provider["clientSecretArn"]["secretArn"])
    assert json.loads(kept["SecretString"]) == {"client_secret": machines.insider[1]}
    assert kept["Name"] == f"bedrock-agentcore-identity!default/oauth2/{PROVIDER}"
    seen = json.dumps([provider, local.control().get_oauth2_credential_provider(name=PROVIDER)], default=str)
    assert machines.insider[1] not in seen
    files = [f for f in local.folder.rglob("*") if f.is_file()]
    assert not [f for f in files if machines.insider[1].encode() in f.read_bytes()]


def test_a_workload_token_is_worth_nothing_to_another_runtime(
    provider: Any, agent: Agent, agent_of: Callable[..., Agent], local: Local
) -> None:
    token = agent.workload_token()
    other = agent_of(TOKEN, allow("secretsmanager:GetSecretValue", SECRET))
    assert other.fetch(token) == {"error": "UnauthorizedException"}
    assert agent.fetch("x" * 40) == {"error": "UnauthorizedException"}
    asked = {"workloadIdentityToken": token, "resourceCredentialProviderName": PROVIDER}
    with pytest.raises(ClientError, match="UnauthorizedException"):  # whoever is root has no part in it either
        local.data().get_resource_oauth2_token(**asked, scopes=[SCOPE], oauth2Flow="M2M")


@pytest.mark.parametrize(
    "statements",
    [[TOKEN], [allow("secretsmanager:GetSecretValue", SECRET)]],
    ids=["no-secret", "no-token"],
)
def test_a_role_without_a_permission_gets_no_token(
    provider: Any, agent_of: Callable[..., Agent], statements: list[dict[str, Any]]
) -> None:
    assert agent_of(*statements).fetch() == {"error": "AccessDeniedException"}


def test_what_the_issuer_refuses_is_told_without_the_secret(provider: Any, agent: Agent) -> None:
    assert agent.fetch(scopes=["gateway/none"]) == {"error": "ValidationException"}
    assert agent.fetch(oauth2Flow="USER_FEDERATION") == {"error": "ValidationException"}


def test_a_provider_is_changed_and_forgotten_with_its_secret(
    local: Local, emulator: Emulator, machines: Machines
) -> None:
    control = local.control()
    request = config(machines) | {"name": "passing"}
    arn = control.create_oauth2_credential_provider(**request)["clientSecretArn"]["secretArn"]
    with pytest.raises(ClientError, match="ConflictException"):
        control.create_oauth2_credential_provider(**request)
    control.update_oauth2_credential_provider(**config(machines, "another") | {"name": "passing"})
    vault = emulator.client("secretsmanager")
    assert json.loads(vault.get_secret_value(SecretId=arn)["SecretString"]) == {"client_secret": "another"}
    control.delete_oauth2_credential_provider(name="passing")
    assert "passing" not in [p["name"] for p in control.list_oauth2_credential_providers()["credentialProviders"]]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        vault.get_secret_value(SecretId=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        control.get_oauth2_credential_provider(name="passing")
