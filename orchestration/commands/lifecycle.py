"""Commands that make and show a deployment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.commands.belongings import Belongings
from orchestration.commands.proof import Proof
from orchestration.commands.switch import Switch
from orchestration.console import Console
from orchestration.errors import BadInput
from orchestration.outputs import flat_outputs
from orchestration.report import SmokeReport, deployment_document
from orchestration.runtime.launch import Launched
from orchestration.runtime.package import agent_files
from orchestration.settings import Settings, Shipping
from orchestration.steps import Steps


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Make and show a deployment."""

    steps: Steps

    @property
    def console(self) -> Console:
        return self.steps.console

    def up(self) -> SmokeReport:
        """Everything: local cloud, Terraform, password, launch, smoke test."""
        with self.steps.changing():
            self._require_agent()
            endpoints = self.steps.bring_up()
            Switch(self.steps).show(endpoints)
            leaves = self.steps.leaves_images
            self.steps.note_shipping()
            with self.steps.packing(endpoints):
                changed = self.steps.apply(endpoints, Shipping.CONTAINER if leaves else None, trusting=True)
                Belongings(self.steps).forget_cut_off(endpoints)
                settings = self.steps.settings(endpoints)
                if leaves:
                    settings = replace(settings, outputs=replace(settings.outputs, images=None))
                changed |= self.steps.configure(settings)
                settings, made = self.steps.gateway(settings)
                changed |= made
            launched = self.steps.launch(settings)
            settings = replace(settings, image=launched.image)
            matrix = Proof(self.steps).matrix
            changed |= bool(launched.changed) | matrix.mend_doors(settings, launched.runtime)
            if leaves:
                # Nothing runs an image any more.
                self.steps.apply(endpoints)
                settings = self.steps.settings(endpoints)
        report = matrix.main_door(settings, launched.runtime.arn)
        if not changed and report.ok:
            self.console.say("nothing changed: everything was as it should be")
        return report

    def _require_agent(self) -> None:
        """What cannot be launched ends the command before anything is made for it. Raises BadInput."""
        agent_files(self.steps.deployment.root / "agent")

    def apply(self, plan: str | None = None) -> bool:
        """Terraform alone, or just the plan that was kept; False when nothing had to change. Raises BadInput."""
        if plan is not None and not Path(plan).is_file():
            raise BadInput(f"--plan is {plan!r}, which is no file", remedy="invoke plan --out FILE", code="no_file")
        with self.steps.changing():
            endpoints = self.steps.bring_up()
            Switch(self.steps).refuse_while_live()
            self.steps.note_shipping()
            if plan is None:
                changed = self.steps.apply(endpoints)
            else:
                self.steps.apply_kept(endpoints, Path(plan))
                changed = True
            Belongings(self.steps).forget_cut_off(endpoints)
            return changed

    def configure(self, *, force: bool = True) -> dict[str, Any]:
        """Set the demo caller's password and show the configuration that `launch` will send."""
        with self.steps.changing():
            self._require_agent()
            settings = self.steps.live_settings()
            self.steps.configure(settings, force=force)
            return self.steps.tools.launcher(settings).preview()

    def launch(self) -> Launched:
        """Create, update or keep the runtime, and before it the gateway that it calls."""
        with self.steps.changing():
            self._require_agent()
            settings, _ = self.steps.gateway(self.steps.live_settings())
            return self.steps.launch(settings)

    def remove_gateway(self) -> bool:
        """Delete the gateway with what belongs to it; the agent finds no credit scores until `up`. False: none was.

        Raises GateRefused for one that is only called like this environment's.
        """
        with self.steps.changing():
            endpoints, belongings = self.steps.live_settings().endpoints, Belongings(self.steps)
            gateway, provider = belongings.removable_gateway(endpoints)
            self.steps.delete_gateway(endpoints, gateway, provider)
            return gateway is not None or provider is not None

    def status(self) -> dict[str, Any]:
        """The document of `status`: live state of the runtime and of the gateway that its agent calls."""
        return self._document(self.steps.live_settings())

    def outputs(self) -> dict[str, Any]:
        """The same document as `status`, with every Terraform output beside it."""
        settings = self.steps.live_settings()
        return {**self._document(settings), "terraform": flat_outputs(settings.outputs)}

    def _document(self, settings: Settings) -> dict[str, Any]:
        asked = self.steps.tools.gateway_asked(settings)
        gateway = self.steps.gateway_seen(settings, asked) if asked else None
        runtime = self.steps.observed(settings)
        serving = self.steps.tools.control(settings.endpoints).serving(runtime.id) if runtime else None
        return deployment_document(settings, runtime, gateway, serving, self.steps.load_or_new().runtime)

    def what_next(self) -> None:
        """Commands worth trying, as they must be typed here."""
        invoke = ".venv/bin/invoke"
        self.console.say("what to try next:")
        for words in (
            f'{invoke} ask "what is the credit score for me? my customer id is 1234"',
            f"{invoke} smoke-test",
            f"{invoke} status",
            "make down",
        ):
            self.console.say(f"  {self.steps.deployment.command(words)}")
