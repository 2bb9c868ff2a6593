"""Stand-ins for what making a gateway is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestration.gateway import (
    FunctionSpec,
    GatewayAsked,
    GatewaySpec,
    ObservedGateway,
    ObservedProvider,
    ObservedTarget,
    ProviderSpec,
    TargetSpec,
    asked_of,
    load_tools,
)
from orchestration.ledger import GatewayRecord
from tests.fakes.orchestration import CLIENT_SECRET, GATEWAY, GATEWAY_ARN, GATEWAY_ID, GATEWAY_URL, settings

ROOT = Path(__file__).resolve().parents[2]
TARGET_ID = "Ab12Cd34Ef"
PROVIDER_ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/x"
RECORD = GatewayRecord("mortgage-dev-gateway", GATEWAY_ID, GATEWAY_ARN, GATEWAY_URL, TARGET_ID, "mortgage-dev-gateway")


def asked(**changes: Any) -> GatewayAsked:
    """What the outputs of tests.fakes.orchestration ask for, changed."""
    found = asked_of(settings(**{**GATEWAY, **changes}), load_tools(ROOT))
    assert found is not None
    return found


def observed_gateway(**changes: Any) -> ObservedGateway:
    """READY and as it was asked for, changed."""
    return replace(ObservedGateway(GATEWAY_ID, GATEWAY_ARN, GATEWAY_URL, "READY", (), asked().gateway), **changes)


def observed_target(**changes: Any) -> ObservedTarget:
    return replace(ObservedTarget(TARGET_ID, "READY", (), asked().target), **changes)


def observed_provider(**changes: Any) -> ObservedProvider:
    return replace(ObservedProvider(PROVIDER_ARN, "READY", asked().provider), **changes)


@dataclass
class FakeGateways:
    """One gateway at most. `settling`: statuses shown by the next looks at the gateway, one each, before its own."""

    live: ObservedGateway | None = None
    behind: dict[str, ObservedTarget] = field(default_factory=dict)
    held: ObservedProvider | None = None
    settling: list[str] = field(default_factory=list)
    ends_as: str = "READY"
    reasons: tuple[str, ...] = ()
    alters: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the gateway that come out otherwise than they were sent."""
    calls: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    kept: str = CLIENT_SECRET
    """The secret that the credential provider has."""
    labels: dict[str, str] = field(default_factory=dict)
    """Tags of the gateway."""

    def get(self, gateway_id: str) -> ObservedGateway | None:
        if self.live is None or self.live.id != gateway_id:
            return None
        return replace(self.live, status=self.settling.pop(0)) if self.settling else self.live

    def find(self, name: str) -> ObservedGateway | None:
        self.calls.append(f"find {name}")
        return self.get(self.live.id) if self.live and self.live.spec.name == name else None

    def tags(self, arn: str) -> dict[str, str]:
        return dict(self.labels) if self.live and self.live.arn == arn else {}

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        self.calls.append("tag")
        self.labels |= tags

    def create(self, spec: GatewaySpec, tags: Mapping[str, str]) -> ObservedGateway:
        self.calls.append(f"create {spec.name}")
        self.labels = dict(tags)
        made = replace(spec, **self.alters)
        self.live = observed_gateway(spec=made, status=self.ends_as, reasons=self.reasons)
        return replace(self.live, status="CREATING")

    def update(self, gateway_id: str, spec: GatewaySpec) -> None:
        self.calls.append(f"update {gateway_id}")
        self.live = observed_gateway(spec=spec)

    def delete(self, gateway_id: str) -> None:
        assert not self.behind, "the service deletes no gateway that has targets"
        self.calls.append(f"delete {gateway_id}")
        self.live = None

    def targets(self, gateway_id: str) -> dict[str, str]:
        return {name: target.id for name, target in self.behind.items()}

    def target(self, gateway_id: str, target_id: str) -> ObservedTarget | None:
        return next((target for target in self.behind.values() if target.id == target_id), None)

    def create_target(self, gateway_id: str, spec: TargetSpec) -> str:
        assert self.live and self.live.status == "READY", "the service takes targets of a READY gateway alone"
        self.calls.append(f"create_target {spec.name}")
        self.behind[spec.name] = observed_target(spec=spec)
        return TARGET_ID

    def update_target(self, gateway_id: str, target_id: str, spec: TargetSpec) -> None:
        self.calls.append(f"update_target {target_id}")
        self.behind[spec.name] = observed_target(spec=spec)

    def delete_target(self, gateway_id: str, target_id: str) -> None:
        self.calls.append(f"delete_target {target_id}")
        self.behind = {name: target for name, target in self.behind.items() if target.id != target_id}

    def provider(self, name: str) -> ObservedProvider | None:
        return self.held if self.held and self.held.spec.name == name else None

    def keeps(self, provider: ObservedProvider, secret: str) -> bool:
        return secret == self.kept

    def create_provider(self, spec: ProviderSpec, secret: str, tags: Mapping[str, str]) -> None:
        self.calls.append(f"create_provider {spec.name}")
        self.secrets.append(secret)
        self.kept = secret
        self.held = observed_provider(spec=spec)

    def update_provider(self, spec: ProviderSpec, secret: str) -> None:
        self.calls.append(f"update_provider {spec.name}")
        self.secrets.append(secret)
        self.kept = secret
        self.held = observed_provider(spec=spec)

    def delete_provider(self, name: str) -> None:
        self.calls.append(f"delete_provider {name}")
        self.held = None


@dataclass
class FakeFunctions:
    """One function; as it was asked for, changed."""

    live: FunctionSpec | None = field(default_factory=lambda: asked().function)
    calls: list[str] = field(default_factory=list)
    stubborn: bool = False
    """What is taken away stays."""

    def get(self, arn: str) -> FunctionSpec | None:
        return self.live if arn == asked().target.function_arn else None

    def put_code(self, arn: str, package: bytes) -> None:
        self.calls.append(f"put_code {package.decode()}")
        assert self.live is not None
        self.live = replace(self.live, code_sha256=asked().function.code_sha256)

    def remove_permission(self, arn: str, sid: str) -> None:
        self.calls.append(f"remove_permission {sid}")
        self._without("permissions", sid)

    def remove_url(self, called: str) -> None:
        self.calls.append(f"remove_url {called}")
        self._without("urls", called)

    def _without(self, ways: str, one: str) -> None:
        assert self.live is not None
        left: Any = {key: told for key, told in getattr(self.live, ways).items() if key != one}
        self.live = self.live if self.stubborn else replace(self.live, **{ways: left})


def standing() -> FakeGateways:
    """Everything there and as it was asked for."""
    return FakeGateways(observed_gateway(), {"credit-check": observed_target()}, observed_provider())
