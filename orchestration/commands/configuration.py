"""Looks at the doors of a run as the control plane has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestration.checks.case import Door
from orchestration.checks.configuration import Configured, gateway_outcome, outcome_of
from orchestration.checks.outcome import Outcome
from orchestration.commands.abreast import side_by_side
from orchestration.drift import GatewaySeen
from orchestration.gateway import GatewayAsked
from orchestration.runtime.lifecycle import RuntimeControl, pinned_endpoints
from orchestration.runtime.spec import DIGEST_VARIABLE, ObservedRuntime, RuntimeSpec, desired_spec
from orchestration.settings import Settings


@dataclass(frozen=True, slots=True)
class Configurations:
    """`specs`: what was asked of the doors beside the deployment's own."""

    control: RuntimeControl
    settings: Settings
    specs: Mapping[Door, RuntimeSpec]
    gateway: Callable[[], tuple[GatewayAsked, GatewaySeen]] | None = None
    """What was asked of the gateway, and what is live; None where there is to be none."""

    def outcomes(self, doors: Mapping[Door, str]) -> list[Outcome]:
        """One verdict for each door {door: runtime ARN, or the gateway's URL}, in their order."""

        def outcome(door: Door) -> Outcome:
            if door is Door.GATEWAY and self.gateway is not None:
                return gateway_outcome(*self.gateway())
            return outcome_of(self._configured(door, doors[door]))

        return list(side_by_side(outcome, doors).values())

    def _configured(self, door: Door, runtime_arn: str) -> Configured:
        runtime_id = runtime_arn.rpartition("/")[2]
        live = self.control.get(runtime_id)
        asked = self.specs[door] if door in self.specs else self._main(live)
        endpoints = pinned_endpoints(self.control, runtime_id) if live else {}
        return Configured(door, asked, live, endpoints)

    def _main(self, live: ObservedRuntime | None) -> RuntimeSpec:
        """What the launch would ask for; whether the agent's files have changed since is drift's to say."""
        return desired_spec(self.settings, live.spec.environment.get(DIGEST_VARIABLE, "") if live else "")
