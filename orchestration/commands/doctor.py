"""The command that says what would stop the others. It changes nothing and makes no file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.clock import Clock
from orchestration.desks import redirect_uris
from orchestration.doctor import account, machine, traces
from orchestration.doctor.applied import Applied
from orchestration.doctor.findings import (
    Check,
    Diagnosis,
    Finding,
    budget_s,
    examine,
    fine,
    not_asked,
    said,
)
from orchestration.doctor.repair import repair
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import OrchestrationError
from orchestration.ledger import Ledger
from orchestration.lock import turn
from orchestration.settings import Settings, aws_endpoints, model_id, model_provider
from orchestration.steps import Inspector, Steps
from orchestration.terraform import (
    MIRROR_VARIABLE,
    Environment,
    TerraformDriver,
    provider_mirror,
    providers_installed,
)
from orchestration.tokens.store import TokenStore

# Which deployment is meant is not known then: those that are known are not to blame.
UNCHOSEN = frozenset({"bad_target", "bad_environment"})


@dataclass(frozen=True, slots=True)
class Doctor:
    """Looks at machine, shell, `.state`, account and provider."""

    steps: Steps
    refused: OrchestrationError | None = None
    """What is wrong with the environment variables that choose the deployment."""
    umask: int = 0o022
    """The shell's own; commands set theirs."""
    spent_s: float = 0.0
    """How long this command runs already."""
    look: Callable[[Sequence[Check], Clock, float], Diagnosis] = examine

    def examine(self) -> Diagnosis:
        return self.look(self.checks(), self.steps.clock, budget_s(self.spent_s))

    def fix(self) -> list[str]:
        """Mend what is safe to mend, and say what was: modes in `.state`, traces of commands that were killed.

        Changes nothing while another command is at work. Raises Unfit then.
        """
        return repair(self.steps)

    def checks(self) -> list[Check]:
        return [Check("choice", self._choice, cheap=True), *self._of_the_machine(), *self._of_the_deployment()]

    def _of_the_machine(self) -> list[Check]:
        env, root = self.steps.env, self.steps.deployment.root
        return [
            Check("python", machine.python),
            Check("packages", lambda: machine.packages(root / "requirements.lock")),
            Check("programs", lambda: machine.programs(env)),
            Check("terraform", self._terraform),
            Check("provider", self._provider),
            Check("room", lambda: machine.room(root, self.steps.deployment.state_dir)),
            Check("files", machine.files),
            Check("umask", lambda: machine.shell_umask(self.umask)),
            Check("proxies", lambda: machine.proxies(env)),
            Check("leftovers", lambda: machine.leftovers(env)),
            Check("sign-in", lambda: machine.sign_in(redirect_uris(env))),
        ]

    def _of_the_deployment(self) -> list[Check]:
        if self.refused is not None and self.refused.code in UNCHOSEN:
            return [Check("deployment", lambda: [not_asked("which deployment is meant is not known")])]
        live = Applied(self.steps)
        return [
            Check("ledger", self._ledger, cheap=True),
            Check("state", self._state, cheap=True),
            Check("writing", lambda: traces.writing(self.steps.deployment), cheap=True),
            Check("modes", lambda: traces.modes(self.steps.deployment), cheap=True),
            Check("tokens", lambda: traces.tokens(TokenStore(self.steps.deployment.state_dir / "tokens", turn))),
            Check("lock", lambda: traces.lock(self.steps.deployment), cheap=True),
            *self._of_the_cloud(),
            Check("terraform's traces", lambda: traces.left_by_terraform(self.steps.deployment)),
            Check("deployment", live.told, echoes=True, vital=True),
            Check("runtime", lambda: live.ask(self._runtime), echoes=True, vital=True),
            *self._of_the_account(live),
            Check("identity provider", lambda: self._identity_provider(live)),
            Check("clock", lambda: self._clock(live)),
        ]

    def _choice(self) -> Iterator[Finding]:
        if self.refused is not None:
            yield said(self.refused)
        else:
            chosen = self.steps.deployment
            yield fine(f"{chosen.state_dir.name} in {chosen.region}")

    def _terraform(self) -> Iterator[Finding]:
        with tempfile.TemporaryDirectory() as folder:
            yield fine(self.steps.tools.check_terraform(Path(folder)))

    def _provider(self) -> Iterator[Finding]:
        """A search for the provider that is not needed would take seconds where the registry is out of reach."""
        if MIRROR_VARIABLE not in self.steps.env and providers_installed(self.steps.deployment.state_dir):
            yield fine("hashicorp/aws is installed")
            return
        mirror = provider_mirror(self.steps.env)
        yield fine(f"hashicorp/aws from {mirror}" if mirror else "hashicorp/aws from where Terraform looks")

    def _ledger(self) -> Iterator[Finding]:
        self.steps.load_or_new()
        yield fine("ledger")

    def _state(self) -> Iterator[Finding]:
        """Of a state in a bucket `deployment` tells. Raises TerraformFailed for a file that is none."""
        chosen = self.steps.deployment
        place = Environment("terraform", chosen.root / "terraform", chosen.state_dir, {})
        summary = TerraformDriver(place).local_state()
        yield fine(f"{summary.resources} resources" if summary else "no state here")

    def _of_the_cloud(self) -> list[Check]:
        cloud = self.steps.cloud
        if cloud is None:
            return []
        return [
            Check("ports", lambda: self._with_ledger(lambda ledger: traces.ports(cloud, ledger)), cheap=True),
            Check("processes", lambda: self._processes(cloud), cheap=True),
        ]

    def _processes(self, cloud: LocalCloud) -> Iterator[Finding]:
        return self._with_ledger(lambda ledger: traces.processes(self.steps.deployment, cloud, ledger))

    def _runtime(self, settings: Settings) -> Iterator[Finding]:
        return traces.runtime(self.steps, settings)

    def _with_ledger(self, look: Callable[[Ledger], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            ledger = self.steps.load_or_new()
        except OrchestrationError:
            return iter([not_asked("the ledger cannot be read")])
        return look(ledger)

    def _of_the_account(self, live: Applied) -> list[Check]:
        if self.steps.cloud is not None:
            return [Check("account", lambda: [not_asked("TARGET is local: no credentials, model or quota is needed")])]
        steps = self.steps

        def inspector() -> Inspector:
            return steps.tools.inspector(aws_endpoints(steps.deployment.region))

        def allowed() -> str:
            return steps.check_account(steps.load_or_new())

        def model() -> Iterator[Finding]:
            return account.model(inspector(), model_provider(steps.env), model_id(steps.env))

        def boundary() -> Iterator[Finding]:
            return live.ask(lambda settings: account.boundary(inspector(), settings))

        return [
            Check("credentials", lambda: account.credentials(inspector(), allowed)),
            Check("model", lambda: account.if_allowed(model), echoes=True),
            Check("agents", lambda: account.if_allowed(lambda: account.agents_quota(inspector())), echoes=True),
            Check("roles", lambda: account.if_allowed(lambda: account.roles_quota(inspector())), echoes=True),
            Check("boundary", lambda: account.if_allowed(boundary), echoes=True),
        ]

    def _identity_provider(self, live: Applied) -> Iterator[Finding]:
        def look(settings: Settings) -> Iterator[Finding]:
            url = settings.outputs.door.discovery_url
            return account.provider(url, self.steps.tools.provider(settings.endpoints, url).issuer)

        return live.ask(look)

    def _clock(self, live: Applied) -> Iterator[Finding]:
        """Against the provider of what is applied, else against AWS itself."""
        settings = live.settings()
        if settings is not None:
            url, endpoints = settings.outputs.door.discovery_url, settings.endpoints
        elif self.steps.fixed_endpoints is not None:
            url, endpoints = self.steps.fixed_endpoints.control_plane, self.steps.fixed_endpoints
        else:
            return iter([not_asked("nothing outside this machine is asked yet")])
        return account.skew(url, self.steps.tools.provider(endpoints, url).time(), self.steps.clock)
