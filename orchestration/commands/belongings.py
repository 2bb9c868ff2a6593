"""What is ours, as Terraform's state, the ledger and the teardown before this one say it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.checks.doors import door_names
from orchestration.gateway import own_gateway
from orchestration.ledger import Ledger, RuntimeRecord
from orchestration.remains import Item, Kind, Ours
from orchestration.runtime.lifecycle import own_runtime
from orchestration.settings import Endpoints
from orchestration.steps import Steps
from orchestration.terraform import Held, parse_held

# The default of terraform/variables.tf, where neither a state nor anything kept says it.
PROJECT = "inbound-auth"


@dataclass(frozen=True, slots=True)
class Belongings:
    """Looks, in the order in which a teardown goes."""

    steps: Steps

    def held(self, endpoints: Endpoints) -> Held:
        """What the state holds, read without Terraform. Raises TerraformFailed for what is no state."""
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

    def runtime_items(self, endpoints: Endpoints, ours: Ours) -> Iterator[Item]:
        """Each runtime that is there, and what AgentCore keeps of it."""
        control, logs = self.steps.tools.control(endpoints), self.steps.tools.log_groups(endpoints)
        for name, record in self.runtimes(ours):
            if (runtime := own_runtime(control, name, record)) is not None:
                yield Item(Kind.RUNTIME, name, "ledger" if record else "name")
                yield from (Item(Kind.LOGS, group, "runtime") for group in logs.of(runtime.id))

    def gateway_items(self, endpoints: Endpoints, ours: Ours) -> Iterator[Item]:
        """As orchestration.gateway.remove_gateway goes: targets, gateway, credential provider."""
        if not ours.gateway_name:
            return
        record = self.steps.load_or_new().gateway
        control, by = self.steps.tools.gateways(endpoints), "ledger" if record else "name"
        if (live := own_gateway(control, ours.gateway_name, record)) is not None:
            yield from (Item(Kind.TARGET, name, by) for name in sorted(control.targets(live.id)))
            yield Item(Kind.GATEWAY, ours.gateway_name, by)
        provider = record.credential_provider if record and record.credential_provider else ours.gateway_name
        if control.provider(provider) is not None:
            yield Item(Kind.CREDENTIALS, provider, by)

    def _kept(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._kept_path.read_text(encoding="utf-8"))
            return kept if isinstance(kept, dict) else {}
        except (OSError, ValueError):
            return {}

    @property
    def _kept_path(self) -> Path:
        return self.steps.deployment.state_dir / "teardown" / "ours.json"
