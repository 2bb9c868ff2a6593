"""Brings the runtime from what it is to what it should be, and waits until callers can reach it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, assert_never

from orchestration.clock import Clock
from orchestration.errors import GateRefused, LaunchFailed, OrchestrationError
from orchestration.ledger import RuntimeRecord
from orchestration.outputs import ImageOutputs
from orchestration.runtime.lifecycle import (
    FAILED,
    READY,
    Note,
    RuntimeControl,
    own_runtime,
    require_mmds_v2,
    wait_ready,
)
from orchestration.runtime.package import StagedAgent, stage
from orchestration.runtime.spec import (
    DIGEST_VARIABLE,
    Create,
    Keep,
    ObservedRuntime,
    RuntimeSpec,
    Step,
    Update,
    changed_fields,
    desired_spec,
    next_step,
)
from orchestration.settings import Settings, own_tags, refuse_another


@dataclass(frozen=True, slots=True)
class Shipped:
    """What the toolkit made. `image` is empty where code was uploaded."""

    id: str
    arn: str
    image: str = ""
    image_digest: str | None = None
    """None where nothing was built, as locally."""
    source_digest: str | None = None
    """sha256 of what the image was to be built from, hexadecimal."""

    def record(self, name: str) -> RuntimeRecord:
        return RuntimeRecord(
            name,
            self.id,
            self.arn,
            image=self.image or None,
            image_digest=self.image_digest,
            source_digest=self.source_digest,
        )


class Deployer(Protocol):
    """The starter toolkit, as far as we use it."""

    def launch(self, spec: RuntimeSpec, staged: StagedAgent, images: ImageOutputs | None, note: Note) -> Shipped:
        """Upload, build with `images` where an image is shipped, create or update by name. Raises LaunchFailed."""


@dataclass(frozen=True, slots=True)
class Launched:
    """The runtime behind its door; `changed` names what was made or altered."""

    runtime: ObservedRuntime
    changed: tuple[str, ...]
    artifact_version: str | None
    image: str = ""
    """containerUri; empty where code is shipped."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """Launches the agent of one deployment."""

    settings: Settings
    agent_dir: Path
    control: RuntimeControl
    deployer: Deployer
    answers: Callable[[str], int]
    """runtime ARN -> HTTP status of an invocation with an allowed client's token: 404 until the endpoint is known."""
    artifact_version: Callable[[str, str], str | None]
    """(bucket, key) -> version of the package that lies there now."""
    image_digest: Callable[[str], str | None]
    """containerUri -> digest of the image that its tag names now; None when there is none, as locally."""
    clock: Clock
    note: Note
    poll_s: float

    def asked(self) -> RuntimeSpec:
        """What `launch` would ask for."""
        return desired_spec(self.settings, self._stage().digest)

    def preview(self) -> dict[str, Any]:
        """The configuration that `launch` sends, staged but not sent."""
        staged = self._stage()
        spec = desired_spec(self.settings, staged.digest)
        return {
            "agentRuntimeName": spec.name,
            "roleArn": spec.role_arn,
            "entryPoint": list(spec.entry_point),
            "runtime": spec.code_runtime,
            "bucket": spec.bucket,
            "key": spec.key,
            "image": spec.image,
            "authorizerConfiguration": dict(spec.authorizer),
            "environmentVariables": dict(spec.environment),
            "networkMode": spec.network_mode,
            "serverProtocol": spec.protocol,
            "requireMMDSV2": spec.require_mmds_v2,
            "buildFolder": str(staged.build_dir),
            "files": staged.file_count,
        }

    def launch(self, known: RuntimeRecord | None, made: Callable[[RuntimeRecord], None]) -> Launched:
        """Create, update or keep. `made` is told before the wait, so that an interrupt forgets nothing.

        Raises LaunchFailed, GateRefused for an endpoint that keeps another door open.
        """
        staged = self._stage()
        spec = desired_spec(self.settings, staged.digest)
        step = self._next_step(spec, known)
        match step:
            case Keep(runtime):
                changed: tuple[str, ...] = ()
                runtime_id, arn = runtime.id, runtime.arn
            case Create() | Update():
                changed = step.changed if isinstance(step, Update) else ("created",)
                doing = ", ".join(changed) if isinstance(step, Update) else "creating"
                self.note(f"runtime {spec.name}: {doing}{_explained(step)}")
                try:
                    shipped = self.deployer.launch(spec, staged, self.settings.outputs.images, self.note)
                except LaunchFailed:
                    self._note_failed(spec, known, made)
                    raise
                spec, runtime_id, arn = replace(spec, image=shipped.image), shipped.id, shipped.arn
                known = shipped.record(spec.name)
            case _:
                assert_never(step)
        # Of an image there is no version: nobody can move its tag.
        uploaded = None if spec.image else self.artifact_version(spec.bucket, spec.key)
        record = known or RuntimeRecord(spec.name, runtime_id, arn)
        made(replace(record, id=runtime_id, arn=arn, artifact_version=uploaded))
        if changed:
            self.control.tag(arn, own_tags(*self._whose))  # the toolkit sends none
        timeout_s = self.settings.waits.launch_s
        runtime = self._wait(runtime_id)
        runtime = require_mmds_v2(
            self.control, runtime, spec, self.clock, self.note, timeout_s=timeout_s, poll_s=self.poll_s
        )
        self._check_door(spec, runtime)
        self._check_other_doors(spec, runtime)
        self._wait_for_data_plane(arn)
        return Launched(runtime, changed, uploaded, spec.image)

    def _note_failed(
        self, spec: RuntimeSpec, known: RuntimeRecord | None, made: Callable[[RuntimeRecord], None]
    ) -> None:
        """A runtime that came into being and not up: its log says why, and a teardown must know it."""
        with suppress(OrchestrationError):  # the failure itself is to be told
            found = self.control.find(spec.name)
            if found is not None and (known is None or known.id != found.id):
                made(RuntimeRecord(spec.name, found.id, found.arn))

    def _next_step(self, spec: RuntimeSpec, known: RuntimeRecord | None) -> Step:
        """As spec.next_step; a package in the bucket or an image that is not the one we launched is a change too."""
        step = next_step(spec, self.observe(known))
        if isinstance(step, Keep) and not self._as_launched(spec, known):
            return Update(step.runtime, spec, ("artifact",))
        return step

    def _as_launched(self, spec: RuntimeSpec, known: RuntimeRecord | None) -> bool:
        if known is None:
            return False
        if spec.image:
            return known.image == spec.image and known.image_digest == self.image_digest(spec.image)
        return known.artifact_version is not None and known.artifact_version == self.artifact_version(
            spec.bucket, spec.key
        )

    def observe(self, known: RuntimeRecord | None) -> ObservedRuntime | None:
        """The settled runtime of this deployment's name; None when there is none.

        The remembered id only saves a look-up: a runtime of another name is never taken for ours.
        """
        runtime = own_runtime(self.control, self.settings.outputs.agent_runtime_name, known)
        if runtime is not None and (known is None or known.id != runtime.id):
            refuse_another(f"runtime {runtime.id}", self.control.tags(runtime.arn), *self._whose)
        if runtime is None or runtime.status in FAILED | {READY}:
            return runtime
        if runtime.status == "DELETING":
            return None
        self.note(f"runtime {runtime.id} is still {runtime.status}: waiting")
        try:
            return self._wait(runtime.id)
        except LaunchFailed:
            return self.control.get(runtime.id)

    @property
    def _whose(self) -> tuple[str, str]:
        return self.settings.outputs.project, self.settings.deployment.environment

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

    def _check_other_doors(self, spec: RuntimeSpec, runtime: ObservedRuntime) -> None:
        """Every version has its own authorizer, so an endpoint pinned to an old one keeps the old door."""
        for name, version in self.control.other_endpoints(runtime.id).items():
            pinned = self.control.get(runtime.id, version) if version else None
            if pinned is None or "authorizer" in changed_fields(spec, pinned.spec):
                raise GateRefused(
                    f"endpoint {name!r} of {runtime.id} answers with version {version or 'unknown'}, "
                    "whose authorizer is not the one of this deployment",
                    remedy="aws bedrock-agentcore-control delete-agent-runtime-endpoint "
                    f"--agent-runtime-id {runtime.id} --endpoint-name {name}",
                    code="other_door",
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


def _explained(step: Step) -> str:
    """The agent's files are known to the runtime by a digest among its variables: say what that change means."""
    if not isinstance(step, Update):
        return ""
    before, after = step.runtime.spec.environment, step.spec.environment
    return " (the agent's files changed)" if before.get(DIGEST_VARIABLE) != after.get(DIGEST_VARIABLE) else ""
