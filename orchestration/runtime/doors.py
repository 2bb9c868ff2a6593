"""Makes further runtimes of the package that is already in the bucket: the doors of the smoke matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from orchestration.clock import Clock
from orchestration.errors import LaunchFailed
from orchestration.ledger import RuntimeRecord
from orchestration.runtime.lifecycle import READY, Note, RuntimeControl, own_runtime, require_mmds_v2, wait_ready
from orchestration.runtime.spec import Create, Keep, ObservedRuntime, RuntimeSpec, Step, Update, next_step, spec_digest


@dataclass(frozen=True, slots=True)
class DoorMaker:
    """Brings one door after another to what it should be, through the control plane alone."""

    control: RuntimeControl
    known: Callable[[str], bool]
    """runtime ARN -> whether the data plane knows it by now."""
    clock: Clock
    note: Note
    timeout_s: float
    poll_s: float
    tags: Mapping[str, str]
    """Of what is made: whose it is."""

    def next_step(
        self, spec: RuntimeSpec, record: RuntimeRecord | None, artifact_version: str | None, *, mend: bool
    ) -> Step:
        """What `ensure` would do. What is asked for now, and was not when the door was made, is a change.

        A door that somebody else altered since is left as it is, for the calls to show what that lets in, unless it
        is to be mended.
        """
        live = own_runtime(self.control, spec.name, record)
        step = next_step(spec, live)
        if live is None or live.status != READY:
            return step
        if record is None or (record.spec_digest, record.artifact_version) != (spec_digest(spec), artifact_version):
            return Update(live, spec, step.changed if isinstance(step, Update) else ("artifact",))
        if isinstance(step, Update) and not mend:
            self.note(f"door {spec.name} is not as it was made: {', '.join(step.changed)}; `make up` mends it")
            return Keep(live)
        return step

    def ensure(
        self, step: Step, spec: RuntimeSpec, artifact_version: str | None, made: Callable[[RuntimeRecord], None]
    ) -> ObservedRuntime:
        """Take the step and wait until callers can reach the door. `made` is told before the wait.

        Raises LaunchFailed.
        """
        match step:
            case Keep(runtime):
                return runtime
            case Create():
                self.note(f"door {spec.name}: creating")
                runtime_id, arn = self.control.create(spec, self.tags)
            case Update(runtime, _, changed):
                self.note(f"door {spec.name}: {', '.join(changed)}")
                runtime_id, arn = runtime.id, runtime.arn
                self.control.update(runtime, spec)
            case _:
                assert_never(step)
        made(RuntimeRecord(spec.name, runtime_id, arn, artifact_version, spec_digest(spec)))
        waits = {"timeout_s": self.timeout_s, "poll_s": self.poll_s}
        live = wait_ready(self.control, runtime_id, self.clock, self.note, **waits)
        live = require_mmds_v2(self.control, live, spec, self.clock, self.note, **waits)
        if not isinstance(again := next_step(spec, live), Keep):
            changed = again.changed if isinstance(again, Update) else ()
            raise LaunchFailed(
                f"door {spec.name} is READY but differs from what was sent: {', '.join(changed)}",
                remedy="run `invoke smoke-test` again",
                code="door_differs",
            )
        self._wait_for_data_plane(arn)
        return live

    def _wait_for_data_plane(self, arn: str) -> None:
        deadline = self.clock.monotonic() + self.timeout_s
        while not self.known(arn):
            if self.clock.monotonic() >= deadline:
                raise LaunchFailed(
                    f"the data plane does not know {arn} after {self.timeout_s:.0f} s",
                    remedy="run `invoke smoke-test` again, or raise LAUNCH_TIMEOUT_S",
                    code="data_plane_timed_out",
                )
            self.clock.sleep(self.poll_s)
