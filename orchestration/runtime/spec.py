"""What the runtime should be, what it is, and the step between them. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from orchestration.settings import AGENT_ENTRYPOINT, CODE_RUNTIME, Settings

DIGEST_VARIABLE = "AGENT_ARTIFACT_SHA256"
# The agent binds a session to its first caller, whom it knows from the token alone (docs/decisions, session owner).
FORWARDED = ("Authorization",)


@dataclass(frozen=True, slots=True)
class RuntimeSpec:
    """Every setting that we send. An update replaces everything, so all of it is sent every time.

    Source: AgentCore devguide, runtime-header-allowlist; fields left out are reset, the authorizer above all.
    """

    name: str
    role_arn: str
    authorizer: Mapping[str, Any]
    environment: Mapping[str, str]
    bucket: str
    key: str
    entry_point: tuple[str, ...]
    code_runtime: str
    """These four are empty where an image is shipped."""
    image: str = ""
    """containerUri; empty where code is shipped, and until the first image is built."""
    require_mmds_v2: bool = True
    network_mode: str = "PUBLIC"
    protocol: str = "HTTP"
    request_headers: tuple[str, ...] = ()
    """Headers that reach the agent beside the platform's own."""
    idle_timeout_s: int = 900
    max_lifetime_s: int = 28800
    extras: tuple[str, ...] = ()
    """What we never send and must not be there: file systems, capacity providers, a version held fast."""


@dataclass(frozen=True, slots=True)
class ObservedRuntime:
    """GetAgentRuntime's answer in our words. `spec` holds what is live, `status` as the service names it."""

    id: str
    arn: str
    version: str
    status: str
    failure_reason: str | None
    spec: RuntimeSpec


@dataclass(frozen=True, slots=True)
class Create:
    spec: RuntimeSpec


@dataclass(frozen=True, slots=True)
class Update:
    runtime: ObservedRuntime
    spec: RuntimeSpec
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    runtime: ObservedRuntime


Step = Create | Update | Keep


def desired_spec(settings: Settings, artifact_digest: str) -> RuntimeSpec:
    """The runtime that Terraform's outputs and the settings ask for."""
    environment = {
        "MODEL_PROVIDER": settings.model_provider,
        "MODEL_ID": settings.model_id,
        "MODEL_REGION": settings.outputs.region,
        **settings.model_variables,
        DIGEST_VARIABLE: artifact_digest,
    }
    if settings.outputs.customers:
        environment["CUSTOMERS"] = json.dumps(settings.outputs.customers, sort_keys=True, separators=(",", ":"))
    if settings.outputs.gateway is not None and settings.gateway_url is not None:
        environment |= {
            "GATEWAY_URL": settings.gateway_url,
            "GATEWAY_CREDENTIAL_PROVIDER": settings.outputs.gateway.credential_provider_name,
            "GATEWAY_SCOPE": settings.outputs.gateway.scope,
        }
    code = RuntimeSpec(
        name=settings.outputs.agent_runtime_name,
        role_arn=settings.outputs.runtime_role_arn,
        authorizer=settings.authorizer(),
        environment=environment,
        bucket=settings.outputs.artifact_bucket_name,
        key=f"{settings.outputs.agent_runtime_name}/deployment.zip",
        entry_point=(AGENT_ENTRYPOINT,),
        code_runtime=CODE_RUNTIME,
        request_headers=FORWARDED,
    )
    if settings.outputs.images is None:
        return code
    return replace(code, bucket="", key="", entry_point=(), code_runtime="", image=settings.image)


def spec_digest(spec: RuntimeSpec) -> str:
    """sha256 over everything that is asked for, hexadecimal. Order in lists means nothing."""
    return hashlib.sha256(json.dumps(comparable(asdict(spec)), sort_keys=True).encode()).hexdigest()


def changed_fields(desired: RuntimeSpec, live: RuntimeSpec) -> tuple[str, ...]:
    """Names of the fields in which the live runtime differs. Lists of the authorizer are sets: order means nothing."""
    return tuple(
        name for name in RuntimeSpec.__slots__ if comparable(getattr(desired, name)) != comparable(getattr(live, name))
    )


def next_step(desired: RuntimeSpec, observed: ObservedRuntime | None) -> Step:
    """Create, update or keep. A runtime that is not READY is updated: its last version never came up."""
    if observed is None:
        return Create(desired)
    changed = changed_fields(desired, observed.spec)
    if observed.status != "READY":
        changed = (*changed, "status")
    return Update(observed, desired, changed) if changed else Keep(observed)


def comparable(value: Any) -> Any:
    """The value with its lists in one order."""
    if isinstance(value, Mapping):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return sorted((comparable(item) for item in value), key=repr)
    return value
