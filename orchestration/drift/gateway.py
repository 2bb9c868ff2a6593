"""The live gateway, its targets and its credential provider against what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from orchestration.drift.differences import Drift, Level, differences
from orchestration.drift.launched import authorizer_drifts
from orchestration.gateway import (
    FunctionSpec,
    GatewayAsked,
    ObservedGateway,
    ObservedProvider,
    ObservedTarget,
    differing,
)
from orchestration.gateway.spec import Spec


@dataclass(frozen=True, slots=True)
class GatewaySeen:
    """What is live; `targets` by name."""

    gateway: ObservedGateway | None
    targets: Mapping[str, ObservedTarget]
    provider: ObservedProvider | None
    function: FunctionSpec | None
    secret_fits: bool
    """Whether the credential provider, if there is one, keeps its client's secret."""


def gateway_drifts(asked: GatewayAsked, seen: GatewaySeen) -> Iterator[Drift]:
    """A row for each field that is not as it was asked for. Whoever may call, and what a call does, is critical."""
    where = f"gateway {asked.gateway.name}"
    if seen.gateway is None:
        yield Drift(where, "gateway", "there", None)
    else:
        yield from _status(where, seen.gateway.status)
        yield from _rows(where, asked.gateway, seen.gateway.spec)
        yield from _targets(where, asked, seen)
    if seen.provider is None:
        yield Drift(f"credential provider {asked.provider.name}", "credential provider", "there", None)
    else:
        place = f"credential provider {asked.provider.name}"
        yield from _rows(place, asked.provider, seen.provider.spec)
        if not seen.secret_fits:
            yield Drift(place, "secret", "its client's", "another")
    yield from _function(asked, seen.function)


def stray_gateway(name: str) -> Drift:
    """One that Terraform's outputs do not ask for: a way to the function that nobody watches."""
    return Drift(f"gateway {name}", "gateway", None, "there", level=Level.CRITICAL)


def _targets(where: str, asked: GatewayAsked, seen: GatewaySeen) -> Iterator[Drift]:
    for name, target in sorted(seen.targets.items()):
        if name != asked.target.name:
            function = target.spec.function_arn or "no function"
            yield Drift(f"{where} target {name}", "target", None, function, level=Level.CRITICAL)
    own = seen.targets.get(asked.target.name)
    place = f"{where} target {asked.target.name}"
    if own is None:
        yield Drift(place, "target", "there", None)
        return
    yield from _status(place, own.status)
    yield from _rows(place, asked.target, own.spec)


def _function(asked: GatewayAsked, live: FunctionSpec | None) -> Iterator[Drift]:
    where = f"function {asked.target.function_arn.rpartition(':')[2]}"
    if live is None:
        yield Drift(where, "function", "there", None)
    else:
        yield from _rows(where, asked.function, live)


def _status(where: str, status: str) -> Iterator[Drift]:
    if status != "READY":
        yield Drift(where, "status", "READY", status)


def _rows(where: str, asked: Spec, live: Spec) -> Iterator[Drift]:
    for name in differing(asked, live):
        was, now = getattr(asked, name), getattr(live, name)
        rows = authorizer_drifts(where, was, now) if name == "authorizer" else differences(where, was, now, name)
        for drift in rows:
            yield replace(drift, level=Level.CRITICAL)
