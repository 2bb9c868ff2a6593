"""What is ours, as Terraform's state, the ledger and the teardown before this one say it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.checks.doors import door_names
from orchestration.errors import BadInput, GateRefused
from orchestration.gateway import ANOTHERS, ObservedGateway, ObservedProvider, own_gateway
from orchestration.ledger import Ledger, RuntimeRecord
from orchestration.remains import Item, Kind, Ours
from orchestration.remains.ownership import TERRAFORM_TYPES, cut_off, unknown_to
from orchestration.runtime.lifecycle import own_runtime
from orchestration.runtime.spec import ObservedRuntime
from orchestration.settings import Endpoints
from orchestration.steps import Steps
from orchestration.terraform import CUT_OFF, Held, parse_held

# The default of terraform/variables.tf, where neither a state nor anything kept says it.
PROJECT = "inbound-auth"


@dataclass(frozen=True, slots=True)
class Belongings:
    """Looks, in the order in which a teardown goes."""

    steps: Steps

    def held(self, endpoints: Endpoints) -> Held:
        """What the state holds, read without Terraform.

        Raises TerraformFailed for what is no state, BadInput for one that says that it is of another deployment.
        """
        held = self._read(endpoints)
        self._refuse_another(held)
        return held

    def _read(self, endpoints: Endpoints) -> Held:
        steps = self.steps
        place = steps.tools.remote()
        if place is not None:
            return steps.tools.state_store(endpoints, place.bucket).held(place)
        path = steps.deployment.state_dir / "terraform.tfstate"
        try:
            return parse_held(path.read_text(encoding="utf-8")) if path.exists() else Held()
        except ValueError:
            steps.tools.driver(endpoints, None).local_state()  # knows the remedy
            raise

    def _refuse_another(self, held: Held) -> None:
        """A state that was put here by hand would be destroyed, and with it what somebody else works on."""
        chosen = self.steps.deployment
        said = {
            "environment": (held.text("environment") or held.environment, chosen.environment),
            "region": (held.text("region"), chosen.region),
            "account": (held.text("account_id") or held.account, self.steps.tools.account()),
        }
        for what, (its, own) in said.items():
            if its not in (None, own):
                raise BadInput(
                    f"the state of {chosen.state_dir.name} is of {what} {its!r}, not of {own!r}",
                    remedy="nothing was removed: move it back to where it came from, and this one's own to its place",
                    code="state_of_another",
                )

    def ours(self, held: Held) -> Ours:
        """Whose names and tags to look for.

        A role of ours is one that the state holds: what `execution_role_arn` brought is kept, whatever it is called.
        """
        kept, ledger, chosen = self._kept(), self.steps.load_or_new(), self.steps.deployment
        owned = {name for resource in held.resources for name in resource.names}
        role = held.text("runtime_role_arn")
        gateway = ledger.gateway
        names = [gateway.name, gateway.credential_provider] if gateway else []
        names += [held.text("gateway_name"), held.text("gateway_credential_provider_name"), *kept.get("names", ())]
        runtime = held.text("agent_runtime_name") or kept.get("runtime_name")
        return Ours(
            project=held.text("project") or held.project or kept.get("project") or PROJECT,
            environment=chosen.environment,
            region=chosen.region,
            runtime_name=runtime or (ledger.runtime.name if ledger.runtime else ""),
            roles=frozenset(name for name in _of(held, "aws_iam_role") if name.startswith("arn:")),
            clients=frozenset(_of(held, "aws_cognito_user_pool_client")),
            user_pool_id=held.text("cognito_user_pool_id") or "",
            gateway_name=held.text("gateway_name") or kept.get("gateway") or (gateway.name if gateway else ""),
            keep=frozenset({*([role] if role and role not in owned else []), *kept.get("keep", ())}),
            names=frozenset(name for name in names if name),
        )

    def keep(self, ours: Ours) -> None:
        """Outputs go with the state, and a teardown may be cut off: the next one must know the same names."""
        document = {
            "project": ours.project,
            "runtime_name": ours.runtime_name,
            "gateway": ours.gateway_name,
            "keep": sorted(ours.keep),
            "names": sorted(ours.names),
        }
        self._kept_path.parent.mkdir(mode=0o700, exist_ok=True)
        new = self._kept_path.with_suffix(".new")
        new.write_text(json.dumps(document) + "\n", encoding="utf-8")
        new.replace(self._kept_path)

    def runtimes(self, ours: Ours) -> list[tuple[str, RuntimeRecord | None]]:
        """Names of all that may be there, recorded or not, the agent's last: (name, record)."""
        ledger: Ledger = self.steps.load_or_new()
        doors = sorted({*door_names(ours.agent).values(), *(door.name for door in ledger.doors)})
        return [*((name, ledger.door(name)) for name in doors), (ours.agent, ledger.runtime)]

    def runtime(
        self, endpoints: Endpoints, ours: Ours, name: str, record: RuntimeRecord | None
    ) -> tuple[ObservedRuntime, str] | None:
        """The runtime of that name and what proves that it is ours; None where there is none that is."""
        control = self.steps.tools.control(endpoints)
        live = own_runtime(control, name, record)
        if live is None:
            return None
        recorded, tags = record is not None and record.id == live.id, control.tags(live.arn)
        by = ours.claim.proof(recorded=recorded, tags=tags, role=live.spec.role_arn)
        return (live, by) if by else None

    def runtime_items(self, endpoints: Endpoints, ours: Ours) -> Iterator[Item]:
        """Each runtime of ours that is there, and what AgentCore keeps of it."""
        logs = self.steps.tools.log_groups(endpoints)
        for name, record in self.runtimes(ours):
            if (own := self.runtime(endpoints, ours, name, record)) is not None:
                yield Item(Kind.RUNTIME, name, own[1])
                yield from (Item(Kind.LOGS, group, "runtime") for group in logs.of(own[0].id))

    def gateway(self, endpoints: Endpoints, ours: Ours) -> tuple[ObservedGateway, str] | None:
        """As `runtime`."""
        control, record = self.steps.tools.gateways(endpoints), self.steps.load_or_new().gateway
        live = self._called_so(endpoints, ours)[0]
        if live is None:
            return None
        recorded, tags = record is not None and record.id == live.id, control.tags(live.arn)
        by = ours.claim.proof(recorded=recorded, tags=tags, role=live.spec.role_arn)
        return (live, by) if by else None

    def provider(self, endpoints: Endpoints, ours: Ours) -> tuple[str, str] | None:
        """Name of the credential provider and what proves that it is ours; of its tags the service tells nothing.

        The ledger has no more of it than its name, which says nothing of one whose tokens are another pool's.
        """
        record = self.steps.load_or_new().gateway
        live = self._called_so(endpoints, ours)[1]
        if live is None:
            return None
        name = live.spec.name
        recorded = record is not None and record.credential_provider == name
        recorded = recorded and (not ours.user_pool_id or live.spec.is_of(ours.user_pool_id))
        by = ours.claim.proof(recorded=recorded, tags=None, client=live.spec.client_id)
        return (name, by) if by else None

    def removable_gateway(self, endpoints: Endpoints) -> tuple[ObservedGateway | None, str | None]:
        """The gateway, and the name of its credential provider, to be removed by command.

        Raises GateRefused where one is there that is only called so: then neither is.
        """
        ours = self.ours(self.held(endpoints))
        gateway, provider = self.gateway(endpoints, ours), self.provider(endpoints, ours)
        live, held = self._called_so(endpoints, ours)
        unproven = [f"gateway {live.id}"] if live and not gateway else []
        unproven += [f"credential provider {held.spec.name}"] if held and not provider else []
        if unproven:
            raise GateRefused(
                f"called like this environment's, and nothing proves that it is: {', '.join(unproven)}",
                remedy=f"nothing was removed; {ANOTHERS}",
                code="of_another",
            )
        return gateway and gateway[0], provider and provider[0]

    def _called_so(self, endpoints: Endpoints, ours: Ours) -> tuple[ObservedGateway | None, ObservedProvider | None]:
        """Gateway and credential provider of the recorded names, or of those that follow from the agent's."""
        control, record = self.steps.tools.gateways(endpoints), self.steps.load_or_new().gateway
        name = record.credential_provider if record and record.credential_provider else ours.gateway
        return own_gateway(control, ours.gateway, record), control.provider(name)

    def gateway_items(self, endpoints: Endpoints, ours: Ours) -> Iterator[Item]:
        """In the order in which they go: targets, gateway, credential provider."""
        if (own := self.gateway(endpoints, ours)) is not None:
            live, by = own
            targets = sorted(self.steps.tools.gateways(endpoints).targets(live.id))
            yield from (Item(Kind.TARGET, name, by) for name in targets)
            yield Item(Kind.GATEWAY, live.spec.name, by)
        if (provider := self.provider(endpoints, ours)) is not None:
            yield Item(Kind.CREDENTIALS, *provider)

    def forget_cut_off(self, endpoints: Endpoints) -> None:
        """After an apply that ended well: what an earlier one left half made is no excuse for what comes later."""
        mark = self.steps.deployment.state_dir / CUT_OFF
        if self.steps.cloud is None or not mark.exists():
            return
        held = self.held(endpoints)
        found = self.steps.tools.remains(endpoints).search(self.ours(held))
        left = unknown_to(held, (), (one for one in found.remains if one.thing.kind in TERRAFORM_TYPES))
        if not any(cut_off(one.thing) for one in left):
            mark.unlink()

    def _kept(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._kept_path.read_text(encoding="utf-8"))
            return kept if isinstance(kept, dict) else {}
        except (OSError, ValueError):
            return {}

    @property
    def _kept_path(self) -> Path:
        return self.steps.deployment.state_dir / "teardown" / "ours.json"


def _of(held: Held, type: str) -> Iterator[str]:
    """Every name of the resources of that type."""
    return (name for one in held.resources if one.type == type for name in one.names)
