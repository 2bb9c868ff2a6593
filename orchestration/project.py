"""What the tasks do, step by step, on tools that the composition root made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from orchestration.checks.cases import CASES
from orchestration.checks.run import Caller, answer_text, new_session_id, refusal_text, run_cases
from orchestration.clock import Clock
from orchestration.console import Console
from orchestration.embedded.cloud import DaemonStatus, LocalCloud
from orchestration.errors import BadInput, Leftovers, OrchestrationError, Unfit
from orchestration.ledger import Ledger, LedgerFile, RuntimeRecord
from orchestration.lock import exclusive
from orchestration.outputs import parse_outputs
from orchestration.report import SmokeReport, deployment_document
from orchestration.runtime.launch import Launched, Launcher
from orchestration.runtime.lifecycle import RuntimeControl, remove
from orchestration.runtime.spec import ObservedRuntime
from orchestration.settings import Deployment, Endpoints, Settings, build_settings
from orchestration.terraform import TerraformDriver
from orchestration.tokens import Client, TokenBroker


class Tools(Protocol):
    """What needs an endpoint, made once that is known."""

    def terraform(self, endpoints: Endpoints) -> TerraformDriver: ...
    def control(self, endpoints: Endpoints) -> RuntimeControl: ...
    def launcher(self, settings: Settings) -> Launcher: ...
    def broker(self, settings: Settings) -> TokenBroker: ...
    def caller(self, settings: Settings, runtime_arn: str) -> Caller: ...
    def confirm_spending(self) -> None:
        """Show who pays on AWS and ask; nothing to do locally. Raises BadInput when the answer is no."""


@dataclass(frozen=True, slots=True)
class Project:
    """The commands of one deployment."""

    deployment: Deployment
    env: Mapping[str, str]
    tools: Tools
    console: Console
    clock: Clock
    cloud: LocalCloud | None
    """None on AWS."""
    fixed_endpoints: Endpoints | None
    """AWS's own; None locally, where the ports decide."""

    # -- commands that change something -------------------------------------------------------------------

    def up(self) -> SmokeReport:
        """Everything: local cloud, Terraform, password, launch, smoke test."""
        with self._changing():
            endpoints = self._bring_up()
            changed = self._apply(endpoints)
            settings = self._settings(endpoints)
            changed |= self._configure(settings)
            if changed:
                self._checkpoint()
            launched = self._launch(settings)
            changed |= bool(launched.changed)
        report = self._smoke(settings, launched.runtime.arn)
        if not changed:
            self.console.say("nothing changed: everything was as it should be")
        return report

    def plan(self, *, destroy: bool = False) -> tuple[bool, str]:
        """(has changes, Terraform's plan as text)."""
        with self._changing():
            terraform = self._terraform(self._bring_up())
            try:
                with self.console.step("terraform plan"):
                    return terraform.plan(destroy=destroy)
            finally:
                terraform.forget_plan()

    def apply(self) -> bool:
        """Terraform alone; False when nothing had to change."""
        with self._changing():
            changed = self._apply(self._bring_up())
            if changed:
                self._checkpoint()
            return changed

    def configure(self, *, force: bool = True) -> dict[str, Any]:
        """Set the demo caller's password and show the configuration that `launch` will send."""
        with self._changing():
            settings = self.settings()
            if self._configure(settings, force=force):
                self._checkpoint()
            return self.tools.launcher(settings).preview()

    def launch(self) -> Launched:
        """Create, update or keep the runtime."""
        with self._changing():
            return self._launch(self.settings())

    def down(self) -> bool:
        """Remove all of it; False when there was nothing."""
        if not self.deployment.state_dir.exists():
            return False
        with exclusive(self.deployment.state_dir):
            self.tools.confirm_spending()
            if self._reachable():
                self._tear_down()
            else:
                self.console.note("the local cloud is down: its state goes with its folder")
            if self.cloud:
                with self.console.step("local cloud stop"):
                    self.cloud.stop()
                    self.cloud.erase()
            shutil.rmtree(self.deployment.state_dir)
        self._remove_if_empty()
        return True

    def local_up(self) -> list[DaemonStatus]:
        with self._changing():
            self._start_cloud()
            return self.local_status()

    def local_down(self) -> bool:
        """Stop the local cloud; its state stays."""
        cloud = self._require_cloud()
        if not self.deployment.state_dir.exists():
            return False
        with exclusive(self.deployment.state_dir):
            return cloud.stop()

    # -- commands that look --------------------------------------------------------------------------------

    def local_status(self) -> list[DaemonStatus]:
        cloud = self._require_cloud()
        ledger = self._ledger().load()
        if ledger is None or ledger.ports is None:
            return []
        return cloud.status(ledger.ports)

    def local_environment(self) -> dict[str, str]:
        """Variables that point any AWS SDK or the AWS CLI at the local cloud. The secret is the emulator's own."""
        cloud = self._require_cloud()
        endpoints = self.endpoints()
        key = cloud.root_key()
        return {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_REGION": self.deployment.region,
            "AWS_DEFAULT_REGION": self.deployment.region,
            "AWS_ENDPOINT_URL": str(endpoints.aws),
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": endpoints.control_plane,
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": endpoints.data_plane,
        }

    def endpoints(self) -> Endpoints:
        """Raises Unfit when the local cloud is not running."""
        if self.fixed_endpoints:
            return self.fixed_endpoints
        cloud = self._require_cloud()
        ledger = self._ledger().load()
        ports = ledger.ports if ledger else None
        ports = cloud.require_running(ports)
        return cloud.endpoints(ports)

    def settings(self) -> Settings:
        """Settings of what is applied. Raises Unfit, MissingOutputs, InvalidOutputs."""
        return self._settings(self.endpoints())

    def status(self) -> dict[str, Any]:
        """The document of `status`: live state of the runtime."""
        settings = self.settings()
        return deployment_document(settings, self._observed(settings))

    def outputs(self) -> dict[str, Any]:
        """The same document as `status`, with every Terraform output beside it."""
        settings = self.settings()
        outputs = settings.outputs
        document = deployment_document(settings, self._observed(settings))
        return {**document, "terraform": {name: getattr(outputs, name) for name in outputs.__slots__}}

    def token(self, client: str) -> str:
        if client not in {Client.USER, Client.MACHINE}:
            raise BadInput(f"--client is {client!r}", remedy="use --client user or --client machine", code="bad_client")
        return self.tools.broker(self.settings()).access(Client(client))

    def ask(self, question: str) -> str:
        """The agent's answer to a person. Raises OrchestrationError with the refusal."""
        if not question.strip():
            raise BadInput("the question is empty", remedy='invoke ask "what can you do?"')
        settings = self.settings()
        arn = self._runtime_arn(settings)
        token = self.tools.broker(settings).access(Client.USER)
        reply = self.tools.caller(settings, arn).with_bearer(token, {"prompt": question}, new_session_id())
        if answer := answer_text(reply.body) if reply.status == 200 else "":
            return answer
        raise OrchestrationError(
            f"the runtime answered {reply.status}: {refusal_text(reply) or 'no text'}",
            remedy=self.deployment.command("invoke smoke-test"),
            code="ask_failed",
        )

    def smoke_test(self) -> SmokeReport:
        settings = self.settings()
        return self._smoke(settings, self._runtime_arn(settings))

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
            self.console.say(f"  {self.deployment.command(words)}")

    # -- steps ---------------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock, refuse a ledger of another region, show what AWS will bill."""
        with exclusive(self.deployment.state_dir):
            self._load_or_new()
            self.tools.confirm_spending()
            yield

    def _bring_up(self) -> Endpoints:
        if self.fixed_endpoints:
            return self.fixed_endpoints
        return self._start_cloud()

    def _start_cloud(self) -> Endpoints:
        cloud = self._require_cloud()
        ledger = self._load_or_new()
        with self.console.step("local cloud"):
            ports = cloud.start(ledger.ports)
        self._ledger().save(ledger.with_ports(ports))
        return cloud.endpoints(ports)

    def _terraform(self, endpoints: Endpoints) -> TerraformDriver:
        terraform = self.tools.terraform(endpoints)
        terraform.check_binary()
        with self.console.step("terraform init"):
            terraform.init()
        return terraform

    def _apply(self, endpoints: Endpoints) -> bool:
        """Apply in one go where nothing exists yet, else plan first: a plan without changes is quicker than apply."""
        terraform = self._terraform(endpoints)
        if not terraform.has_state():
            with self.console.step("terraform apply"):
                terraform.apply(on_line=self._progress)
            return True
        with self.console.step("terraform plan"):
            changes, _ = terraform.plan()
        if not changes:
            terraform.forget_plan()
            return False
        with self.console.step("terraform apply"):
            terraform.apply_plan(on_line=self._progress)
        return True

    def _progress(self, line: str) -> None:
        if ": Creation complete" in line or ": Destruction complete" in line or ": Modifications complete" in line:
            self.console.note(line.partition(" [id=")[0])

    def _settings(self, endpoints: Endpoints) -> Settings:
        terraform = self.tools.terraform(endpoints)
        if not terraform.has_state():
            raise Unfit(
                f"environment {self.deployment.environment!r} is not applied",
                remedy=self.deployment.command("make up"),
                code="not_applied",
            )
        terraform.init()
        return build_settings(self.deployment, parse_outputs(terraform.output()), endpoints, self.env)

    def _configure(self, settings: Settings, *, force: bool = False) -> bool:
        with self.console.step("caller's password"):
            return self.tools.broker(settings).give_caller_a_password(force=force)

    def _launch(self, settings: Settings) -> Launched:
        file = self._ledger()

        def made(runtime_id: str, arn: str) -> None:
            record = RuntimeRecord(settings.outputs.agent_runtime_name, runtime_id, arn)
            ledger = self._load_or_new()
            if ledger.runtime != record:
                file.save(ledger.with_runtime(record))

        ledger = self._load_or_new()
        with self.console.step("launch"):
            return self.tools.launcher(settings).launch(ledger.runtime.id if ledger.runtime else None, made)

    def _smoke(self, settings: Settings, runtime_arn: str) -> SmokeReport:
        started = self.clock.monotonic()
        with self.console.step("smoke test"):
            caller = self.tools.caller(settings, runtime_arn)
            outcomes = run_cases(CASES, caller, self.tools.broker(settings), self.clock, self.console.outcome)
        return SmokeReport(self.deployment, runtime_arn, outcomes, self.clock.monotonic() - started)

    def _checkpoint(self) -> None:
        ledger = self._load_or_new()
        if self.cloud and ledger.ports:
            with self.console.step("local cloud: write state to disk"):
                self.cloud.checkpoint(ledger.ports)

    def _tear_down(self) -> None:
        endpoints = self.endpoints()
        terraform = self._terraform(endpoints)
        ledger = self._load_or_new()
        control = self.tools.control(endpoints)
        runtime_id = ledger.runtime.id if ledger.runtime else None
        if terraform.has_state():
            name = terraform.output().get("agent_runtime_name", {}).get("value")
            if runtime_id is None and name and (found := control.find(str(name))):
                runtime_id = found.id
        if runtime_id:
            with self.console.step("delete runtime"):
                remove(control, runtime_id, self.clock, self.console.note, timeout_s=300.0, poll_s=0.2)
            self._ledger().save(ledger.with_runtime(None))
        if terraform.has_state():
            with self.console.step("terraform destroy"):
                terraform.destroy(on_line=self._progress)
        if terraform.has_state():
            raise Leftovers(
                "Terraform's state still lists resources after destroy",
                remedy=f"see {terraform.log_path}, then {self.deployment.command('make down')}",
            )

    def _reachable(self) -> bool:
        """False only for a local cloud that is down; a corrupt ledger is an error, not an empty one."""
        try:
            self.endpoints()
        except Unfit:
            if self.fixed_endpoints:
                raise
            return False
        return True

    def _observed(self, settings: Settings) -> ObservedRuntime | None:
        ledger = self._load_or_new()
        control = self.tools.control(settings.endpoints)
        known = control.get(ledger.runtime.id) if ledger.runtime else None
        return known or control.find(settings.outputs.agent_runtime_name)

    def _runtime_arn(self, settings: Settings) -> str:
        ledger = self._load_or_new()
        if ledger.runtime:
            return ledger.runtime.arn
        if found := self._observed(settings):
            return found.arn
        raise Unfit(
            f"runtime {settings.outputs.agent_runtime_name} is not launched",
            remedy=self.deployment.command("make up"),
            code="not_launched",
        )

    def _ledger(self) -> LedgerFile:
        return LedgerFile(self.deployment.state_dir / "ledger.json")

    def _load_or_new(self) -> Ledger:
        """The ledger of this deployment. Raises CorruptLedger, BadInput when it was made in another region."""
        chosen = self.deployment
        ledger = self._ledger().load()
        if ledger is None:
            return Ledger(chosen.target.value, chosen.environment, chosen.region)
        if ledger.region != chosen.region:
            raise BadInput(
                f"AWS_REGION is {chosen.region!r}, but {chosen.state_dir.name} was made in {ledger.region!r}",
                remedy=f"AWS_REGION={ledger.region} {chosen.command('make up')}",
                code="region_differs",
            )
        return ledger

    def _require_cloud(self) -> LocalCloud:
        if self.cloud is None:
            raise BadInput("there is no local cloud for TARGET=aws", remedy="use TARGET=local", code="bad_target")
        return self.cloud

    def _remove_if_empty(self) -> None:
        parent = self.deployment.state_dir.parent
        if parent.exists() and not any(parent.iterdir()):
            parent.rmdir()
