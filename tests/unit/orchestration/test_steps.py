from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from orchestration.console import Console
from orchestration.embedded.changes import Seen
from orchestration.embedded.cloud import LocalCloud
from orchestration.errors import BadInput, TerraformFailed, Unfit
from orchestration.ledger import Ports
from orchestration.steps import Steps
from orchestration.terraform import CUT_OFF, ExistsOutside, Stray
from tests.fakes.orchestration import LOCAL_ENDPOINTS, FakeClock, deployment


class MetTerraform:
    """A Terraform that finds what it was to make."""

    def init(self) -> None: ...

    def put_back(self) -> bool:
        return False

    def has_state(self) -> bool:
        return False

    def apply(self, on_line: Any = None) -> None:
        stray = Stray("module.artifacts.aws_s3_bucket.code", "b")
        raise ExistsOutside("it exists", remedy="none", strays=(stray,))


@dataclass
class FakeTools:
    """As much of steps.Tools as `apply` asks for."""

    def terraform(self, endpoints: Any) -> MetTerraform:
        return MetTerraform()

    def keep_apart(self) -> None: ...

    def remote(self, bucket: str | None = None) -> None: ...


def on_aws(root: Path) -> Steps:
    tools: Any = FakeTools()
    return Steps(deployment(root), {}, tools, Console(FakeClock(), quiet=True), FakeClock(), None, LOCAL_ENDPOINTS)


def test_on_aws_nothing_that_another_checkout_may_have_made_is_taken_in(tmp_path: Path) -> None:
    with pytest.raises(TerraformFailed, match="it exists") as caught:
        on_aws(tmp_path).apply(LOCAL_ENDPOINTS)
    assert caught.value.code == "exists_outside_state"
    assert "another checkout" in caught.value.remedy


@pytest.mark.parametrize("change", [{"environment": "other"}, {"target": "aws"}])
def test_a_ledger_that_was_copied_from_another_environment_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    steps = on_aws(tmp_path)
    own = steps.load_or_new()
    steps.ledger().save(own)
    assert steps.load_or_new() == own
    steps.ledger().save(replace(own, **change))
    with pytest.raises(BadInput) as caught:
        steps.load_or_new()
    assert caught.value.code == "ledger_of_another"


def test_a_copied_folder_is_refused_before_anything_that_it_names_is_ended(tmp_path: Path) -> None:
    steps = on_aws(tmp_path / "a")
    with steps.alone():
        steps.ledger().save(steps.load_or_new())
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    copy = on_aws(tmp_path / "b")
    copies: list[Callable[[], object]] = [copy.load_or_new, lambda: copy.alone().__enter__()]
    for act in copies:
        with pytest.raises(BadInput) as caught:
            act()
        assert caught.value.code == "state_copied"
    shutil.rmtree(tmp_path / "a")
    with copy.alone():
        assert copy.load_or_new() == steps.load_or_new()


class StartingTools(FakeTools):
    """As much of steps.Tools as bringing up the local cloud asks for."""

    def account(self) -> str:
        return "000000000000"

    def confirm_spending(self) -> None: ...

    def check_terraform(self) -> None:
        raise AssertionError("it leaves a log, so ports are looked at before")


@pytest.mark.enable_socket
@pytest.mark.parametrize("begin", [Steps.bring_up, Steps.start_cloud])
def test_a_first_command_that_is_refused_for_a_taken_port_leaves_nothing_behind(
    tmp_path: Path, begin: Callable[[Steps], Any]
) -> None:
    (tmp_path / "terraform").mkdir()
    clock, chosen, tools = FakeClock(), deployment(tmp_path), cast(Any, StartingTools())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        env = {"LOCAL_AWS_PORT": str(listener.getsockname()[1])}
        console = Console(clock, quiet=True)
        steps = Steps(chosen, env, tools, console, clock, LocalCloud(chosen, env, clock, console.note), None)
        with pytest.raises(Unfit) as caught, steps.changing():
            begin(steps)
    assert caught.value.code == "port_taken"
    assert not chosen.state_dir.parent.exists()


FUNCTION = "module.credit_check[0].aws_lambda_function.credit_check"


@dataclass
class HalfApplied(MetTerraform):
    """Its plan makes a function; what it was told is in `told`."""

    told: list[str] = field(default_factory=list)

    def has_state(self) -> bool:
        return True

    def plan(self) -> tuple[bool, str]:
        return True, ""

    def show_plan(self) -> dict[str, Any]:
        change = {"actions": ["create"], "after": {"function_name": "f"}}
        return {"resource_changes": [{"address": FUNCTION, "type": "aws_lambda_function", "change": change}]}

    def forget_plan(self) -> None: ...

    def apply_plan(self, on_line: Any = None) -> None:
        self.told.append("apply")

    def apply(self, on_line: Any = None) -> None:
        self.told.append("apply with imports")

    @contextmanager
    def taking_in(self, imports: dict[str, str]) -> Iterator[HalfApplied]:
        self.told.append(f"import {imports}")
        yield self


@dataclass
class LocalTools(FakeTools):
    driver: HalfApplied
    functions_there: dict[str, str]

    def terraform(self, endpoints: Any) -> HalfApplied:
        return self.driver

    def functions(self, endpoints: Any) -> dict[str, str]:
        return self.functions_there


@pytest.mark.parametrize(
    ("cut_off", "there", "told"),
    [
        pytest.param(True, {"f": "it"}, [f"import {{'{FUNCTION}': 'f'}}", "apply with imports"], id="left-behind"),
        pytest.param(True, {}, ["apply"], id="never-made"),
        pytest.param(False, {"f": "it"}, ["apply"], id="no-apply-was-cut-off"),
    ],
)
def test_a_function_that_a_cut_off_apply_left_is_taken_in_before_terraform_waits_for_it(
    tmp_path: Path, cut_off: bool, there: dict[str, str], told: list[str]
) -> None:
    driver = HalfApplied()
    tools: Any = LocalTools(driver, there)
    cloud: Any = SimpleNamespace(saving=SimpleNamespace(expect_changes=lambda: None))
    chosen = deployment(tmp_path)
    chosen.state_dir.mkdir(parents=True)
    if cut_off:
        (chosen.state_dir / CUT_OFF).touch()
    steps = Steps(chosen, {}, tools, Console(FakeClock(), quiet=True), FakeClock(), cloud, None)
    assert steps.apply(LOCAL_ENDPOINTS)
    assert driver.told == told


@dataclass
class Applied(MetTerraform):
    """Has a state, of which a plan finds `changes`; `told` is what was asked of it."""

    changes: bool = False
    settled: list[tuple[str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def has_state(self) -> bool:
        return True

    def is_settled(self, mark: str) -> bool:
        return bool(self.settled) and self.settled[-1] == ("inputs", mark)

    def inputs(self) -> str:
        return "inputs"

    def settle(self, inputs: str, mark: str) -> None:
        self.settled.append((inputs, mark))

    def plan(self) -> tuple[bool, str]:
        self.told.append("plan")
        return self.changes, ""

    def forget_plan(self) -> None: ...

    def apply_plan(self, on_line: Any = None) -> None:
        self.told.append("apply")


class TellingCloud:
    """Says in turn what was changed in it; the last of it stays."""

    def __init__(self, *said: Seen | None) -> None:
        self.said = list(said)
        self.saving = SimpleNamespace(expect_changes=lambda: None)

    def changes(self, ports: Any) -> Seen | None:
        return self.said.pop(0) if len(self.said) > 1 else self.said[0]

    def checkpoint(self, ports: Any) -> None: ...


def with_cloud(root: Path, driver: Applied, *said: Seen | None) -> Steps:
    tools: Any = LocalTools(driver, {})  # type: ignore[arg-type]
    cloud: Any = TellingCloud(*said)
    steps = Steps(deployment(root), {}, tools, Console(FakeClock(), quiet=True), FakeClock(), cloud, None)
    steps.ledger().save(steps.load_or_new().with_ports(Ports(aws=1, control_plane=2, data_plane=3)))
    return steps


BEFORE = Seen("p", 4, 0)


@pytest.mark.parametrize(
    ("changes", "after", "settles"),
    [
        pytest.param(False, BEFORE, True, id="a-plan-that-found-nothing"),
        pytest.param(False, Seen("p", 6, 0), False, id="a-plan-beside-which-somebody-changed-something"),
        pytest.param(True, Seen("p", 8, 4), True, id="an-apply-of-ours"),
        pytest.param(True, Seen("p", 10, 4), False, id="an-apply-beside-which-somebody-changed-something"),
        pytest.param(False, Seen("q", 4, 0), False, id="another-emulator"),
        pytest.param(False, None, False, id="an-emulator-that-does-not-say"),
    ],
)
def test_what_terraform_left_is_settled_unless_somebody_else_was_at_it(
    tmp_path: Path, changes: bool, after: Seen | None, settles: bool
) -> None:
    driver = Applied(changes)
    assert with_cloud(tmp_path, driver, BEFORE, after).apply(LOCAL_ENDPOINTS) is changes
    assert driver.settled == ([("inputs", after.mark)] if settles and after else [])


def test_what_is_settled_is_planned_only_for_those_who_ask_for_terraform(tmp_path: Path) -> None:
    driver = Applied(settled=[("inputs", BEFORE.mark)])
    steps = with_cloud(tmp_path, driver, BEFORE)
    assert (steps.apply(LOCAL_ENDPOINTS, trusting=True), driver.told) == (False, [])
    assert (steps.apply(LOCAL_ENDPOINTS), driver.told) == (False, ["plan"])


@pytest.mark.parametrize("seen", [Seen("p", 5, 0), Seen("q", 4, 0), None])
def test_what_was_settled_otherwise_is_planned(tmp_path: Path, seen: Seen | None) -> None:
    driver = Applied(settled=[("inputs", BEFORE.mark)])
    assert not with_cloud(tmp_path, driver, seen).apply(LOCAL_ENDPOINTS, trusting=True)
    assert driver.told == ["plan"]


def test_on_aws_there_is_always_a_plan(tmp_path: Path) -> None:
    driver = Applied(settled=[("inputs", BEFORE.mark)])
    steps = replace(with_cloud(tmp_path, driver, BEFORE), cloud=None, fixed_endpoints=LOCAL_ENDPOINTS)
    assert not steps.apply(LOCAL_ENDPOINTS, trusting=True)
    assert (driver.told, driver.settled) == (["plan"], [("inputs", BEFORE.mark)])
