"""What the control plane accepts as an authorizer, and how it says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_local.policy import ClaimRule, InvalidPolicy, Policy, parse_policy
from tests.fakes.tokens import ABSENT, CLIENT, DISCOVERY_URL, merged

GOOD: dict[str, Any] = {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}


def rule(**changes: Any) -> dict[str, Any]:
    """A good custom claim; `kind`, `operator`, `value` and `name` spoil it."""
    given = {"name": "tier", "kind": "STRING", "operator": "EQUALS", "value": {"matchValueString": "gold"}, **changes}
    return {
        "inboundTokenClaimName": given["name"],
        "inboundTokenClaimValueType": given["kind"],
        "authorizingClaimMatchValue": {
            "claimMatchValue": given["value"],
            "claimMatchOperator": given["operator"],
        },
    }


def faults(**changes: Any) -> list[str]:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(merged(GOOD, changes))
    return [name for name, _ in caught.value.fields]


def test_every_member_reaches_the_policy() -> None:
    several = {"matchValueStringList": ["staff", "ops"]}
    assert parse_policy(
        {
            "discoveryUrl": DISCOVERY_URL,
            "allowedAudience": ["api", "api", "web"],
            "allowedClients": [CLIENT],
            "allowedScopes": ["agent/invoke"],
            "advertisedScopeMapping": {"agent/invoke": "api://x/invoke"},
            "customClaims": [
                rule(),
                rule(name="https://x/y", kind="STRING_ARRAY", operator="CONTAINS"),
                rule(name="cognito:groups", kind="STRING_ARRAY", operator="CONTAINS_ANY", value=several),
            ],
        }
    ) == Policy(
        DISCOVERY_URL,
        audience=frozenset({"api", "web"}),
        clients=frozenset({CLIENT}),
        scopes=frozenset({"agent/invoke"}),
        claims=(
            ClaimRule("tier", False, frozenset({"gold"})),
            ClaimRule("https://x/y", True, frozenset({"gold"})),
            ClaimRule("cognito:groups", True, frozenset({"staff", "ops"})),
        ),
        advertised_scopes={"agent/invoke": "api://x/invoke"},
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"allowedAudience": ["a"]}, id="audience"),
        pytest.param({"allowedClients": ["a"]}, id="clients"),
        pytest.param({"allowedScopes": ["a"]}, id="scopes"),
        pytest.param({"customClaims": [rule()]}, id="claims"),
    ],
)
def test_one_rule_of_any_kind_is_enough(change: dict[str, Any]) -> None:
    assert parse_policy({"discoveryUrl": DISCOVERY_URL, **change}).has_rules


@pytest.mark.parametrize("rules", [{}, {"advertisedScopeMapping": {"a": "b"}}])
def test_no_rule_at_all_is_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(InvalidPolicy, match="at least one of"):
        parse_policy({"discoveryUrl": DISCOVERY_URL, **rules})


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(ABSENT, id="absent"),
        pytest.param(None, id="null"),
        pytest.param(["https://idp.example.com/.well-known/openid-configuration"], id="list"),
        pytest.param("", id="empty"),
        pytest.param("https://idp.example.com/pool", id="issuer"),
        pytest.param(f"{DISCOVERY_URL}/", id="trailing-slash"),
        pytest.param(f"{DISCOVERY_URL}?a=b", id="query-behind"),
        pytest.param(f"https://idp.example.com/?{'/.well-known/openid-configuration'}", id="query-before"),
        pytest.param("https://idp.example.com/#/.well-known/openid-configuration", id="fragment"),
        pytest.param(f" {DISCOVERY_URL}", id="space"),
        pytest.param(f"{DISCOVERY_URL}\n", id="newline"),
        pytest.param("https://idp.example.com/.well-known/oauth-authorization-server", id="rfc-8414"),
        pytest.param("http://idp.example.com/.well-known/openid-configuration", id="plain-http"),
        pytest.param("http://127.0.0.1.example.com/.well-known/openid-configuration", id="loopback-lookalike"),
        pytest.param("file:///.well-known/openid-configuration", id="file"),
        pytest.param("ftp://idp.example.com/.well-known/openid-configuration", id="ftp"),
        pytest.param("//idp.example.com/.well-known/openid-configuration", id="no-scheme"),
        pytest.param("https:///.well-known/openid-configuration", id="no-host"),
        pytest.param("https://idp.example.com@evil.example/.well-known/openid-configuration", id="userinfo"),
        pytest.param("https://idp.example.com\\evil/.well-known/openid-configuration", id="backslash"),
        pytest.param("https://[::1/.well-known/openid-configuration", id="broken-address"),
        pytest.param("https://idp.example.com:99999/.well-known/openid-configuration", id="broken-port"),
        pytest.param("https://idp.example.com/a/../b/.well-known/openid-configuration", id="dot-segments"),
        pytest.param("https://idp.example.com/%2E%2e/.well-known/openid-configuration", id="coded-dot-segments"),
        pytest.param("https://idp.\N{CYRILLIC SMALL LETTER IE}xample.com/.well-known/openid-configuration", id="idn"),
    ],
)
def test_discovery_url_is_refused(url: object) -> None:
    assert faults(discoveryUrl=url) == ["discoveryUrl"]


@pytest.mark.parametrize("host", ["127.0.0.1:4666", "localhost", "[::1]:8080"])
def test_provider_on_this_machine_may_speak_plain_http(host: str) -> None:
    url = f"http://{host}/pool/.well-known/openid-configuration"
    assert parse_policy({**GOOD, "discoveryUrl": url}).discovery_url == url


@pytest.mark.parametrize("member", ["allowedAudience", "allowedClients", "allowedScopes", "customClaims"])
@pytest.mark.parametrize("value", [None, [], "text", {"a": 1}, 7, True])
def test_list_must_be_a_list_of_something(member: str, value: object) -> None:
    assert faults(**{member: value}) == [member]


@pytest.mark.parametrize("member", ["allowedAudience", "allowedClients", "allowedScopes"])
@pytest.mark.parametrize("value", [None, "", 7, True, ["a"]])
def test_element_must_be_a_string_of_something(member: str, value: object) -> None:
    assert faults(**{member: ["good", value]}) == [f"{member}.2.member"]


@pytest.mark.parametrize("scope", ["a b", 'a"b', "a\\b", "\N{LATIN SMALL LETTER E WITH ACUTE}", "a" * 256, "a\n"])
def test_scope_must_be_a_scope(scope: str) -> None:
    assert faults(allowedScopes=[scope]) == ["allowedScopes.1.member"]


MATCH = "customClaims.1.member.authorizingClaimMatchValue"


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        *[
            pytest.param(rule(name=name), "customClaims.1.member.inboundTokenClaimName", id=f"name-{kind}")
            for kind, name in {
                "null": None,
                "empty": "",
                "hyphen": "a-b",
                "space": "a b",
                "long": "a" * 256,
                "scp": "scp",
                "list": ["a"],
            }.items()
        ],
        *[
            pytest.param(rule(kind=kind, operator=operator), f"{MATCH}.claimMatchOperator", id=f"{kind}-{operator}")
            for kind, operator in [
                ("STRING", "CONTAINS"),
                ("STRING", "CONTAINS_ANY"),
                ("STRING_ARRAY", "EQUALS"),
                ("NUMBER", "EQUALS"),
                ("STRING", "equals"),
                ("STRING", None),
                (None, "EQUALS"),
                (["STRING"], "EQUALS"),
            ]
        ],
        *[
            pytest.param(rule(value=value), f"{MATCH}.claimMatchValue", id=f"value-{kind}")
            for kind, value in {
                "null": None,
                "string": "gold",
                "empty": {},
                "list-for-string": {"matchValueStringList": ["gold"]},
                "both": {"matchValueString": "gold", "matchValueStringList": ["gold"]},
                "unknown": {"matchValueNumber": 1},
            }.items()
        ],
        *[
            pytest.param(
                rule(value={"matchValueString": value}), f"{MATCH}.claimMatchValue.matchValueString", id=f"text-{kind}"
            )
            for kind, value in {
                "null": None,
                "empty": "",
                "e-mail": "a@b.c",
                "url": "https://x",
                "space": "a b",
                "long": "a" * 256,
            }.items()
        ],
        pytest.param("tier", "customClaims.1.member", id="rule-is-a-string"),
        pytest.param({**rule(), "authorizingClaimMatchValue": None}, MATCH, id="no-match-value"),
    ],
)
def test_custom_claim_is_refused(custom: object, expected: str) -> None:
    assert expected in faults(customClaims=[custom])


@pytest.mark.parametrize("value", [None, {}, [], {"a b": "c"}, {"a": "b c"}, {f"s{n}": "x" for n in range(51)}])
def test_advertised_scopes_must_map_scopes(value: object) -> None:
    assert all(name.startswith("advertisedScopeMapping") for name in faults(advertisedScopeMapping=value))


@pytest.mark.parametrize(
    "member", ["privateEndpoint", "privateEndpointOverrides", "allowedWorkloadConfiguration", "allowedUsers"]
)
def test_member_that_cannot_be_enforced_is_refused(member: str) -> None:
    assert faults(**{member: {}}) == [member]


def test_all_faults_are_reported_at_once() -> None:
    found = faults(
        discoveryUrl="x",
        allowedClients=["", "good", 7],
        allowedScopes=[],
        customClaims=[rule(name="a-b"), rule(kind="N")],
    )
    assert found == [
        "discoveryUrl",
        "allowedClients.1.member",
        "allowedClients.3.member",
        "allowedScopes",
        "customClaims.1.member.inboundTokenClaimName",
        "customClaims.2.member.authorizingClaimMatchValue.claimMatchOperator",
    ]
