"""The commands of one deployment: what tasks.py calls."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

from orchestration.checks.run import answer_text, new_session_id, refusal_text
from orchestration.console import Console
from orchestration.embedded.cloud import DaemonStatus
from orchestration.errors import BadInput, OrchestrationError, TerraformFailed, WrongVerdicts
from orchestration.lock import exclusive
from orchestration.report import SmokeReport, deployment_document
from orchestration.runtime.launch import Launched
from orchestration.settings import Settings
from orchestration.steps import Steps
from orchestration.tokens import Client


@dataclass(frozen=True, slots=True)
class Project:
    """The commands of one deployment."""

    steps: Steps

    @property
    def console(self) -> Console:
        return self.steps.console

    # -- commands that change something -------------------------------------------------------------------

    def up(self) -> SmokeReport:
        """Everything: local cloud, Terraform, password, launch, smoke test."""
        with self.steps.changing():
            endpoints = self.steps.bring_up()
            changed = self.steps.apply(endpoints)
            settings = self.steps.settings(endpoints)
            changed |= self.steps.configure(settings)
            if changed:
                self.steps.checkpoint()
            launched = self.steps.launch(settings)
            changed |= bool(launched.changed)
        report = self.steps.smoke(settings, launched.runtime.arn)
        if not changed and report.ok:
            self.console.say("nothing changed: everything was as it should be")
        return report

    def plan(self, *, destroy: bool = False) -> tuple[bool, str]:
        """(has changes, Terraform's plan as text)."""
        with self.steps.changing():
            terraform = self.steps.terraform(self.steps.bring_up())
            try:
                with self.console.step("terraform plan"):
                    return terraform.plan(destroy=destroy)
            finally:
                terraform.forget_plan()

    def apply(self) -> bool:
        """Terraform alone; False when nothing had to change."""
        with self.steps.changing():
            changed = self.steps.apply(self.steps.bring_up())
            if changed:
                self.steps.checkpoint()
            return changed

    def configure(self, *, force: bool = True) -> dict[str, Any]:
        """Set the demo caller's password and show the configuration that `launch` will send."""
        with self.steps.changing():
            settings = self.settings()
            if self.steps.configure(settings, force=force):
                self.steps.checkpoint()
            return self.steps.tools.launcher(settings).preview()

    def launch(self) -> Launched:
        """Create, update or keep the runtime."""
        with self.steps.changing():
            return self.steps.launch(self.settings())

    def down(self) -> bool:
        """Remove all of it; False when there was nothing."""
        steps = self.steps
        state_dir = steps.deployment.state_dir
        if not state_dir.exists():
            if steps.cloud is None:
                self.console.say(f"there is no {state_dir}: nothing was looked up in AWS")
            stopped = bool(steps.cloud and steps.cloud.stop_strays())
            shutil.rmtree(state_dir, ignore_errors=True)  # the emulator writes its state when it ends
            steps.remove_if_empty()
            return stopped
        with exclusive(state_dir):
            steps.check_account(steps.load_or_new())
            steps.tools.confirm_spending()
            if steps.reachable():
                self._tear_down()
            else:
                self.console.note("the local cloud is down: its state goes with its folder")
            if steps.cloud:
                with self.console.step("local cloud stop"):
                    steps.cloud.stop()
                    steps.cloud.erase()
            shutil.rmtree(state_dir)
        steps.remove_if_empty()
        return True

    def _tear_down(self) -> None:
        """Locally a state that Terraform cannot read is no obstacle: all of it goes with the folder."""
        try:
            self.steps.tear_down()
        except TerraformFailed as e:
            if e.code != "corrupt_state" or not self.steps.cloud:
                raise
            self.console.say(f"{e.message}; the local cloud goes with its folder")

    def local_up(self) -> list[DaemonStatus]:
        with self.steps.changing():
            self.steps.start_cloud()
            return self.local_status()

    def local_down(self) -> bool:
        """Stop the local cloud; its state stays."""
        cloud = self.steps.require_cloud()
        if not self.steps.deployment.state_dir.exists():
            return False
        with exclusive(self.steps.deployment.state_dir):
            return cloud.stop()

    # -- commands that look --------------------------------------------------------------------------------

    def local_status(self) -> list[DaemonStatus]:
        cloud = self.steps.require_cloud()
        ledger = self.steps.ledger().load()
        if ledger is None or ledger.ports is None:
            return []
        return cloud.status(ledger.ports)

    def local_environment(self) -> dict[str, str]:
        """Variables that point any AWS SDK or the AWS CLI at the local cloud. The secret is the emulator's own."""
        cloud = self.steps.require_cloud()
        endpoints = self.steps.endpoints()
        key = cloud.root_key()
        exempt = [host for host in (self.steps.env.get("NO_PROXY"), "127.0.0.1", "localhost") if host]
        return {
            "NO_PROXY": ",".join(exempt),
            "no_proxy": ",".join(exempt),
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_REGION": self.steps.deployment.region,
            "AWS_DEFAULT_REGION": self.steps.deployment.region,
            "AWS_ENDPOINT_URL": str(endpoints.aws),
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL": endpoints.control_plane,
            "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE": endpoints.data_plane,
        }

    def settings(self) -> Settings:
        """Settings of what is applied. Raises Unfit, MissingOutputs, InvalidOutputs."""
        return self.steps.settings(self.steps.endpoints())

    def status(self) -> dict[str, Any]:
        """The document of `status`: live state of the runtime."""
        settings = self.settings()
        return deployment_document(settings, self.steps.observed(settings))

    def outputs(self) -> dict[str, Any]:
        """The same document as `status`, with every Terraform output beside it."""
        settings = self.settings()
        outputs = settings.outputs
        document = deployment_document(settings, self.steps.observed(settings))
        return {**document, "terraform": {name: getattr(outputs, name) for name in outputs.__slots__}}

    def token(self, client: str) -> str:
        if client not in {Client.USER, Client.MACHINE}:
            raise BadInput(f"--client is {client!r}", remedy="use --client user or --client machine", code="bad_client")
        return self.steps.tools.broker(self.settings()).access(Client(client))

    def ask(self, question: str) -> str:
        """The agent's answer to a person. Raises OrchestrationError with the refusal."""
        if not question.strip():
            raise BadInput("the question is empty", remedy='invoke ask "what can you do?"')
        settings = self.settings()
        arn = self.steps.runtime_arn(settings)
        token = self.steps.tools.broker(settings).access(Client.USER)
        reply = self.steps.tools.caller(settings, arn).with_bearer(token, {"prompt": question}, new_session_id())
        if answer := answer_text(reply.body) if reply.status == 200 else "":
            return answer
        raise OrchestrationError(
            f"the runtime answered {reply.status}: {refusal_text(reply) or 'no text'}",
            remedy=self.steps.deployment.command("invoke smoke-test"),
            code="ask_failed",
        )

    def smoke_test(self) -> SmokeReport:
        settings = self.settings()
        return self.steps.smoke(settings, self.steps.runtime_arn(settings))

    def judge(self, report: SmokeReport, *, json: bool) -> None:
        """Show the smoke test's result. Raises WrongVerdicts naming the cases."""
        self.console.smoke(report, json=json)
        if not report.ok:
            raise WrongVerdicts(
                f"wrong verdicts: {', '.join(report.failed) or 'there were no cases'}",
                remedy=f"compare `{self.steps.deployment.command('invoke status')}` with what you meant; "
                f"`{self.steps.deployment.command('make up')}` puts the door right",
            )

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
