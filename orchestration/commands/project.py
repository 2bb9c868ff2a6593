"""All commands of one deployment in one place."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.commands.callers import Callers
from orchestration.commands.doctor import Doctor
from orchestration.commands.evidence import Evidence
from orchestration.commands.lifecycle import Lifecycle
from orchestration.commands.local import Local
from orchestration.commands.logs import Logs
from orchestration.commands.proof import Proof
from orchestration.commands.review import Reviews
from orchestration.commands.state import State
from orchestration.commands.teardown import Teardown
from orchestration.commands.trace import Tracing
from orchestration.console import Console
from orchestration.embedded.daemon import running_for
from orchestration.errors import OrchestrationError
from orchestration.steps import Steps


@dataclass(frozen=True, slots=True)
class Project:
    """One deployment as a user drives it."""

    steps: Steps
    refused: OrchestrationError | None = None
    """Why this is the default deployment and not the one that the environment names, where that is all the same."""
    umask: int = 0o022
    """The shell's own."""

    @property
    def console(self) -> Console:
        return self.steps.console

    @property
    def lifecycle(self) -> Lifecycle:
        return Lifecycle(self.steps)

    @property
    def teardown(self) -> Teardown:
        return Teardown(self.steps)

    @property
    def local(self) -> Local:
        return Local(self.steps)

    @property
    def tracing(self) -> Tracing:
        return Tracing(self.steps)

    @property
    def logs(self) -> Logs:
        return Logs(self.steps)

    @property
    def callers(self) -> Callers:
        return Callers(self.steps)

    @property
    def doctor(self) -> Doctor:
        return Doctor(self.steps, self.refused, self.umask, running_for(self.steps.clock.now()))

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.steps)

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.steps, self.proof.matrix)

    @property
    def state(self) -> State:
        return State(self.steps)

    @property
    def proof(self) -> Proof:
        return Proof(self.steps)
