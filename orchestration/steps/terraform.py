"""Terraform's part of a deployment, and the settings that its outputs make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.embedded.changes import Seen
from orchestration.errors import GateRefused, TerraformFailed, Unfit
from orchestration.ledger import GatewayRecord
from orchestration.outputs import IMAGES_MARK, parse_outputs
from orchestration.settings import Endpoints, Settings, Shipping, build_settings
from orchestration.steps.cloud import CloudSteps
from orchestration.terraform import (
    ACCOUNT_NOT_ALLOWED,
    CUT_OFF,
    ExistsOutside,
    Stray,
    TerraformDriver,
    adopt,
    functions_to_make,
)

# What stands in the way of one apply hides what would stand in the way of the rest.
ADOPTIONS = 4


@dataclass(frozen=True, slots=True)
class TerraformSteps(CloudSteps):
    """Provisions, and tells what is provisioned."""

    def terraform(self, endpoints: Endpoints, shipping: Shipping | None = None) -> TerraformDriver:
        terraform = self.tools.terraform(endpoints, shipping) if shipping else self.tools.terraform(endpoints)
        with self.console.step("terraform init"):
            terraform.init()
        self.tools.keep_apart()
        self.remember_bucket()
        return terraform

    def remember_bucket(self) -> None:
        place, ledger = self.tools.remote(), self.load_or_new()
        if place is not None and ledger.state_bucket is None:
            # STATE_BUCKET may be unset next time; what was made must be found then too.
            self.ledger().save(ledger.with_state_bucket(place.bucket))

    @property
    def leaves_images(self) -> bool:
        """Whether the live runtime runs an image although code is asked for: what holds it must stay till then."""
        ledger = self.load_or_new()
        # What runs is unknown where nothing was launched from: then what the state says of it counts.
        runs = bool(ledger.runtime.image) if ledger.runtime else ledger.deployment == Shipping.CONTAINER
        return runs and self.tools.shipping() is Shipping.CODE

    def bring_up(self) -> Endpoints:
        endpoints = CloudSteps.bring_up(self)
        self._recall_shipping(endpoints)
        return endpoints

    def _recall_shipping(self, endpoints: Endpoints) -> None:
        """Where no ledger says how the agent is shipped, as on a machine of CI, the state's outputs do.

        Else a plan without DEPLOYMENT would take a container's repository away, with every image in it.
        """
        if self.load_or_new().deployment is not None:
            return
        terraform = self.tools.terraform(endpoints, Shipping.CODE)
        if terraform.has_state() and IMAGES_MARK in terraform.output():
            self.ledger().save(self.load_or_new().with_deployment(Shipping.CONTAINER.value))

    def note_shipping(self) -> None:
        """Before anything is made: whoever goes on without DEPLOYMENT goes on with the same."""
        ledger, shipping = self.load_or_new(), self.tools.shipping()
        if ledger.deployment != shipping.value:
            self.ledger().save(ledger.with_deployment(shipping.value))

    def apply(self, endpoints: Endpoints, shipping: Shipping | None = None, *, trusting: bool = False) -> bool:
        """Apply, and take in what an interrupted apply made and could not write into the state. True if it changed.

        `trusting`: without a plan where it is proven that one would find nothing.
        On AWS nothing is taken in: its tags are the same in every checkout, so it may be a colleague's.
        """
        terraform = self.terraform(endpoints, shipping)
        if terraform.put_back():
            self.console.say("put back the state that the last apply could not write")
        if trusting and self._says_settled(terraform):
            return False
        strays: tuple[Stray, ...] = ()
        for _ in range(ADOPTIONS):
            try:
                return self._take_in(terraform, strays) if strays else self._apply_once(terraform, endpoints)
            except ExistsOutside as e:
                if self.cloud is None:
                    raise TerraformFailed(
                        e.message,
                        remedy="if another checkout or STATE_BUCKET holds its state, use that one, or another "
                        "ENVIRONMENT; if an apply of this one was cut off: `terraform import` it "
                        "(terraform/README.md, By hand)",
                        code=e.code,
                    ) from None
                strays = e.strays
        return self._take_in(terraform, strays)

    def _take_in(self, terraform: TerraformDriver, strays: tuple[Stray, ...]) -> bool:
        with self.saving(), self.console.step("terraform apply, with what an interrupted one made"):
            adopt(terraform, strays, self.console.note, on_line=self.progress)
        return True

    def _apply_once(self, terraform: TerraformDriver, endpoints: Endpoints) -> bool:
        """In one go where nothing exists yet, else plan first: a plan without changes is quicker than apply."""
        before = self._seen()
        inputs = terraform.inputs() if before else None
        if not terraform.has_state():
            with self.saving(), self.console.step("terraform apply"), self.account_of_nothing(terraform):
                terraform.apply(on_line=self.progress)
            self._settle(terraform, inputs, before)
            return True
        with self.console.step("terraform plan"):
            changes, _ = terraform.plan()
        if not changes:
            terraform.forget_plan()
            self._settle(terraform, inputs, before)
            return False
        if strays := self._functions_in_the_way(terraform, endpoints):
            terraform.forget_plan()
            return self._take_in(terraform, strays)
        with self.saving(), self.console.step("terraform apply"):
            terraform.apply_plan(on_line=self.progress)
        self._settle(terraform, inputs, before)
        return True

    def _seen(self) -> Seen | None:
        """What the local cloud says of changes in it. AWS says nothing."""
        ports = self.load_or_new().ports
        return self.cloud.changes(ports) if self.cloud and ports else None

    def is_settled(self, terraform: TerraformDriver) -> bool:
        """Whether nothing that a plan would look at has changed since one found nothing: docs/decisions/0018."""
        seen = self._seen()
        return seen is not None and terraform.is_settled(seen.mark)

    def _says_settled(self, terraform: TerraformDriver) -> bool:
        if not self.is_settled(terraform):
            return False
        self.console.say(
            "terraform: not planned, since sources, values, state and the local cloud are as it left them "
            "(`invoke apply` plans regardless)"
        )
        return True

    def _settle(self, terraform: TerraformDriver, inputs: str | None, before: Seen | None) -> None:
        """Note that nothing is left to change, unless somebody else changed something meanwhile."""
        after = self._seen()
        if before and after and after.only_ours_since(before):
            terraform.settle(inputs, after.mark)

    def _functions_in_the_way(self, terraform: TerraformDriver, endpoints: Endpoints) -> tuple[Stray, ...]:
        """Made by an apply that was cut off. Applied as planned, they would be waited for in vain."""
        if self.cloud is None or not (self.deployment.state_dir / CUT_OFF).exists():
            return ()
        functions = self.tools.functions(endpoints)
        return tuple(one for one in functions_to_make(terraform.show_plan()) if functions.get(one.name) is not None)

    def apply_kept(self, endpoints: Endpoints, plan: Path) -> None:
        """Apply a plan that was kept, and nothing else."""
        terraform = self.terraform(endpoints)
        terraform.take_plan(plan)
        with self.saving(), self.console.step("terraform apply"):
            terraform.apply_plan(on_line=self.progress)

    @contextmanager
    def account_of_nothing(self, terraform: TerraformDriver) -> Iterator[None]:
        """Forget the account that Terraform refuses, if nothing was made there: the next try may use another one."""
        try:
            yield
        except GateRefused as e:
            if e.code == ACCOUNT_NOT_ALLOWED and not terraform.has_state():
                self.ledger().save(self.load_or_new().with_account(None))
            raise

    def progress(self, line: str) -> None:
        if ": Creation complete" in line or ": Destruction complete" in line or ": Modifications complete" in line:
            self.console.note(line.partition(" [id=")[0])

    def settings(self, endpoints: Endpoints) -> Settings:
        terraform = self.tools.terraform(endpoints)
        if not terraform.has_state():
            raise self.not_applied()
        terraform.init()
        settings = build_settings(self.deployment, parse_outputs(terraform.output()), endpoints, self.env)
        ledger = self.load_or_new()
        image = (ledger.runtime.image if ledger.runtime else None) or ""
        return self._with_gateway(replace(settings, image=image), ledger.gateway)

    def _with_gateway(self, settings: Settings, record: GatewayRecord | None) -> Settings:
        wanted = settings.outputs.gateway is not None and record is not None
        return replace(settings, gateway_url=record.url if wanted and record else None)

    def not_applied(self) -> Unfit:
        return Unfit(
            f"environment {self.deployment.environment!r} is not applied",
            remedy=self.deployment.command("make up"),
            code="not_applied",
        )

    def live_settings(self) -> Settings:
        """Settings of what is applied, at its running endpoints. Raises Unfit, MissingOutputs, InvalidOutputs."""
        return self.settings(self.endpoints())

    def configure(self, settings: Settings, *, force: bool = False) -> bool:
        with self.saving(), self.console.step("passwords"):
            return self.tools.broker(settings).give_passwords(force=force)
