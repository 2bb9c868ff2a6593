from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.errors import InvalidOutputs, MissingOutputs
from orchestration.outputs import ClaimRule, flat_outputs, parse_outputs
from tests.fakes.orchestration import COGNITO, CUSTOMERS, DOOR, IMAGES, OUTPUTS, PLAIN, PROBES, raw_outputs, without

GROUP_RULE = {"name": "cognito:groups", "type": "STRING_ARRAY", "operator": "CONTAINS_ANY", "values": ["a", "b"]}


def test_every_output_arrives_under_its_own_name() -> None:
    assert flat_outputs(parse_outputs(raw_outputs())) == {**OUTPUTS, **CUSTOMERS}


def test_an_output_that_nobody_reads_is_no_fault() -> None:
    assert parse_outputs(raw_outputs(later=["a"])).project == "mortgage"


@pytest.mark.parametrize("name", ["handoff_version", *OUTPUTS])
def test_a_missing_output_is_named(name: str) -> None:
    with pytest.raises(MissingOutputs) as caught:
        parse_outputs(raw_outputs(**{name: None}))
    assert caught.value.message == f"terraform outputs missing: {name}"
    assert caught.value.exit_code == 2


def test_all_missing_outputs_are_named_at_once() -> None:
    with pytest.raises(MissingOutputs) as caught:
        parse_outputs({"handoff_version": {"value": 2}})
    assert all(name in caught.value.message for name in [*PLAIN, *DOOR])


@pytest.mark.parametrize("gone", [PROBES, {**COGNITO, **PROBES}], ids=["no-probes", "external-provider"])
def test_a_group_that_is_not_there_is_none(gone: Mapping[str, str]) -> None:
    parsed = parse_outputs(raw_outputs(**without(gone)))
    assert parsed.probes is None
    assert (parsed.cognito is None) is ("cognito_scope" in gone)
    left = {name: value for name, value in OUTPUTS.items() if name not in gone}
    assert flat_outputs(parsed) == left | dict(CUSTOMERS)


def test_what_builds_images_is_read_whole_or_not_at_all() -> None:
    parsed = parse_outputs(raw_outputs(**IMAGES))
    assert parsed.images is not None
    assert (parsed.images.project_name, parsed.images.source_bucket_name) == (
        IMAGES["image_project_name"],
        OUTPUTS["artifact_bucket_name"],
    )
    assert flat_outputs(parsed) == {**OUTPUTS, **CUSTOMERS, **IMAGES}
    older = {"ecr_repository_url": IMAGES["ecr_repository_url"]}
    assert parse_outputs(raw_outputs(**older)).images is None, "a state that is older has a repository and no builds"
    with pytest.raises(MissingOutputs, match="ecr_repository_url"):
        parse_outputs(raw_outputs(image_project_name="demo-dev-image"))


def test_a_state_that_knows_no_customers_yet_is_read_all_the_same() -> None:
    parsed = parse_outputs(raw_outputs(**without(CUSTOMERS)))
    assert (parsed.customers, parsed.customers_scope) == ({}, None)
    assert flat_outputs(parsed) == {**OUTPUTS, "customers": {}}


@pytest.mark.parametrize(
    ("name", "value"),
    [("customers", ["1234"]), ("customers", {"a": 1234}), ("customers", {"a": ""}), ("customers_scope", "")],
    ids=repr,
)
def test_customers_that_could_mean_anybody_are_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidOutputs, match=name):
        parse_outputs(raw_outputs(**{name: value}))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param(7, id="number"),
        pytest.param(["a"], id="list"),
        pytest.param(True, id="boolean"),
    ],
)
@pytest.mark.parametrize("name", ["region", "authorizer_discovery_url", "cognito_scope", "probe_group"])
def test_a_value_that_is_no_text_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidOutputs) as caught:
        parse_outputs(raw_outputs(**{name: value}))
    assert caught.value.message.endswith(f": {name}: not a non-empty text")


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(InvalidOutputs, match="region, cognito_scope: .*; authorizer_allowed_scopes: "):
        parse_outputs(raw_outputs(region="", cognito_scope=7, authorizer_allowed_scopes="a"))


def test_an_entry_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidOutputs, match="region"):
        parse_outputs(raw_outputs() | {"region": {"type": "string"}})


@pytest.mark.parametrize("version", [0, 1, 3, "2"], ids=repr)
def test_another_handoff_version_is_refused(version: Any) -> None:
    with pytest.raises(InvalidOutputs) as caught:
        parse_outputs(raw_outputs(handoff_version=version))
    assert f"handoff_version is {version!r}" in caught.value.message


def test_the_doors_rules_are_typed() -> None:
    door = parse_outputs(raw_outputs(authorizer_custom_claims=[GROUP_RULE], authorizer_allowed_scopes=["a/b"])).door
    assert door.custom_claims == (ClaimRule("cognito:groups", "STRING_ARRAY", "CONTAINS_ANY", ("a", "b")),)
    assert door.allowed_scopes == ("a/b",)
    assert door.allowed_clients == {"machine": "client-of-machines", "user": "client-of-people"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("authorizer_allowed_clients", ["a"], id="clients-a-list"),
        pytest.param("authorizer_allowed_clients", {"user": ""}, id="client-without-an-id"),
        pytest.param("authorizer_allowed_scopes", [""], id="empty-scope"),
        pytest.param("authorizer_allowed_audience", {"a": "b"}, id="audience-a-map"),
        pytest.param("authorizer_custom_claims", ["a"], id="rule-a-text"),
        pytest.param("authorizer_custom_claims", [{**GROUP_RULE, "values": []}], id="rule-without-values"),
        pytest.param("authorizer_custom_claims", [{**GROUP_RULE, "operator": "EQUALS"}], id="operator-of-another-type"),
        pytest.param("authorizer_custom_claims", [{**GROUP_RULE, "operator": "CONTAINS"}], id="two-values-for-one"),
        pytest.param("authorizer_custom_claims", [{**GROUP_RULE, "operator": ["x"]}], id="operator-a-list"),
        pytest.param("authorizer_custom_claims", [{**GROUP_RULE, "extra": 1}], id="rule-with-more"),
    ],
)
def test_a_door_of_the_wrong_shape_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidOutputs, match=name):
        parse_outputs(raw_outputs(**{name: value}))


def test_a_door_without_any_rule_is_refused() -> None:
    with pytest.raises(InvalidOutputs, match="the authorizer has no rule at all"):
        parse_outputs(raw_outputs(authorizer_allowed_clients={}))
