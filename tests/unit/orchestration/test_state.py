from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import BadInput, GateRefused
from orchestration.settings import Target, remote_state
from orchestration.terraform.state import (
    OVERRIDE_FILE,
    OWN_KEY,
    RemoteState,
    StateSummary,
    must_move,
    parse_state,
    stage_sources,
)
from tests.fakes.orchestration import deployment

PLACE = RemoteState("states", "inbound-auth/dev/terraform.tfstate", "us-east-1")
EMPTY = StateSummary(1, 0, "empty")
HERE = StateSummary(7, 3, "ours")


def text(**changes: Any) -> str:
    return json.dumps({"serial": 7, "lineage": "a", "resources": [{"type": "x"}], "outputs": {}, **changes})


@pytest.mark.parametrize(
    ("local", "remote", "moves"),
    [
        pytest.param(None, None, False, id="nothing-anywhere"),
        pytest.param(HERE, None, True, id="first-move"),
        pytest.param(HERE, EMPTY, True, id="over-an-empty-one"),
        pytest.param(None, HERE, False, id="taken-over"),
        pytest.param(EMPTY, HERE, False, id="empty-here"),
        pytest.param(HERE, StateSummary(1, 3, "ours"), False, id="copied-before-an-interrupt"),
    ],
)
def test_a_state_is_moved_where_nothing_is_written_over(
    local: StateSummary | None, remote: StateSummary | None, moves: bool
) -> None:
    assert must_move(local, remote, PLACE) is moves


def test_another_state_in_that_place_is_never_written_over() -> None:
    with pytest.raises(GateRefused) as caught:
        must_move(HERE, StateSummary(9, 3, "theirs"), PLACE)
    assert caught.value.code == "state_exists"


def test_a_copy_is_the_same_state_whatever_terraform_counts() -> None:
    here, copied, other = (parse_state(t) for t in (text(), text(serial=1, lineage="b"), text(outputs={"a": 1})))
    assert here and copied and other
    assert (here.digest == copied.digest, here.digest == other.digest) == (True, False)
    assert (here.serial, here.resources) == (7, 1)


@pytest.mark.parametrize("broken", ["{", "[]", "null", "{}", '{"resources": 1}'])
def test_what_is_no_state_is_an_error(broken: str) -> None:
    with pytest.raises(ValueError):
        parse_state(broken)
    assert parse_state(" \n") is None


def test_the_staged_sources_name_the_state_and_the_checkout_does_not(tmp_path: Path) -> None:
    source = tmp_path / "terraform"
    for name in ("main.tf", "modules/x/main.tf", "modules/x/tests/a.tftest.hcl", "README.md", ".terraform.lock.hcl"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("#")
    staged = stage_sources(source, tmp_path / "staged", PLACE)
    files = {str(path.relative_to(staged)) for path in staged.rglob("*") if path.is_file()}
    assert files == {"main.tf", "modules/x/main.tf", ".terraform.lock.hcl", OVERRIDE_FILE}
    backend = json.loads((staged / OVERRIDE_FILE).read_text())["terraform"]["backend"]["s3"]
    assert (backend["bucket"], backend["key"]) == (PLACE.bucket, PLACE.key)
    assert backend["encrypt"] is backend["use_lockfile"] is True
    assert not (source / OVERRIDE_FILE).exists()


def test_a_source_that_is_gone_does_not_stay_in_the_staged_copy(tmp_path: Path) -> None:
    source = tmp_path / "terraform"
    source.mkdir()
    (source / "old.tf").write_text("#")
    stage_sources(source, tmp_path / "staged", PLACE)
    (source / "old.tf").unlink()
    assert not (stage_sources(source, tmp_path / "staged", PLACE) / "old.tf").exists()


def test_what_is_no_file_is_to_terraform_what_it_was(tmp_path: Path) -> None:
    source = tmp_path / "terraform"
    source.mkdir()
    (source / ".#main.tf").symlink_to("nowhere")
    os.mkfifo(source / "pipe")
    (source / "policy.json").write_text("{}")
    (source / "linked.json").symlink_to("policy.json")
    staged = stage_sources(source, tmp_path / "staged", PLACE)
    assert os.path.lexists(staged / ".#main.tf") and not (staged / ".#main.tf").exists()
    assert (staged / "pipe").is_fifo()
    assert (staged / "linked.json").read_text() == "{}" and not (staged / "linked.json").is_symlink()


@pytest.mark.parametrize(
    ("recorded", "env", "bucket"),
    [
        pytest.param(None, {}, None, id="a-file-here"),
        pytest.param("states", {}, "states", id="recorded"),
        pytest.param(None, {"STATE_BUCKET": "states"}, "states", id="wished"),
        pytest.param("states", {"STATE_BUCKET": "states"}, "states", id="both-the-same"),
        pytest.param(None, {"STATE_BUCKET": ""}, None, id="empty-is-none"),
    ],
)
def test_where_the_state_is(recorded: str | None, env: dict[str, str], bucket: str | None) -> None:
    place = remote_state(deployment(), recorded, env)
    assert (place and place.bucket) == bucket


def test_environments_share_the_bucket_and_not_the_key() -> None:
    keys = {str(remote_state(deployment(environment=name), "states", {})) for name in ("dev", "stage", "prod")}
    assert len(keys) == 3
    places = [remote_state(deployment(environment=name), "states", {}) for name in ("dev", "eeeeeeeeeeee")]
    assert all(place and OWN_KEY.fullmatch(place.key) and OWN_KEY.fullmatch(place.lock_key) for place in places)
    on_aws = remote_state(deployment(target=Target.AWS), "states", {})
    assert on_aws and not on_aws.path_style


@pytest.mark.parametrize(
    ("recorded", "wish"), [("states", "others"), (None, "Not_A_Bucket"), (None, "a"), (None, "s3://x")]
)
def test_a_bucket_that_cannot_be_meant_is_refused_with_its_name(recorded: str | None, wish: str) -> None:
    with pytest.raises(BadInput, match=wish):
        remote_state(deployment(), recorded, {"STATE_BUCKET": wish})
