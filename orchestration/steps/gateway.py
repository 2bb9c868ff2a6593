"""The gateway of the agent's tools: made, found, removed."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.drift import GatewaySeen
from orchestration.errors import Unfit
from orchestration.gateway import (
    GatewayAsked,
    ObservedGateway,
    delete_gateway,
    gateway_name,
    own_gateway,
    targets_of,
)
from orchestration.ledger import GatewayRecord
from orchestration.settings import Endpoints, Settings, owned
from orchestration.steps.terraform import TerraformSteps


@dataclass(frozen=True, slots=True)
class GatewaySteps(TerraformSteps):
    """Keeps the gateway as the outputs ask for it."""

    def gateway(self, settings: Settings) -> tuple[Settings, bool]:
        """Make the gateway what Terraform's outputs ask for, or remove one that they no longer ask for.

        The settings with its URL, and whether anything changed.
        """
        asked, known = self.tools.gateway_asked(settings), self.load_or_new().gateway
        if asked is None:
            return self._with_gateway(settings, None), self._remove_unasked(settings, known)
        with self.saving(), self.console.step("gateway"):
            made = self.tools.gateway_maker(settings).ensure(asked, known, self._record_gateway)
        return self._with_gateway(settings, made.record), bool(made.changed)

    def unasked_gateway(self, settings: Settings) -> ObservedGateway | None:
        """One of ours that Terraform's outputs no longer ask for: recorded, or with our name and our tags."""
        known, outputs = self.load_or_new().gateway, settings.outputs
        control = self.tools.gateways(settings.endpoints)
        live = own_gateway(control, known.name if known else gateway_name(outputs.agent_runtime_name), known)
        if live is None:
            return None
        said = owned(control.tags(live.arn), outputs.project, self.deployment.environment)
        if said or (said is None and known is not None and known.id == live.id):
            return live
        self.console.say(
            f"gateway {live.id} is called like this environment's, and nothing proves that it is: it stays"
        )
        return None

    def _remove_unasked(self, settings: Settings, known: GatewayRecord | None) -> bool:
        live = self.unasked_gateway(settings)
        if live is None and known is None:
            return False
        self.delete_gateway(settings.endpoints, live, self._unasked_provider(settings, known))
        return True

    def _unasked_provider(self, settings: Settings, known: GatewayRecord | None) -> str | None:
        """Its client is gone with the gateway's others. A name proves nothing where its tokens are another pool's."""
        recorded = known.credential_provider if known else None
        name, pool = recorded or gateway_name(settings.outputs.agent_runtime_name), settings.outputs.cognito
        live = self.tools.gateways(settings.endpoints).provider(name)
        if live is None:
            return None
        if live.spec.is_of(pool.user_pool_id) if pool else recorded:
            return name
        self.console.say(f"credential provider {name} is of {live.spec.discovery_url}: it stays")
        return None

    def gateway_seen(self, settings: Settings, asked: GatewayAsked) -> GatewaySeen:
        """The gateway as the control plane has it."""
        control = self.tools.gateways(settings.endpoints)
        live = own_gateway(control, asked.gateway.name, self.load_or_new().gateway)
        provider = control.provider(asked.provider.name)
        return GatewaySeen(
            live,
            targets_of(control, live.id) if live else {},
            provider,
            self.tools.functions(settings.endpoints).get(asked.target.function_arn),
            provider is None or self.tools.gateway_maker(settings).secret_fits(provider),
        )

    def live_gateway(self, endpoints: Endpoints) -> ObservedGateway | None:
        """The gateway that is recorded, as the control plane has it."""
        known = self.load_or_new().gateway
        return self.tools.gateways(endpoints).get(known.id) if known else None

    def gateway_url(self, settings: Settings) -> str:
        """Raises Unfit where there is no gateway."""
        if settings.gateway_url is not None:
            return settings.gateway_url
        wanted = settings.outputs.gateway
        up = self.deployment.command("make up")
        if wanted is not None:
            raise Unfit(f"gateway {wanted.name} is not made", remedy=up, code="no_gateway")
        raise Unfit(
            f"environment {self.deployment.environment!r} has no gateway",
            remedy=f"set gateway_enabled = true in its tfvars (not with external_oidc), then `{up}`",
            code="no_gateway",
        )

    def delete_gateway(self, endpoints: Endpoints, live: ObservedGateway | None, provider: str | None) -> None:
        """Delete just these, and forget what is recorded. Raises Leftovers."""
        control = self.tools.gateways(endpoints)
        if live is not None:
            with self.console.step("delete gateway"):
                delete_gateway(control, live, self.clock, self.console.note, timeout_s=300.0, poll_s=self.poll_s)
        if provider is not None:
            control.delete_provider(provider)
        self._record_gateway(None)

    def _record_gateway(self, record: GatewayRecord | None) -> None:
        ledger = self.load_or_new()
        if ledger.gateway != record:
            self.ledger().save(ledger.with_gateway(record))
