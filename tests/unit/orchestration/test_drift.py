from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestration.drift import (
    Door,
    Drift,
    Level,
    Other,
    document,
    endpoint_drifts,
    image_drift,
    lines,
    open_doors,
    package_drift,
    plan_drifts,
    policy_drifts,
    pool_drifts,
    probe_drifts,
    runtime_drifts,
)
from orchestration.drift.differences import differences
from tests.fakes.orchestration import COGNITO, IMAGE, OUTPUTS, PROBES, observed, outputs, spec, without

WHERE = "module.identity.aws_cognito_user_pool_client.user"
AUTHORIZER = spec().authorizer


def authorizer(**changes: Any) -> dict[str, Any]:
    """The good authorizer with members of customJWTAuthorizer changed; None takes one away."""
    rules = {**AUTHORIZER["customJWTAuthorizer"], **changes}
    return {"customJWTAuthorizer": {name: value for name, value in rules.items() if value is not None}}


def live(**changes: Any) -> list[Drift]:
    return list(runtime_drifts(Door(spec(), observed(replace(spec(), **changes)))))


def test_a_runtime_as_it_was_launched_has_no_drift() -> None:
    assert live() == []


def test_the_order_of_allowed_clients_means_nothing() -> None:
    assert live(authorizer=authorizer(allowedClients=["client-of-people", "client-of-machines"])) == []


def test_a_client_that_was_let_in_is_the_one_field_shown() -> None:
    clients = ["client-of-machines", "client-of-people", "client-of-outsiders"]
    (drift,) = live(authorizer=authorizer(allowedClients=clients))
    assert drift.line() == "CRITICAL runtime mortgage_dev: authorizer.allowedClients: added client-of-outsiders"


def test_a_client_that_was_shut_out_is_shown_and_nobody_gets_in_by_that() -> None:
    (drift,) = live(authorizer=authorizer(allowedClients=["client-of-people"]))
    assert drift.line() == "runtime mortgage_dev: authorizer.allowedClients: removed client-of-machines"


def test_another_issuer_is_shown_with_both() -> None:
    (drift,) = live(authorizer=authorizer(discoveryUrl="https://evil/.well-known/openid-configuration"))
    assert drift.field == "authorizer.discoveryUrl"
    assert drift.line().endswith("is https://evil/.well-known/openid-configuration")


def test_a_rule_that_is_gone_is_shown_as_none() -> None:
    asked = replace(spec(), authorizer=authorizer(allowedScopes=["a/b"]))
    (drift,) = runtime_drifts(Door(asked, observed(spec())))
    assert drift.line() == 'CRITICAL runtime mortgage_dev: authorizer.allowedScopes: was ["a/b"], is none'


@pytest.mark.parametrize("clients", [pytest.param([], id="emptied"), pytest.param(None, id="gone")])
def test_a_door_that_names_no_client_any_more_is_no_narrower_one(clients: Any) -> None:
    (drift,) = live(authorizer=authorizer(allowedClients=clients))
    assert drift.level is Level.CRITICAL


def test_an_empty_text_is_shown_as_not_set() -> None:
    (drift,) = live(protocol="")
    assert drift.line() == "runtime mortgage_dev: protocol: was HTTP, is not set"


def test_no_authorizer_at_all_is_critical() -> None:
    (drift,) = live(authorizer={})
    assert (drift.level, drift.field, drift.now) == (Level.CRITICAL, "authorizer", None)


def test_a_variable_that_somebody_added_is_named_and_its_value_is_not_shown() -> None:
    (drift,) = live(environment={**spec().environment, "API_KEY": "secret-value"})
    assert drift.line() == "runtime mortgage_dev: environment.API_KEY: was none, is (hidden)"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param({"role_arn": "arn:x"}, f"CRITICAL role_arn: was {spec().role_arn}, is arn:x", id="role"),
        pytest.param(
            {"environment": {**spec().environment, "MODEL_ID": "m"}},
            f"environment.MODEL_ID: was {spec().environment['MODEL_ID']}, is m",
            id="variable",
        ),
        pytest.param({"request_headers": ("X-Other",)}, "CRITICAL request_headers: added X-Other", id="headers"),
        pytest.param({"require_mmds_v2": False}, "require_mmds_v2: was true, is false", id="mmds"),
        pytest.param(
            {"extras": ("filesystemConfigurations",)}, "CRITICAL extras: added filesystemConfigurations", id="extras"
        ),
    ],
)
def test_each_setting_has_a_line_of_its_own(changes: dict[str, Any], line: str) -> None:
    asked = replace(spec(), request_headers=())
    (drift,) = runtime_drifts(Door(asked, observed(replace(asked, **changes))))
    mark = "CRITICAL " if line.startswith("CRITICAL ") else ""
    assert drift.line() == f"{mark}runtime mortgage_dev: {line.removeprefix(mark)}"


def test_a_runtime_that_is_gone_or_broken_is_drift() -> None:
    assert [d.line() for d in runtime_drifts(Door(spec(), None))] == [
        "runtime mortgage_dev: runtime: was there, is none"
    ]
    (drift,) = runtime_drifts(Door(spec(), observed(status="UPDATE_FAILED")))
    assert (drift.field, drift.now) == ("status", "UPDATE_FAILED")


def test_of_a_probes_door_only_what_decides_counts() -> None:
    later = replace(spec(), environment={}, role_arn="arn:x", authorizer=authorizer(allowedClients=["other"]))
    assert {row.field for row in probe_drifts(Door(spec(), observed(later)))} == {
        "role_arn",
        "authorizer.allowedClients",
    }
    assert list(probe_drifts(Door(replace(spec(), authorizer={}), observed(replace(spec(), authorizer={}))))) == []


def test_a_package_that_was_replaced_in_the_bucket_is_drift() -> None:
    assert list(package_drift("mortgage_dev", "v1", "v1")) == []
    (drift,) = package_drift("mortgage_dev", "v1", "v2")
    assert (drift.field, drift.was, drift.now) == ("artifact", "v1", "v2")


def test_an_image_that_is_gone_or_another_under_its_tag_is_critical() -> None:
    assert list(image_drift("mortgage_dev", IMAGE, "sha256:1", "sha256:1")) == []
    assert list(image_drift("mortgage_dev", IMAGE, None, None)) == [], "locally none is built"
    for now in (None, "sha256:2"):
        (drift,) = image_drift("mortgage_dev", IMAGE, "sha256:1", now)
        assert (drift.level, drift.was, drift.now) == (Level.CRITICAL, "sha256:1", now)


def test_another_image_at_a_probes_door_is_seen() -> None:
    asked = spec(image=IMAGE)
    (drift,) = probe_drifts(Door(asked, observed(replace(asked, image="evil"))))
    assert (drift.field, drift.now) == ("image", "evil")


def test_an_endpoint_pinned_to_another_door_is_critical() -> None:
    old = observed(replace(spec(), authorizer=authorizer(allowedClients=["client-of-outsiders"])))
    rows = list(endpoint_drifts(spec(), {"legacy": ("1", old), "same": ("2", observed())}))
    assert [(row.where, row.level) for row in rows] == [("runtime mortgage_dev endpoint legacy", Level.CRITICAL)]
    assert rows[0].added == ("client-of-outsiders",)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        pytest.param({"role_arn": "arn:admin"}, Level.CRITICAL, id="role"),
        pytest.param({"request_headers": ("X-Evil",)}, Level.CRITICAL, id="headers"),
        pytest.param({"key": "old.zip"}, Level.CRITICAL, id="package"),
        pytest.param({"extras": ("versionId 1",)}, Level.CRITICAL, id="version-held-fast"),
        pytest.param({"environment": {}}, Level.DRIFT, id="variables"),
    ],
)
def test_an_endpoint_with_the_same_door_and_something_else_behind_it_is_drift(
    changes: dict[str, Any], level: Level
) -> None:
    rows = list(endpoint_drifts(spec(), {"legacy": ("1", observed(replace(spec(), **changes)))}))
    assert rows and {(row.where, row.level) for row in rows} == {("runtime mortgage_dev endpoint legacy", level)}


def test_a_policy_on_a_runtime_is_critical_and_shown() -> None:
    (row,) = policy_drifts("runtime x", '{"Statement":[{"Principal":"*"}]}')
    assert (row.level, row.line()) == (
        Level.CRITICAL,
        'CRITICAL runtime x: resource policy: was none, is {"Statement": [{"Principal": "*"}]}',
    )
    assert list(policy_drifts("runtime x", None)) == []
    assert list(policy_drifts("runtime x", "")), "an unreadable policy is one too"


def test_the_open_probe_of_another_environment_is_a_note_and_no_drift() -> None:
    rows = list(open_doors("mortgage", "dev", [Other("mortgage_stage_probe_iam", {})], set()))
    assert [row.level for row in rows] == [Level.NOTE]
    assert document(rows)["drift"] is False
    assert lines([*rows, Drift("a", "f", 1, 2)])[-1].startswith("NOTE runtime mortgage_stage_probe_iam")


def test_another_runtime_whose_authorizer_asks_for_nothing_is_critical() -> None:
    (row,) = open_doors("mortgage", "dev", [Other("mortgage_evil", AUTHORIZER, ("every token passes",))], set())
    assert (row.level, row.now) == (Level.CRITICAL, "every token passes")


def test_an_endpoint_whose_version_cannot_be_read_is_critical() -> None:
    (row,) = endpoint_drifts(spec(), {"legacy": ("", None)})
    assert (row.level, row.now) == (Level.CRITICAL, "unknown")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("mortgage_stray", True, id="of-the-project"),
        pytest.param("mortgage_dev_probe_iam", False, id="recorded-probe"),
        pytest.param("mortgage_dev_probe_iam2", True, id="like-a-probe"),
        pytest.param("mortgage_stage", True, id="another-environment"),
        pytest.param("other_runtime", False, id="of-somebody-else"),
    ],
)
def test_a_runtime_of_the_project_without_an_authorizer_is_critical(name: str, found: bool) -> None:
    rows = list(open_doors("mortgage", "dev", [Other(name, {})], {"mortgage_dev_probe_iam"}))
    assert [row.level for row in rows] == ([Level.CRITICAL] if found else [])
    assert list(open_doors("mortgage", "dev", [Other(name, AUTHORIZER)], set())) == []


def test_a_probe_that_was_not_recorded_here_is_no_exception() -> None:
    assert list(open_doors("mortgage", "dev", [Other("mortgage_dev_probe_iam", {})], set()))


# -- Terraform's plan


def plan(actions: list[str], before: Any, after: Any, **change: Any) -> dict[str, Any]:
    body = {"actions": actions, "before": before, "after": after, "after_unknown": {}, **change}
    entry = {"address": WHERE, "mode": "managed", "type": "aws_cognito_user_pool_client", "name": "user"}
    return {"format_version": "1.2", "resource_changes": [{**entry, "change": body}]}


def test_what_terraform_would_change_back_is_shown_from_live_to_code() -> None:
    flows = plan(["update"], {"explicit_auth_flows": ["SRP", "PASSWORD"]}, {"explicit_auth_flows": ["SRP"]})
    assert [row.line() for row in plan_drifts(flows)] == [f"{WHERE}: explicit_auth_flows: added PASSWORD"]


def test_a_resource_that_is_gone_or_foreign_is_one_row() -> None:
    assert [row.line() for row in plan_drifts(plan(["create"], None, {"name": "a"}))] == [
        f"{WHERE}: resource: was there, is none"
    ]
    assert [row.line() for row in plan_drifts(plan(["delete"], {"name": "a"}, None))] == [
        f"{WHERE}: resource: was none, is there"
    ]


def test_a_policy_is_looked_into() -> None:
    code = '{"Statement": [{"Action": ["a"], "Sid": "One"}]}'
    now = '{"Statement": [{"Action": ["a", "*"], "Sid": "One"}]}'
    (row,) = plan_drifts(plan(["update"], {"policy": now}, {"policy": code}))
    assert row.line() == f"{WHERE}: policy.Statement.Action: added *"


def test_a_secret_that_differs_is_said_and_not_shown() -> None:
    secret = plan(
        ["update"],
        {"secret": "one"},
        {"secret": "two"},
        before_sensitive={"secret": True},
        after_sensitive={"secret": True},
    )
    (row,) = plan_drifts(secret)
    assert row.line() == f"{WHERE}: secret: was (sensitive), is another value"
    assert "two" not in str(document([row]))


def test_a_plan_with_changes_of_no_resource_is_still_drift() -> None:
    outputs = {
        "format_version": "1.2",
        "resource_changes": [],
        "output_changes": {"scope": {"actions": ["update"], "before": "b", "after": "a"}},
    }
    assert [row.line() for row in plan_drifts(outputs)] == ["outputs: scope: was a, is b"]
    assert plan_drifts({"format_version": "1.2", "resource_changes": []})


# -- the pool

OURS = {id: "ours" for name, id in OUTPUTS.items() if name.endswith("client_id") and "other" not in name}
PEOPLE = [COGNITO["caller_username"], PROBES["probe_second_username"]]


def test_whom_terraform_made_is_no_drift() -> None:
    assert list(pool_drifts(outputs(), OURS, PEOPLE)) == []


def test_a_strangers_client_in_the_pool_is_drift_and_a_person_a_note() -> None:
    rows = list(pool_drifts(outputs(), {**OURS, "id-1": "evil"}, [*PEOPLE, "eve"]))
    assert [(row.line(), row.level) for row in rows] == [
        ("pool us-east-1_pool: app clients: added evil (id-1)", Level.DRIFT),
        ("NOTE pool us-east-1_pool: users: added eve", Level.NOTE),
    ]


def test_a_client_of_app_clients_is_ours_and_a_probe_of_a_deployment_without_probes_is_not() -> None:
    named = {"authorizer_allowed_clients": {**OUTPUTS["authorizer_allowed_clients"], "web": "id-of-web"}}
    assert list(pool_drifts(outputs(**named), {**OURS, "id-of-web": "web"}, PEOPLE)) == []
    assert [row.field for row in pool_drifts(outputs(**without(PROBES)), OURS, PEOPLE)] == ["app clients", "users"]


# -- how it is shown


def test_the_worst_comes_first_and_in_the_document_says_so() -> None:
    rows = [Drift("a", "f", 1, 2), Drift("b", "g", "x", None, level=Level.CRITICAL)]
    assert lines(rows) == ["CRITICAL b: g: was x, is none", "a: f: was 1, is 2"]
    assert document(rows)["critical"] is True
    assert document([])["drift"] is False
    assert document(rows)["fields"][0] == {
        "where": "a", "field": "f", "was": 1, "is": 2, "added": [], "removed": [], "level": "drift",
    }  # fmt: skip


def test_a_list_in_another_order_is_a_difference_of_its_own() -> None:
    (row,) = differences("x", ["a", "b"], ["b", "a"], "f")
    assert row.line() == 'x: f: was ["a", "b"], is ["b", "a"]'
