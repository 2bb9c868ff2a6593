"""What a state holds, and the sources by which it is destroyed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import Unfit
from orchestration.terraform import Environment, TerraformDriver, keep_apart, kept_apart, parse_held


def block(type: str, *needs: str, module: str | None = None, keys: Sequence[Any] = (None,), **attributes: Any) -> Any:
    instances = [
        {"attributes": attributes, "dependencies": list(needs)} | ({} if key is None else {"index_key": key})
        for key in keys
    ]
    found = {"mode": "managed", "type": type, "name": "x", "instances": instances}
    return found | ({"module": module} if module else {})


def state(*blocks: Any, **outputs: Any) -> str:
    values = {name: {"value": value, "type": "string"} for name, value in outputs.items()}
    return json.dumps({"version": 4, "outputs": values, "resources": list(blocks)})


def test_what_others_need_is_destroyed_after_them() -> None:
    """Dependencies are named without the keys of modules and resources."""
    text = state(
        block("pool", module="module.a[0]", name="p"),
        block("role", "module.a.pool.x", keys=["one", "two"]),
        block("client", "module.a.pool.x", "role.x", module='module.a[0].module.c["k.1"]'),
    )
    assert [one.address for one in parse_held(text).resources] == [
        'module.a[0].module.c["k.1"].client.x',
        'role.x["one"]',
        'role.x["two"]',
        "module.a[0].pool.x",
    ]


def test_of_a_resource_only_what_names_it_is_kept() -> None:
    [one] = parse_held(state(block("role", id="i", arn="a", name="n", secret="s"))).resources
    assert (one.names, one.name) == (("i", "a", "n"), "n")


def test_the_project_is_told_by_a_tag_where_no_output_does() -> None:
    text = state(block("terraform_data"), block("role", tags_all={"Project": "app"}), deletion_protection="true")
    held = parse_held(text)
    assert (held.project, held.text("project"), held.text("deletion_protection")) == ("app", None, "true")


def test_whose_it_is_is_told_by_tags_and_arns_too() -> None:
    arn = "arn:aws:iam::111122223333:role/x"
    held = parse_held(
        state(block("bucket", arn="arn:aws:s3:::b"), block("role", arn=arn, tags_all={"Environment": "qa"}))
    )
    assert (held.environment, held.account) == ("qa", "111122223333")


def test_data_sources_are_nothing_to_destroy() -> None:
    assert parse_held(state(block("role") | {"mode": "data"})).resources == ()
    assert parse_held("") == parse_held(state())


@pytest.mark.parametrize("text", ["[]", "{}", '{"resources": 1}', '{"resources": [{"mode": "managed"}]}', "{", "null"])
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_held(text)


def test_resources_that_need_each_other_are_listed_all_the_same() -> None:
    held = parse_held(state(block("a", "b.x"), block("b", "a.x")))
    assert [one.address for one in held.resources] == ["a.x", "b.x"]


def test_sources_for_destroying_name_no_resource_and_no_value(tmp_path: Path) -> None:
    sources = tmp_path / "terraform"
    sources.mkdir()
    (sources / ".terraform.lock.hcl").write_text("locked")
    (sources / "main.tf").write_text("not HCL {")
    folder = keep_apart(tmp_path, sources, region="eu-west-1", path_style=True)
    document = json.loads((folder / "main.tf.json").read_text())
    assert set(document) == {"terraform", "provider"}
    assert document["provider"]["aws"] == {"region": "eu-west-1", "s3_use_path_style": True}
    assert (folder / ".terraform.lock.hcl").read_text() == "locked"


def test_kept_sources_stay_as_they_were_whatever_becomes_of_the_project(tmp_path: Path) -> None:
    sources = tmp_path / "terraform"
    sources.mkdir()
    (sources / ".terraform.lock.hcl").write_text("of the apply")
    keep_apart(tmp_path, sources, region="r", path_style=False)
    (sources / ".terraform.lock.hcl").write_text("newer")
    folder = kept_apart(tmp_path, sources, region="r", path_style=False)
    assert (folder / ".terraform.lock.hcl").read_text() == "of the apply"


def test_destroying_needs_no_init_where_an_apply_made_one(tmp_path: Path) -> None:
    """The binary does not exist: any call of it would fail."""
    place = Environment("/no/such/terraform", tmp_path, tmp_path, {}, apart=True)
    provider = tmp_path / "terraform-data/providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    provider.mkdir(parents=True)
    kept = {"type": "local", "config": {"path": str(tmp_path / "terraform.tfstate")}}
    (tmp_path / "terraform-data" / "terraform.tfstate").write_text(json.dumps({"backend": kept}))
    assert TerraformDriver(place).init() is False
    rc = tmp_path / "terraform.rc"
    rc.touch()
    shutil.copytree(tmp_path, copy := tmp_path.parent / "copy")
    with pytest.raises(Unfit):  # a copy would take apart what the original's state holds
        TerraformDriver(replace(place, work_dir=copy, variables={"TF_CLI_CONFIG_FILE": str(rc)})).init()
