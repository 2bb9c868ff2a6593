"""Stand-ins for what the orchestration is given: a clock, a control plane, the toolkit, an identity provider."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestration.errors import LaunchFailed, TokenRefused
from orchestration.outputs import ImageOutputs, TerraformOutputs, parse_outputs
from orchestration.runtime.launch import Shipped
from orchestration.runtime.lifecycle import Note
from orchestration.runtime.package import StagedAgent
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec, desired_spec
from orchestration.settings import Deployment, Endpoints, Settings, Target, build_settings
from orchestration.tokens import UserTokens

RUNTIME_ID = "mortgage_dev-Ab12Cd34Ef"
RUNTIME_ARN = f"arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/{RUNTIME_ID}"
REPOSITORY = "000000000000.dkr.ecr.us-east-1.amazonaws.com/mortgage-dev"
IMAGE = f"{REPOSITORY}:20261123-101112-131-{'5' * 64}"
IMAGES: Mapping[str, Any] = {"ecr_repository_url": REPOSITORY, "image_project_name": "mortgage-dev-image"}
GATEWAY_ID = "mortgage-dev-gateway-ab12cd34ef"
GATEWAY_ARN = f"arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/{GATEWAY_ID}"
GATEWAY_URL = f"http://127.0.0.1:8082/gateways/{GATEWAY_ID}/mcp"
PASSWORD = "pass-word-of-the-caller"
CLIENT_SECRET = "secret-of-the-machine"
DISCOVERY_URL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool/.well-known/openid-configuration"

PLAIN: Mapping[str, str] = {
    "project": "mortgage",
    "environment": "dev",
    "region": "us-east-1",
    "account_id": "000000000000",
    "partition": "aws",
    "agent_runtime_name": "mortgage_dev",
    "runtime_role_arn": "arn:aws:iam::000000000000:role/mortgage-dev-runtime",
    "invoker_policy_arn": "arn:aws:iam::000000000000:policy/mortgage-dev-invoker",
    "artifact_bucket_name": "mortgage-dev-artifacts",
    "deletion_protection": "false",
}
DOOR: Mapping[str, Any] = {
    "authorizer_discovery_url": DISCOVERY_URL,
    "authorizer_allowed_clients": {"machine": "client-of-machines", "user": "client-of-people"},
    "authorizer_allowed_audience": [],
    "authorizer_allowed_scopes": [],
    "authorizer_custom_claims": [],
}
COGNITO: Mapping[str, str] = {
    "cognito_user_pool_id": "us-east-1_pool",
    "cognito_domain_prefix": "mortgage-dev",
    "cognito_token_url": "https://mortgage-dev.auth.us-east-1.amazoncognito.com/oauth2/token",
    "cognito_scope": "agent/invoke",
    "cognito_user_client_id": "client-of-people",
    "cognito_machine_client_id": "client-of-machines",
    "caller_username": "caller@example.com",
    "caller_password_secret_arn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:caller-AbCdEf",
}
PROBES: Mapping[str, str] = {
    "probe_outsider_client_id": "client-of-outsiders",
    "probe_outsider_machine_client_id": "client-of-outside-machines",
    "probe_machine_client_id": "client-of-probing-machines",
    "probe_scope": "probe/call",
    "probe_scope_longer": "probe/call-more",
    "probe_scope_other": "probe/other",
    "probe_group": "mortgage-dev-probe",
    "probe_second_username": "second@example.com",
    "probe_second_password_secret_arn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:second-AbCdEf",
    "probe_other_user_pool_id": "us-east-1_other",
    "probe_other_discovery_url": DISCOVERY_URL.replace("us-east-1_pool", "us-east-1_other"),
    "probe_other_client_id": "client-of-the-other-pool",
    "probe_invoker_role_arn": "arn:aws:iam::000000000000:role/mortgage-dev-probe-invoker",
    "probe_stranger_role_arn": "arn:aws:iam::000000000000:role/mortgage-dev-probe-stranger",
    "probe_elsewhere_role_arn": "arn:aws:iam::000000000000:role/mortgage-dev-probe-elsewhere",
}
GATEWAY: Mapping[str, Any] = {
    "gateway_name": "mortgage-dev-gateway",
    "gateway_role_arn": "arn:aws:iam::000000000000:role/mortgage-dev-gateway",
    "gateway_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:mortgage-dev-credit-check",
    "gateway_client_id": "client-of-the-agent",
    "gateway_scope": "gateway/invoke",
    "gateway_function": {
        "code_sha256": "qzJvFt7FM7plE5lJJGWBwBa51Md9DeAEbmX0jldTcqM=",
        "handler": "credit_check.handler.handle",
        "role_arn": "arn:aws:iam::000000000000:role/mortgage-dev-credit-check",
        "runtime": "python3.13",
    },
    "gateway_credential_provider_name": "mortgage-dev-gateway",
    "gateway_authorizer": {
        "discovery_url": DISCOVERY_URL,
        "allowed_clients": {"gateway": "client-of-the-agent"},
        "allowed_audience": [],
        "allowed_scopes": ["gateway/invoke"],
        "custom_claims": [],
    },
    "probe_gateway_outsider_client_id": "client-of-the-gateways-outsiders",
}
# Not in states that are older than they are.
CUSTOMERS: Mapping[str, Any] = {
    "customers": {"subject-of-the-caller": "1234"},
    "customers_scope": "agent/act-for-customers",
}
OUTPUTS: Mapping[str, Any] = {**PLAIN, **DOOR, **COGNITO, **PROBES}
LOCAL_ENDPOINTS = Endpoints(
    aws="http://127.0.0.1:4566",
    control_plane="http://127.0.0.1:8081",
    data_plane="http://127.0.0.1:8082",
    token_url="http://127.0.0.1:4566/oauth2/token",
)


class FakeClock:
    """Sleeping takes no time and moves the clock. `on_sleep` sees each wait."""

    def __init__(self, on_sleep: Callable[[float], None] = lambda seconds: None) -> None:
        self.time = 1000.0
        self.slept: list[float] = []
        self._on_sleep = on_sleep

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        self._on_sleep(seconds)


def raw_outputs(**changes: Any) -> dict[str, dict[str, Any]]:
    """`terraform output -json` with values changed. Like Terraform's, it does not show an output that is null."""
    values = {"handoff_version": 2, **OUTPUTS, **CUSTOMERS, **changes}
    return {
        name: {"value": value, "type": "string", "sensitive": False}
        for name, value in values.items()
        if value is not None
    }


def outputs(**changes: Any) -> TerraformOutputs:
    """The outputs above with values changed; None takes one away."""
    return parse_outputs(raw_outputs(**changes))


def without(*groups: Mapping[str, str]) -> dict[str, Any]:
    """Changes that take groups of outputs away, e.g. without(PROBES)."""
    return {name: None for group in groups for name in group}


def deployment(root: Path = Path("/nowhere"), target: Target = Target.LOCAL, environment: str = "dev") -> Deployment:
    return Deployment(target, environment, "us-east-1", root)


def settings(
    root: Path = Path("/nowhere"),
    env: Mapping[str, str] | None = None,
    target: Target = Target.LOCAL,
    endpoints: Endpoints = LOCAL_ENDPOINTS,
    **changes: Any,
) -> Settings:
    """Settings of the outputs above, changed."""
    return build_settings(deployment(root, target), outputs(**changes), endpoints, env or {})


def spec(**changes: Any) -> RuntimeSpec:
    """What the settings above ask for, changed."""
    return replace(desired_spec(settings(), "digest-1"), **changes)


def observed(live: RuntimeSpec | None = None, **changes: Any) -> ObservedRuntime:
    """A READY runtime with the good spec, changed."""
    runtime = ObservedRuntime(
        id=RUNTIME_ID,
        arn=RUNTIME_ARN,
        version="1",
        status="READY",
        failure_reason=None,
        spec=live or spec(),
    )
    return replace(runtime, **changes)


@dataclass
class FakeControl:
    """One runtime at most. `statuses` are shown by the next gets, one each, before the runtime's own."""

    live: ObservedRuntime | None = None
    statuses: list[str] = field(default_factory=list)
    after_update: list[str] = field(default_factory=list)
    keeps_mmds_off: bool = False
    starts_with_mmds_off: bool = False
    gets_until_deleted: int = 0
    calls: list[str] = field(default_factory=list)
    endpoints: dict[str, str] = field(default_factory=dict)
    versions: dict[str, ObservedRuntime] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """Tags by ARN."""
    serves: str | None = None
    """Version that DEFAULT answers with, if not the runtime's newest."""
    _deleted: bool = False

    def get(self, runtime_id: str, version: str | None = None) -> ObservedRuntime | None:
        if version is not None:
            return self.versions.get(version)
        self.calls.append(f"get {runtime_id}")
        if self._deleted:
            if self.gets_until_deleted <= 0:
                self.live = None
            self.gets_until_deleted -= 1
        if self.live is None or self.live.id != runtime_id:
            return None
        return replace(self.live, status=self.statuses.pop(0)) if self.statuses else self.live

    def find(self, name: str) -> ObservedRuntime | None:
        self.calls.append(f"find {name}")
        found = self.live is not None and self.live.spec.name == name
        return self.get(self.live.id) if found and self.live else None

    def names(self) -> dict[str, str]:
        return {self.live.spec.name: self.live.id} if self.live else {}

    def tags(self, arn: str) -> dict[str, str]:
        return dict(self.labels.get(arn, {}))

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        self.labels[arn] = self.tags(arn) | dict(tags)

    def create(self, spec: RuntimeSpec, tags: Mapping[str, str]) -> tuple[str, str]:
        self.calls.append(f"create {spec.name}")
        self.tag(RUNTIME_ARN, tags)
        sent = replace(spec, require_mmds_v2=False) if self.starts_with_mmds_off else spec
        self.live = observed(sent)
        return RUNTIME_ID, RUNTIME_ARN

    def update(self, runtime: ObservedRuntime, spec: RuntimeSpec) -> None:
        self.calls.append(f"update {runtime.id}")
        sent = replace(spec, require_mmds_v2=False) if self.keeps_mmds_off else spec
        self.live = replace(runtime, spec=sent, status="READY")
        self.statuses = list(self.after_update)

    def serving(self, runtime_id: str) -> str | None:
        return self.live.version if self.live and self.serves is None else self.serves

    def other_endpoints(self, runtime_id: str) -> dict[str, str]:
        return dict(self.endpoints)

    def resource_policy(self, arn: str) -> str | None:
        return self.policies.get(arn)

    def delete_endpoint(self, runtime_id: str, name: str) -> None:
        self.calls.append(f"delete_endpoint {name}")
        del self.endpoints[name]

    def delete(self, runtime_id: str) -> None:
        self.calls.append(f"delete {runtime_id}")
        self._deleted = True


@dataclass
class FakeDeployer:
    """The toolkit: what it launches becomes the control plane's runtime, as `made_of` alters it."""

    control: FakeControl
    made_of: Callable[[RuntimeSpec], RuntimeSpec] = lambda spec: spec
    statuses: list[str] = field(default_factory=list)
    launched: list[tuple[RuntimeSpec, StagedAgent]] = field(default_factory=list)
    fails: bool = False
    """After the runtime came into being."""

    def launch(self, spec: RuntimeSpec, staged: StagedAgent, images: ImageOutputs | None, note: Note) -> Shipped:
        self.launched.append((spec, staged))
        made = Shipped(RUNTIME_ID, RUNTIME_ARN)
        if images is not None:
            made = replace(made, image=IMAGE, image_digest="sha256:1", source_digest="5" * 64)
        sent = self.made_of(replace(spec, image=made.image))
        self.control.live = observed(sent, version=str(len(self.launched)))
        self.control.statuses = list(self.statuses)
        if self.fails:
            raise LaunchFailed("it did not get READY", remedy="invoke logs")
        return made


@dataclass
class FakeIdentityProvider:
    """Two pools. Everybody begins with `pool_password` (None: none was set); a wrong one is refused."""

    secret_password: str = PASSWORD
    pool_password: str | None = PASSWORD
    calls: list[str] = field(default_factory=list)
    given: dict[tuple[str, str], str] = field(default_factory=dict)

    def secret(self, secret_arn: str) -> str:
        self.calls.append(f"secret {secret_arn}")
        return self.secret_password

    def sign_in(self, client_id: str, username: str, password: str) -> UserTokens:
        self.calls.append(f"sign_in {client_id} {username}")
        other = client_id == PROBES["probe_other_client_id"]
        pool_id = PROBES["probe_other_user_pool_id"] if other else COGNITO["cognito_user_pool_id"]
        if password != self._password(pool_id, username):
            raise TokenRefused("wrong password", remedy="none")
        return UserTokens(jwt(client_id=client_id), jwt(aud=client_id), refresh=jwt(token_use="refresh"))

    def client_secret(self, pool_id: str, client_id: str) -> str:
        self.calls.append(f"client_secret {pool_id} {client_id}")
        return CLIENT_SECRET

    def is_confirmed(self, pool_id: str, username: str) -> bool:
        return self._password(pool_id, username) is not None

    def set_password(self, pool_id: str, username: str, password: str) -> None:
        self.calls.append(f"set_password {pool_id} {username}")
        self.given[pool_id, username] = password

    def _password(self, pool_id: str, username: str) -> str | None:
        return self.given.get((pool_id, username), self.pool_password)


def jwt(**claims: Any) -> str:
    """A compact JWT with a signature that nobody made."""
    return f"{segment({'alg': 'RS256', 'kid': 'k1'})}.{segment({'sub': 'u1', 'username': 'ann', **claims})}.c2lnbmVk"


def segment(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, Any]:
    """The JSON object in one part of a compact JWT."""
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


def answer(text: str = "The credit score of customer 1234 is 742.") -> str:
    """The agent's answer as the data plane hands it on."""
    return json.dumps({"result": {"role": "assistant", "content": [{"text": text}]}})
