"""Brings the runtime from what it is to what it should be, and waits until callers can reach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, assert_never

from orchestration.clock import Clock
from orchestration.errors import LaunchFailed
from orchestration.runtime.lifecycle import FAILED, READY, Note, RuntimeControl, require_mmds_v2, wait_ready
from orchestration.runtime.package import StagedAgent, stage
from orchestration.runtime.spec import (
    Create,
    Keep,
    ObservedRuntime,
    RuntimeSpec,
    Update,
    desired_spec,
    next_step,
)
from orchestration.settings import Settings


class Deployer(Protocol):
    """The starter toolkit, as far as we use it."""

    def launch(self, spec: RuntimeSpec, staged: StagedAgent, note: Note) -> tuple[str, str]:
        """Upload and create or update by name. (runtime id, ARN); raises LaunchFailed."""


@dataclass(frozen=True, slots=True)
class Launched:
    """The runtime behind its door; `changed` names what was made or altered."""

    runtime: ObservedRuntime
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Launcher:
    """Launches the agent of one deployment."""

    settings: Settings
    agent_dir: Path
    control: RuntimeControl
    deployer: Deployer
    answers: Callable[[str], int]
    """runtime ARN -> HTTP status of an invocation without credentials: 404 until the endpoint is known."""
    clock: Clock
    note: Note
    poll_s: float

    def preview(self) -> dict[str, Any]:
        """The configuration that `launch` sends, staged but not sent."""
        staged = self._stage()
        spec = desired_spec(self.settings, staged.digest)
        return {
            "agentRuntimeName": spec.name,
            "roleArn": spec.role_arn,
            "entryPoint": [spec.entry_point],
            "runtime": spec.code_runtime,
            "bucket": spec.bucket,
            "authorizerConfiguration": dict(spec.authorizer),
            "environmentVariables": dict(spec.environment),
            "networkMode": spec.network_mode,
            "serverProtocol": spec.protocol,
            "requireMMDSV2": spec.require_mmds_v2,
            "buildFolder": str(staged.build_dir),
            "files": staged.file_count,
        }

    def launch(self, known_id: str | None, made: Callable[[str, str], None]) -> Launched:
        """Create, update or keep. `made` is told (id, ARN) before the wait, so that an interrupt forgets nothing.

        Raises LaunchFailed.
        """
        staged = self._stage()
        spec = desired_spec(self.settings, staged.digest)
        step = next_step(spec, self.observe(known_id))
        match step:
            case Keep(runtime):
                made(runtime.id, runtime.arn)
                changed: tuple[str, ...] = ()
                runtime_id, arn = runtime.id, runtime.arn
            case Create() | Update():
                changed = step.changed if isinstance(step, Update) else ("created",)
                self.note(f"runtime {spec.name}: {', '.join(changed)}")
                runtime_id, arn = self.deployer.launch(spec, staged, self.note)
                made(runtime_id, arn)
            case _:
                assert_never(step)
        timeout_s = self.settings.waits.launch_s
        runtime = self._wait(runtime_id)
        runtime = require_mmds_v2(
            self.control, runtime, spec, self.clock, self.note, timeout_s=timeout_s, poll_s=self.poll_s
        )
        self._check_door(spec, runtime)
        self._wait_for_data_plane(arn)
        return Launched(runtime, changed)

    def observe(self, known_id: str | None) -> ObservedRuntime | None:
        """The settled runtime by its remembered id, else by name; None when there is none."""
        name = self.settings.outputs.agent_runtime_name
        runtime = (self.control.get(known_id) if known_id else None) or self.control.find(name)
        if runtime is None or runtime.status in FAILED | {READY}:
            return runtime
        if runtime.status == "DELETING":
            return None
        self.note(f"runtime {runtime.id} is still {runtime.status}: waiting")
        try:
            return self._wait(runtime.id)
        except LaunchFailed:
            return self.control.get(runtime.id)

    def _stage(self) -> StagedAgent:
        return stage(self.agent_dir, self.settings.deployment.state_dir / "build")

    def _wait(self, runtime_id: str) -> ObservedRuntime:
        return wait_ready(
            self.control,
            runtime_id,
            self.clock,
            self.note,
            timeout_s=self.settings.waits.launch_s,
            poll_s=self.poll_s,
        )

    def _check_door(self, spec: RuntimeSpec, runtime: ObservedRuntime) -> None:
        """The live authorizer must be the one that was sent: a runtime without it takes any IAM caller."""
        step = next_step(spec, runtime)
        if not isinstance(step, Keep):
            changed = step.changed if isinstance(step, Update) else ()
            raise LaunchFailed(
                f"runtime {runtime.id} is READY but differs from what was sent: {', '.join(changed)}",
                remedy="run `make up` again; `invoke status --json` shows the live authorizer",
                code="door_differs",
            )

    def _wait_for_data_plane(self, arn: str) -> None:
        """READY can precede a data plane that knows the endpoint; it answers 404 until then."""
        timeout_s = self.settings.waits.data_plane_s
        deadline = self.clock.monotonic() + timeout_s
        while self.answers(arn) == 404:
            if self.clock.monotonic() >= deadline:
                raise LaunchFailed(
                    f"the data plane does not know {arn} after {timeout_s:.0f} s",
                    remedy="run `make up` again, or raise DATA_PLANE_TIMEOUT_S",
                    code="data_plane_timed_out",
                )
            self.note("the data plane does not know the endpoint yet")
            self.clock.sleep(self.poll_s)
