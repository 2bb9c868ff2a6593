"""Each case differs from the good call of its caller in exactly one thing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from orchestration.checks.callers import SIGNED, Caller
from orchestration.checks.case import Case, Door
from orchestration.checks.cases import CASES
from orchestration.checks.draft import finish, good, same
from orchestration.checks.forge import Token, parse, pem_of
from orchestration.checks.kit import Unavailable
from orchestration.checks.request import Request
from tests.fakes.matrix import ISSUER, KID, FakeSource, authorization, kit, pool_key
from tests.fakes.orchestration import GATEWAY_URL, RUNTIME_ARN

KIT = kit()
SESSION, CANARY = "s" * 36, "c" * 32
BY_ID = {case.id: case for case in CASES}


def place(case: Case) -> str:
    return GATEWAY_URL if case.door is Door.GATEWAY else RUNTIME_ARN


def base(case: Case) -> Request:
    """The good call of the case's caller."""
    return finish(good(KIT, case.caller, place(case), SESSION, CANARY))


def made(case: Case | str, source: FakeSource | None = None) -> Request:
    found = BY_ID[case] if isinstance(case, str) else case
    start = good(kit(source) if source else KIT, found.caller, place(found), SESSION, CANARY)
    return finish(found.change(start))


def token(case: str) -> Token:
    return parse((authorization(made(case)) or "").removeprefix("Bearer "))


def by_the_provider(token: Token) -> bool:
    key: rsa.RSAPublicKey = pool_key().public_key()
    try:
        jwt.PyJWS().decode(str(token), key, algorithms=["RS256", "RS384", "PS256"])
    except jwt.InvalidTokenError:
        return False
    return True


def differences(one: Request, other: Request) -> set[str]:
    """Which of the request's parts differ."""
    names = {name for name, _ in (*one.headers, *other.headers)}
    found = {name for name in names if values(one, name) != values(other, name)}
    found |= {part for part in ("method", "target", "body") if getattr(one, part) != getattr(other, part)}
    return found


def values(request: Request, name: str) -> list[str]:
    return [value for key, value in request.headers if key == name]


# What differs where it is not the credential alone.
ELSEWHERE: dict[str, set[str]] = {
    "streamed": {"body"},
    "session-minted": {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"},
    "token-in-query": {"Authorization", "target"},
    "token-in-cookie": {"Authorization", "Cookie"},
    "token-in-trailer": {"Authorization", "Transfer-Encoding", "Trailer", "body"},
    "folded-header": {"Authorization", "Content-Length"},
    "session-short": {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"},
    "session-long": {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"},
    "oversized-header": {"X-Padding"},
    "oversized-body": {"Content-Length", "body"},
    "two-lengths": {"Content-Length", "Transfer-Encoding", "body"},
    "body-changed": {"body"},
}
ELSEWHERE |= {f"gateway-{name}": parts for name, parts in ELSEWHERE.items() if f"gateway-{name}" in BY_ID}
ELSEWHERE["gateway-tools"] = {"body"}
ELSEWHERE |= {case.id: {"body"} for case in CASES if "customer" in case.tags}
# The trace says which call of the gateway belongs to it.
ELSEWHERE |= {case.id: {"body", "traceparent"} for case in CASES if case.through}
ROUTED = {case.id for case in CASES if case.cause in ("runtime", "route", "qualifier")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_differs_from_the_good_call_of_its_caller_in_one_thing(case: Case) -> None:
    expected = ELSEWHERE.get(case.id, {"target"} if case.id in ROUTED else {"Authorization"})
    found = differences(base(case), made(case))
    assert found == (set() if case.change is same else expected)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_call_carries_its_canary(case: Case) -> None:
    body = made(case).body
    assert CANARY.encode() in body or case.id == "oversized-body"


def test_no_two_cases_are_the_same_call() -> None:
    sent = [(case.door, case.opener, made(case).target, made(case).headers, made(case).body) for case in CASES]
    twice = [case.id for case, call in zip(CASES, sent, strict=True) if sent.count(call) > 1]
    assert twice == []


# -- tokens


@pytest.mark.parametrize("case", [c for c in CASES if "pool-key" in c.tags], ids=lambda case: case.id)
def test_what_the_provider_signs_verifies_so_that_only_the_claim_is_wrong(case: Case) -> None:
    assert by_the_provider(token(case.id))


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.cause == "signature"],
    ids=lambda case: case.id,
)
def test_what_is_refused_for_its_signature_does_not_verify(case: Case) -> None:
    assert not by_the_provider(token(case.id))


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("kid-unknown", {"kid": "no-such-key"}),
        ("kid-path", {"kid": "../../../../dev/null"}),
        ("kid-missing", {"alg": "RS256"}),
        ("alg-missing", {"kid": KID}),
        ("crit-unknown", {"crit": ["exp"]}),
        ("alg-es256", {"alg": "ES256", "kid": KID}),
        ("jku-attacker", {"jku": "https://attacker.invalid/jwks.json"}),
    ],
)
def test_header_fields_are_as_the_title_says(case: str, fields: dict[str, Any]) -> None:
    found = token(case).fields
    assert fields.items() <= found.items()
    assert ("kid" in found, "alg" in found) == (case != "kid-missing", case != "alg-missing")
    assert token(case).claims == parse(KIT.text(Caller.PERSON)).claims


def test_header_changes_are_signed_by_the_provider_where_its_key_is_to_be_had() -> None:
    assert by_the_provider(token("kid-unknown"))
    without = authorization(made("kid-unknown", FakeSource(private=False))) or ""
    assert not by_the_provider(parse(without.removeprefix("Bearer ")))


def test_hs256_is_keyed_with_the_public_key_as_it_is_published() -> None:
    secret = pem_of(FakeSource().public_keys()[0])
    forged = token("hs256-public-key")
    signed = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    message = f"{forged.header}.{forged.payload}".encode()
    assert signed.verify(message, secret, jwt.utils.base64url_decode(forged.signature))


def test_the_embedded_key_is_the_one_that_signed() -> None:
    forged = token("jwk-embedded")
    key = jwt.PyJWK(forged.fields["jwk"]).key
    assert jwt.PyJWS().decode(str(forged), key, algorithms=["RS256"])
    assert not by_the_provider(forged)


def test_es256_verifies_as_the_rfc_says() -> None:
    forged = token("alg-es256")
    message = f"{forged.header}.{forged.payload}".encode()
    algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
    assert algorithm.verify(message, KIT.attacker_ec.public_key(), jwt.utils.base64url_decode(forged.signature))


@pytest.mark.parametrize(
    ("case", "claim", "seconds"), [("expired", "exp", -60), ("last-minute", "exp", 30), ("near-end", "exp", 90)]
)
def test_times_are_counted_from_now(case: str, claim: str, seconds: int) -> None:
    assert token(case).claims[claim] == KIT.now + seconds


def test_without_a_good_token_only_what_an_attacker_signs_can_be_made() -> None:
    source = FakeSource(missing=frozenset(Caller), private=False)
    built = set()
    for case in CASES:
        try:
            made(case, source)
        except Unavailable:
            continue
        built.add(case.id)
    assert {"no-token", "garbage", "alg-none", "hs256-public-key", "jwk-embedded", "foreign-key"} <= built
    assert not built & {"person", "payload-tampered", "expired", "two-headers-good-first", "token-in-query"}


def test_a_model_token_looks_like_one_of_the_provider_for_the_allowed_client() -> None:
    model = kit(FakeSource(missing=frozenset(Caller))).model(Caller.PERSON)
    assert (model.claims["iss"], model.claims["client_id"], model.fields["kid"]) == (ISSUER, "client-of-people", KID)
    assert not by_the_provider(model)


# -- signed calls


def signing(case: str) -> list[Any]:
    shown: list[Any] = json.loads((authorization(made(case)) or "").removeprefix("AWS4-HMAC-SHA256 "))
    return shown


@pytest.mark.parametrize(
    ("case", "place", "value"),
    [
        ("wrong-secret", 1, "x" * 40),
        ("unknown-access-key", 0, "ASIAQQQQQQQQQQQQQQQQ"),
        ("no-session-token", 2, None),
        ("signed-for-other-region", 3, "eu-central-1"),
        ("signed-for-other-service", 4, "s3"),
        ("old-signature", 5, KIT.now - 960.0),
    ],
)
def test_one_thing_about_the_signature_is_wrong(case: str, place: int, value: object) -> None:
    good_one = signing("signed")
    spoilt = signing(case)
    assert [i for i in range(6) if spoilt[i] != good_one[i]] == [place]
    assert spoilt[place] == value


def test_the_body_is_changed_after_it_was_signed_and_keeps_its_length() -> None:
    good_one, changed = made("signed"), made("body-changed")
    assert authorization(good_one) == authorization(changed)
    assert good_one.body != changed.body and len(good_one.body) == len(changed.body)


def test_each_credential_is_fetched_once() -> None:
    source = FakeSource()
    shared = kit(source)
    for case in CASES:
        finish(case.change(good(shared, case.caller, RUNTIME_ARN, SESSION, CANARY)))
    assert len(source.asked) == len(set(source.asked))
    assert {f"credentials {caller.name}" for caller in SIGNED} <= set(source.asked)


def test_a_provider_that_refuses_is_asked_once() -> None:
    source = FakeSource(missing=frozenset({Caller.PERSON}))
    shared = kit(source)
    for _ in range(3):
        with pytest.raises(Unavailable):
            shared.text(Caller.PERSON)
    assert source.asked == ["token PERSON"]


def test_nothing_that_is_shown_of_a_draft_or_kit_holds_a_secret() -> None:
    draft = good(KIT, Caller.INVOKER, RUNTIME_ARN, SESSION, CANARY)
    shown = repr(KIT.token(Caller.PERSON)) + repr(KIT.credentials(Caller.INVOKER)) + repr(replace(draft))
    assert KIT.text(Caller.PERSON) not in shown
    assert "secret-of" not in shown
