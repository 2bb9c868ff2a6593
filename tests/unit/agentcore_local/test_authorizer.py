"""Whom the door trusts: signatures, keys, and nothing that was touched."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agentcore_local.authorizer import Allow, Deny, Reason, authorize, token_key_id
from agentcore_local.jwks import IssuerKeys
from agentcore_local.policy import Policy
from tests.fakes.tokens import (
    ABSENT,
    BY_CLIENT,
    CLAIMS,
    CLIENT,
    DISCOVERY_URL,
    ISSUER,
    KID,
    NOW,
    b64,
    bearer,
    claims,
    compact,
    decide,
    ec_key,
    issuer_keys,
    jwk,
    reason,
    rsa_key,
)

GOOD = bearer()
GOOD_TOKEN = GOOD.removeprefix("Bearer ")
HEAD, PAYLOAD, SIGNATURE = GOOD_TOKEN.split(".")


def test_good_token_is_admitted_with_its_claims() -> None:
    assert decide(GOOD) == Allow(claims())


def forged(name: str, **header: Any) -> str:
    """Signed by the attacker's key, which the header advertises."""
    head = {"alg": "RS256", "kid": KID, **header}
    return "Bearer " + compact(json.dumps(claims()).encode(), head, rsa_key(name))


ATTACKER_JWK = rsa_key("attacker").as_dict(private=False)
POINTERS: dict[str, Any] = {
    "jwk": {**ATTACKER_JWK, "kid": KID},
    "jku": "https://attacker.example/keys",
    "x5u": "https://attacker.example/cert",
    "x5c": ["MIIB"],
}


@pytest.mark.parametrize("name", POINTERS)
def test_key_in_the_token_verifies_nothing(name: str) -> None:
    assert reason(forged("attacker", **{name: POINTERS[name]})) == "bad_signature"


@pytest.mark.parametrize("name", POINTERS)
def test_key_in_the_token_is_not_even_read(name: str) -> None:
    assert isinstance(decide(bearer(None, **{name: POINTERS[name]})), Allow)


PUBLIC = rsa_key().public_key
SECRETS = {
    "pem": PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "der": PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "pkcs1": PUBLIC.public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "modulus": PUBLIC.public_numbers().n.to_bytes(256, "big"),
    "jwk": json.dumps(jwk()).encode(),
}


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("secret", SECRETS)
def test_public_key_as_an_hmac_secret_is_refused(alg: str, secret: str) -> None:
    head = b64(json.dumps({"alg": alg, "kid": KID}))
    digest = hmac.new(SECRETS[secret], f"{head}.{PAYLOAD}".encode(), getattr(hashlib, f"sha{alg[2:]}")).digest()
    assert reason(f"Bearer {head}.{PAYLOAD}.{b64(digest)}") == "bad_algorithm"


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256", "PS384", "PS512"])
def test_key_that_says_rs256_verifies_nothing_else(alg: str) -> None:
    token = compact(json.dumps(claims()).encode(), {"alg": alg, "kid": KID}, signed_as=alg)
    assert reason(f"Bearer {token}") == "bad_algorithm"


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_rsa_key_verifies_the_algorithm_that_it_names(alg: str) -> None:
    token = compact(json.dumps(claims()).encode(), {"alg": alg, "kid": KID}, signed_as=alg)
    assert isinstance(decide(f"Bearer {token}", keys=issuer_keys(jwk(alg=alg))), Allow)


@pytest.mark.parametrize(("curve", "alg"), [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")])
def test_ec_key_verifies_the_algorithm_of_its_curve(curve: str, alg: str) -> None:
    token = compact(json.dumps(claims()).encode(), {"alg": alg, "kid": KID}, ec_key(curve), alg)
    assert isinstance(decide(f"Bearer {token}", keys=issuer_keys(jwk(ec_key(curve), alg=ABSENT))), Allow)


@pytest.mark.parametrize(("curve", "alg"), [("P-256", "ES384"), ("P-384", "ES256"), ("P-256", "RS256")])
def test_ec_key_verifies_no_other_algorithm(curve: str, alg: str) -> None:
    own = {"P-256": "ES256", "P-384": "ES384"}[curve]
    token = compact(json.dumps(claims()).encode(), {"alg": alg, "kid": KID}, ec_key(curve), own)
    assert reason(f"Bearer {token}", keys=issuer_keys(jwk(ec_key(curve), alg=ABSENT))) == "bad_algorithm"


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(b"\x00" * 64, id="psychic-zeros"),
        pytest.param(b"\x00" * 63 + b"\x01", id="r-zero"),
        pytest.param(b"\xff" * 64, id="out-of-range"),
        pytest.param(b"\x01", id="one-byte"),
        pytest.param(bytes.fromhex("3006020101020101"), id="der-form"),
    ],
)
def test_degenerate_ec_signature_is_refused(signature: bytes) -> None:
    head = b64(json.dumps({"alg": "ES256", "kid": KID}))
    keys = issuer_keys(jwk(ec_key("P-256"), alg="ES256"))
    assert reason(f"Bearer {head}.{PAYLOAD}.{b64(signature)}", keys=keys) == "bad_signature"


SIGNATURE_BYTES = base64.urlsafe_b64decode(SIGNATURE + "==")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(b'0' * 256)}", id="digits-for-signature"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(bytes(256))}", id="zeros"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(bytes(1))}", id="one-zero"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(SIGNATURE_BYTES[:-1])}", id="cut"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(SIGNATURE_BYTES[1:])}", id="cut-in-front"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(SIGNATURE_BYTES * 2)}", id="doubled"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(bytes(1) + SIGNATURE_BYTES)}", id="zero-in-front"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{b64(SIGNATURE_BYTES[:-1] + bytes([SIGNATURE_BYTES[-1] ^ 1]))}", id="bit"),
        pytest.param(f"{HEAD}.{PAYLOAD}.{bearer({'jti': 'id-2'}).rsplit('.', 1)[1]}", id="signature-of-another-token"),
        pytest.param(f"{HEAD}.{b64(json.dumps(claims(sub='root')))}.{SIGNATURE}", id="payload-changed"),
        pytest.param(f"{HEAD}.{b64(json.dumps(claims()) + ' ')}.{SIGNATURE}", id="payload-with-a-space-more"),
        pytest.param(f"{b64(json.dumps({'kid': KID, 'alg': 'RS256'}))}.{PAYLOAD}.{SIGNATURE}", id="head-reordered"),
        pytest.param(forged("attacker").removeprefix("Bearer "), id="signed-by-another-key-of-the-same-kid"),
    ],
)
def test_signature_must_hold_exactly(token: str) -> None:
    assert reason(f"Bearer {token}") == "bad_signature"


def test_keys_that_cannot_be_known_admit_nobody() -> None:
    decision = authorize(GOOD, BY_CLIENT, None, NOW)
    assert isinstance(decision, Deny)
    assert decision.reason == "keys_unavailable"


def test_keys_of_another_issuer_admit_nobody() -> None:
    assert reason(GOOD, keys=issuer_keys(issuer=ISSUER + "2")) == "keys_unavailable"


def test_policy_without_a_rule_admits_nobody() -> None:
    assert reason(GOOD, Policy(DISCOVERY_URL)) == "no_policy"


def test_key_set_without_keys_admits_nobody() -> None:
    assert reason(GOOD, keys=IssuerKeys(ISSUER, {})) == "unknown_key"


def test_token_of_another_issuer_is_answered_by_its_issuer() -> None:
    decision = decide(bearer({"iss": "https://idp.example.com/other"}, kid="theirs"))
    assert decision == Deny(
        Reason.ISSUER_MISMATCH, "Claim 'iss' value mismatch with configuration.", (Reason.UNKNOWN_KEY,)
    )


def test_refresh_token_that_the_emulator_signs_is_refused() -> None:
    assert reason(bearer({"token_use": "refresh"})) == "malformed_token"


def test_refusal_repeats_nothing_of_the_token() -> None:
    secret = "s3cr3t-canary"
    for change in ({"client_id": secret}, {"iss": secret}, {"exp": secret}, {"sub": [secret]}):
        decision = decide(bearer(change))
        assert isinstance(decision, Deny)
        assert secret not in decision.detail
    for header in ({"kid": secret}, {"alg": secret}, {"typ": secret}, {"crit": [secret]}):
        decision = decide(bearer(None, **header))
        assert isinstance(decision, Deny)
        assert secret not in decision.detail


@pytest.mark.parametrize("seed", range(4))
def test_mutated_token_never_raises_and_is_never_admitted(seed: int) -> None:
    rng = random.Random(seed)
    keys = issuer_keys(jwk(), jwk(ec_key("P-256"), kid="ec", alg="ES256"))
    pieces = ["Bearer ", "bearer", " ", ".", "..", "=", "\x00", "\n", "é", "\udc80", "eyJ", "e30", HEAD, PAYLOAD, GOOD]
    for _ in range(1500):
        letters = list(GOOD)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            at = rng.randrange(len(letters))
            match rng.randrange(4):
                case 0:
                    letters[at] = chr(rng.choice((rng.randrange(128), rng.randrange(256), rng.randrange(0x110000))))
                case 1:
                    del letters[at]
                case 2:
                    letters.insert(at, rng.choice(pieces))
                case _:
                    other = rng.randrange(len(letters))
                    letters[at], letters[other] = letters[other], letters[at]
        mutated = "".join(letters)
        token_key_id(mutated)
        admitted = isinstance(authorize(mutated, BY_CLIENT, keys, NOW), Allow)
        assert admitted == (mutated.lower()[:7] + mutated[7:] == "bearer " + GOOD_TOKEN)


def test_odd_claims_never_raise_and_are_admitted_only_as_strings_and_integers() -> None:
    rng = random.Random(7)
    odd: list[Any] = [None, True, -1, 0, 1e300, "", "x", [], [[]], {}, {"a": []}, ["x", 1], NOW, 10**18, [CLIENT]]
    for _ in range(150):
        name, value = rng.choice([*CLAIMS, "aud", "nbf", "scp"]), rng.choice(odd)
        decision = decide(bearer({name: value}))
        if name not in ("aud", "scp", "token_use", "username") and type(value) not in (str, int):
            assert isinstance(decision, Deny), (name, value)


@pytest.mark.parametrize("seed", range(2))
def test_mutated_bytes_behind_a_good_signature_are_admitted_only_if_they_still_say_the_same(seed: int) -> None:
    rng = random.Random(seed)
    keys = issuer_keys(jwk(ec_key("P-256"), alg="ES256"))
    good_head, good_payload = (json.dumps(part).encode() for part in ({"alg": "ES256", "kid": KID}, dict(CLAIMS)))
    pieces = [b'"', b"{", b"}", b"[", b"\\", b"\\u0041", b"\xff", b",", b":", b"null", b"1e999", b'"exp":0,']
    admitted = 0
    for _ in range(1500):
        head, payload = bytearray(good_head), bytearray(good_payload)
        victim = rng.choice((head, payload, payload, payload))
        for _ in range(rng.choice((1, 1, 2, 4))):
            at = rng.randrange(len(victim))
            victim[at : at + rng.choice((0, 1, 1))] = rng.choice((rng.randbytes(1), rng.choice(pieces)))
        token = compact(bytes(payload), bytes(head), ec_key("P-256"), "ES256")
        decision = authorize(f"Bearer {token}", BY_CLIENT, keys, NOW)
        if isinstance(decision, Allow):
            admitted += 1
            assert decision.claims["iss"] == ISSUER
            assert decision.claims["client_id"] in BY_CLIENT.clients
            assert type(decision.claims["exp"]) is int
            assert decision.claims["exp"] > NOW
    assert 0 < admitted < 1500
