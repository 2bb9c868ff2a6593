from __future__ import annotations

from typing import Any

import pytest

from orchestration.review.policies import covers, gains
from orchestration.review.policy_text import parse_policy
from tests.fakes.plans import allow, policy, trust


def gained(before: str, after: str) -> list[tuple[str, str]]:
    old, new = parse_policy(before), parse_policy(after)
    assert old is not None and new is not None
    return [(gain.kind, gain.value) for gain in gains(old, new)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("s3:GetObject", "s3:*", False),
        ("s3:Get?", "s3:Get*", False),
        ("s3:Get?", "s3:Getx", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("*", "*", True),
        ("", "a", False),
        ("anything but s3:*", "s3:GetObject", False),
        ("anything but s3:*", "anything but s3:*", True),
        ("*", "anything but s3:*", True),
    ],
)
def test_a_pattern_covers_what_all_its_texts_mean(pattern: str, text: str, expected: bool) -> None:
    assert covers(pattern, text) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            allow("s3:GetObject"), allow(["s3:GetObject", "s3:PutObject"]), [("action", "s3:PutObject")], id="action"
        ),
        pytest.param(allow("s3:GetObject"), allow("s3:*"), [("action", "s3:*")], id="wildcard"),
        pytest.param(allow("s3:*"), allow("s3:GetObject"), [], id="narrower-is-no-gain"),
        pytest.param(allow("s3:getobject"), allow("s3:GetObject"), [], id="actions-know-no-case"),
        pytest.param(
            allow("s3:GetObject", "arn:a"),
            allow("s3:GetObject", ["arn:a", "arn:b"]),
            [("resource", "arn:b")],
            id="resource",
        ),
        pytest.param(trust(), trust(Principal="*"), [("principal", "*")], id="principal"),
        pytest.param(
            trust(Condition={"StringEquals": {"aws:SourceAccount": "1", "aws:SourceOrgID": "o"}}),
            trust(Condition={"StringEquals": {"aws:SourceAccount": "1"}}),
            [("condition", "StringEquals aws:SourceOrgID o")],
            id="condition-dropped",
        ),
        pytest.param(
            trust(Condition={"StringEquals": {"aws:SourceAccount": "1"}}),
            trust(Condition={"StringEquals": {"aws:SourceAccount": ["1", "2"]}}),
            [("condition values", "StringEquals aws:SourceAccount 1 -> 1, 2")],
            id="condition-loosened",
        ),
        pytest.param(
            allow("a:B", Condition={"StringNotEquals": {"k": ["1", "2"]}}),
            allow("a:B", Condition={"StringNotEquals": {"k": ["1"]}}),
            [("condition values", "StringNotEquals k 1, 2 -> 1")],
            id="negated-condition-with-fewer-values-is-wider",
        ),
        pytest.param(
            allow("a:B", Condition={"StringEquals": {"k": ["1"]}}),
            allow("a:B", Condition={"StringEquals": {"k": ["1"], "j": ["2"]}}),
            [],
            id="one-more-condition-is-no-gain",
        ),
        pytest.param(
            allow("s3:GetObject") | {"Effect": "Deny"},
            allow("s3:GetObject", "arn:other") | {"Effect": "Deny"},
            [("deny", "s3:GetObject on arn:aws:s3:::demo-code/*")],
            id="a-deny-lifted-is-a-gain",
        ),
        pytest.param(allow("a:B"), allow(None, NotAction="a:B"), [("action", "anything but a:B")], id="not-action"),
        pytest.param(allow("a:B", Sid="One"), allow("a:B", Sid="Two"), [], id="a-new-name-is-no-gain"),
    ],
)
def test_what_one_statement_gains(before: dict[str, Any], after: dict[str, Any], expected: list[Any]) -> None:
    assert gained(policy(before), policy(after)) == expected


def test_a_new_statement_is_named_whole() -> None:
    new = allow("s3:PutObject", "arn:a", Sid="New", Condition={"Bool": {"aws:SecureTransport": "true"}})
    assert gained(policy(allow("a:B")), policy(allow("a:B"), new)) == [
        ("statement", "s3:PutObject on arn:a if Bool aws:SecureTransport true")
    ]


def test_what_is_taken_away_is_the_gain_the_other_way_round() -> None:
    wide, narrow = policy(allow(["s3:GetObject", "s3:PutObject"])), policy(allow("s3:GetObject"))
    assert gained(narrow, wide) == [("action", "s3:PutObject")]
    assert gained(wide, narrow) == []


@pytest.mark.parametrize("document", [None, "", "[]", "{", '{"Statement": ["x"]}', 7])
def test_what_is_no_policy_is_not_read_as_an_empty_one(document: Any) -> None:
    assert parse_policy(document) is None


def test_a_single_statement_need_not_be_a_list() -> None:
    parsed = parse_policy('{"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*"}}')
    assert parsed is not None
    assert parsed[0].name == "number 1"
