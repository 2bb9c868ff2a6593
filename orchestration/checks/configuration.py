"""Whether a door is configured as it was asked for: calls show only those ways in that somebody thought of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Family, Verdict
from orchestration.checks.draft import same
from orchestration.checks.outcome import Outcome
from orchestration.drift import Door as Launched
from orchestration.drift import Drift, GatewaySeen, Level, endpoint_drifts, gateway_drifts, runtime_drifts
from orchestration.gateway import GatewayAsked
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec

# What a model needs is chosen anew with each launch and lets nobody in; who is whose customer is asked for.
ACCESS_VARIABLES = ("environment.CUSTOMERS",)


@dataclass(frozen=True, slots=True)
class Configured:
    """A door as it is live. `endpoints`: name -> (version it answers with, that version or None)."""

    door: Door
    asked: RuntimeSpec
    live: ObservedRuntime | None
    endpoints: Mapping[str, tuple[str, ObservedRuntime | None]]


def outcome_of(configured: Configured) -> Outcome:
    """A verdict named configuration-<door>, whose reason names each field: what was asked for and what is live."""
    return _outcome(configured.door, _differences(configured))


def gateway_outcome(asked: GatewayAsked, seen: GatewaySeen) -> Outcome:
    """The same of the gateway, its target and its credential provider."""
    return _outcome(Door.GATEWAY, gateway_drifts(asked, seen))


def _outcome(door: Door, drifts: Iterable[Drift]) -> Outcome:
    lines = [drift.line() for drift in drifts]
    verdict = Verdict.DIFFERS if lines else Verdict.AS_ASKED
    told = "; ".join(lines)
    return Outcome(_case(door), verdict, None, told, None, not lines, explanation=told or None)


def _case(door: Door) -> Case:
    return Case(
        f"configuration-{door.value}",
        "read from the control plane after the calls",
        Caller.NOBODY,
        same,
        Verdict.AS_ASKED,
        Family(frozenset()),
        door=door,
        tags=frozenset({"configuration"}),
    )


def _differences(configured: Configured) -> Iterator[Drift]:
    for drift in runtime_drifts(Launched(configured.asked, configured.live)):
        if not drift.field.startswith("environment") or drift.field.startswith(ACCESS_VARIABLES):
            yield drift
    for drift in endpoint_drifts(configured.asked, configured.endpoints):
        if drift.level is Level.CRITICAL:
            yield drift
