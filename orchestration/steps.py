"""The steps that commands are made of, on tools that the composition root made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from orchestration.aws import Identity, LogGroups, RemainsSearch
from orchestration.checks.agent_log import LogSource
from orchestration.checks.case import Door
from orchestration.checks.request import Sender
from orchestration.checks.run import Subject
from orchestration.client import AgentClient, TokenSource
from orchestration.clock import Clock
from orchestration.console import Console
from orchestration.drift import GatewaySeen, Members
from orchestration.embedded.cloud import LocalCloud
from orchestration.embedded.decisions import Decisions
from orchestration.errors import BadInput, GateRefused, Leftovers, OrchestrationError, TerraformFailed, Unfit
from orchestration.gateway import (
    FunctionControl,
    GatewayAsked,
    GatewayControl,
    GatewayMaker,
    ObservedGateway,
    delete_gateway,
    gateway_name,
    own_gateway,
    remove_gateway,
    targets_of,
)
from orchestration.home import move_in, moved_from, refuse_link
from orchestration.http import ProviderProbe
from orchestration.ledger import GatewayRecord, Ledger, LedgerFile, RuntimeRecord
from orchestration.lock import exclusive
from orchestration.machine import require_room
from orchestration.outputs import parse_outputs
from orchestration.runtime.doors import DoorMaker
from orchestration.runtime.function_package import forget_package
from orchestration.runtime.launch import Launched, Launcher
from orchestration.runtime.lifecycle import RuntimeControl, own_runtime, remove
from orchestration.runtime.spec import ObservedRuntime
from orchestration.settings import Deployment, Endpoints, Settings, aws_endpoints, build_settings, owned, seconds
from orchestration.terraform import (
    ACCOUNT_NOT_ALLOWED,
    ExistsOutside,
    RemoteState,
    StateStore,
    Stray,
    TerraformDriver,
    account_not_allowed,
    adopt,
    allowed_accounts,
    settle,
)
from orchestration.tokens import Desk, TokenBroker

# What stands in the way of one apply hides what would stand in the way of the rest.
ADOPTIONS = 4
# Nobody answered: codes of errors that a dead local cloud causes.
UNREACHED = frozenset({"data_plane_unreachable", "issuer_unreachable", "no_answer", "not_saved", "unfit"})


class Inspector(Protocol):
    """aws.Inspector, as far as the target is AWS."""

    def identity(self) -> Identity: ...
    def require_model(self, model_id: str) -> str: ...
    def agents(self) -> tuple[int, int]: ...
    def roles(self) -> tuple[int, int]: ...
    def boundary(self, role_arn: str) -> str | None: ...


class Tools(Protocol):
    """What needs an endpoint, made once that is known."""

    def terraform(self, endpoints: Endpoints) -> TerraformDriver: ...
    def apart(self, endpoints: Endpoints) -> TerraformDriver:
        """As `terraform`, for destroying: by sources that need no value and nothing of the project's own."""

    def keep_apart(self) -> None:
        """Write the sources of `apart` down, beside the state."""

    def remains(self, endpoints: Endpoints) -> RemainsSearch: ...
    def log_groups(self, endpoints: Endpoints) -> LogGroups: ...
    def check_terraform(self, work_dir: Path | None = None) -> str:
        """Its version. Raises Unfit when the binary is missing or too old, BadInput for a wished mirror that is none.

        `work_dir`: where to run it, if not in the deployment's folder.
        """

    def remote(self, bucket: str | None = None) -> RemoteState | None:
        """Where the state is or would be in that bucket; by default in the one that ledger or STATE_BUCKET names."""

    def driver(self, endpoints: Endpoints, place: RemoteState | None) -> TerraformDriver:
        """As `terraform`, with the state in that place whatever is recorded."""

    def state_store(self, endpoints: Endpoints, bucket: str) -> StateStore: ...
    def control(self, endpoints: Endpoints) -> RuntimeControl: ...
    def pool_members(self, endpoints: Endpoints) -> Members: ...
    def launcher(self, settings: Settings) -> Launcher: ...
    def gateways(self, endpoints: Endpoints) -> GatewayControl: ...
    def functions(self, endpoints: Endpoints) -> FunctionControl: ...
    def gateway_maker(self, settings: Settings) -> GatewayMaker: ...
    def gateway_asked(self, settings: Settings) -> GatewayAsked | None:
        """The gateway that Terraform's outputs ask for; None where they ask for none."""

    def broker(self, settings: Settings) -> TokenBroker: ...
    def sender(self, settings: Settings, *, gateway: bool = False) -> Sender:
        """Of the runtimes' data plane, or of the gateway where there is one."""

    def desk(self, settings: Settings, *, browser: bool = True) -> Desk: ...
    def agent(self, settings: Settings, runtime_arn: str, tokens: TokenSource) -> AgentClient: ...
    def subject(self, settings: Settings, doors: Mapping[Door, str]) -> Subject: ...
    def foreign_subject(
        self, endpoints: Endpoints, runtime_arn: str, discovery_url: str, client_id: str, token: str | None
    ) -> Subject: ...
    def door_maker(self, settings: Settings) -> DoorMaker: ...
    def decisions(self, endpoints: Endpoints) -> Decisions: ...
    def function_log(self, settings: Settings, since: float) -> list[str]:
        """What the function behind the gateway wrote since that moment (Unix seconds)."""

    def decision_log(self, settings: Settings, since: float) -> list[str]:
        """Lines of the deployment's log group on AWS since that moment (Unix seconds)."""

    def agent_log(self, endpoints: Endpoints, runtimes: Mapping[str, str], since: float) -> LogSource:
        """On AWS what the agents of those runtimes ({door: runtime id}) wrote since that moment (Unix seconds)."""

    def inspector(self, endpoints: Endpoints) -> Inspector: ...
    def provider(self, endpoints: Endpoints, discovery_url: str) -> ProviderProbe: ...
    def account(self) -> str:
        """The account that the credentials belong to. Raises Unfit without credentials."""

    def confirm_spending(self) -> None:
        """Show who pays on AWS and ask; nothing to do locally. Raises BadInput when the answer is no."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one deployment's commands."""

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

    def bring_up(self) -> Endpoints:
        """Endpoints to provision against; what would stop Terraform later stops it before anything is started."""
        self.tools.check_terraform()
        for folder in (self.deployment.root, self.deployment.state_dir):
            require_room(folder)
        ledger = self.load_or_new()
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

    def terraform(self, endpoints: Endpoints) -> TerraformDriver:
        terraform = self.tools.terraform(endpoints)
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

    def apply(self, endpoints: Endpoints) -> bool:
        """Apply, and take in what an interrupted apply made and could not write into the state. True if it changed.

        On AWS nothing is taken in: its tags are the same in every checkout, so it may be a colleague's.
        """
        terraform = self.terraform(endpoints)
        if terraform.put_back():
            self.console.say("put back the state that the last apply could not write")
        strays: tuple[Stray, ...] = ()
        for _ in range(ADOPTIONS):
            try:
                return self._take_in(terraform, strays) if strays else self._apply_once(terraform)
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

    def _apply_once(self, terraform: TerraformDriver) -> bool:
        """In one go where nothing exists yet, else plan first: a plan without changes is quicker than apply."""
        if not terraform.has_state():
            with self.saving(), self.console.step("terraform apply"), self.account_of_nothing(terraform):
                terraform.apply(on_line=self.progress)
            return True
        with self.console.step("terraform plan"):
            changes, _ = terraform.plan()
        if not changes:
            terraform.forget_plan()
            return False
        with self.saving(), self.console.step("terraform apply"):
            terraform.apply_plan(on_line=self.progress)
        return True

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
        return self._with_gateway(settings, self.load_or_new().gateway)

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

    def gateway(self, settings: Settings) -> tuple[Settings, bool]:
        """Make the gateway what Terraform's outputs ask for, or remove one that they no longer ask for.

        The settings with its URL, and whether anything changed.
        """
        asked, known = self.tools.gateway_asked(settings), self.load_or_new().gateway
        if asked is None:
            return self._with_gateway(settings, None), self._remove_unasked(settings, known)
        with self.saving(), self.console.step("gateway"):
            made = self.tools.gateway_maker(settings).ensure(asked, known, self._record_gateway)
        return self._with_gateway(settings, made.record), bool(made.changed)

    def unasked_gateway(self, settings: Settings) -> ObservedGateway | None:
        """One of ours that Terraform's outputs no longer ask for: recorded, or with our name and our tags."""
        known, outputs = self.load_or_new().gateway, settings.outputs
        control = self.tools.gateways(settings.endpoints)
        live = own_gateway(control, known.name if known else gateway_name(outputs.agent_runtime_name), known)
        recorded = known is not None and live is not None and known.id == live.id
        if live is None or recorded or owned(control.tags(live.arn), outputs.project, self.deployment.environment):
            return live
        self.console.say(
            f"gateway {live.id} is called like this environment's, and nothing proves that it is: it stays"
        )
        return None

    def _remove_unasked(self, settings: Settings, known: GatewayRecord | None) -> bool:
        live = self.unasked_gateway(settings)
        name = live.spec.name if live else known.name if known else None
        return name is not None and self.remove_gateway(settings.endpoints, name)

    def gateway_seen(self, settings: Settings, asked: GatewayAsked) -> GatewaySeen:
        """The gateway as the control plane has it."""
        control = self.tools.gateways(settings.endpoints)
        live = own_gateway(control, asked.gateway.name, self.load_or_new().gateway)
        provider = control.provider(asked.provider.name)
        return GatewaySeen(
            live,
            targets_of(control, live.id) if live else {},
            provider,
            self.tools.functions(settings.endpoints).get(asked.target.function_arn),
            provider is None or self.tools.gateway_maker(settings).secret_fits(provider),
        )

    def live_gateway(self, endpoints: Endpoints) -> ObservedGateway | None:
        """The gateway that is recorded, as the control plane has it."""
        known = self.load_or_new().gateway
        return self.tools.gateways(endpoints).get(known.id) if known else None

    def gateway_url(self, settings: Settings) -> str:
        """Raises Unfit where there is no gateway."""
        if settings.gateway_url is not None:
            return settings.gateway_url
        wanted = settings.outputs.gateway
        up = self.deployment.command("make up")
        if wanted is not None:
            raise Unfit(f"gateway {wanted.name} is not made", remedy=up, code="no_gateway")
        raise Unfit(
            f"environment {self.deployment.environment!r} has no gateway",
            remedy=f"set gateway_enabled = true in its tfvars (not with external_oidc), then `{up}`",
            code="no_gateway",
        )

    def remove_gateway(self, endpoints: Endpoints, name: str) -> bool:
        """Delete the gateway of that name with its targets and its credential provider, recorded or not.

        False when there was none. Raises Leftovers.
        """
        control, known = self.tools.gateways(endpoints), self.load_or_new().gateway
        with self.console.step("delete gateway"):
            waits = {"timeout_s": 300.0, "poll_s": self.poll_s}
            gone = remove_gateway(control, name, known, self.clock, self.console.note, **waits)
        self._record_gateway(None)
        return bool(gone)

    def delete_gateway(self, endpoints: Endpoints, live: ObservedGateway | None, provider: str | None) -> None:
        """Delete just these, and forget what is recorded. Raises Leftovers."""
        control = self.tools.gateways(endpoints)
        if live is not None:
            with self.console.step("delete gateway"):
                delete_gateway(control, live, self.clock, self.console.note, timeout_s=300.0, poll_s=self.poll_s)
        if provider is not None:
            control.delete_provider(provider)
        self._record_gateway(None)

    def _record_gateway(self, record: GatewayRecord | None) -> None:
        ledger = self.load_or_new()
        if ledger.gateway != record:
            self.ledger().save(ledger.with_gateway(record))

    def _with_gateway(self, settings: Settings, record: GatewayRecord | None) -> Settings:
        wanted = settings.outputs.gateway is not None and record is not None
        return replace(settings, gateway_url=record.url if wanted and record else None)

    def launch(self, settings: Settings) -> Launched:
        file = self.ledger()

        def made(record: RuntimeRecord) -> None:
            ledger = self.load_or_new()
            if ledger.runtime != record:
                file.save(ledger.with_runtime(record))

        with self.console.step("launch"):
            return self.tools.launcher(settings).launch(self.load_or_new().runtime, made)

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

    @property
    def poll_s(self) -> float:
        """Seconds between looks at the control plane."""
        return 0.2 if self.cloud else 3.0

    def reachable(self) -> bool:
        """False only for a local cloud that is down; a corrupt ledger is an error, not an empty one."""
        try:
            self.endpoints()
        except Unfit:
            if self.fixed_endpoints:
                raise
            return False
        return True

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
