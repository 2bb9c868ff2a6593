"""What an explanation shows of a token, and what it hides. That it agrees with the decision: tests/property."""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_local.policy import ClaimRule, Policy
from agentcore_local.shown import HIDDEN, shown
from agentcore_local.trace import KeysFault, Row, trace
from tests.fakes.tokens import ABSENT, BY_CLIENT, CLIENT, DISCOVERY_URL, ISSUER, KID, NOW, bearer, issuer_keys

GROUPS = Policy(DISCOVERY_URL, claims=(ClaimRule("cognito:groups", True, frozenset({"staff", "ops"})),))

BROKEN = bearer()[:-20] + "A" * 8 + bearer()[-12:]


def first(header: str | None, policy: Policy = BY_CLIENT) -> Row:
    row = trace(header, policy, issuer_keys(), NOW).first_failure
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("changes", "rule", "seen", "wanted"),
    [
        ({"exp": NOW - 5}, "expiry", f"{NOW - 5} (-5 s from now)", "more than 60 s before exp"),
        ({"exp": ABSENT}, "expiry", "absent", "more than 60 s before exp"),
        ({"nbf": NOW + 9}, "not_before", f"{NOW + 9} (+9 s from now)", "nbf not in the future"),
        ({"iat": "now"}, "time_types", f"exp {NOW + 600}, nbf absent, iat now", "exp, nbf and iat in whole seconds"),
        ({"client_id": "x"}, "client", "client_id x", f"client_id one of {CLIENT}, other-app"),
        ({"client_id": [CLIENT]}, "client", f"client_id {CLIENT}", f"client_id one of {CLIENT}, other-app"),
        ({"iss": f"{ISSUER}/"}, "issuer", f"iss {ISSUER}/", ISSUER),
        ({"token_use": "refresh"}, "token_use", "refresh", "anything but a refresh token; the service does not look"),
    ],
)
def test_a_claim_is_shown_beside_what_is_wanted(changes: dict[str, Any], rule: str, seen: str, wanted: str) -> None:
    row = first(bearer(changes))
    assert (row.rule, row.seen) == (rule, seen)
    assert row.wanted.startswith(wanted)


def test_a_custom_claim_is_named() -> None:
    row = first(bearer({"cognito:groups": ["guests"]}), GROUPS)
    assert (row.rule, row.seen) == ("custom_claim_1", "cognito:groups guests")
    assert row.wanted == "cognito:groups containing one of ops, staff"


@pytest.mark.parametrize(
    ("header", "rule", "seen"),
    [
        (None, "header", "none, or an empty one"),
        ("Basic dTpw", "scheme", "basic"),
        (bearer().removeprefix("Bearer "), "scheme", "no scheme that is known"),
        ("Bearer a.b.c.d.e", "shape", "5 parts"),
        (bearer().rpartition(".")[0] + ".", "shape", "an empty signature"),
        ("Bearer !.b.c", "shape", "Failed to parse token: not base64url"),
        (bearer(alg="none"), "algorithm", "alg none"),
        (bearer(kid=ABSENT), "key_id", "kid absent"),
        (bearer(crit=["exp"]), "jose_header", "typ absent, crit exp, b64 absent, zip absent"),
        (bearer(kid="../../dev/null"), "key", "../../dev/null"),
        (BROKEN, "signature", "a signature that does not verify"),
        (bearer(alg="PS256"), "key_algorithm", "PS256"),
    ],
)
def test_the_header_is_described_and_never_quoted(header: str | None, rule: str, seen: str) -> None:
    row = first(header)
    assert (row.rule, row.seen) == (rule, seen)


def test_the_rules_behind_the_first_failure_are_still_judged() -> None:
    rows = {row.rule: row for row in trace(bearer({"exp": 1, "client_id": "x"}), BY_CLIENT, issuer_keys(), NOW).rows}
    assert [name for name, row in rows.items() if row.verdict == "failed"] == ["expiry", "client"]
    assert rows["audience"].seen == "aud absent"
    assert rows["audience"].wanted == "no rule about aud"


@pytest.mark.parametrize(
    ("header", "unchecked"),
    [
        (bearer(alg="none"), ["key_id", "policy", "keys", "key", "key_algorithm", "signature", "payload", "client"]),
        (None, ["size", "scheme", "shape", "jose_header", "algorithm", "key_id", "policy", "key", "client"]),
        (bearer(kid="x"), ["key_algorithm", "signature"]),
        (bearer(alg="PS256"), ["signature"]),
    ],
)
def test_what_could_not_be_looked_at_is_not_called_good(header: str | None, unchecked: list[str]) -> None:
    rows = {row.rule: row.verdict for row in trace(header, BY_CLIENT, issuer_keys(), NOW).rows}
    assert {rule for rule in unchecked if rows[rule] != "not_checked"} == set()


@pytest.mark.parametrize(
    ("at", "discovery", "keys"), [("discovery", "failed", "not_checked"), ("keys", "ok", "failed")]
)
def test_the_document_that_cannot_be_had_is_named(at: Any, discovery: str, keys: str) -> None:
    walked = trace(bearer(), BY_CLIENT, KeysFault(at, "503"), NOW)
    verdicts = {row.rule: row.verdict for row in walked.rows}
    assert (verdicts["discovery"], verdicts["keys"], verdicts["signature"]) == (discovery, keys, "not_checked")
    assert walked.first_failure and walked.first_failure.seen == "503"
    assert not walked.verified


def test_claims_count_as_verified_only_behind_a_signature_that_holds() -> None:
    assert trace(bearer({"exp": 1}), BY_CLIENT, issuer_keys(), NOW).verified
    assert not trace(BROKEN, BY_CLIENT, issuer_keys(), NOW).verified


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (bearer(), HIDDEN),
        ([bearer()], HIDDEN),
        (bearer().split(".")[2], HIDDEN),
        ("a\nb\x1b[31m", "a\\nb\\u001b[31m"),
        ("é", "\\u00e9"),
        ("", '""'),
        ([], "an empty list"),
        ([1], "a mixed list"),
        ({"a": 1}, "an object"),
        (True, "true"),
        (None, "null"),
        (1.5, "a fraction"),
        (10**30, "a huge number"),
        (KID, KID),
        ("x y " * 100, ("x y " * 40) + "... (400 characters)"),
    ],
)
def test_a_strangers_value_is_bounded_escaped_and_hidden_when_it_could_be_a_credential(
    value: object, expected: str
) -> None:
    assert shown(value) == expected
