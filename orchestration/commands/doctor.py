"""The command that says what would stop the others. It changes nothing and makes no file."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.doctor import account, machine, traces
from orchestration.doctor.findings import Check, Diagnosis, Finding, Severity, examine, fine, not_asked, said
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

# `make up` mends these by itself.
MENDED = frozenset({"local_cloud_absent", "local_cloud_down", "not_applied"})


@dataclass(frozen=True, slots=True)
class Doctor:
    """Looks at machine, shell, `.state`, account and provider."""

    steps: Steps
    refused: OrchestrationError | None = None
    """What is wrong with the environment variables that choose the deployment; then the default one is looked at."""

    def examine(self) -> Diagnosis:
        return examine(self.checks(), self.steps.clock)

    def checks(self) -> list[Check]:
        env, root = self.steps.env, self.steps.deployment.root
        live = Live(self.steps)
        return [
            Check("choice", self._choice),
            Check("python", machine.python),
            Check("packages", lambda: machine.packages(root / "requirements.lock")),
            Check("programs", lambda: machine.programs(env)),
            Check("terraform", self._terraform),
            Check("provider", self._provider),
            Check("room", lambda: machine.room(root)),
            Check("files", machine.files),
            Check("proxies", lambda: machine.proxies(env)),
            Check("leftovers", lambda: machine.leftovers(env)),
            Check("ledger", self._ledger),
            Check("state", self._state),
            Check("modes", lambda: traces.modes(self.steps.deployment)),
            Check("tokens", lambda: traces.tokens(TokenStore(self.steps.deployment.state_dir / "tokens", turn))),
            Check("lock", lambda: traces.lock(self.steps.deployment)),
            *self._of_the_cloud(),
            Check("terraform's traces", lambda: traces.left_by_terraform(self.steps.deployment)),
            Check("deployment", live.told, echoes=True),
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
            Check("ports", lambda: self._with_ledger(lambda ledger: traces.ports(cloud, ledger))),
            Check("processes", lambda: self._processes(cloud)),
        ]

    def _processes(self, cloud: LocalCloud) -> Iterator[Finding]:
        return self._with_ledger(lambda ledger: traces.processes(self.steps.deployment, cloud, ledger))

    def _with_ledger(self, look: Callable[[Ledger], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            ledger = self.steps.load_or_new()
        except OrchestrationError:
            return iter([not_asked("the ledger cannot be read")])
        return look(ledger)

    def _of_the_account(self, live: Live) -> list[Check]:
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
            Check("quotas", lambda: account.if_allowed(lambda: account.quotas(inspector())), echoes=True),
            Check("boundary", lambda: account.if_allowed(boundary), echoes=True),
        ]

    def _identity_provider(self, live: Live) -> Iterator[Finding]:
        def look(settings: Settings) -> Iterator[Finding]:
            url = settings.outputs.door.discovery_url
            return account.provider(url, self.steps.tools.provider(settings.endpoints, url).issuer)

        return live.ask(look)

    def _clock(self, live: Live) -> Iterator[Finding]:
        """Against the provider of what is applied, else against AWS itself."""
        settings = live.settings()
        if settings is not None:
            url, endpoints = settings.outputs.door.discovery_url, settings.endpoints
        elif self.steps.fixed_endpoints is not None:
            url, endpoints = self.steps.fixed_endpoints.control_plane, self.steps.fixed_endpoints
        else:
            return iter([not_asked("nothing outside this machine is asked yet")])
        return account.skew(url, self.steps.tools.provider(endpoints, url).time(), self.steps.clock)


class Live:
    """Settings of what is applied, found once for all checks that need them."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._lock = threading.Lock()
        self._found: Settings | OrchestrationError | None = None

    def told(self) -> Iterator[Finding]:
        """What the commands that need it would say."""
        found = self._once()
        if found is None:
            yield not_asked("nothing was made in this environment")
        elif isinstance(found, OrchestrationError):
            yield said(found, Severity.WARNS if found.code in MENDED else Severity.BLOCKS)
        else:
            yield fine(f"{found.outputs.agent_runtime_name} is applied")

    def settings(self) -> Settings | None:
        found = self._once()
        return found if isinstance(found, Settings) else None

    def ask(self, look: Callable[[Settings], Iterator[Finding]]) -> Iterator[Finding]:
        settings = self.settings()
        return look(settings) if settings is not None else iter([not_asked("nothing is applied, or it is down")])

    def _once(self) -> Settings | OrchestrationError | None:
        """None where nothing was made."""
        with self._lock:
            if self._found is None:
                try:
                    made = self._steps.ledger().load() is not None
                    self._found = self._steps.live_settings() if made else None
                except OrchestrationError as e:
                    self._found = e
            return self._found
