"""From code to a container and back, on an environment that is there: shown before anything is done about it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.commands.review import Reviews
from orchestration.commands.wishes import Wishes
from orchestration.errors import GateRefused
from orchestration.review import to_text
from orchestration.settings import Endpoints, Shipping
from orchestration.steps import Steps

WHAT = {
    Shipping.CODE: "from a container to code: code is launched first, then the repository goes with every image in it",
    Shipping.CONTAINER: "from code to a container: an image is built and launched, the package in the bucket stays",
}


@dataclass(frozen=True, slots=True)
class Switch:
    """A change of DEPLOYMENT."""

    steps: Steps

    def show(self, endpoints: Endpoints) -> None:
        """The plan with its review, where an environment that is there is to be shipped otherwise; on AWS then asks.

        Raises BadInput when the answer is no.
        """
        asked = self.steps.tools.shipping()
        if (self.steps.load_or_new().deployment or Shipping.CODE) == asked:
            return
        terraform = self.steps.terraform(endpoints)
        if not terraform.has_state():
            return
        say = self.steps.console.say
        say(f"DEPLOYMENT={asked} switches {self.steps.deployment.state_dir.name} {WHAT[asked]}")
        try:
            with self.steps.console.step("terraform plan"):
                terraform.plan()
            reviewed = Reviews(self.steps).judged(terraform.show_plan(), Wishes())
        finally:
            terraform.forget_plan()
        for line in to_text(reviewed):
            say(line)
        self.steps.tools.confirm_switch("this is what the switch changes")

    def refuse_while_live(self) -> None:
        """Raises GateRefused: Terraform alone would take the repository from under a runtime that runs its image."""
        if self.steps.leaves_images:
            raise GateRefused(
                "the live runtime runs an image of the repository that this would destroy",
                remedy=self.steps.deployment.command("make up DEPLOYMENT=code") + "  # launches the code first",
                code="image_in_use",
            )
