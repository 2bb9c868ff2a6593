"""What the gateway, its target and its credential provider should be, and what they are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestration.errors import BadInput
from orchestration.gateway.function import FunctionSpec
from orchestration.runtime.spec import comparable
from orchestration.settings import Settings, authorizer_of, own_tags

TARGET = "credit-check"
TOOL = f"{TARGET}___get_credit_score"
"""As MCP clients see it (AgentCore devguide: gateway-tool-naming)."""
JWT = "CUSTOM_JWT"
MAX_NAME = 48
"""botocore model: GatewayName."""


@dataclass(frozen=True, slots=True)
class GatewaySpec:
    """Every setting of the gateway that we send; an update replaces all of them."""

    name: str
    role_arn: str
    authorizer_type: str
    authorizer: Mapping[str, Any]
    protocol: str = "MCP"
    extras: tuple[str, ...] = ()
    """What we never send and must not be there: interceptors, a policy engine, details in error messages."""


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """The function behind the gateway and the tools that it offers. `tools` as ToolSchema.inlinePayload has them."""

    name: str
    function_arn: str
    tools: Sequence[Mapping[str, Any]]
    credentials: tuple[str, ...] = ("GATEWAY_IAM_ROLE",)
    headers: tuple[str, ...] = ("traceparent",)
    """Headers of a call that reach the function: by this one a request is followed through."""
    extras: tuple[str, ...] = ()
    """What we never send and must not be there: another kind of target, a private endpoint."""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """Where the agent's outbound token comes from. The client's secret is no part: nothing may compare or show it."""

    name: str
    discovery_url: str
    client_id: str
    vendor: str = "CustomOauth2"
    extras: tuple[str, ...] = ()
    """What we never send and must not be there: an endpoint that gets the secret instead, another way to sign in."""

    def is_of(self, user_pool_id: str) -> bool:
        """Whether its tokens are that user pool's: this tells whose it is, since of its tags the service tells none."""
        return f"/{user_pool_id}/" in self.discovery_url


@dataclass(frozen=True, slots=True)
class GatewayAsked:
    """All of it, as Terraform's outputs ask for it."""

    gateway: GatewaySpec
    target: TargetSpec
    provider: ProviderSpec
    function: FunctionSpec
    project: str
    environment: str

    @property
    def tags(self) -> dict[str, str]:
        """Of what is made: whose it is."""
        return own_tags(self.project, self.environment)


@dataclass(frozen=True, slots=True)
class ObservedGateway:
    """GetGateway's answer in our words; `status` and `reasons` as the service names them."""

    id: str
    arn: str
    url: str
    status: str
    reasons: tuple[str, ...]
    spec: GatewaySpec


@dataclass(frozen=True, slots=True)
class ObservedTarget:
    """GetGatewayTarget's answer in our words."""

    id: str
    status: str
    reasons: tuple[str, ...]
    spec: TargetSpec


@dataclass(frozen=True, slots=True)
class ObservedProvider:
    """GetOauth2CredentialProvider's answer in our words. `status` is READY where the service tells none."""

    arn: str
    status: str
    spec: ProviderSpec
    secret_arn: str = ""
    """Where Secrets Manager has the client's secret, and under which key of a JSON object; empty: it is the text."""
    secret_key: str = ""


def gateway_name(agent_runtime_name: str) -> str:
    """What the gateway of that runtime is called; Terraform says the same in its output gateway_name."""
    return f"{agent_runtime_name.replace('_', '-')}-gateway"


def asked_of(settings: Settings, tools: Sequence[Mapping[str, Any]]) -> GatewayAsked | None:
    """What Terraform's outputs ask for; None where they ask for no gateway. Raises BadInput for too long a name."""
    wanted = settings.outputs.gateway
    if wanted is None:
        return None
    if len(wanted.name) > MAX_NAME:
        raise BadInput(
            f"the gateway would be called {wanted.name!r}, which is longer than {MAX_NAME}",
            remedy="choose a shorter project or environment, or set gateway_enabled = false",
        )
    return GatewayAsked(
        GatewaySpec(wanted.name, wanted.role_arn, JWT, authorizer_of(wanted.authorizer)),
        TargetSpec(TARGET, wanted.function_arn, tuple(tools)),
        ProviderSpec(wanted.credential_provider_name, wanted.authorizer.discovery_url, wanted.client_id),
        FunctionSpec(**asdict(wanted.function)),
        settings.outputs.project,
        settings.deployment.environment,
    )


Spec = GatewaySpec | TargetSpec | ProviderSpec | FunctionSpec


def differing(asked: Spec, live: Spec) -> tuple[str, ...]:
    """Names of the fields in which the live one differs. Lists are sets: order means nothing."""
    return tuple(
        name for name in asked.__slots__ if comparable(getattr(asked, name)) != comparable(getattr(live, name))
    )
