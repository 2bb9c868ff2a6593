from __future__ import annotations

from typing import Any

import pytest

from orchestration.errors import InvalidOutputs, MissingOutputs
from orchestration.outputs import parse_outputs
from tests.fakes.orchestration import OUTPUTS, raw_outputs


def test_every_output_arrives_under_its_own_name() -> None:
    parsed = parse_outputs(raw_outputs())
    assert {name: getattr(parsed, name) for name in parsed.__slots__} == OUTPUTS


def test_an_output_that_nobody_reads_is_no_fault() -> None:
    assert parse_outputs(raw_outputs(later=["a"])).project == "mortgage"


@pytest.mark.parametrize("name", ["handoff_version", *OUTPUTS])
def test_a_missing_output_is_named(name: str) -> None:
    raw = raw_outputs()
    del raw[name]
    with pytest.raises(MissingOutputs) as caught:
        parse_outputs(raw)
    assert caught.value.message == f"terraform outputs missing: {name}"
    assert caught.value.exit_code == 2


def test_all_missing_outputs_are_named_at_once() -> None:
    with pytest.raises(MissingOutputs) as caught:
        parse_outputs({})
    assert all(name in caught.value.message for name in ["handoff_version", *OUTPUTS])


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param(None, id="null"),
        pytest.param(7, id="number"),
        pytest.param(["a"], id="list"),
        pytest.param(True, id="boolean"),
    ],
)
def test_a_value_that_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(InvalidOutputs) as caught:
        parse_outputs(raw_outputs(region=value))
    assert caught.value.message == "terraform outputs are not non-empty strings: region"


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(InvalidOutputs, match="region, cognito_scope"):
        parse_outputs(raw_outputs(region="", cognito_scope=None))


def test_an_entry_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidOutputs, match="region"):
        parse_outputs(raw_outputs() | {"region": {"type": "string"}})


@pytest.mark.parametrize("version", [0, 2, "1", None], ids=repr)
def test_another_handoff_version_is_refused(version: Any) -> None:
    with pytest.raises(InvalidOutputs) as caught:
        parse_outputs(raw_outputs(handoff_version=version))
    assert f"handoff_version is {version!r}" in caught.value.message
