"""Brings the gateway, its credential provider and its target from what they are to what they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from orchestration.clock import Clock
from orchestration.errors import GateRefused, LaunchFailed
from orchestration.gateway.function import FunctionKeeper
from orchestration.gateway.lifecycle import (
    DELETING,
    FAILED,
    READY,
    GatewayControl,
    Note,
    delete_gateway,
    own_gateway,
    remove_target,
    wait_ready,
)
from orchestration.gateway.spec import GatewayAsked, ObservedGateway, ObservedProvider, ObservedTarget, differing
from orchestration.ledger import GatewayRecord
from orchestration.settings import owned, refuse_another

Made = Callable[[GatewayRecord], None]
ANOTHERS = (
    "if it is yours, `aws bedrock-agentcore-control delete-gateway` (delete-gateway-target before it) or "
    "delete-oauth2-credential-provider, else choose another project or environment name"
)
"""What to do about one that is called like ours without a proof."""


@dataclass(frozen=True, slots=True)
class MadeGateway:
    """The gateway as it is recorded; `changed` names what was made or altered."""

    record: GatewayRecord
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GatewayMaker:
    """Makes the gateway of one deployment. `secret` fetches the secret of the agent's client when it is needed."""

    control: GatewayControl
    functions: FunctionKeeper
    secret: Callable[[str], str]
    """client id -> its secret; never kept."""
    clock: Clock
    note: Note
    timeout_s: float
    poll_s: float

    def ensure(self, asked: GatewayAsked, known: GatewayRecord | None, made: Made) -> MadeGateway:
        """Create, update or keep each part. `made` is told after each, so that an interrupt forgets nothing.

        Raises LaunchFailed; GateRefused for a gateway or a credential provider of somebody else's, and for a gateway
        whose kind of authorizer cannot be changed in place.
        """
        changed = list(self.functions.ensure(asked.target.function_arn, asked.function))
        live = self._gateway(asked, known, made, changed)
        record = GatewayRecord(live.spec.name, live.id, live.arn, live.url)
        if known is not None and known.id == live.id:
            record = replace(record, target_id=known.target_id, credential_provider=known.credential_provider)
        made(record)
        changed += self._provider(asked, known)
        record = replace(record, credential_provider=asked.provider.name)
        made(record)
        if changed or live.status != READY:
            self._ready(live.id)
        changed += self._strays(asked, live.id)
        target_id, settled = self._target(asked, live.id, changed)
        record = replace(record, target_id=target_id)
        made(record)
        if changed or not settled:
            self._check(asked, live.id, target_id)
        return MadeGateway(record, tuple(changed))

    def _gateway(
        self, asked: GatewayAsked, known: GatewayRecord | None, made: Made, changed: list[str]
    ) -> ObservedGateway:
        spec = asked.gateway
        found = own_gateway(self.control, spec.name, known)
        if found is not None and (known is None or known.id != found.id):
            self._refuse_another(asked, found)
        live = self._settled(found)
        if live is None:
            self.note(f"gateway {spec.name}: creating")
            changed.append("gateway created")
            return self.control.create(spec, asked.tags)
        if live.spec.authorizer_type != spec.authorizer_type:
            raise GateRefused(
                f"gateway {live.id} has the authorizer type {live.spec.authorizer_type}, "
                f"which the service changes to {spec.authorizer_type} for no gateway that is there",
                remedy="`invoke gateway.remove`, which ends its URL, then `make up` makes it anew",
                code="authorizer_type_fixed",
            )
        fields = differing(spec, live.spec)
        if fields or live.status in FAILED:
            names = fields or ("status",)
            self.note(f"gateway {spec.name}: {', '.join(names)}")
            changed += [f"gateway {name}" for name in names]
            self.control.update(live.id, spec)
        return live

    def _refuse_another(self, asked: GatewayAsked, live: ObservedGateway) -> None:
        """A name proves nothing. Ours is what the ledger knows, has our tags, or has our role."""
        tags = self.control.tags(live.arn)
        refuse_another(f"gateway {live.id}", tags, asked.project, asked.environment)
        if owned(tags, asked.project, asked.environment) is None:
            if live.spec.role_arn != asked.gateway.role_arn:
                raise GateRefused(
                    f"gateway {live.id} is called like this environment's, but has neither its tags nor its role: "
                    f"{live.spec.role_arn or 'none'}",
                    remedy=ANOTHERS,
                    code="of_another",
                )
            self.control.tag(live.arn, asked.tags)

    def _settled(self, live: ObservedGateway | None) -> ObservedGateway | None:
        """Waits for what is going on; None for what goes away or never came up, which is removed first."""
        deadline = self.clock.monotonic() + self.timeout_s
        while live is not None and live.status not in FAILED | {READY} and self.clock.monotonic() < deadline:
            self.clock.sleep(self.poll_s)
            live = self.control.get(live.id)
        if live is not None and live.status == "FAILED":
            self.note(f"gateway {live.id} never came up: making it anew")
            waits = {"timeout_s": self.timeout_s, "poll_s": self.poll_s}
            delete_gateway(self.control, live, self.clock, self.note, **waits)
            return None
        return None if live is not None and live.status == DELETING else live

    def _provider(self, asked: GatewayAsked, known: GatewayRecord | None) -> Iterator[str]:
        spec, secret = asked.provider, self.secret(asked.provider.client_id)
        live = self.control.provider(spec.name)
        if live is None:
            self.control.create_provider(spec, secret, asked.tags)
            yield "credential provider created"
            return
        fields = differing(spec, live.spec)
        recorded = known is not None and known.credential_provider == spec.name
        if "client_id" in fields and not recorded:
            # A client is of one user pool alone, so it says whose the provider is; its tags nobody can ask for.
            raise GateRefused(
                f"credential provider {spec.name} is of another client: {live.spec.client_id or 'none'}",
                remedy=ANOTHERS,
                code="of_another",
            )
        if not fields and not self.control.keeps(live, secret):
            fields = ("secret",)
        if fields:
            self.note(f"credential provider {spec.name}: {', '.join(fields)}")
            self.control.update_provider(spec, secret)
            yield from (f"credential provider {name}" for name in fields)

    def secret_fits(self, provider: ObservedProvider) -> bool:
        """Whether a credential provider keeps the secret of its client."""
        return self.control.keeps(provider, self.secret(provider.spec.client_id))

    def _strays(self, asked: GatewayAsked, gateway_id: str) -> Iterator[str]:
        """Removes targets that nobody asked for: each is a way to call something else with the gateway's role."""
        for name, target_id in sorted(self.control.targets(gateway_id).items()):
            if name != asked.target.name:
                self.note(f"gateway target {name} is not of this deployment: removing it")
                remove_target(self.control, gateway_id, target_id, name, self.clock, self.timeout_s, self.poll_s)
                yield f"target {name} removed"

    def _target(self, asked: GatewayAsked, gateway_id: str, changed: list[str]) -> tuple[str, bool]:
        """(id, whether it is READY already)."""
        spec = asked.target
        target_id = self.control.targets(gateway_id).get(spec.name)
        live = self.control.target(gateway_id, target_id) if target_id else None
        if live is not None and live.status == "FAILED":
            # One that was never made cannot be updated.
            self.control.delete_target(gateway_id, live.id)
            live = None
        if live is None:
            self.note(f"gateway target {spec.name}: creating")
            changed.append("target created")
            target_id = self.control.create_target(gateway_id, spec)
        elif fields := differing(spec, live.spec):
            self.note(f"gateway target {spec.name}: {', '.join(fields)}")
            changed += [f"target {name}" for name in fields]
            self.control.update_target(gateway_id, live.id, spec)
        return (live.id, live.status == READY) if live else (str(target_id), False)

    def _ready(self, gateway_id: str) -> ObservedGateway:
        return wait_ready(
            lambda: self.control.get(gateway_id),
            f"gateway {gateway_id}",
            self.clock,
            self.note,
            timeout_s=self.timeout_s,
            poll_s=self.poll_s,
        )

    def _ready_target(self, gateway_id: str, target_id: str) -> ObservedTarget:
        return wait_ready(
            lambda: self.control.target(gateway_id, target_id),
            f"gateway target {target_id}",
            self.clock,
            self.note,
            timeout_s=self.timeout_s,
            poll_s=self.poll_s,
        )

    def _check(self, asked: GatewayAsked, gateway_id: str, target_id: str) -> None:
        """What is live must be what was sent: a gateway with another authorizer lets in others."""
        target = self._ready_target(gateway_id, target_id)
        gateway = self._ready(gateway_id)
        fields = [f"gateway {name}" for name in differing(asked.gateway, gateway.spec)]
        fields += [f"target {name}" for name in differing(asked.target, target.spec)]
        if fields:
            raise LaunchFailed(
                f"gateway {gateway_id} is READY but differs from what was sent: {', '.join(fields)}",
                remedy="run `make up` again; `invoke drift` shows what is live",
                code="gateway_differs",
            )
