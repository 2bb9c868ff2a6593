from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, cast

import pytest

from orchestration.commands.review import Reviews
from orchestration.commands.wishes import Wishes
from orchestration.console import Console
from orchestration.drift import Drift
from orchestration.errors import BadInput, GateRefused
from orchestration.steps import Steps, Tools
from tests.fakes.orchestration import LOCAL_ENDPOINTS, FakeClock, deployment

PLANS = Path(__file__).resolve().parents[2] / "terraform" / "plans"


class Scene:
    def __init__(self, root: Path) -> None:
        self.out = io.StringIO()
        self.clock = FakeClock()
        self.clock.time = 1_800_000_000.0
        console = Console(self.clock, out=self.out, err=io.StringIO())
        nothing = cast(Tools, None)
        steps = Steps(deployment(root), {}, nothing, console, self.clock, cloud=None, fixed_endpoints=LOCAL_ENDPOINTS)
        self.reviews = Reviews(steps)

    def review(self, plan: str, **wishes: Any) -> str:
        wish = Wishes(**wishes)
        self.reviews.present(self.reviews.review_file(plan, wish), wish)
        return self.out.getvalue()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def stored(name: str) -> str:
    return str(PLANS / f"{name}.json")


def test_a_stored_plan_is_reviewed_as_text_or_as_one_document(scene: Scene, tmp_path: Path) -> None:
    headline = (PLANS / "bucket-public.headline.txt").read_text().splitlines()[0]
    assert headline in scene.review(stored("bucket-public"))
    document = json.loads(Scene(tmp_path).review(stored("bucket-public"), json=True))
    assert headline in document["headline"]


def test_the_files_are_written_before_the_gate_refuses(scene: Scene, tmp_path: Path) -> None:
    files = {"markdown": str(tmp_path / "r.md"), "sarif": str(tmp_path / "r.sarif")}
    with pytest.raises(GateRefused) as caught:
        scene.review(stored("bucket-public"), max_risk="low", **files)
    assert (caught.value.code, caught.value.exit_code) == ("too_risky", 3)
    assert (tmp_path / "r.md").read_text() and json.loads((tmp_path / "r.sarif").read_text())["version"] == "2.1.0"
    assert scene.out.getvalue()


def test_nothing_is_worse_than_critical(scene: Scene) -> None:
    assert scene.review(stored("bucket-public"), max_risk="critical")


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        pytest.param("{}", {"max_risk": "enormous"}, id="no-severity"),
        pytest.param("{}", {"max_risk": ""}, id="an-unset-variable-as-severity"),
        pytest.param("{}", {"markdown": ""}, id="an-unset-variable-as-file"),
        pytest.param("{}", {"sarif": "/no/such/folder/x.sarif"}, id="nowhere-to-write"),
        pytest.param("{}", {"waivers": ""}, id="an-unset-variable-as-waivers"),
        pytest.param("{", {}, id="no-json"),
        pytest.param("[]", {}, id="no-object"),
        pytest.param(None, {}, id="no-file"),
        pytest.param("{}", {}, id="no-plan"),
        pytest.param("{}", {"waivers": "/no/such/file"}, id="no-waivers"),
    ],
)
def test_what_cannot_be_reviewed_is_bad_input(
    scene: Scene, tmp_path: Path, text: str | None, wishes: dict[str, str]
) -> None:
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput) as caught:
        scene.review(str(path), **wishes)
    flag = "".join(f"--{name.replace('_', '-')} is" for name, value in wishes.items() if not value)
    assert flag in caught.value.message


def test_no_wish_that_cannot_be_met_is_told_after_the_wait(scene: Scene) -> None:
    with pytest.raises(BadInput, match="--markdown"):
        scene.reviews.plan(wishes=Wishes(markdown="/no/such/folder/r.md"))
    with pytest.raises(BadInput, match="--out"):
        scene.reviews.plan(out="")


def test_a_file_that_cannot_be_written_takes_no_review_from_the_reader(scene: Scene, tmp_path: Path) -> None:
    wishes = Wishes(markdown=str(tmp_path / "r.md"))
    reviewed = scene.reviews.review_file(stored("bucket-public"), wishes)
    (tmp_path / "r.md").mkdir()
    with pytest.raises(OSError):
        scene.reviews.present(reviewed, wishes)
    assert (PLANS / "bucket-public.headline.txt").read_text().splitlines()[0] in scene.out.getvalue()


def test_a_binary_plan_and_a_folder_are_told_from_a_missing_file(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "binary.tfplan").write_bytes(b"PK\x03\x04\xff\xfe")
    for path, why in ((tmp_path / "binary.tfplan", "is no text"), (tmp_path, "directory"), (tmp_path / "x", "No such")):
        with pytest.raises(BadInput, match=why) as caught:
            scene.review(str(path))
        assert caught.value.remedy == "terraform show -json PLANFILE > plan.json"


def test_a_fault_in_waivers_names_their_file(scene: Scene, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[[")
    with pytest.raises(BadInput) as caught:
        scene.review(stored("bucket-public"), waivers=str(mine))
    assert (str(mine) in caught.value.message, caught.value.remedy) == (True, f"edit {mine}")


def test_drift_is_lines_or_one_document(scene: Scene, tmp_path: Path) -> None:
    found = [Drift("runtime x", "role_arn", "a", "b")]
    scene.reviews.show_drift(found, json=False)
    assert scene.out.getvalue() == "runtime x: role_arn: was a, is b\n"
    other = Scene(tmp_path)
    other.reviews.show_drift([], json=True)
    assert json.loads(other.out.getvalue())["drift"] is False
