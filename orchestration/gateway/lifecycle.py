"""Waits for a gateway and its target, finds ours, removes them. Talks to the control plane through a protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from orchestration.clock import Clock
from orchestration.errors import LaunchFailed, Leftovers
from orchestration.gateway.spec import (
    GatewaySpec,
    ObservedGateway,
    ObservedProvider,
    ObservedTarget,
    ProviderSpec,
    TargetSpec,
)
from orchestration.ledger import GatewayRecord

# Status names: botocore model, GatewayStatus and TargetStatus.
READY = "READY"
FAILED = frozenset({"FAILED", "UPDATE_UNSUCCESSFUL", "SYNCHRONIZE_UNSUCCESSFUL"})
DELETING = "DELETING"

Note = Callable[[str], None]
Seen = TypeVar("Seen", ObservedGateway, ObservedTarget)


class GatewayControl(Protocol):
    """The control-plane calls that we need. Deleting what is gone is no error."""

    def get(self, gateway_id: str) -> ObservedGateway | None: ...
    def find(self, name: str) -> ObservedGateway | None: ...
    def create(self, spec: GatewaySpec, tags: Mapping[str, str]) -> ObservedGateway: ...
    def update(self, gateway_id: str, spec: GatewaySpec) -> None: ...
    def delete(self, gateway_id: str) -> None: ...
    def tags(self, arn: str) -> dict[str, str]:
        """Tags of a gateway; none of what is gone. Of a credential provider the service tells none (botocore model:
        TaggableResourcesArn takes no such ARN); whose it is, its client says, which is of one user pool alone.
        """

    def tag(self, arn: str, tags: Mapping[str, str]) -> None: ...
    def targets(self, gateway_id: str) -> dict[str, str]:
        """{name: id} of every target of the gateway."""

    def target(self, gateway_id: str, target_id: str) -> ObservedTarget | None: ...
    def create_target(self, gateway_id: str, spec: TargetSpec) -> str:
        """CreateGatewayTarget; the new target's id."""

    def update_target(self, gateway_id: str, target_id: str, spec: TargetSpec) -> None: ...
    def delete_target(self, gateway_id: str, target_id: str) -> None: ...
    def provider(self, name: str) -> ObservedProvider | None: ...
    def create_provider(self, spec: ProviderSpec, secret: str, tags: Mapping[str, str]) -> None: ...
    def update_provider(self, spec: ProviderSpec, secret: str) -> None: ...
    def delete_provider(self, name: str) -> None: ...
    def keeps(self, provider: ObservedProvider, secret: str) -> bool:
        """Whether that is the client's secret which the provider shows at the token endpoint."""


def own_gateway(control: GatewayControl, name: str, known: GatewayRecord | None) -> ObservedGateway | None:
    """The gateway of that name. The remembered id saves the look-up by name, if what it names is called so."""
    if known is not None and known.name == name:
        found = control.get(known.id)
        if found is not None and found.spec.name == name:
            return found
    return control.find(name)


def targets_of(control: GatewayControl, gateway_id: str) -> dict[str, ObservedTarget]:
    """Every target of the gateway, by name."""
    found = {name: control.target(gateway_id, id) for name, id in control.targets(gateway_id).items()}
    return {name: target for name, target in found.items() if target is not None}


def wait_ready(
    look: Callable[[], Seen | None], what: str, clock: Clock, note: Note, *, timeout_s: float, poll_s: float
) -> Seen:
    """Look until READY. Raises LaunchFailed at once on a failed status, with its reasons, and after timeout_s."""
    deadline = clock.monotonic() + timeout_s
    last = ""
    while True:
        seen = look()
        if seen is None:
            raise LaunchFailed(f"{what} is gone", remedy="run `make up`", code="gateway_gone")
        if seen.status != last:
            note(f"{what} is {seen.status}")
            last = seen.status
        if seen.status == READY:
            return seen
        if seen.status in FAILED:
            raise LaunchFailed(
                f"{what} is {seen.status}: {'; '.join(seen.reasons) or 'no reason given'}",
                remedy="mend what the reason names, then run `make up`",
                code="gateway_failed",
            )
        if clock.monotonic() >= deadline:
            raise LaunchFailed(
                f"{what} is still {seen.status} after {timeout_s:.0f} s",
                remedy="run `make up` again, or raise LAUNCH_TIMEOUT_S",
                code="gateway_timed_out",
            )
        clock.sleep(poll_s)


def delete_gateway(
    control: GatewayControl, live: ObservedGateway, clock: Clock, note: Note, *, timeout_s: float, poll_s: float
) -> list[str]:
    """Delete just that gateway with all its targets; what was deleted. Raises Leftovers after timeout_s.

    A gateway with targets is not deleted by the service (AgentCore devguide: gateway-delete), and one that is being
    changed is waited for.
    """
    deadline = clock.monotonic() + timeout_s
    gone = _remove_targets(control, live.id, clock, note, deadline, poll_s)
    _until_gone(lambda: control.get(live.id), lambda: control.delete(live.id), live.id, clock, deadline, poll_s)
    note(f"gateway {live.spec.name} is gone")
    return [*gone, f"gateway {live.spec.name}"]


def _remove_targets(
    control: GatewayControl, gateway_id: str, clock: Clock, note: Note, deadline: float, poll_s: float
) -> list[str]:
    targets = control.targets(gateway_id)
    for name, target_id in sorted(targets.items()):
        remove_target(control, gateway_id, target_id, name, clock, deadline - clock.monotonic(), poll_s)
        note(f"target {name} is gone")
    return [f"gateway target {name}" for name in sorted(targets)]


def remove_target(
    control: GatewayControl, gateway_id: str, target_id: str, name: str, clock: Clock, timeout_s: float, poll_s: float
) -> None:
    """Delete a target and wait until it is gone. Raises Leftovers after timeout_s."""
    _until_gone(
        lambda: control.target(gateway_id, target_id),
        lambda: control.delete_target(gateway_id, target_id),
        f"target {name} of {gateway_id}",
        clock,
        clock.monotonic() + timeout_s,
        poll_s,
    )


def _until_gone(
    look: Callable[[], ObservedGateway | ObservedTarget | None],
    delete: Callable[[], None],
    what: str,
    clock: Clock,
    deadline: float,
    poll_s: float,
) -> None:
    """Delete once it has settled, and wait. Raises Leftovers after the deadline."""
    asked = False
    while (seen := look()) is not None:
        if clock.monotonic() >= deadline:
            raise Leftovers(f"{what} is still {seen.status}", remedy="run `make down` again")
        if not asked and seen.status in FAILED | {READY}:
            delete()
            asked = True
            continue
        clock.sleep(poll_s)
