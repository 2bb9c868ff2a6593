"""Commands that prove what the door does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from orchestration.commands.matrix import Choice, Matrix
from orchestration.console import Console
from orchestration.errors import BadInput, WrongVerdicts
from orchestration.report import SmokeReport
from orchestration.steps import Steps

RUNTIME_ARN = re.compile(
    r"arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:runtime/[a-zA-Z][a-zA-Z0-9_]{0,99}-[a-zA-Z0-9]{10}"
)
DISCOVERY_URL = re.compile(r"https://[^\s?#]+/\.well-known/openid-configuration")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A runtime of somebody else's, as named on the command line. repr never shows the token."""

    runtime_arn: str
    discovery_url: str
    client_id: str
    token: str | None = field(default=None, repr=False)

    def checked(self) -> tuple[str, str, str]:
        """Raises BadInput naming the flag. Botocore model: AgentRuntimeArn, DiscoveryUrl."""
        if not RUNTIME_ARN.fullmatch(self.runtime_arn):
            raise BadInput(
                f"--runtime-arn is {self.runtime_arn!r}",
                remedy="use arn:aws:bedrock-agentcore:<region>:<account>:runtime/<name>-<10 letters or digits>",
                code="bad_arn",
            )
        if not DISCOVERY_URL.fullmatch(self.discovery_url):
            raise BadInput(
                f"--discovery-url is {self.discovery_url!r}",
                remedy="use the runtime's own: https://<issuer>/.well-known/openid-configuration",
                code="bad_discovery_url",
            )
        if not self.client_id:
            raise BadInput("--client is missing", remedy="name a client that the runtime lets in", code="bad_client")
        return self.runtime_arn, self.discovery_url, self.client_id


@dataclass(frozen=True, slots=True)
class Proof:
    """Prove what the door does."""

    steps: Steps

    @property
    def console(self) -> Console:
        return self.steps.console

    @property
    def matrix(self) -> Matrix:
        return Matrix(self.steps, lambda outcomes: {})

    def smoke_test(self, choice: Choice) -> SmokeReport:
        """The smoke matrix against this deployment."""
        return self.matrix.whole(choice)

    def smoke_test_of(self, choice: Choice, foreign: Foreign) -> SmokeReport:
        """The part of the smoke matrix that fits a runtime which this project did not make. Raises BadInput."""
        return self.matrix.foreign(choice, *foreign.checked(), foreign.token)

    def judge(self, report: SmokeReport, *, json: bool, brief: bool = False) -> None:
        """Show the smoke test's result; `brief` leaves out refusals that are as expected. Raises WrongVerdicts."""
        self.console.smoke(report, json=json, brief=brief)
        self.require(report)

    def require(self, report: SmokeReport) -> None:
        """Raises WrongVerdicts unless every verdict is as expected."""
        if not report.ok:
            raise WrongVerdicts(
                f"wrong verdicts: {', '.join(report.failed) or 'there were no cases'}",
                remedy=f"compare `{self.steps.deployment.command('invoke status')}` with what you meant; "
                f"`{self.steps.deployment.command('make up')}` puts the door right",
            )
