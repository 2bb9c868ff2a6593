"""Whose a thing is, what removes it, and what the report makes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from orchestration.errors import Leftovers, Unfit
from orchestration.remains import Item, Kind, Ours, Remain, TeardownReport, Thing, Unseen, recognised, removal
from orchestration.remains.ownership import cut_off, unknown_to
from orchestration.remains.removal import COMMANDS
from orchestration.terraform import Held, HeldResource

OURS = Ours("app", "dev", "us-east-1", keep=frozenset({"arn:aws:iam::1:role/app-dev-brought"}))
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "teardown.schema.json"
TAGS = {"Project": "app", "Environment": "dev", "ManagedBy": "terraform"}
ROLE = Thing(Kind.ROLE, "app-dev-forgotten", "app-dev-forgotten")
LEFT = Remain(ROLE, "tags", "aws iam delete-role --role-name app-dev-forgotten")


@pytest.mark.parametrize(
    ("name", "tags", "how"),
    [
        pytest.param("app-dev-runtime", None, "by name alone: begins with app-dev", id="prefix"),
        pytest.param("app-dev", None, "by name alone: begins with app-dev", id="the-prefix-itself"),
        pytest.param("app-dev/password", None, "by name alone: begins with app-dev", id="path"),
        pytest.param("app_dev_probe_iam", None, "by name alone: begins with app_dev", id="runtime"),
        pytest.param("app_dev-Ab12Cd34Ef", None, "by name alone: begins with app_dev", id="workload-identity"),
        pytest.param("/aws/bedrock-agentcore/runtimes/app_dev-Ab12Cd34Ef-DEFAULT", None, "app_dev", id="agents-log"),
        pytest.param("/aws/lambda/app-dev-credit-check", None, "app-dev", id="functions-log"),
        pytest.param(
            "bedrock-agentcore-identity!default/oauth2/app-dev-gateway", None, "app-dev", id="secret-of-service"
        ),
        pytest.param("other", TAGS, "tags Project=app, Environment=dev", id="tags-alone"),
        pytest.param("app-dev2-runtime", None, None, id="another-environment"),
        pytest.param("app-development", None, None, id="longer-word"),
        pytest.param("my-app-dev", None, None, id="in-the-middle"),
        pytest.param("/aws/lambda/app-dev2", None, None, id="another-environments-log"),
        pytest.param("app-dev-x-runtime", {"Project": "app-dev", "Environment": "x"}, None, id="tags-beat-the-name"),
        pytest.param("app-dev-x", {"Project": "app", "Environment": "prod"}, None, id="tags-of-another-environment"),
        pytest.param("app-dev-x", {"Owner": "ann"}, "by name alone: begins with app-dev", id="tags-that-do-not-say"),
        pytest.param("other", {"Project": "app"}, None, id="half-of-the-tags"),
        pytest.param("app-dev-x", {"Project": "payroll"}, None, id="one-tag-of-another-project"),
        pytest.param("app-dev-x", {"Environment": "prod"}, None, id="one-tag-of-another-environment"),
        pytest.param("app-dev-x", {"Project": "app"}, "by name alone", id="one-tag-of-ours-is-half-a-proof"),
        pytest.param("/aws/codebuild/app-dev-image", None, "begins with app-dev", id="builds-log"),
    ],
)
def test_ours_is_what_tags_say_and_a_whole_name_where_they_do_not(
    name: str, tags: dict[str, str] | None, how: str | None
) -> None:
    found = recognised(Thing(Kind.ROLE, name, name, tags=tags), OURS)
    assert (found is None) == (how is None)
    assert how is None or how in str(found)


@pytest.mark.parametrize("tags", [None, TAGS])
def test_what_was_brought_from_outside_is_kept_whatever_it_is_called(tags: dict[str, str] | None) -> None:
    brought = Thing(Kind.ROLE, "app-dev-brought", "app-dev-brought", "arn:aws:iam::1:role/app-dev-brought", tags)
    assert recognised(brought, OURS) is None
    assert recognised(brought, replace(OURS, keep=frozenset())) is not None


def test_names_that_the_ledger_gave_are_ours_too() -> None:
    named = Thing(Kind.CREDENTIALS, "given-by-hand", "given-by-hand")
    assert recognised(named, OURS) is None
    assert recognised(named, replace(OURS, names=frozenset({"given-by-hand"}))) is not None


def test_every_kind_has_a_command_of_its_own_that_names_the_thing() -> None:
    assert set(COMMANDS) == set(Kind)
    for kind in Kind:
        line = removal(Thing(kind, "name", "it's", parent="p"), "eu-west-1")
        assert "'it'\"'\"'s'" in line or kind is Kind.PROCESS, "quoted for a shell"
        assert ("--region eu-west-1" in line) == (kind not in (Kind.PROCESS, Kind.ROLE, Kind.POLICY))


def test_what_is_in_the_way_goes_first() -> None:
    role = replace(ROLE, attached=("arn:aws:iam::1:policy/p",), inline=("q",))
    assert [part.split()[2] for part in removal(role, "r").split(" && ")] == [
        "detach-role-policy",
        "delete-role-policy",
        "delete-role",
    ]
    bucket = Thing(Kind.BUCKET, "b", "b")
    assert removal(bucket, "r") == "aws s3 rb s3://b --region r"
    assert "delete-objects" in removal(replace(bucket, holds="2 versions of objects"), "r").split(" && ")[0]


def report(**changes: object) -> TeardownReport:
    return replace(TeardownReport("local", "dev", "us-east-1"), **changes)  # type: ignore[arg-type]


def test_a_leftover_is_named_with_its_command_and_ends_with_4() -> None:
    with pytest.raises(Leftovers) as caught:
        report(remains=(LEFT,)).judge("make down")
    assert (caught.value.exit_code, caught.value.code) == (4, "leftovers")
    assert "role app-dev-forgotten (tags)" in caught.value.message
    assert caught.value.remedy.startswith(LEFT.remove)


def test_what_only_a_name_tells_is_to_be_looked_at_before_it_is_removed() -> None:
    doubtful = replace(LEFT, recognised_by="by name alone: begins with app-dev")
    with pytest.raises(Leftovers) as caught:
        report(remains=(doubtful,)).judge("make down")
    assert caught.value.remedy.startswith(f"{LEFT.remove}  # first look whose it is")


def test_a_dry_run_ends_as_the_teardown_would() -> None:
    with pytest.raises(Leftovers, match="1 would be left after teardown"):
        report(dry_run=True, remains=(LEFT,)).judge("make down")


def test_what_could_not_be_looked_at_is_not_counted_as_clean() -> None:
    with pytest.raises(Unfit) as caught:
        report(unseen=(Unseen(Kind.POOL, "AccessDenied"),)).judge("make down")
    assert (caught.value.exit_code, caught.value.code) == (5, "not_looked_at")
    report(unseen=(Unseen(Kind.ALARM, "no such service", can_hold=False),)).judge("make down")


@pytest.mark.parametrize(
    "good",
    [
        report(),
        report(remains=(replace(LEFT, thing=replace(ROLE, ends="2026-12-01")),)),
        report(excused=(LEFT,)),
    ],
    ids=["nothing", "goes-by-itself", "went-with-the-cloud"],
)
def test_these_are_no_leftovers(good: TeardownReport) -> None:
    good.judge("make down")


def test_the_document_is_as_its_schema_says() -> None:
    full = report(
        removed=[Item(Kind.RUNTIME, "app_dev", "ledger"), Item("aws_iam_role", "module.a.aws_iam_role.b", "terraform")],
        remains=(LEFT, replace(LEFT, thing=replace(ROLE, ends="2026-12-01", holds="1 version"))),
        excused=(LEFT,),
        unseen=(Unseen(Kind.POOL, "AccessDenied"),),
    )
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    for document in (full.document(), report(dry_run=True).document()):
        Draft202012Validator(schema).validate(document)
    assert full.document()["ok"] is False
    assert set(schema["$defs"]["remain"]["properties"]["kind"]["enum"]) == {kind.value for kind in Kind}


def test_a_dry_run_lists_in_order_what_goes_and_what_stays() -> None:
    lines = list(report(dry_run=True, removed=[Item("runtime", "a", "ledger")], remains=(LEFT,)).lines())
    assert lines[0] == "would remove runtime a (ledger)"
    assert lines[1].startswith("would stay: role app-dev-forgotten")
    assert list(report(dry_run=True).lines()) == ["nothing to remove"]


def test_what_the_state_holds_or_the_teardown_removes_is_no_remain_of_a_dry_run() -> None:
    def remain(kind: Kind, name: str, id: str) -> Remain:
        return Remain(Thing(kind, name, id), "", "")

    held = Held((HeldResource("aws_cognito_user_pool.a", "aws_cognito_user_pool", ("pool-1", "app-dev-callers")),))
    of_state, twin = remain(Kind.POOL, "app-dev-callers", "pool-1"), remain(Kind.ROLE, "r", "pool-1")
    runtime, other = remain(Kind.RUNTIME, "app_dev", "app_dev-1"), remain(Kind.RUNTIME, "app_dev_x", "app_dev_x-1")
    found = [of_state, twin, runtime, other]
    assert list(unknown_to(held, {(Kind.RUNTIME, "app_dev")}, found)) == [twin, other]


@pytest.mark.parametrize(
    ("thing", "goes"),
    [
        (Thing(Kind.SECRET, "bedrock-agentcore-identity!default/oauth2/app-dev-gateway", "arn"), True),
        (Thing(Kind.SECRET, "app-dev/password", "arn"), False),
        (Thing(Kind.WORKLOAD, "app_dev-Ab12Cd34Ef", "w"), True),
        (Thing(Kind.WORKLOAD, "app_dev_probe-Ab12Cd34Ef", "w"), False),
    ],
)
def test_what_agentcore_made_for_a_thing_goes_with_it(thing: Thing, goes: bool) -> None:
    named = {(Kind.RUNTIME, "app_dev"), (Kind.CREDENTIALS, "app-dev-gateway")}
    assert list(unknown_to(Held(), named, [Remain(thing, "", "")])) == ([] if goes else [Remain(thing, "", "")])


@pytest.mark.parametrize(
    ("tags", "excused"),
    [
        pytest.param({"ManagedBy": "terraform"}, True, id="tagged"),
        pytest.param({}, True, id="not-tagged-yet"),
        pytest.param(None, True, id="not-known"),
        pytest.param({"ManagedBy": "hand"}, False, id="somebody-elses"),
    ],
)
def test_what_an_apply_of_ours_may_have_left(tags: dict[str, str] | None, excused: bool) -> None:
    assert cut_off(replace(LEFT.thing, tags=tags)) is excused
