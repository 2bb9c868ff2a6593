"""The runtimes: launched, found, removed."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from orchestration.errors import Leftovers, Unfit
from orchestration.ledger import RuntimeRecord
from orchestration.runtime.launch import Launched
from orchestration.runtime.lifecycle import RuntimeControl, own_runtime, remove
from orchestration.runtime.spec import ObservedRuntime
from orchestration.settings import Endpoints, Settings, Shipping
from orchestration.steps.gateway import GatewaySteps


@dataclass(frozen=True, slots=True)
class RuntimeSteps(GatewaySteps):
    """Launches the agent, and removes it."""

    def packing(self, endpoints: Endpoints) -> AbstractContextManager[None]:
        """Pack what code is launched with beside what is done inside: that needs nothing that is made there."""
        return self.tools.packing(endpoints) if self.tools.shipping() is Shipping.CODE else nullcontext()

    def launch(self, settings: Settings) -> Launched:
        file = self.ledger()

        def made(record: RuntimeRecord) -> None:
            ledger = self.load_or_new()
            if ledger.runtime != record:
                file.save(ledger.with_runtime(record))

        with self.console.step("launch"):
            return self.tools.launcher(settings).launch(self.load_or_new().runtime, made)

    def remove_doors(self, control: RuntimeControl, names: Collection[str]) -> None:
        """Delete runtimes that the smoke matrix made, and forget them. Raises Leftovers."""
        for name in sorted(names):
            self.remove_runtime(control, name, self.load_or_new().door(name))
            self.ledger().save(self.load_or_new().without_door(name))

    def remove_runtime(self, control: RuntimeControl, name: str, record: RuntimeRecord | None) -> str | None:
        """Its id; None where there was none. Raises Leftovers."""
        runtime = own_runtime(control, name, record)
        if runtime is None:
            return None
        with self.console.step(f"delete runtime {name}"):
            remove(control, runtime.id, self.clock, self.console.note, timeout_s=300.0, poll_s=self.poll_s)
        if control.find(name) is not None:
            raise Leftovers(f"a runtime called {name} is still there", remedy=self.deployment.command("make down"))
        return runtime.id

    def observed(self, settings: Settings) -> ObservedRuntime | None:
        ledger = self.load_or_new()
        control = self.tools.control(settings.endpoints)
        return own_runtime(control, settings.outputs.agent_runtime_name, ledger.runtime)

    def runtime_arn(self, settings: Settings) -> str:
        if found := self.observed(settings):
            return found.arn
        raise self.not_launched(settings)

    def not_launched(self, settings: Settings) -> Unfit:
        return Unfit(
            f"runtime {settings.outputs.agent_runtime_name} is not launched",
            remedy=self.deployment.command("make up"),
            code="not_launched",
        )
