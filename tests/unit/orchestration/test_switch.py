from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestration.commands.switch import Switch
from orchestration.console import Console
from orchestration.errors import BadInput, GateRefused
from orchestration.ledger import RuntimeRecord
from orchestration.settings import Shipping
from orchestration.steps import Steps
from tests.fakes.orchestration import IMAGE, LOCAL_ENDPOINTS, RUNTIME_ARN, RUNTIME_ID, FakeClock, deployment

PLANS = Path(__file__).resolve().parents[2] / "terraform" / "plans"


@dataclass
class FakeTerraform:
    """Applied before, unless `state` says otherwise; its plan is one of the seeded ones."""

    state: bool = True
    outputs: dict[str, Any] = field(default_factory=dict)
    planned: str = "container"
    done: list[str] = field(default_factory=list)

    def init(self) -> None: ...

    def has_state(self) -> bool:
        return self.state

    def output(self) -> dict[str, Any]:
        return self.outputs

    def plan(self) -> tuple[bool, str]:
        self.done.append("plan")
        return True, ""

    def show_plan(self) -> Any:
        return json.loads((PLANS / f"{self.planned}.json").read_text())

    def forget_plan(self) -> None:
        self.done.append("forget")


@dataclass
class FakeTools:
    asked: Shipping
    driver: FakeTerraform
    confirm: Callable[[str], None]

    def shipping(self) -> Shipping:
        return self.asked

    def terraform(self, endpoints: Any, shipping: Shipping | None = None) -> FakeTerraform:
        return self.driver

    def check_terraform(self) -> None: ...

    def account(self) -> str:
        return "111122223333"

    def confirm_switch(self, text: str) -> None:
        self.confirm(text)

    def keep_apart(self) -> None: ...

    def remote(self, bucket: str | None = None) -> None: ...


class Scene:
    def __init__(self, root: Path, asked: Shipping, was: str | None, driver: FakeTerraform | None = None) -> None:
        self.confirmed: list[str] = []
        self.terraform = driver or FakeTerraform()
        tools: Any = FakeTools(asked, self.terraform, self.confirmed.append)
        clock = FakeClock()
        self.steps = Steps(deployment(root), {}, tools, Console(clock), clock, None, LOCAL_ENDPOINTS)
        self.steps.ledger().save(self.steps.load_or_new().with_deployment(was))

    def show(self) -> None:
        Switch(self.steps).show(LOCAL_ENDPOINTS)

    def runs(self, image: str | None) -> None:
        record = RuntimeRecord("mortgage_dev", RUNTIME_ID, RUNTIME_ARN, image=image)
        self.steps.ledger().save(self.steps.load_or_new().with_runtime(record))


def test_a_switch_shows_what_it_changes_and_is_then_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = Scene(tmp_path, Shipping.CONTAINER, "code")
    scene.show()
    said = capsys.readouterr().err
    assert said.index("from code to a container") < said.index("The agent is to be shipped as a container")
    assert scene.confirmed
    assert scene.terraform.done == ["plan", "forget"]
    assert scene.steps.load_or_new().deployment == "code", "nothing was done yet"


@pytest.mark.parametrize(
    ("asked", "was", "state"),
    [
        pytest.param(Shipping.CODE, "code", True, id="as-it-was"),
        pytest.param(Shipping.CODE, None, True, id="older-than-the-choice"),
        pytest.param(Shipping.CONTAINER, "container", True, id="a-container-as-before"),
        pytest.param(Shipping.CONTAINER, None, False, id="nothing-is-there-yet"),
    ],
)
def test_what_is_no_switch_costs_no_plan(tmp_path: Path, asked: Shipping, was: str | None, state: bool) -> None:
    scene = Scene(tmp_path, asked, was, FakeTerraform(state=state))
    scene.show()
    assert (scene.terraform.done, scene.confirmed) == ([], [])


def test_a_no_leaves_everything_as_it_was(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Shipping.CODE, "container", FakeTerraform(planned="code-again"))

    def no(text: str) -> None:
        raise BadInput("not confirmed", remedy="yes", code="not_confirmed")

    scene.steps.tools.confirm_switch = no  # type: ignore[method-assign]
    with pytest.raises(BadInput, match="not confirmed"):
        scene.show()
    assert scene.terraform.done == ["plan", "forget"], "a plan holds values in the clear"
    assert scene.steps.load_or_new().deployment == "container"


def test_the_choice_is_remembered_before_anything_is_made(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Shipping.CONTAINER, None)
    scene.steps.note_shipping()
    assert scene.steps.load_or_new().deployment == "container"


@pytest.mark.parametrize(
    ("asked", "image", "leaves"),
    [
        pytest.param(Shipping.CODE, IMAGE, True, id="to-code"),
        pytest.param(Shipping.CODE, None, False, id="code-is-live"),
        pytest.param(Shipping.CONTAINER, IMAGE, False, id="it-stays-a-container"),
    ],
)
def test_terraform_alone_takes_no_repository_from_under_a_live_image(
    tmp_path: Path, asked: Shipping, image: str | None, leaves: bool
) -> None:
    scene = Scene(tmp_path, asked, "container")
    scene.runs(image)
    assert scene.steps.leaves_images is leaves
    if not leaves:
        Switch(scene.steps).refuse_while_live()
        return
    with pytest.raises(GateRefused) as caught:
        Switch(scene.steps).refuse_while_live()
    assert (caught.value.code, "make up DEPLOYMENT=code" in caught.value.remedy) == ("image_in_use", True)


@pytest.mark.parametrize(
    ("was", "state", "outputs", "known"),
    [
        pytest.param(None, True, {"image_project_name": {}}, "container", id="the-state-has-a-project"),
        pytest.param(None, True, {}, None, id="the-state-has-none"),
        pytest.param(None, False, {}, None, id="no-state"),
        pytest.param("code", True, {"image_project_name": {}}, "code", id="a-ledger-knows-better"),
    ],
)
def test_without_a_ledger_the_state_says_how_the_agent_is_shipped(
    tmp_path: Path, was: str | None, state: bool, outputs: dict[str, Any], known: str | None
) -> None:
    scene = Scene(tmp_path, Shipping.CODE, was, FakeTerraform(state, outputs))
    scene.steps.bring_up()
    assert scene.steps.load_or_new().deployment == known


def test_where_nothing_was_launched_from_the_repository_of_a_container_is_not_taken_either(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Shipping.CODE, "container")
    with pytest.raises(GateRefused) as caught:
        Switch(scene.steps).refuse_while_live()
    assert caught.value.code == "image_in_use"
