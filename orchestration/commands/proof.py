"""Commands that prove what the door does."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.console import Console
from orchestration.errors import WrongVerdicts
from orchestration.report import SmokeReport
from orchestration.steps import Steps


@dataclass(frozen=True, slots=True)
class Proof:
    """Prove what the door does."""

    steps: Steps

    @property
    def console(self) -> Console:
        return self.steps.console

    def smoke_test(self) -> SmokeReport:
        settings = self.steps.live_settings()
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
