"""What every command needs of its deployment: lock, ledger, account, endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from orchestration.clock import Clock
from orchestration.console import Console
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import BadInput, GateRefused, OrchestrationError, Unfit
from orchestration.home import move_in, moved_from, refuse_link
from orchestration.ledger import Ledger, LedgerFile
from orchestration.lock import exclusive
from orchestration.runtime.function_package import forget_package
from orchestration.settings import Deployment, Endpoints, aws_endpoints, seconds
from orchestration.steps.tools import Tools
from orchestration.terraform import (
    account_not_allowed,
    allowed_accounts,
    settle,
)

# Nobody answered: codes of errors that a dead local cloud causes.
UNREACHED = frozenset({"data_plane_unreachable", "issuer_unreachable", "no_answer", "not_saved", "unfit"})


@dataclass(frozen=True, slots=True)
class DeploymentSteps:
    """The deployment that a command is about."""

    deployment: Deployment
    env: Mapping[str, str]
    tools: Tools
    console: Console
    clock: Clock
    cloud: LocalCloud | None
    """None on AWS."""
    fixed_endpoints: Endpoints | None
    """AWS's own; None locally, where the ports decide."""

    def endpoints(self) -> Endpoints:
        """Raises Unfit when the local cloud is not running."""
        if self.fixed_endpoints:
            return self.fixed_endpoints
        cloud = self.require_cloud()
        return cloud.endpoints(cloud.require_running(self.load_or_new().ports))

    def endpoints_of(self, runtime_arn: str) -> Endpoints:
        """Where a runtime is called; on AWS the region inside its ARN decides. Raises Unfit, as `endpoints`."""
        return aws_endpoints(runtime_arn.split(":")[3]) if self.fixed_endpoints else self.endpoints()

    def reachable(self) -> bool:
        """False only for a local cloud that is down; a corrupt ledger is an error, not an empty one."""
        try:
            self.endpoints()
        except Unfit:
            if self.fixed_endpoints:
                raise
            return False
        return True

    @contextmanager
    def changing(self, *, removing: bool = False) -> Iterator[None]:
        """Hold the lock, refuse an account that is not allowed and another one than before, show what AWS will bill.

        Whatever changes something runs inside, the teardown too.
        """
        with self.alone():
            self.check_account(self.load_or_new(), removing=removing)
            self.tools.confirm_spending()
            try:
                yield
            except KeyboardInterrupt as e:
                e.add_note("nothing is lost: the same command goes on, `make down` removes what was made")
                raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock, and end what a command that was killed left running. Raises Unfit naming the lock's holder."""
        folder, say = self.deployment.state_dir, self.console.say
        refuse_link(folder)
        with exclusive(folder, wait_s=seconds(self.env, "LOCK_WAIT_S", 0.0), note=say):
            if (former := moved_from(folder)) is not None:
                say(f"{folder.name} was moved here from {former}")
            move_in(folder)
            settle(folder, say, self.clock)
            yield

    def check_account(self, ledger: Ledger, *, removing: bool = False) -> str:
        """The account of the credentials. What removes goes by the account of the ledger where the values are broken.

        Raises GateRefused when things were made in another one, or when Terraform would not touch this one: what runs
        no Terraform must not either, and a teardown must not begin what Terraform then refuses to end.
        """
        account, chosen = self.tools.account(), self.deployment
        try:
            allowed = allowed_accounts(self.env, chosen.root / "terraform", [chosen.tfvars_path])
        except BadInput:
            if not removing or (ledger.account is None and self.cloud is None):
                raise
            allowed = []
        if allowed and account not in allowed:
            raise account_not_allowed(account)
        if ledger.account not in (None, account):
            raise GateRefused(
                f"these credentials are of account {account}, but {self.deployment.state_dir.name} "
                f"was made in {ledger.account}",
                remedy="set AWS_PROFILE to that account, or choose another ENVIRONMENT",
                code="account_differs",
            )
        return account

    def cause_of(self, error: OrchestrationError) -> OrchestrationError:
        """That the local cloud is down, where it is and may have caused the error: it explains more than its results.

        What is wrong with the input, refused by a rule or left over has nothing to do with it.
        """
        if self.cloud is None or not (error.exit_code == 1 or error.code in UNREACHED):
            return error
        try:
            ledger = self.ledger().load()
            if ledger is not None and ledger.ports is not None:
                self.cloud.require_running(ledger.ports)
        except OrchestrationError as down:
            return down
        return error

    @property
    def poll_s(self) -> float:
        """Seconds between looks at the control plane."""
        return 0.1 if self.cloud else 3.0

    def ledger(self) -> LedgerFile:
        return LedgerFile(self.deployment.ledger_path)

    def load_or_new(self) -> Ledger:
        """The ledger of this deployment. Raises CorruptLedger, BadInput for a copy, or one of another one or region."""
        chosen = self.deployment
        moved_from(chosen.state_dir)
        ledger = self.ledger().load()
        if ledger is None:
            return Ledger(chosen.target.value, chosen.environment, chosen.region)
        if (ledger.target, ledger.environment) != (chosen.target.value, chosen.environment):
            raise BadInput(
                f"{self.ledger().path} is of {ledger.target}-{ledger.environment}, not of {chosen.state_dir.name}",
                remedy=f"{chosen.state_dir} is a copy: put it back under its own name, or remove it",
                code="ledger_of_another",
            )
        if ledger.region != chosen.region:
            raise BadInput(
                f"AWS_REGION is {chosen.region!r}, but {chosen.state_dir.name} was made in {ledger.region!r}",
                remedy=f"export AWS_REGION={ledger.region}, then the same command again",
                code="region_differs",
            )
        return ledger

    def require_cloud(self) -> LocalCloud:
        if self.cloud is None:
            raise BadInput("there is no local cloud for TARGET=aws", remedy="use TARGET=local", code="bad_target")
        return self.cloud

    def remove_if_empty(self) -> None:
        """What all deployments of this checkout share, once there is none."""
        parent = self.deployment.state_dir.parent
        if parent.is_dir() and not parent.is_symlink() and not any(parent.iterdir()):
            parent.rmdir()
        if not parent.exists():
            forget_package(self.deployment.root)
