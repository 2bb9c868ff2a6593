"""Commands about where Terraform's state is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestration.console import Console
from orchestration.errors import GateRefused, Unfit
from orchestration.settings import Endpoints, state_bucket
from orchestration.steps import Steps
from orchestration.terraform import RemoteState, StateStore, must_move

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class State:
    """Put the state into a bucket that a team shares, show it, take the bucket away."""

    steps: Steps

    @property
    def console(self) -> Console:
        return self.steps.console

    def bootstrap(self) -> str:
        """Make the bucket and move the state there. Safe to run again. Returns the s3 URL of the state.

        Raises GateRefused where another state is in that place.
        """
        with self.steps.changing():
            endpoints = self.steps.bring_up()
            place = self._place()
            bucket = self.steps.tools.state_store(endpoints, place.bucket)
            with self.console.step("state bucket"):
                bucket.make()
            local = self.steps.tools.driver(endpoints, None)
            driver = self.steps.tools.driver(endpoints, place)
            if must_move(local.local_state(), bucket.state(place), place):
                with self.console.step("move the state"):
                    driver.move_state()
            self.steps.ledger().save(self.steps.load_or_new().with_state_bucket(place.bucket))
            local.forget_local_state()
            self.steps.checkpoint()
        return f"s3://{place.bucket}/{place.key}"

    def show(self) -> dict[str, Any]:
        """Where the state is, how much it holds, who holds its lock."""
        endpoints = self.steps.endpoints()
        place = self.steps.tools.remote()
        if place is None:
            state = self.steps.tools.driver(endpoints, None).local_state()
            where: dict[str, Any] = {"backend": "local", "path": str(self.steps.deployment.state_dir), "lock": None}
        else:
            bucket = self._existing(endpoints, place)
            state = bucket.state(place)
            url = f"s3://{place.bucket}/{place.key}"
            where = {"backend": "s3", "path": url, "lock": bucket.lock(place)}
        return {
            "schema_version": SCHEMA_VERSION,
            **where,
            "serial": state.serial if state else None,
            "resources": state.resources if state else 0,
        }

    def remove(self) -> bool:
        """Delete the bucket. Raises GateRefused while an environment's state is in it; False when there is none."""
        if self.steps.cloud is not None and not self.steps.deployment.state_dir.exists():
            return False  # a local bucket goes with its cloud
        with self.steps.changing():
            endpoints = self.steps.endpoints()
            place = self._place()
            bucket = self.steps.tools.state_store(endpoints, place.bucket)
            if not bucket.exists():
                return False
            bucket.check()
            if used := sorted(key for key, state in bucket.states().items() if state.resources):
                raise GateRefused(
                    f"{place.bucket} holds the state of {', '.join(used)}",
                    remedy="take these environments down first: `make down ENVIRONMENT=...`",
                    code="state_in_use",
                )
            with self.console.step("delete state bucket"):
                bucket.remove()
            self.steps.ledger().save(self.steps.load_or_new().with_state_bucket(None))
            return True

    def _place(self) -> RemoteState:
        """The place that is recorded or wished, else the one that follows from account and region."""
        recorded = self.steps.tools.remote()
        if recorded is not None:
            return recorded
        place = self.steps.tools.remote(state_bucket(self.steps.tools.account(), self.steps.deployment.region))
        if place is None:
            raise Unfit("no state bucket", remedy="set STATE_BUCKET")
        return place

    def _existing(self, endpoints: Endpoints, place: RemoteState) -> StateStore:
        bucket = self.steps.tools.state_store(endpoints, place.bucket)
        bucket.check()
        return bucket
