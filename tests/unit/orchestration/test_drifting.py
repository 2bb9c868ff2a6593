"""What `drift` finds where no ledger says what was launched, as on a machine of CI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.checks.case import Door
from orchestration.checks.doors import PROBED, door_spec
from orchestration.commands.drifting import Drifting
from orchestration.console import Console
from orchestration.drift import document, lines
from orchestration.gateway import GatewayAsked
from orchestration.ledger import RuntimeRecord
from orchestration.runtime.spec import ObservedRuntime, RuntimeSpec, desired_spec
from orchestration.settings import Settings, Shipping
from orchestration.steps import Steps
from tests.fakes import gateway as gateways
from tests.fakes.orchestration import (
    GATEWAY,
    GATEWAY_URL,
    IMAGE,
    IMAGES,
    LOCAL_ENDPOINTS,
    RUNTIME_ARN,
    RUNTIME_ID,
    FakeClock,
    FakeControl,
    deployment,
    observed,
    raw_outputs,
    settings,
)

UNKNOWN = "NOTE runtime mortgage_dev: artifact: was unknown, is not compared: no ledger here"


class Runtimes(FakeControl):
    """Several, by name; the name is the id."""

    def __init__(self, *specs: RuntimeSpec) -> None:
        super().__init__()
        self.all = {spec.name: observed(spec, id=spec.name, arn=f"arn:{spec.name}") for spec in specs}

    def get(self, runtime_id: str, version: str | None = None) -> ObservedRuntime | None:
        return self.all.get(runtime_id)

    def find(self, name: str) -> ObservedRuntime | None:
        return self.all.get(name)

    def names(self) -> dict[str, str]:
        return {name: name for name in self.all}


@dataclass
class World:
    """Tools and Terraform of a deployment whose plan finds nothing."""

    outputs: Mapping[str, Any]
    runtimes: Runtimes
    asked: GatewayAsked | None = None
    locked: list[bool] = field(default_factory=list)
    shipped: list[Shipping | None] = field(default_factory=list)

    def account(self) -> str:
        return "111122223333"

    def terraform(self, endpoints: Any, shipping: Shipping | None = None) -> World:
        self.shipped.append(shipping)
        return self

    def has_state(self) -> bool:
        return True

    def init(self) -> None: ...

    def output(self) -> dict[str, Any]:
        return raw_outputs(**self.outputs)

    def plan(self, *, lock: bool) -> tuple[bool, str]:
        self.locked.append(lock)
        return False, ""

    def forget_plan(self) -> None: ...

    def pool_members(self, endpoints: Any) -> Any:
        return SimpleNamespace(clients=lambda pool: {}, users=lambda pool: [])

    def control(self, endpoints: Any) -> Runtimes:
        return self.runtimes

    def launcher(self, settings: Settings) -> Any:
        return SimpleNamespace(
            asked=lambda: desired_spec(settings, "digest-1"),
            artifact_version=lambda bucket, key: "v7",
            image_digest=lambda uri: "sha256:7",
        )

    def gateway_asked(self, settings: Settings) -> GatewayAsked | None:
        return self.asked

    def gateways(self, endpoints: Any) -> gateways.FakeGateways:
        asked = gateways.observed_gateway(), gateways.observed_target(), gateways.observed_provider()
        return gateways.FakeGateways(asked[0], {asked[1].spec.name: asked[1]}, asked[2])

    def functions(self, endpoints: Any) -> Any:
        return SimpleNamespace(get=lambda arn: gateways.asked().function)

    def gateway_maker(self, settings: Settings) -> Any:
        return SimpleNamespace(secret_fits=lambda provider: True)


def live(
    changes: dict[Door, Callable[[RuntimeSpec], RuntimeSpec]] | None = None,
    outputs: Mapping[str, Any] | None = None,
    **known: Any,
) -> World:
    """Everything as it would be launched, changed door by door; `known`: settings that came of an earlier launch."""
    where: Settings = replace(settings(**(outputs or {})), **known)
    main = desired_spec(where, "digest-1")
    specs = {Door.MAIN: main} | {door: door_spec(where, main, door) for door in PROBED}
    specs |= {door: change(specs[door]) for door, change in (changes or {}).items()}
    return World(outputs or {}, Runtimes(*specs.values()))


def drifting(world: World, root: Path) -> Steps:
    tools: Any = world
    return Steps(deployment(root), {}, tools, Console(FakeClock(), quiet=True), FakeClock(), None, LOCAL_ENDPOINTS)


def found(world: World, root: Path) -> list[str]:
    rows = Drifting(drifting(world, root)).found()
    assert document(rows)["drift"] is any(not line.startswith("NOTE") for line in lines(rows))
    return lines(rows)


def test_without_a_ledger_what_was_launched_is_unknown_and_no_drift(tmp_path: Path) -> None:
    world = live()
    assert found(world, tmp_path) == [UNKNOWN]
    assert world.locked == [False]


def test_with_a_ledger_another_package_is_a_drift(tmp_path: Path) -> None:
    steps = drifting(live(), tmp_path)
    record = RuntimeRecord("mortgage_dev", RUNTIME_ID, RUNTIME_ARN, artifact_version="v6")
    steps.ledger().save(steps.load_or_new().with_runtime(record))
    rows = lines(Drifting(steps).found())
    assert "runtime mortgage_dev: artifact: was v6, is v7" in rows
    # Of doors without a record, the open one is not taken for the smoke test's.
    assert "CRITICAL runtime mortgage_dev_probe_iam: authorizer: was there, is none" in rows


@pytest.mark.parametrize("door", [Door.MAIN, *PROBED])
def test_without_a_ledger_each_door_is_compared_by_its_name(tmp_path: Path, door: Door) -> None:
    world = live({door: lambda spec: replace(spec, role_arn="arn:another")})
    name = "mortgage_dev" if door is Door.MAIN else f"mortgage_dev_probe_{door.value}"
    rows = [row for row in found(world, tmp_path) if row != UNKNOWN]
    assert len(rows) == 1 and rows[0].startswith(f"CRITICAL runtime {name}: role_arn: ") and "arn:another" in rows[0]


def test_without_a_ledger_the_live_gateway_says_where_it_is(tmp_path: Path) -> None:
    world = live(outputs=GATEWAY, gateway_url=GATEWAY_URL)
    world.asked = gateways.asked()
    assert found(world, tmp_path) == [UNKNOWN]
    elsewhere = live(outputs=GATEWAY, gateway_url="https://elsewhere.example/mcp")
    elsewhere.asked = gateways.asked()
    [row] = [row for row in found(elsewhere, tmp_path) if row != UNKNOWN]
    assert row.startswith("runtime mortgage_dev: environment.GATEWAY_URL: ")


@pytest.mark.parametrize(("image", "rows"), [(IMAGE, 0), ("elsewhere.example/agent:1", 1), (f"{IMAGE[:40]}x:1", 1)])
def test_without_a_ledger_an_image_is_taken_for_the_launched_one_if_it_is_of_our_repository(
    tmp_path: Path, image: str, rows: int
) -> None:
    world = live(outputs=IMAGES, image=image)
    found(world, tmp_path)
    assert world.shipped[-1] is Shipping.CONTAINER
    told = [row for row in found(world, tmp_path) if row.startswith("CRITICAL runtime mortgage_dev: image")]
    assert len(told) == rows
