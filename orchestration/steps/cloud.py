"""The local cloud, as provisioning needs it: started first, saved after each stage. On AWS there is nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from orchestration.errors import OrchestrationError
from orchestration.machine import require_room
from orchestration.settings import Endpoints
from orchestration.steps.deployment import DeploymentSteps


@dataclass(frozen=True, slots=True)
class CloudSteps(DeploymentSteps):
    """Brings up what things are made in."""

    def bring_up(self) -> Endpoints:
        """Endpoints to provision against; what would stop Terraform later stops it before anything is started."""
        ledger = self.load_or_new()
        if self.cloud:
            self.cloud.check_ports(ledger.ports)
        self.tools.check_terraform()  # which leaves a log
        for folder in (self.deployment.root, self.deployment.state_dir):
            require_room(folder)
        if ledger.account is None:
            # Before anything is made: a teardown must find region and account however this ends.
            self.ledger().save(ledger.with_account(self.check_account(ledger)))
        if self.fixed_endpoints:
            return self.fixed_endpoints
        return self.start_cloud()

    def start_cloud(self) -> Endpoints:
        cloud = self.require_cloud()
        ledger = self.load_or_new()
        with self.console.step("local cloud"):
            ports = cloud.start(ledger.ports)
        if cloud.saving.lost() or (self._applied_before() and cloud.saving.is_empty()):
            self.console.say("the local cloud ended before it had saved everything: what it lost is provisioned anew")
        self.ledger().save(ledger.with_ports(ports))
        return cloud.endpoints(ports)

    def _applied_before(self) -> bool:
        state = self.deployment.state_dir / "terraform.tfstate"
        return state.exists() and state.stat().st_size > 0

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Let the local cloud save what is made inside, also when that ends early. Raises Unfit as checkpoint."""
        if self.cloud:
            self.cloud.saving.expect_changes()
        try:
            yield
        except BaseException:
            with suppress(OrchestrationError):
                if self.cloud and self.cloud.require_running(self.load_or_new().ports):
                    self.checkpoint()
            raise
        self.checkpoint()

    def checkpoint(self) -> None:
        """Raises Unfit when the local cloud cannot save."""
        ledger = self.load_or_new()
        if self.cloud and ledger.ports:
            self.cloud.checkpoint(ledger.ports)
