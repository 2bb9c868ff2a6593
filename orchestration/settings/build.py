"""Everything that launching and checking need, from outputs and environment. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from orchestration.errors import BadInput, InvalidOutputs
from orchestration.outputs import (
    CLAIM_OPERATORS,
    ClaimRule,
    CognitoOutputs,
    DoorOutputs,
    ProbeOutputs,
    TerraformOutputs,
)
from orchestration.settings.deployment import Deployment, Endpoints, Target, seconds
from orchestration.settings.model import model_id, model_provider, model_variables

QUALIFIER = "DEFAULT"
LOCAL_ACCOUNT = "000000000000"
AGENT_ENTRYPOINT = "main.py"
# What a runtime gives an agent to start (AgentCore devguide: runtime-how-it-works).
INITIALIZATION_S = 120.0
CODE_RUNTIME = "PYTHON_3_12"


@dataclass(frozen=True, slots=True)
class Waits:
    """Deadlines in seconds."""

    launch_s: float
    data_plane_s: float
    request_s: float
    call_s: float
    """One call by a person: long enough that what the runtime says of an agent that does not start comes first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that launching and checking need."""

    deployment: Deployment
    outputs: TerraformOutputs
    endpoints: Endpoints
    model_provider: str
    model_id: str
    model_variables: Mapping[str, str]
    """What the agent is told of its model beside these two."""
    waits: Waits
    gateway_url: str | None = None
    """Where the agent finds its tools; None until that gateway is made, or where there is to be none."""
    image: str = ""
    """The agent's image that was launched, a containerUri; empty until there is one, or where code is shipped."""

    @property
    def cognito(self) -> CognitoOutputs:
        """The project's own pool. Raises BadInput where callers come from another identity provider."""
        if self.outputs.cognito is None:
            raise BadInput(
                f"environment {self.deployment.environment!r} takes its callers from "
                f"{self.outputs.door.discovery_url}: there is no pool here to sign in at",
                remedy="sign in there: invoke login --client <id of your client at that provider>",
                code="no_cognito",
            )
        return self.outputs.cognito

    @property
    def probes(self) -> ProbeOutputs:
        """The identities that are to be refused. Raises BadInput where Terraform made none."""
        if self.outputs.probes is None:
            raise BadInput(
                f"environment {self.deployment.environment!r} has no probes",
                remedy="set probes_enabled = true in its tfvars, then `invoke apply` (not with external_oidc)",
                code="no_probes",
            )
        return self.outputs.probes

    @property
    def token_url(self) -> str:
        return self.endpoints.token_url or self.cognito.token_url

    def authorizer(self) -> dict[str, object]:
        """The runtime's authorizerConfiguration."""
        return authorizer_of(self.outputs.door)

    def invocation_url(self, runtime_arn: str, qualifier: str = QUALIFIER) -> str:
        """InvokeAgentRuntime's URL; the ARN is percent-encoded (AgentCore devguide: runtime-oauth)."""
        return f"{self.endpoints.data_plane}/runtimes/{quote(runtime_arn, safe='')}/invocations?qualifier={qualifier}"


def build_settings(
    deployment: Deployment, outputs: TerraformOutputs, endpoints: Endpoints, env: Mapping[str, str]
) -> Settings:
    """Merge outputs with the caller's environment (passed in, never os.environ). Raises BadInput on a wrong number."""
    if (outputs.environment, outputs.region) != (deployment.environment, deployment.region):
        raise InvalidOutputs(
            f"Terraform's state is of {outputs.environment} in {outputs.region}, "
            f"not of {deployment.environment} in {deployment.region}",
            remedy=f"ENVIRONMENT={outputs.environment} AWS_REGION={outputs.region} invoke status",
        )
    local = deployment.target is Target.LOCAL
    provider = model_provider(env, "scripted" if local else "bedrock")
    return Settings(
        deployment=deployment,
        outputs=outputs,
        endpoints=endpoints,
        model_provider=provider,
        model_id=model_id(env),
        model_variables=model_variables(env, provider),
        waits=Waits(
            launch_s=seconds(env, "LAUNCH_TIMEOUT_S", 120.0 if local else 900.0),
            data_plane_s=seconds(env, "DATA_PLANE_TIMEOUT_S", 30.0 if local else 300.0),
            request_s=seconds(env, "REQUEST_TIMEOUT_S", 30.0 if local else 60.0),
            call_s=seconds(env, "REQUEST_TIMEOUT_S", INITIALIZATION_S + 10.0),
        ),
    )


def authorizer_of(door: DoorOutputs) -> dict[str, object]:
    """authorizerConfiguration as the control plane takes it (botocore model: AuthorizerConfiguration)."""
    rules: dict[str, object] = {"discoveryUrl": door.discovery_url}
    for name, values in (
        ("allowedClients", [client for _, client in sorted(door.allowed_clients.items())]),
        ("allowedScopes", list(door.allowed_scopes)),
        ("allowedAudience", list(door.allowed_audience)),
        ("customClaims", [claim_rule(rule) for rule in door.custom_claims]),
    ):
        if values:
            rules[name] = values
    return {"customJWTAuthorizer": rules}


def claim_rule(rule: ClaimRule) -> dict[str, object]:
    """One of customClaims (botocore model: CustomClaimValidationType)."""
    wanted: dict[str, object] = (
        {"matchValueStringList": list(rule.values)}
        if CLAIM_OPERATORS[rule.type, rule.operator]
        else {"matchValueString": rule.values[0]}
    )
    return {
        "inboundTokenClaimName": rule.name,
        "inboundTokenClaimValueType": rule.type,
        "authorizingClaimMatchValue": {"claimMatchValue": wanted, "claimMatchOperator": rule.operator},
    }
