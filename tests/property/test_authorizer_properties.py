"""What holds for every header: the authorizer answers, lets no touched token in, and agrees with the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey

from agentcore_local.authorizer import Allow, Deny, authorize, parse_policy, token_key_id
from tests.fakes.tokens import (
    CLAIMS,
    CLIENT,
    DISCOVERY_URL,
    ISSUER,
    KID,
    NOW,
    SCOPE,
    b64,
    bearer,
    compact,
    ec_key,
    issuer_keys,
    jwk,
    rsa_key,
)
from tests.property import oracle

BY_CLIENT = {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}
GOOD = bearer()
HEAD, PAYLOAD, SIGNATURE = GOOD.removeprefix("Bearer ").split(".")
KEYS = issuer_keys()
EC_KEYS = issuer_keys({**jwk(), "kid": "rsa"}, {**ec_key("P-256").as_dict(private=False), "kid": KID, "alg": "ES256"})
POLICY = parse_policy(BY_CLIENT)


def refused(header: str | None) -> bool:
    verdict = authorize(header, POLICY, KEYS, NOW)
    assert isinstance(verdict, Allow | Deny)
    return isinstance(verdict, Deny)


def test_the_untouched_token_passes() -> None:
    assert not refused(GOOD)


# Whatever arrives is answered.

anything = st.one_of(
    st.text(),
    st.binary().map(lambda raw: raw.decode("latin-1")),
    st.lists(st.text(alphabet="ABab01-_=+/. \t\r\n\0é\ud800", max_size=40), max_size=6).map(".".join),
)


@given(anything, st.sampled_from(["", "Bearer ", "bearer ", "Bearer", "Basic ", "Bearer  ", " Bearer "]))
def test_any_text_is_answered_with_a_refusal(text: str, scheme: str) -> None:
    assert refused(scheme + text)
    token_key_id(scheme + text)


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True, allow_infinity=True) | st.text(max_size=8)
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip", "jwk", "cty"]), json_values))
def test_any_header_fields_over_the_good_payload_are_refused(header: dict[str, Any]) -> None:
    # Signed by nobody: the good signature belongs to another header.
    assert refused(f"Bearer {b64(json.dumps(header))}.{PAYLOAD}.{SIGNATURE}")


@given(st.one_of(st.binary(max_size=200), json_values.map(lambda value: json.dumps(value).encode())))
def test_any_payload_of_the_issuer_is_answered(payload: bytes) -> None:
    # The issuer signed it, so every reader behind the signature sees it.
    token = compact(payload, {"alg": "ES256", "kid": KID}, ec_key("P-256"), "ES256") if payload else "e30.e30."
    assert isinstance(authorize(f"Bearer {token}", POLICY, EC_KEYS, NOW), Deny)


# No touched token passes.

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Mutation = Callable[[str, int, int], str]
MUTATIONS: dict[str, Mutation] = {
    "flip-bit": lambda text, at, with_: text[:at] + chr(ord(text[at]) ^ (1 << with_ % 7)) + text[at + 1 :],
    "other-letter": lambda text, at, with_: text[:at] + ALPHABET[with_ % 64] + text[at + 1 :],
    "cut": lambda text, at, with_: text[:at],
    "cut-front": lambda text, at, with_: text[at + 1 :],
    "drop": lambda text, at, with_: text[:at] + text[at + 1 + with_ % 4 :],
    "insert": lambda text, at, with_: text[:at] + chr(with_ % 256) + text[at:],
    "double": lambda text, at, with_: text[:at] + text[max(0, at - with_ % 8) :],
    "swap": lambda text, at, with_: text[at:] + text[:at],
    "pad": lambda text, at, with_: text + "=" * (1 + with_ % 3),
    "blank": lambda text, at, with_: text[:at] + " \t\r\n\0\x0b\x0c\x85"[with_ % 8] + text[at:],
    "other-alphabet": lambda text, at, with_: text.replace("-", "+").replace("_", "/"),
    "append": lambda text, at, with_: text + "." * (with_ % 2) + text[:at],
}


@given(
    st.sampled_from(["head", "payload", "signature", "token"]),
    st.sampled_from(sorted(MUTATIONS)),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_a_touched_token_never_passes(part: str, mutation: str, at: int, with_: int) -> None:
    parts = {"head": HEAD, "payload": PAYLOAD, "signature": SIGNATURE}
    if part == "token":
        whole = f"{HEAD}.{PAYLOAD}.{SIGNATURE}"
        touched = MUTATIONS[mutation](whole, at % len(whole), with_)
    else:
        parts[part] = MUTATIONS[mutation](parts[part], at % len(parts[part]), with_)
        touched = ".".join(parts.values())
    assert refused(f"Bearer {touched}") or touched == f"{HEAD}.{PAYLOAD}.{SIGNATURE}"


@given(st.integers(1, len(SIGNATURE)), st.integers(0, 63))
def test_a_signature_has_one_spelling(length: int, letter: int) -> None:
    spelled = SIGNATURE[:-1] + ALPHABET[letter]
    assert refused(f"Bearer {HEAD}.{PAYLOAD}.{spelled}") or spelled == SIGNATURE
    assert refused(f"Bearer {HEAD}.{PAYLOAD}.{SIGNATURE[:-length]}")


def attackers() -> list[tuple[str, Any]]:
    """Every key an attacker could sign with, with the algorithm it is used for; the public key as a secret too."""
    public = rsa_key().public_key.public_numbers().n.to_bytes(256, "big")  # joserfc makes no secret of a PEM or DER
    with_rsa = [(alg, rsa_key("attacker")) for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")]
    with_ec = [("ES256", ECKey.generate_key("P-256"))]
    with_secret = [(alg, OctKey.import_key({"kty": "oct", "k": b64(public)})) for alg in ("HS256", "HS384", "HS512")]
    return [*with_rsa, *with_ec, *with_secret]


ATTACKERS = attackers()
ALGORITHM_NAMES: list[object] = [
    "RS256",
    "RS384",
    "PS256",
    "ES256",
    "HS256",
    "none",
    "None",
    "NONE",
    "",
    None,
    ["RS256"],
    {},
    1,
]


@given(
    st.sampled_from(ATTACKERS),
    st.sampled_from(ALGORITHM_NAMES),
    st.sampled_from([KID, "", "other", None, [KID], {"kid": KID}, "../../dev/null"]),
    st.dictionaries(st.sampled_from(["jwk", "jku", "x5u", "x5c", "typ", "cty"]), json_values, max_size=2),
)
def test_no_key_but_the_issuers_signs(attacker: tuple[str, Any], named: object, kid: object, more: Any) -> None:
    algorithm, key = attacker
    header = more | {"alg": named, "kid": kid} | ({"jwk": key.as_dict(private=False)} if "jwk" in more else {})
    token = compact(json.dumps(dict(CLAIMS)).encode(), header, key, algorithm)
    assert refused(f"Bearer {token}")
    assert refused(f"Bearer {token.rpartition('.')[0]}.")


# What the issuer signed passes exactly when the oracle says so.

OTHER_TEXTS = ["", "x", CLIENT.upper(), f"{CLIENT} ", f" {CLIENT}", CLIENT[:-1], SCOPE, f"{SCOPE}2", "appclient"]
texts = st.sampled_from([CLIENT, CLIENT, SCOPE, "gold", "api", *OTHER_TEXTS])
junk = st.sampled_from([None, True, 0, 1.5, [], {}, [CLIENT], [[CLIENT]], {CLIENT: CLIENT}, [None], [1, CLIENT]])
times = st.integers(-2, 2).map(lambda d: NOW + d) | st.integers(58, 63).map(lambda d: NOW + d)
odd_times = st.sampled_from(
    [NOW + 600, NOW + 600, -1, 0, 10**13, float(NOW + 600), str(NOW + 600), True, None, [NOW + 600]]
)
lists_of_texts = st.lists(texts, max_size=3)
scope_texts = st.lists(texts, max_size=3).map(" ".join) | st.lists(texts, max_size=2).map("\t".join) | texts
CLAIM_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "iss": st.sampled_from([ISSUER, ISSUER, ISSUER, f"{ISSUER}/", ISSUER.upper(), "", None, [ISSUER], 1]),
    "exp": st.just(NOW + 600) | times | odd_times,
    "nbf": times | odd_times,
    "iat": times | odd_times,
    "sub": texts | junk,
    "jti": texts | junk,
    "client_id": texts | junk,
    "aud": texts | lists_of_texts | junk,
    "scope": scope_texts | lists_of_texts | junk,
    "scp": scope_texts | lists_of_texts | junk,
    "token_use": st.sampled_from(["access", "id", "refresh", None, ["refresh"]]),
    "tier": texts | lists_of_texts | junk,
    "groups": texts | lists_of_texts | junk,
}
some_claims = st.fixed_dictionaries(
    {"iss": CLAIM_VALUES["iss"], "exp": CLAIM_VALUES["exp"]},
    optional={n: s for n, s in CLAIM_VALUES.items() if n not in ("iss", "exp")},
)
one_change = st.one_of([st.tuples(st.just(name), values) for name, values in CLAIM_VALUES.items()])
near_good = st.lists(one_change, max_size=2).map(lambda changes: dict(CLAIMS) | dict(changes))

names = st.lists(st.sampled_from([CLIENT, "api", "gold", "x"]), min_size=1, max_size=2, unique=True)
scopes = st.lists(st.sampled_from([SCOPE, "gold", "x"]), min_size=1, max_size=2, unique=True)


def claim_rule(name: str, kind: str, operator: str, value: dict[str, Any]) -> dict[str, Any]:
    match = {"claimMatchOperator": operator, "claimMatchValue": value}
    return {"inboundTokenClaimName": name, "inboundTokenClaimValueType": kind, "authorizingClaimMatchValue": match}


rules = st.one_of(
    st.just(claim_rule("tier", "STRING", "EQUALS", {"matchValueString": "gold"})),
    st.just(claim_rule("groups", "STRING_ARRAY", "CONTAINS", {"matchValueString": "gold"})),
    st.just(claim_rule("groups", "STRING_ARRAY", "CONTAINS_ANY", {"matchValueStringList": ["api", "gold"]})),
    st.just(claim_rule("aud", "STRING_ARRAY", "CONTAINS", {"matchValueString": "api"})),
)
fields: dict[str, st.SearchStrategy[Any]] = {
    "allowedClients": names,
    "allowedAudience": names,
    "allowedScopes": scopes,
    "customClaims": st.lists(rules, min_size=1, max_size=2),
}
authorizers = st.fixed_dictionaries({"discoveryUrl": st.just(DISCOVERY_URL)}, optional=fields).filter(
    lambda authorizer: len(authorizer) > 1
)


@settings(max_examples=600)
@given(st.just(BY_CLIENT), near_good)
def test_near_the_good_token_the_decision_is_the_oracles(authorizer: dict[str, Any], claims: dict[str, Any]) -> None:
    agree(authorizer, claims)


@settings(max_examples=300)
@given(authorizers, some_claims | near_good)
@example(BY_CLIENT, dict(CLAIMS))
def test_the_decision_is_the_oracles(authorizer: dict[str, Any], claims: dict[str, Any]) -> None:
    agree(authorizer, claims)


def agree(authorizer: dict[str, Any], claims: dict[str, Any]) -> None:
    token = compact(json.dumps(claims).encode(), {"alg": "ES256", "kid": KID}, ec_key("P-256"), "ES256")
    verdict = authorize(f"Bearer {token}", parse_policy(authorizer), EC_KEYS, NOW)
    expected = oracle.admits(authorizer, ISSUER, claims, NOW)
    assert isinstance(verdict, Allow) == expected, verdict
    if isinstance(verdict, Allow):
        assert dict(verdict.claims) == claims
