"""Commands that look before anybody leaps: the plan, its review, the drift of what is live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration import drift
from orchestration.commands.drifting import Drifting
from orchestration.commands.wishes import PLAN_AS_JSON, Wishes, check_writable, read_text
from orchestration.console import Console
from orchestration.drift import Drift
from orchestration.errors import BadInput, GateRefused
from orchestration.review import (
    Review,
    Waiver,
    declared_in,
    load_waivers,
    review,
    to_json,
    to_markdown,
    to_sarif,
    to_text,
)
from orchestration.steps import Steps


@dataclass(frozen=True, slots=True)
class Planned:
    """Terraform's plan: `text` as Terraform prints it; `review` where one was asked for."""

    changes: bool
    text: str
    review: Review | None
    fresh: bool = False
    """A local cloud was made for it."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """Show what would change, what that means, and what is not as it should be."""

    steps: Steps

    @property
    def console(self) -> Console:
        return self.steps.console

    def plan(
        self, *, destroy: bool = False, wishes: Wishes | None = None, out: str | None = None, lock: bool = True
    ) -> Planned:
        """Plan and, with wishes, review. Without `out` no plan file stays: it holds every value in the clear.

        Without `lock` the state's lock is left alone, for a role that may only read.
        """
        waivers = self._waivers(wishes) if wishes else ()
        if out is not None:
            check_writable(out, "--out")
            if destroy:
                raise BadInput("--destroy and --out", remedy="use make down: it deletes the runtime before its role")
        fresh = self.steps.cloud is not None and self.steps.ledger().load() is None
        with self.steps.changing():
            terraform = self.steps.terraform(self.steps.bring_up())
            try:
                with self.console.step("terraform plan"), self.steps.account_of_nothing(terraform):
                    changes, text = terraform.plan(destroy=destroy, lock=lock)
                reviewed = self._review(terraform.show_plan(), waivers) if wishes else None
                if out is not None:
                    terraform.keep_plan(Path(out))
            finally:
                terraform.forget_plan()
        return Planned(changes, text, reviewed, fresh)

    def what_stays(self, planned: Planned, out: str | None) -> None:
        """Say what the plan leaves behind."""
        command = self.steps.deployment.command
        if out is not None:
            self.console.say(f"{out} holds every value of the plan in the clear, secrets too: delete it after use")
            self.console.say(f"`{command(f'invoke apply --plan {out}')}` applies just that")
        if planned.fresh:
            self.console.say(f"a local cloud was started for this plan; `{command('make down')}` removes it")

    def review_file(self, path: str, wishes: Wishes) -> Review:
        """Review a stored `terraform show -json`. Raises BadInput."""
        waivers = self._waivers(wishes)
        text = read_text(path, "the name of the plan", PLAN_AS_JSON)
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, Mapping):
            raise BadInput(f"{path} is no JSON object", remedy=PLAN_AS_JSON)
        return self._review(document, waivers)

    def present(self, reviewed: Review, wishes: Wishes) -> None:
        """Show the review, write the files asked for, then raise GateRefused if something is worse than accepted."""
        if wishes.json:
            self.console.result(to_json(reviewed).rstrip())
        else:
            for line in to_text(reviewed):
                self.console.result(line)
        if wishes.markdown is not None:
            Path(wishes.markdown).write_text(to_markdown(reviewed), encoding="utf-8")
        if wishes.sarif is not None:
            places = declared_in(self.steps.deployment.root)
            Path(wishes.sarif).write_text(to_sarif(reviewed, places), encoding="utf-8")
        limit = wishes.limit
        if limit is not None and (worse := reviewed.above(limit)):
            rules = ", ".join(sorted({finding.rule for finding in worse}))
            raise GateRefused(
                f"{len(worse)} finding(s) worse than {limit}: {rules}",
                remedy="change the plan, or waive a finding with owner, reason and expiry in "
                + (wishes.waivers or "policies/waivers.toml"),
                code="too_risky",
            )

    def drift(self) -> list[Drift]:
        """Everything that is not as code and launch say. Changes nothing."""
        return Drifting(self.steps).found()

    def show_drift(self, found: list[Drift], *, json: bool) -> bool:
        """Show it; True if anything is to be mended, which a note is not."""
        document = drift.document(found)
        if json:
            self.console.document(document)
            return bool(document["drift"])
        for line in drift.lines(found) or ["no drift: everything is as code and launch say"]:
            self.console.result(line)
        if document["drift"]:
            command = self.steps.deployment.command("make up")
            self.console.say(
                f"`{command}` puts back what is Terraform's and the launch's, `invoke smoke-test` its own doors;"
            )
            self.console.say("what neither made is yours to delete: an endpoint, a runtime, a policy, a client, a user")
        return bool(document["drift"])

    def judged(self, document: Mapping[str, Any], wishes: Wishes) -> Review:
        """The review of a plan, without showing it. Raises BadInput."""
        return self._review(document, self._waivers(wishes))

    def _waivers(self, wishes: Wishes) -> tuple[Waiver, ...]:
        """Read before the wait for a plan. Raises BadInput for them and for any other wish that is none."""
        wishes.check()
        default = self.steps.deployment.root / "policies" / "waivers.toml"
        path = wishes.waivers or (str(default) if default.is_file() else "")
        return load_waivers(read_text(path, "--waivers", "name a file that is there"), path) if path else ()

    def _review(self, document: Mapping[str, Any], waivers: tuple[Waiver, ...]) -> Review:
        return review(document, waivers=waivers, today=datetime.fromtimestamp(self.steps.clock.now(), UTC).date())
