"""The explanation of a decision is the decision: for every header, policy, key set and moment."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore_local.authorizer import Allow, Policy, authorize, parse_policy
from agentcore_local.jwks import IssuerKeys
from agentcore_local.trace import KeysFault, trace
from tests.fakes.tokens import BY_CLIENT, DISCOVERY_URL, ISSUER, KID, NOW, bearer, compact, ec_key, issuer_keys
from tests.property.test_authorizer_properties import EC_KEYS, MUTATIONS, anything, authorizers, json_values, near_good

NO_RULES = Policy(DISCOVERY_URL)
KEYS: dict[str, IssuerKeys | KeysFault] = {
    "its": EC_KEYS,
    "rsa": issuer_keys(),
    "anothers": issuer_keys(issuer="https://other.example.com"),
    "no-discovery": KeysFault("discovery", "down"),
    "no-keys": KeysFault("keys", "down"),
}


def agrees(header: str | None, policy: Policy, keys: IssuerKeys | KeysFault) -> None:
    decision = authorize(header, policy, keys if isinstance(keys, IssuerKeys) else None, NOW)
    walked = trace(header, policy, keys, NOW)
    assert walked.decision == decision
    failed = [row.reason for row in walked.rows if row.verdict == "failed"]
    if isinstance(decision, Allow):
        assert failed == []
        assert all(row.verdict == "ok" for row in walked.rows)
    else:
        assert failed[:1] == [decision.reason.value], walked.rows
        assert set(decision.also) <= set(failed)
    names = [row.rule for row in walked.rows]
    assert len(set(names)) == len(names) == 24 + len(policy.claims)
    told = json.dumps([[row.seen, row.wanted] for row in walked.rows])
    assert told.isascii()
    for part in (header or "").partition(" ")[2].split("."):
        assert len(part) < 12 or part not in told


some_keys = st.sampled_from(sorted(KEYS))
headers = st.fixed_dictionaries(
    {},
    optional={n: json_values for n in ("typ", "crit", "b64", "jku")}
    | {"kid": st.sampled_from([KID, "x", "rsa", None])},
)
policies = authorizers.map(parse_policy) | st.sampled_from([BY_CLIENT, NO_RULES])


@given(anything, st.sampled_from(["", "Bearer ", "bearer ", "Bearer", "Basic ", "\t", "Bearer  "]), some_keys, policies)
def test_any_text_is_explained_as_it_is_decided(text: str, scheme: str, keys: str, policy: Policy) -> None:
    agrees(scheme + text, policy, KEYS[keys])
    agrees(None, policy, KEYS[keys])


@settings(max_examples=400)
@given(near_good, policies, some_keys, headers, st.booleans())
def test_a_signed_token_is_explained_as_it_is_decided(
    claims: dict[str, Any], policy: Policy, keys: str, header: dict[str, Any], broken: bool
) -> None:
    head = {"alg": "ES256", "kid": KID} | header
    token = compact(json.dumps(claims).encode(), head, ec_key("P-256"), "ES256")
    agrees(f"Bearer {token[:-8] + 'AAAAAAAA' if broken else token}", policy, KEYS[keys])


@given(st.sampled_from(sorted(MUTATIONS)), st.integers(0, 10_000), st.integers(0, 10_000), some_keys)
def test_a_touched_token_is_explained_as_it_is_decided(mutation: str, at: int, with_: int, keys: str) -> None:
    token = bearer().removeprefix("Bearer ")
    agrees("Bearer " + MUTATIONS[mutation](token, at % len(token), with_), BY_CLIENT, KEYS[keys])


@given(st.binary(min_size=1, max_size=200), some_keys)
def test_any_signed_payload_is_explained_as_it_is_decided(payload: bytes, keys: str) -> None:
    token = compact(payload, {"alg": "ES256", "kid": KID}, ec_key("P-256"), "ES256")
    agrees(f"Bearer {token}", BY_CLIENT, KEYS[keys])


def test_the_issuer_of_another_pools_token_is_named_before_its_key() -> None:
    header = bearer({"iss": f"{ISSUER}2"}, kid="other")
    agrees(header, BY_CLIENT, issuer_keys())
    first = trace(header, BY_CLIENT, issuer_keys(), NOW).first_failure
    assert first is not None
    assert (first.rule, first.seen, first.wanted) == ("issuer", f"iss {ISSUER}2", ISSUER)
