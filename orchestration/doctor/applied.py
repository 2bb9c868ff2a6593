"""What is applied, found once for all checks that need it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestration.doctor.findings import Finding, fine, not_asked, said
from orchestration.errors import OrchestrationError
from orchestration.outputs import parse_outputs
from orchestration.settings import Settings, build_settings
from orchestration.steps import Steps
from orchestration.terraform import Environment, TerraformDriver, parse_held


class Applied:
    """Settings of what is applied. A state that is a file is read without Terraform, whose start takes a second."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._lock = threading.Lock()
        self._known = False
        self._found: Settings | OrchestrationError | None = None

    def told(self) -> Iterator[Finding]:
        """What the commands that need it would say."""
        found = self._once()
        if found is None:
            yield not_asked("nothing was made in this environment")
        elif isinstance(found, OrchestrationError):
            yield said(found)
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
            if not self._known:
                try:
                    self._found = self._settings() if self._steps.ledger().load() is not None else None
                except OrchestrationError as e:
                    self._found = e
                self._known = True
            return self._found

    def _settings(self) -> Settings:
        if self._steps.tools.remote() is not None:
            with tempfile.TemporaryDirectory() as folder:
                self._steps.tools.check_terraform(Path(folder))  # what it refuses is not run
            return self._steps.live_settings()
        steps, endpoints = self._steps, self._steps.endpoints()
        chosen = steps.deployment
        driver = TerraformDriver(Environment("terraform", chosen.root / "terraform", chosen.state_dir, {}))
        state = driver.local_state()
        if state is None or not state.resources:
            raise steps.not_applied()
        held = parse_held((chosen.state_dir / "terraform.tfstate").read_text(encoding="utf-8"))
        outputs = {name: {"value": value} for name, value in held.outputs.items() if value is not None}
        return build_settings(chosen, parse_outputs(outputs), endpoints, steps.env)
