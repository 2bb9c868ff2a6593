"""Waits for the runtime, keeps MMDSv2 on, removes it. Talks to the control plane through a small protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from orchestration.clock import Clock
from orchestration.errors import LaunchFailed, Leftovers
from orchestration.ledger import RuntimeRecord
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec

# Status names: botocore model, AgentRuntimeStatus.
READY = "READY"
FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"})

Note = Callable[[str], None]


class RuntimeControl(Protocol):
    """The control-plane calls that we need."""

    def get(self, runtime_id: str, version: str | None = None) -> ObservedRuntime | None:
        """The newest or the given version; None when there is no such runtime."""

    def find(self, name: str) -> ObservedRuntime | None:
        """The runtime of that name, or None."""

    def names(self) -> dict[str, str]:
        """{name: id} of every runtime of the account and region."""

    def create(self, spec: RuntimeSpec, tags: Mapping[str, str]) -> tuple[str, str]:
        """CreateAgentRuntime from the package that lies in the bucket. (runtime id, ARN)."""

    def update(self, runtime: ObservedRuntime, spec: RuntimeSpec) -> None:
        """UpdateAgentRuntime with every setting of spec, the package that lies in the bucket now."""

    def tags(self, arn: str) -> dict[str, str]:
        """Its tags; none of what is gone."""

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, over those of the same names."""

    def serving(self, runtime_id: str) -> str | None:
        """The version that DEFAULT answers with, which is not the newest where that failed; None for none."""

    def other_endpoints(self, runtime_id: str) -> dict[str, str]:
        """{name: version that it answers with} of every endpoint but DEFAULT."""

    def resource_policy(self, arn: str) -> str | None:
        """The policy on a runtime or on one of its endpoints; None where there is none."""

    def delete_endpoint(self, runtime_id: str, name: str) -> None:
        """DeleteAgentRuntimeEndpoint; an endpoint that is gone is no error."""

    def delete(self, runtime_id: str) -> None:
        """DeleteAgentRuntime; a runtime that is gone is no error."""


def own_runtime(control: RuntimeControl, name: str, known: RuntimeRecord | None) -> ObservedRuntime | None:
    """The runtime of that name. The remembered id saves the look-up by name, if what it names is called so."""
    runtime = control.get(known.id) if known else None
    if runtime is not None and runtime.spec.name == name:
        return runtime
    return control.find(name)


def pinned_endpoints(control: RuntimeControl, runtime_id: str) -> dict[str, tuple[str, ObservedRuntime | None]]:
    """{name: (version, the runtime of that version)} of the endpoints that answer with another version than DEFAULT."""
    versions = control.other_endpoints(runtime_id)
    return {
        name: (version, control.get(runtime_id, version) if version else None) for name, version in versions.items()
    }


def wait_ready(
    control: RuntimeControl, runtime_id: str, clock: Clock, note: Note, *, timeout_s: float, poll_s: float
) -> ObservedRuntime:
    """Poll GetAgentRuntime until READY. Times in seconds.

    Raises LaunchFailed at once on a *_FAILED status, with the service's reason, and after timeout_s.
    """
    deadline = clock.monotonic() + timeout_s
    last = ""
    while True:
        runtime = control.get(runtime_id)
        if runtime is None:
            raise LaunchFailed(f"runtime {runtime_id} is gone", remedy="run `make up`")
        if runtime.status != last:
            note(f"runtime {runtime_id} is {runtime.status}")
            last = runtime.status
        if runtime.status == READY:
            return runtime
        if runtime.status in FAILED:
            raise LaunchFailed(
                f"runtime {runtime_id} is {runtime.status}: {runtime.failure_reason or 'no reason given'}",
                remedy="correct the agent, then run `make up`; `invoke logs --since 10m` shows what it wrote",
            )
        if clock.monotonic() >= deadline:
            raise LaunchFailed(
                f"runtime {runtime_id} is still {runtime.status} after {timeout_s:.0f} s",
                remedy="run `make up` again, or raise LAUNCH_TIMEOUT_S",
                code="launch_timed_out",
            )
        clock.sleep(poll_s)


def require_mmds_v2(
    control: RuntimeControl,
    runtime: ObservedRuntime,
    spec: RuntimeSpec,
    clock: Clock,
    note: Note,
    *,
    timeout_s: float,
    poll_s: float,
) -> ObservedRuntime:
    """Turn requireMMDSV2 on where the control plane does not show it, and check that it stuck.

    The service refuses to invoke runtimes without it since 2026-06-30 (AgentCore devguide: runtime-troubleshooting);
    CreateAgentRuntime has no such member and the toolkit does not send it.
    """
    if runtime.spec.require_mmds_v2:
        return runtime
    note("turning MMDSv2 on")
    control.update(runtime, spec)
    runtime = wait_ready(control, runtime.id, clock, note, timeout_s=timeout_s, poll_s=poll_s)
    if not runtime.spec.require_mmds_v2:
        raise LaunchFailed(
            f"runtime {runtime.id} does not require MMDSv2 although that was asked for",
            remedy="look at it with `aws bedrock-agentcore-control get-agent-runtime`",
        )
    return runtime


def remove(
    control: RuntimeControl, runtime_id: str, clock: Clock, note: Note, *, timeout_s: float, poll_s: float
) -> None:
    """Delete the runtime with its endpoints and wait until it is gone. Raises Leftovers after timeout_s.

    A runtime that is being made or changed is waited for, and named endpoints go first: the service answers
    ConflictException otherwise (AgentCore devguide: runtime-how-it-works; starter toolkit, destroy).
    """
    deadline = clock.monotonic() + timeout_s
    asked = False
    while (runtime := control.get(runtime_id)) is not None:
        if clock.monotonic() >= deadline:
            raise Leftovers(
                f"runtime {runtime_id} is still {runtime.status} after {timeout_s:.0f} s",
                remedy="run `make down` again",
            )
        settled = runtime.status in FAILED | {READY}
        if settled and (endpoints := control.other_endpoints(runtime_id)):
            for name in endpoints:
                note(f"deleting endpoint {name}")
                control.delete_endpoint(runtime_id, name)
        elif settled and not asked:
            control.delete(runtime_id)
            asked = True
        clock.sleep(poll_s)
    note(f"runtime {runtime_id} is gone")
