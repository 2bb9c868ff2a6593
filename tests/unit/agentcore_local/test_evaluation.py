import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore_local.evaluation import BadPolicy, Question, judge, matches, parse

ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/a-0123456789"
KEYS: dict[str, str | None] = {
    "aws:sourceip": "127.0.0.1",
    "aws:username": "anna",
    "aws:currenttime": "2026-11-23T12:00:00+00:00",
    "aws:epochtime": "1795435200",
    "aws:viaawsservice": "false",
    "aws:absent": None,
}


def statement(effect: str = "Allow", **members: Any) -> dict[str, Any]:
    base = {"Effect": effect}
    if not {"Action", "NotAction"} & set(members):
        base["Action"] = "bedrock-agentcore:*"
    if not {"Resource", "NotResource"} & set(members):
        base["Resource"] = ARN
    return base | members


def verdict(*statements: dict[str, Any], action: str = "bedrock-agentcore:InvokeAgentRuntime") -> str:
    parsed = parse({"Version": "2012-10-17", "Statement": list(statements)})
    return judge(parsed, Question(action, ARN, KEYS), lambda _: True)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([statement()], "allow"),
        ([statement(Action="s3:*")], "silent"),
        ([statement(Action="*")], "allow"),
        ([statement(Action="BEDROCK-agentcore:invokeAGENT*")], "allow"),
        ([statement(Action=["s3:*", "bedrock-agentcore:InvokeAgentRuntime"])], "allow"),
        ([statement(Action="bedrock-agentcore:InvokeAgentRuntimeForUser")], "silent"),
        ([statement(Action="bedrock-agentcore:InvokeAgentRuntim?")], "allow"),
        ([statement(NotAction="s3:*")], "allow"),
        ([statement(NotAction="bedrock-agentcore:*")], "silent"),
        ([statement(Resource=ARN + "/*")], "silent"),
        ([statement(Resource=ARN.replace("runtime/a", "runtime/A"))], "silent"),
        ([statement(Resource="arn:aws:bedrock-agentcore:*:*:runtime/*")], "allow"),
        ([statement(NotResource=ARN)], "silent"),
        ([statement(NotResource="arn:aws:s3:::*")], "allow"),
        ([statement("Deny"), statement()], "deny"),
        ([statement(), statement("Deny")], "deny"),
        ([statement(), statement("Deny", Action="s3:*")], "allow"),
        ([statement(), statement("Deny", NotResource="arn:aws:s3:::*")], "deny"),
        ([statement(Resource="arn:*:runtime/${aws:username}")], "silent"),
        ([statement(), statement("Deny", Resource="arn:*:${aws:username}")], "deny"),
    ],
)
def test_statements_are_judged_together(statements: list[dict[str, Any]], expected: str) -> None:
    assert verdict(*statements) == expected


# The condition, and whether it holds: None is not known, so an Allow does not count and a Deny does.
CONDITIONS: list[tuple[dict[str, Any], bool | None]] = [
    ({}, True),
    ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}, True),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"]}}, False),
    ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:SourceIp": "nonsense"}}, None),
    ({"IpAddress": {"aws:SourceIp": "::/0"}}, False),
    ({"StringEquals": {"aws:username": "anna"}}, True),
    ({"StringEquals": {"AWS:USERNAME": "anna"}}, True),
    ({"StringEquals": {"aws:username": "Anna"}}, False),
    ({"StringEqualsIgnoreCase": {"aws:username": "Anna"}}, True),
    ({"StringNotEquals": {"aws:username": ["anna", "bert"]}}, False),
    ({"StringLike": {"aws:username": "an*"}}, True),
    ({"StringNotLike": {"aws:username": "an*"}}, False),
    ({"StringLike": {"aws:username": "${aws:username}"}}, None),
    ({"ArnLike": {"aws:username": "*"}}, True),
    ({"Bool": {"aws:ViaAWSService": "false"}}, True),
    ({"Bool": {"aws:ViaAWSService": False}}, True),
    ({"NumericLessThan": {"aws:EpochTime": "1795435201"}}, True),
    ({"NumericLessThan": {"aws:EpochTime": "soon"}}, None),
    ({"DateLessThan": {"aws:CurrentTime": "2026-11-23T12:00:01Z"}}, True),
    ({"DateGreaterThan": {"aws:CurrentTime": "2026-11-23T12:00:00Z"}}, False),
    ({"DateLessThan": {"aws:CurrentTime": "1795435199"}}, False),
    ({"StringEquals": {"aws:absent": "x"}}, False),
    ({"StringNotEquals": {"aws:absent": "x"}}, True),
    ({"StringEqualsIfExists": {"aws:absent": "x"}}, True),
    ({"StringEqualsIfExists": {"aws:username": "x"}}, False),
    ({"Null": {"aws:absent": "true"}}, True),
    ({"Null": {"aws:username": "true"}}, False),
    ({"Null": {"aws:username": "false"}}, True),
    ({"StringEquals": {"aws:SourceVpc": "vpc-1"}}, None),
    ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, None),
    ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, None),
    ({"Null": {"aws:SourceVpc": "true"}}, None),
    ({"ForAnyValue:StringEquals": {"aws:username": "anna"}}, None),
    ({"Unheard": {"aws:username": "anna"}}, None),
    ({"StringEquals": {"aws:username": "bert", "aws:SourceVpc": "vpc-1"}}, False),
    ({"StringEquals": {"aws:username": "anna", "aws:SourceVpc": "vpc-1"}}, None),
    ({"StringEquals": {"aws:username": "anna"}, "Bool": {"aws:ViaAWSService": "true"}}, False),
]


@pytest.mark.parametrize(("condition", "held"), CONDITIONS, ids=lambda c: json.dumps(c))
def test_what_is_not_known_never_opens_a_door(condition: dict[str, Any], held: bool | None) -> None:
    assert verdict(statement(Condition=condition)) == ("allow" if held is True else "silent")
    assert verdict(statement(), statement("Deny", Condition=condition)) == ("allow" if held is False else "deny")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "nothing",
        "{}",
        '{"Statement": {}}',
        '{"Statement": [{}]}',
        '{"Statement": "Allow"}',
        '{"Statement": [], "Statement": []}',
        json.dumps({"Version": "2030-01-01", "Statement": [statement()]}),
        json.dumps({"Versoin": "2012-10-17", "Statement": [statement()]}),
        json.dumps({"Statement": [statement("allow")]}),
        json.dumps({"Statement": [statement(Action=[])]}),
        json.dumps({"Statement": [statement(Action=[1])]}),
        json.dumps({"Statement": [statement(Action="a:b", NotAction="c:d")]}),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*"}]}),
        json.dumps({"Statement": [statement(NotPrincipal="*")]}),
        json.dumps({"Statement": [statement(Principal="someone")]}),
        json.dumps({"Statement": [statement(Principal={})]}),
        json.dumps({"Statement": [statement(Principal={"Robot": "*"})]}),
        json.dumps({"Statement": [statement(Condition=[])]}),
        json.dumps({"Statement": [statement(Condition={"StringEquals": "x"})]}),
        json.dumps({"Statement": [statement(Condition={"StringEquals": {"a": [{}]}})]}),
        json.dumps({"Statement": [statement(Conditions={})]}),
    ],
)
def test_a_document_that_is_not_understood_is_no_policy(document: str) -> None:
    with pytest.raises(BadPolicy):
        parse(document)


def test_principals_and_services_are_kept_apart() -> None:
    (only,) = parse({"Statement": statement(Principal={"AWS": ["a", "b"], "Service": "s"})})
    assert (only.principals, only.services) == (("a", "b"), ("s",))
    (trust,) = parse({"Statement": {"Effect": "Allow", "Action": "x", "Principal": "*"}}, trust=True)
    assert (trust.principals, trust.services, trust.resources) == (("*",), (), ("*",))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["Allow", "Deny", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Effect", "Action", "Resource", "Principal", "Condition", "Statement", "Null", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(VALUES)
def test_any_document_is_refused_or_judged(document: Any) -> None:
    for one in (json.dumps(document), json.dumps({"Statement": [document]})):
        try:
            statements = parse(one)
        except BadPolicy:
            continue
        assert judge(statements, Question("a:b", "c", KEYS), lambda _: True) in ("allow", "deny", "silent")


@given(st.text(max_size=20), st.text(max_size=20))
def test_only_stars_and_question_marks_are_special(text: str, other: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    assert matches(plain, plain)
    assert matches("*", other)
    assert matches(plain, other) == (plain == other)
