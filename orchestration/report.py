"""Documents for machines: plain dictionaries with a schema_version. No token, no claim, no secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.checks.case import Verdict
from orchestration.checks.run import Outcome, document_of
from orchestration.drift import GatewaySeen
from orchestration.ledger import RuntimeRecord
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec
from orchestration.settings import QUALIFIER, Deployment, Settings, Shipping, Target

SCHEMA_VERSION = 1
SMOKE_SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True)
class SmokeReport:
    """The outcome of `smoke-test`."""

    deployment: Deployment
    runtime_arn: str
    outcomes: Sequence[Outcome]
    elapsed_s: float

    @property
    def ok(self) -> bool:
        """No verdict is wrong, and there is one: what was skipped proves nothing."""
        ran = [outcome for outcome in self.outcomes if outcome.skipped is None]
        return bool(ran) and all(outcome.ok for outcome in ran)

    @property
    def opened(self) -> bool:
        """Whether anybody was let in; where it was looked up what reached the agent, a good call was."""
        return any(o.verdict is Verdict.ADMITTED or o.reached is not None for o in self.outcomes if o.ok)

    @property
    def passed(self) -> int:
        return sum(outcome.ok for outcome in self.outcomes)

    @property
    def failed(self) -> list[str]:
        return [outcome.case.id for outcome in self.outcomes if not outcome.ok and outcome.skipped is None]

    @property
    def skipped(self) -> list[str]:
        return [outcome.case.id for outcome in self.outcomes if outcome.skipped is not None]

    def document(self) -> dict[str, Any]:
        """docs/schemas/result.schema.json."""
        return {
            "schema_version": SMOKE_SCHEMA_VERSION,
            "target": self.deployment.target.value,
            "environment": self.deployment.environment,
            "runtime_arn": self.runtime_arn,
            "ok": self.ok,
            "passed": self.passed,
            "failed": self.failed,
            "skipped": self.skipped,
            "elapsed_s": round(self.elapsed_s, 3),
            "cases": [document_of(outcome) for outcome in self.outcomes],
        }


def deployment_document(
    settings: Settings,
    runtime: ObservedRuntime | None,
    gateway: GatewaySeen | None = None,
    serving: str | None = None,
    launched: RuntimeRecord | None = None,
) -> dict[str, Any]:
    """What `status` and `outputs` print: docs/schemas/status.schema.json.

    The authorizer is the live one where a runtime is given, else the desired. `gateway`: None where none is to be.
    `serving`: the version that answers callers; an older one where the newest failed. `launched`: as it is recorded.
    """
    outputs = settings.outputs
    live = runtime.spec.authorizer if runtime else settings.authorizer()
    rules = live.get("customJWTAuthorizer")
    return {
        "schema_version": SCHEMA_VERSION,
        "target": settings.deployment.target.value,
        "environment": settings.deployment.environment,
        "region": outputs.region,
        "account": outputs.account_id,
        "endpoints": {
            "aws": settings.endpoints.aws,
            "control_plane": settings.endpoints.control_plane,
            "data_plane": settings.endpoints.data_plane,
        },
        "runtime": {
            "name": outputs.agent_runtime_name,
            "id": runtime.id if runtime else None,
            "arn": runtime.arn if runtime else None,
            "version": runtime.version if runtime else None,
            "serving_version": serving,
            "status": runtime.status if runtime else None,
            "failure_reason": runtime.failure_reason if runtime else None,
            "endpoint": QUALIFIER,
            "invocation_url": settings.invocation_url(runtime.arn) if runtime else None,
        },
        "artifact": runtime and _artifact(settings, runtime.spec, launched),
        "authorizer": _authorizer(rules),
        "gateway": gateway and _gateway(settings, gateway),
        "cognito": outputs.cognito
        and {
            "user_pool_id": outputs.cognito.user_pool_id,
            "user_client_id": outputs.cognito.user_client_id,
            "machine_client_id": outputs.cognito.machine_client_id,
            "token_url": settings.token_url,
        },
    }


def _artifact(settings: Settings, live: RuntimeSpec, launched: RuntimeRecord | None) -> dict[str, Any]:
    """What the live runtime runs. Digests are those of what was launched: of another image nobody here knows any."""
    known = launched if launched and live.image and launched.image == live.image else None
    runs = "the image" if live.image else "the package"
    if live.image and settings.deployment.target is Target.LOCAL:
        runs = "the source that the image was to be built from: no image is built on the local target"
    return {
        "deployment": (Shipping.CONTAINER if live.image else Shipping.CODE).value,
        "package": None if live.image else f"s3://{live.bucket}/{live.key}",
        "image": live.image or None,
        "image_digest": known.image_digest if known else None,
        "source_digest": known.source_digest if known else None,
        "runs": runs,
    }


def _gateway(settings: Settings, seen: GatewaySeen) -> dict[str, Any]:
    """As it is live; what was not made is null."""
    wanted, live = settings.outputs.gateway, seen.gateway
    return {
        "name": wanted.name if wanted else None,
        "id": live.id if live else None,
        "arn": live.arn if live else None,
        "status": live.status if live else None,
        "failure_reason": "; ".join(live.reasons) or None if live else None,
        "url": live.url if live else None,
        "role_arn": live.spec.role_arn if live else None,
        "authorizer": _authorizer(live.spec.authorizer.get("customJWTAuthorizer")) if live else None,
        "targets": {
            name: {
                "id": target.id,
                "status": target.status,
                "function_arn": target.spec.function_arn or None,
                "tools": [str(tool["name"]) for tool in target.spec.tools],
            }
            for name, target in sorted(seen.targets.items())
        },
        "credential_provider": seen.provider.spec.name if seen.provider else None,
    }


def _authorizer(rules: Any) -> dict[str, Any] | None:
    """None means that the runtime has no JWT authorizer: it takes IAM callers."""
    if not rules:
        return None
    return {
        "discovery_url": rules.get("discoveryUrl"),
        "allowed_clients": list(rules.get("allowedClients", [])),
        "allowed_audience": list(rules.get("allowedAudience", [])),
        "allowed_scopes": list(rules.get("allowedScopes", [])),
        "custom_claims": list(rules.get("customClaims", [])),
    }
