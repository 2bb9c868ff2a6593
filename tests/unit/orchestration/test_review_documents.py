"""Documents that are no plan, plans that are not the whole story, and texts that must stay text."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from orchestration.errors import BadInput
from orchestration.review import review, to_json, to_markdown, to_sarif, to_text
from orchestration.review.policies import gains
from orchestration.review.policy_text import parse_policy
from tests.fakes.plans import DOOR, SOUND, allow, plan, policy, resource, sound

TODAY = date(2026, 1, 1)
DOOR_ENTRY = resource("terraform_data", "authorizer", before={"input": DOOR}, after={"input": DOOR})
RENDERS: tuple[Callable[[Any], Any], ...] = (to_text, to_json, to_markdown, to_sarif)


def standing() -> dict[str, Any]:
    """Every sound resource, as it is and stays."""
    entries = [resource(kind, before=values, after=values) for kind, values in SOUND.items()]
    return copy.deepcopy(plan(*entries, output_changes={"a": {"actions": ["no-op"], "after_sensitive": False}}))


def rules(document: dict[str, Any]) -> set[str]:
    return {finding.rule for finding in review(document, today=TODAY).findings}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"format_version": "1.0", "values": {"root_module": {}}}, "neither resource_changes nor planned_values"),
        (plan(errored=True), "could not finish it"),
        (plan(output_changes=["x"]), "output_changes is not a map"),
        (plan(output_changes={"x": 1}), "output x is not a map"),
        (plan(deferred_changes=[1]), "deferred_changes is not a list of maps"),
        (plan(resource("aws_iam_role", after={"name": ["a"]})), "aws_iam_role.one: name is not a text"),
        (plan(resource("aws_cognito_user_pool", after={"password_policy": [1]})), "is not a list of blocks"),
        (plan(resource("aws_cognito_user_pool_client", after={"callback_urls": [{}]})), "is not a list of texts"),
        (plan(resource("x", after={}) | {"address": "a\nb\ud800", "type": 7}), "a b : type is not a text"),
        (plan(resource("x", after={}) | {"address": ""}), "a resource has no address"),
    ],
)
def test_a_document_of_another_shape_is_bad_input_in_one_line(document: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as caught:
        review(document, today=TODAY)
    assert words in caught.value.message
    assert "\n" not in caught.value.message
    caught.value.message.encode()


VALUES: tuple[Any, ...] = (
    None,
    True,
    1,
    -1.5,
    "",
    [],
    {},
    [None],
    [1],
    ["x"],
    {"a": 1},
    [[]],
    "\ud800",
    {"": None},
    [{}],
    [{"a": [1]}],
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, item in inside for place in places(item, (*path, key)))]


def test_whatever_stands_anywhere_in_a_plan_it_is_reviewed_or_refused() -> None:
    base = standing()
    refused = 0
    for number, path in enumerate(places(base)):
        # One value at each place, another at the next; all of them at each would take a minute.
        document = copy.deepcopy(base)
        node = document
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = VALUES[number * 7 % len(VALUES)]
        try:
            found = review(document, today=TODAY)
        except BadInput:
            refused += 1
        else:
            assert all("".join(render(found)).encode() for render in RENDERS)
    assert refused > 50


@pytest.mark.parametrize(
    "more",
    [
        {"complete": False},
        {"deferred_changes": [{"reason": "x", "resource_change": {"address": "aws_iam_role.x"}}]},
        {"checks": [{"status": "fail", "address": {"to_display": "check.x"}}]},
        {"action_invocations": [{"address": "action.x"}]},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_plan_that_is_not_the_whole_story_says_so(more: dict[str, Any]) -> None:
    document = plan(DOOR_ENTRY, **more)
    assert rules(document) == {"AIA088"}
    assert review(document, today=TODAY).summary.headline[0].startswith("Who may call cannot be judged")


def test_an_earlier_object_is_no_second_pool_and_its_place_decides_nothing() -> None:
    pool = sound("aws_cognito_user_pool")
    entries = [resource("aws_cognito_user_pool", before=pool, after=pool)]
    entries += [
        resource("aws_cognito_user_pool", before=pool | {"name": name}) | {"deposed": name} for name in ("a", "b")
    ]
    one, other = (review(plan(DOOR_ENTRY, *order), today=TODAY) for order in (entries, entries[::-1]))
    assert to_json(one) == to_json(other)
    assert "AIA070" not in {finding.rule for finding in one.findings}
    assert "the earlier object a is destroyed" in one.summary.destroyed[0]


@pytest.mark.parametrize("kind", ["aws_cognito_user_pool", "aws_iam_role_policy", "aws_s3_bucket_policy"])
def test_what_terraform_forgets_is_told_and_taken_for_still_there(kind: str) -> None:
    entry = resource(kind, before=sound(kind), actions=["forget"])
    assert rules(plan(DOOR_ENTRY, entry)) == {"AIA090"}


def test_a_watch_over_refusals_is_missed_when_it_goes_or_changes() -> None:
    watch = {"name": "refused", "pattern": "refused"}
    kind = "aws_cloudwatch_log_metric_filter"
    assert rules(plan(DOOR_ENTRY, resource(kind, before=watch))) == {"AIA091"}
    assert rules(plan(DOOR_ENTRY, resource(kind, before=watch, after=watch | {"pattern": "never"}))) == {"AIA091"}
    assert rules(plan(DOOR_ENTRY, resource(kind, before=watch, after=watch | {"name": "other"}))) == set()


def test_one_resource_that_goes_is_not_everything() -> None:
    kept = resource("aws_iam_role", before=sound("aws_iam_role"), after=sound("aws_iam_role"))
    found = review(plan(kept, resource("aws_cloudwatch_metric_alarm", before={"alarm_name": "x"})), today=TODAY)
    assert not any("Everything" in line for line in found.summary.headline)


def test_grants_are_compared_element_by_element() -> None:
    """As a product of all with all, this takes minutes."""
    actions, resources = [f"s3:Get{n}" for n in range(150)], [f"arn:aws:s3:::b{n}/*" for n in range(150)]
    before = parse_policy(policy(allow(actions, resources)))
    after = parse_policy(policy(allow(actions[::-1], resources[::-1])))
    assert before is not None and after is not None
    assert gains(before, after) == ()


def test_no_address_becomes_a_link_and_no_half_character_a_crash() -> None:
    name = "https://evil.example WWW.evil.example ~~gone~~ a@b.example \ud800"
    pool = sound("aws_cognito_user_pool", name=name, id="p")
    found = review(plan(DOOR_ENTRY, resource("aws_cognito_user_pool", before=pool)), today=TODAY)
    markdown = to_markdown(found)
    for sign in ("https://evil", "WWW.evil", "~~", "a@b"):
        assert sign not in markdown
    assert json.loads(to_sarif(found).encode())
    assert to_json(found).encode()
