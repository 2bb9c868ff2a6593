"""Commands that prove what the door does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from orchestration.checks import auth_log
from orchestration.checks.auth_log import Entry
from orchestration.checks.explain import Explanation
from orchestration.checks.explain_text import lines as explanation_lines
from orchestration.checks.given import read_token, readable
from orchestration.client import RUNTIME_ARN
from orchestration.commands.explain import Explaining
from orchestration.commands.matrix import Choice, Matrix
from orchestration.console import Console
from orchestration.errors import BadInput, WrongVerdicts
from orchestration.report import SmokeReport
from orchestration.steps import Steps

DISCOVERY_URL = re.compile(r"https://[^\s?#]+/\.well-known/openid-configuration")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A runtime of somebody else's, as named on the command line. repr never shows the token."""

    runtime_arn: str
    discovery_url: str
    client_id: str
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        runtime_arn: str | None,
        discovery_url: str | None,
        client: str | None,
        readline: Callable[[int], str] | None,
    ) -> Foreign | None:
        """What the flags name; None where they name nothing: then the deployment's own is meant. Raises BadInput.

        An empty value is one: an unset variable of the shell must not turn this test into one of something else.
        """
        flags = {"--discovery-url": discovery_url, "--client": client, "--token-stdin": readline}
        if runtime_arn is None:
            if given := [flag for flag, value in flags.items() if value is not None]:
                raise BadInput(
                    f"{given[0]} is only for a runtime of somebody else's",
                    remedy="name it with --runtime-arn, or leave that out to test this deployment",
                    code="bad_arn",
                )
            return None
        foreign = cls(runtime_arn, discovery_url or "", client or "")
        foreign.checked()
        return replace(foreign, token=readable(read_token(readline))) if readline else foreign

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
        return Matrix(self.steps, self.explaining.outcomes)

    @property
    def explaining(self) -> Explaining:
        return Explaining(self.steps)

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
        if not report.opened:
            self.console.say("no call was admitted: nothing proves that this door opens for anybody")

    def show_explanation(self, explanation: Explanation, *, json: bool) -> None:
        """Raises WrongVerdicts when the door answers otherwise than its own rules predict."""
        if json:
            self.console.document(explanation.document())
        for line in () if json else explanation_lines(explanation):
            self.console.result(line)
        if explanation.differs:
            raise WrongVerdicts(
                f"the answer {explanation.differs}",
                remedy=f"`{self.steps.deployment.command('invoke drift')}` shows what is live and not as asked for; "
                "if nothing is, the service has changed",
                code="unpredicted",
            )

    def show_log(self, found: list[Entry], *, json: bool, counted: bool) -> None:
        """The record of decisions as one document, as counts, or as lines."""
        if json:
            self.console.document(auth_log.document(found))
        elif counted:
            self.console.show(auth_log.counts(found), json=False)
        else:
            for entry in found:
                self.console.result(entry.line)
            self.console.note(f"{len(found)} decisions")

    def require(self, report: SmokeReport) -> None:
        """Raises WrongVerdicts unless every verdict is as expected."""
        if not report.ok:
            raise WrongVerdicts(
                f"wrong verdicts: {', '.join(report.failed) or 'there were no cases'}",
                remedy=f"compare `{self.steps.deployment.command('invoke status')}` with what you meant; "
                f"`{self.steps.deployment.command('make up')}` puts the door right",
            )
