"""Each refused claim differs from the admitted token in one thing; all of them are correctly signed."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_local.authorizer import Allow, Deny, Reason
from agentcore_local.claims import CLOCK_SKEW_S, EXPIRY_FLOOR_S
from agentcore_local.policy import ClaimRule, Policy
from tests.fakes.tokens import (
    ABSENT,
    BY_CLIENT,
    CLIENT,
    DISCOVERY_URL,
    ISSUER,
    NOW,
    SCOPE,
    bearer,
    decide,
    reason,
)

BY_AUDIENCE = Policy(DISCOVERY_URL, audience=frozenset({"api", "other-api"}))
BY_SCOPE = Policy(DISCOVERY_URL, scopes=frozenset({"agent/admin", SCOPE}))
BY_NAME = Policy(DISCOVERY_URL, claims=(ClaimRule("tier", False, frozenset({"gold"})),))
BY_GROUP = Policy(DISCOVERY_URL, claims=(ClaimRule("cognito:groups", True, frozenset({"staff", "ops"})),))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        *[
            pytest.param({"iss": value}, "issuer_mismatch", id=f"iss-{name}")
            for name, value in {
                "absent": ABSENT,
                "null": None,
                "empty": "",
                "number": 7,
                "object": {"iss": ISSUER},
                "list-with-the-right-one": [ISSUER],
                "other-pool": "https://idp.example.com/pool2",
                "other-region": "https://idp2.example.com/pool",
                "upper-case": ISSUER.upper(),
                "upper-case-host": "https://IDP.example.com/pool",
                "trailing-slash": ISSUER + "/",
                "query": ISSUER + "?a=b",
                "fragment": ISSUER + "#",
                "userinfo": "https://idp.example.com@attacker.example/pool",
                "http": ISSUER.replace("https", "http"),
                "port": "https://idp.example.com:443/pool",
                "homoglyph": ISSUER.replace("o", "\N{CYRILLIC SMALL LETTER O}"),
                "prefix": ISSUER[:-1],
                "suffix": "x" + ISSUER,
                "space": ISSUER + " ",
                "nul": ISSUER + "\x00",
                "discovery-url": DISCOVERY_URL,
            }.items()
        ],
        pytest.param({"exp": ABSENT}, "missing_expiry", id="exp-absent"),
        *[
            pytest.param({"exp": value}, "malformed_time", id=f"exp-{name}")
            for name, value in {
                "null": None,
                "string": str(NOW + 600),
                "empty": "",
                "date": "2027-01-15T08:00:00Z",
                "negative": -1,
                "float": NOW + 600.5,
                "whole-float": float(NOW + 600),
                "boolean": True,
                "list": [NOW + 600],
                "object": {"at": NOW + 600},
                "milliseconds": (NOW + 600) * 1000,
                "beyond-time": 10**30,
            }.items()
        ],
        pytest.param({"exp": NOW - 1}, "expired", id="exp-past"),
        pytest.param({"exp": 0}, "expired", id="exp-epoch"),
        pytest.param({"exp": NOW}, "expired", id="exp-now"),
        pytest.param({"exp": NOW + 1}, "expiring", id="exp-in-a-second"),
        pytest.param({"exp": NOW + EXPIRY_FLOOR_S}, "expiring", id="exp-at-the-floor"),
        pytest.param({"nbf": NOW + CLOCK_SKEW_S + 1}, "not_yet_valid", id="nbf-future"),
        pytest.param({"nbf": NOW + 86_400}, "not_yet_valid", id="nbf-tomorrow"),
        pytest.param({"iat": NOW + CLOCK_SKEW_S + 1}, "issued_in_future", id="iat-future"),
        *[
            pytest.param({name: value}, "malformed_time", id=f"{name}-{kind}")
            for name in ("nbf", "iat")
            for kind, value in {
                "string": "0",
                "negative": -1,
                "null": None,
                "boolean": False,
                "list": [0],
                "float": 0.5,
            }.items()
        ],
        *[
            pytest.param({"client_id": value}, "client_mismatch", id=f"client-{name}")
            for name, value in {
                "absent": ABSENT,
                "null": None,
                "empty": "",
                "other": "outsider",
                "list-with-the-right-one": [CLIENT],
                "object": {CLIENT: CLIENT},
                "number": 7,
                "boolean": True,
                "trailing-space": CLIENT + " ",
                "prefix": CLIENT[:-1],
                "longer": CLIENT + "2",
                "both": f"{CLIENT} other-app",
                "other-case": CLIENT.upper(),
                "nul": CLIENT + "\x00",
                "homoglyph": CLIENT.replace("a", "\N{CYRILLIC SMALL LETTER A}"),
            }.items()
        ],
        pytest.param({"client_id": ABSENT, "aud": CLIENT}, "client_mismatch", id="aud-is-no-client"),
        pytest.param({"client_id": ABSENT, "azp": CLIENT}, "client_mismatch", id="azp-is-no-client"),
        pytest.param({"client_id": ABSENT, "Client_Id": CLIENT}, "client_mismatch", id="claim-name-in-other-case"),
        pytest.param({"aud": 7}, "audience_mismatch", id="aud-number-though-not-asked"),
        pytest.param({"aud": ["api", 7]}, "audience_mismatch", id="aud-mixed-though-not-asked"),
        pytest.param({"aud": None}, "audience_mismatch", id="aud-null-though-not-asked"),
        pytest.param({"scope": 7}, "scope_mismatch", id="scope-number-though-not-asked"),
        pytest.param({"scope": [SCOPE]}, "scope_mismatch", id="scope-list-though-not-asked"),
        pytest.param({"sub": ["user-1"]}, "claim_mismatch", id="sub-list"),
        pytest.param({"sub": None}, "claim_mismatch", id="sub-null"),
        pytest.param({"jti": 7}, "claim_mismatch", id="jti-number"),
    ],
)
def test_claim_is_refused(change: dict[str, Any], expected: str) -> None:
    assert reason(bearer(change)) == expected


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"exp": NOW + EXPIRY_FLOOR_S + 1}, id="just-above-the-floor"),
        pytest.param({"nbf": NOW}, id="nbf-now"),
        pytest.param({"iat": NOW}, id="iat-now"),
        pytest.param({"iat": ABSENT}, id="no-iat"),
        pytest.param({"aud": "anything"}, id="aud-not-asked"),
        pytest.param({"client_id": "other-app"}, id="the-other-client"),
        pytest.param({"scope": ABSENT}, id="scope-not-asked"),
        pytest.param({"token_use": "id"}, id="token-use-is-not-looked-at"),
        pytest.param({"extra": {"deep": [1, 2.5, None]}}, id="further-claims"),
    ],
)
def test_claim_is_admitted(change: dict[str, Any]) -> None:
    assert isinstance(decide(bearer(change)), Allow)


ID_TOKEN = {"client_id": ABSENT, "scope": ABSENT, "token_use": "id", "aud": "api"}


@pytest.mark.parametrize(
    ("policy", "change"),
    [
        pytest.param(BY_AUDIENCE, {"aud": "api"}, id="aud-string"),
        pytest.param(BY_AUDIENCE, {"aud": ["x", "api"]}, id="aud-list-with-one-right"),
        pytest.param(BY_AUDIENCE, ID_TOKEN, id="id-token-by-audience"),
        pytest.param(BY_SCOPE, {}, id="scope-among-others"),
        pytest.param(BY_SCOPE, {"scope": SCOPE}, id="scope-alone"),
        pytest.param(BY_SCOPE, {"scope": ABSENT, "scp": ["openid", SCOPE]}, id="scp-list"),
        pytest.param(BY_SCOPE, {"scope": ABSENT, "scp": f"openid {SCOPE}"}, id="scp-string"),
        pytest.param(BY_SCOPE, {"scope": SCOPE, "scp": [SCOPE]}, id="scope-and-scp"),
        pytest.param(BY_NAME, {"tier": "gold"}, id="string-equals"),
        pytest.param(BY_GROUP, {"cognito:groups": ["guests", "ops"]}, id="array-contains"),
    ],
)
def test_other_rules_admit(policy: Policy, change: dict[str, Any]) -> None:
    assert isinstance(decide(bearer(change), policy), Allow)


@pytest.mark.parametrize(
    ("policy", "change", "expected"),
    [
        *[
            pytest.param(BY_AUDIENCE, {"aud": value}, "audience_mismatch", id=f"aud-{name}")
            for name, value in {
                "absent": ABSENT,
                "null": None,
                "empty-string": "",
                "empty-list": [],
                "other": "web",
                "others": ["web", "apis"],
                "nested-list": [["api"]],
                "right-and-a-number": ["api", 7],
                "object": {"api": "api"},
                "two-in-a-string": "api other-api",
                "other-case": "API",
                "boolean": True,
            }.items()
        ],
        *[
            pytest.param(BY_SCOPE, {"scope": value}, "scope_mismatch", id=f"scope-{name}")
            for name, value in {
                "absent": ABSENT,
                "null": None,
                "empty": "",
                "only-cognito-s": "aws.cognito.signin.user.admin",
                "list": [SCOPE],
                "comma": f"openid,{SCOPE}",
                "tab": f"openid\t{SCOPE}",
                "newline": f"openid\n{SCOPE}",
                "two-spaces": f"openid  {SCOPE}",
                "leading-space": f" {SCOPE}",
                "no-break-space": f"openid\N{NO-BREAK SPACE}{SCOPE}",
                "longer": "agent/invoke2",
                "inside-a-word": "xagent/invoke",
                "prefix": "agent/",
                "other-case": "Agent/Invoke",
                "object": {SCOPE: True},
                "boolean": True,
            }.items()
        ],
        pytest.param(BY_SCOPE, {"scope": ABSENT, "scp": [["agent/invoke"]]}, "scope_mismatch", id="scp-nested"),
        pytest.param(BY_SCOPE, {"scope": ABSENT, "scp": [f"openid {SCOPE}"]}, "scope_mismatch", id="scp-joined"),
        pytest.param(BY_SCOPE, {"scope": ABSENT, "scp": []}, "scope_mismatch", id="scp-empty"),
        pytest.param(BY_SCOPE, {"scope": ABSENT, "scp": [SCOPE, 7]}, "scope_mismatch", id="scp-mixed"),
        pytest.param(BY_SCOPE, {"scp": ["openid"]}, "scope_mismatch", id="scp-does-not-grant-too"),
        pytest.param(BY_SCOPE, {"scope": "openid", "scp": [SCOPE]}, "scope_mismatch", id="scope-does-not-grant-too"),
        *[
            pytest.param(BY_NAME, {"tier": value}, "claim_mismatch", id=f"string-{name}")
            for name, value in {
                "absent": ABSENT,
                "null": None,
                "longer": "golden",
                "inside": "a gold b",
                "other-case": "Gold",
                "list": ["gold"],
                "object": {"gold": "gold"},
                "boolean": True,
                "empty": "",
            }.items()
        ],
        *[
            pytest.param(BY_GROUP, {"cognito:groups": value}, "claim_mismatch", id=f"array-{name}")
            for name, value in {
                "absent": ABSENT,
                "null": None,
                "string": "staff",
                "empty": [],
                "others": ["guests", "staffers"],
                "nested": [["staff"]],
                "right-and-a-number": ["staff", 7],
                "object": {"staff": True},
                "other-case": ["Staff"],
            }.items()
        ],
        pytest.param(BY_NAME, {"profile": {"tier": "gold"}}, "claim_mismatch", id="claim-inside-another"),
        pytest.param(BY_CLIENT, ID_TOKEN, "client_mismatch", id="id-token-by-client"),
        pytest.param(BY_AUDIENCE, {}, "audience_mismatch", id="access-token-by-audience"),
    ],
)
def test_other_rules_refuse(policy: Policy, change: dict[str, Any], expected: str) -> None:
    assert reason(bearer(change), policy) == expected


ALL_RULES = Policy(
    DISCOVERY_URL,
    audience=BY_AUDIENCE.audience,
    clients=BY_CLIENT.clients,
    scopes=BY_SCOPE.scopes,
    claims=BY_NAME.claims + BY_GROUP.claims,
)
SATISFYING = {"aud": "api", "tier": "gold", "cognito:groups": ["ops"]}


def test_token_that_satisfies_every_rule_is_admitted() -> None:
    assert isinstance(decide(bearer(SATISFYING), ALL_RULES), Allow)


@pytest.mark.parametrize("name", ["aud", "client_id", "scope", "tier", "cognito:groups"])
def test_every_rule_must_be_satisfied(name: str) -> None:
    assert isinstance(decide(bearer({**SATISFYING, name: ABSENT}), ALL_RULES), Deny)


def test_failures_are_collected_in_order() -> None:
    decision = decide(bearer({"exp": NOW, "client_id": "x", "scope": "x", "tier": "tin"}), ALL_RULES)
    assert isinstance(decision, Deny)
    assert decision.reason == Reason.EXPIRED
    assert decision.also == (
        Reason.CLIENT_MISMATCH,
        Reason.AUDIENCE_MISMATCH,
        Reason.SCOPE_MISMATCH,
        Reason.CLAIM_MISMATCH,
    )
