"""Which keys of a key set may verify, judged by the set's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from agentcore_local.jwks import (
    MAX_DOCUMENT_BYTES,
    MAX_KEYS,
    BadDocument,
    issuer_fits,
    parse_discovery,
    parse_key_set,
)
from tests.fakes.tokens import (
    ABSENT,
    DISCOVERY_URL,
    ISSUER,
    JWKS_URI,
    KID,
    b64,
    discovery,
    ec_key,
    jwk,
    key_set,
    rsa_key,
)


def kids(*entries: Any) -> list[str]:
    return list(parse_key_set(key_set(*entries)))


def modulus(bits: int) -> str:
    return b64(((1 << (bits - 1)) | 1).to_bytes((bits + 7) // 8, "big"))


@pytest.mark.parametrize(
    ("entry", "algorithms"),
    [
        pytest.param(jwk(), {"RS256"}, id="rsa"),
        pytest.param(jwk(alg=ABSENT), {"RS256"}, id="rsa-without-alg"),
        pytest.param(jwk(alg="PS512"), {"PS512"}, id="rsa-pss"),
        pytest.param(jwk(use=ABSENT, key_ops=["verify"]), {"RS256"}, id="key-ops"),
        pytest.param(jwk(use=ABSENT), {"RS256"}, id="no-use"),
        pytest.param(jwk(n=modulus(2048)), {"RS256"}, id="2048-bits"),
        pytest.param(jwk(n=modulus(4096)), {"RS256"}, id="4096-bits"),
        pytest.param(jwk(x5c=["MIIB"], x5t="x", x5u="https://x"), {"RS256"}, id="certificate-beside"),
        pytest.param(jwk(ec_key("P-256"), alg=ABSENT), {"ES256"}, id="p-256"),
        pytest.param(jwk(ec_key("P-384"), alg="ES384"), {"ES384"}, id="p-384"),
        pytest.param(jwk(ec_key("P-521"), alg=ABSENT), {"ES512"}, id="p-521"),
    ],
)
def test_key_verifies_what_its_type_and_alg_say(entry: dict[str, Any], algorithms: set[str]) -> None:
    assert set(parse_key_set(key_set(entry))[KID].algorithms) == algorithms


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(jwk(use="enc"), id="use-enc"),
        pytest.param(jwk(use=None), id="use-null"),
        pytest.param(jwk(key_ops=["encrypt"]), id="key-ops-without-verify"),
        pytest.param(jwk(key_ops=[]), id="key-ops-empty"),
        pytest.param(jwk(key_ops="verify"), id="key-ops-string"),
        pytest.param({**rsa_key().as_dict(private=True), "kid": KID, "alg": "RS256"}, id="rsa-private-parts"),
        pytest.param({**ec_key("P-256").as_dict(private=True), "kid": KID}, id="ec-private-part"),
        pytest.param(jwk(d="AQAB"), id="private-exponent"),
        pytest.param({**OctKey.generate_key(256).as_dict(), "kid": KID}, id="secret"),
        pytest.param({**OctKey.generate_key(256).as_dict(), "kid": KID, "alg": "RS256"}, id="secret-named-rs256"),
        pytest.param({**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": KID}, id="ed25519"),
        pytest.param(jwk(ECKey.generate_key("secp256k1"), alg=ABSENT), id="secp256k1"),
        *[
            pytest.param(jwk(alg=alg), id=f"alg-{alg}")
            for alg in ["none", "HS256", "ES256", "RSA-OAEP", "", None, ["RS256"], "rs256"]
        ],
        pytest.param(jwk(ec_key("P-256"), alg="ES384"), id="alg-of-another-curve"),
        pytest.param(jwk(kty=ABSENT), id="kty-absent"),
        pytest.param(jwk(kty="rsa"), id="kty-other-case"),
        pytest.param(jwk(kty="EC"), id="kty-of-another-type"),
        pytest.param(jwk(n=modulus(512)), id="512-bits"),
        pytest.param(jwk(n=modulus(1024)), id="1024-bits"),
        pytest.param(jwk(n=modulus(2047)), id="2047-bits"),
        pytest.param(jwk(n=modulus(4097)), id="4097-bits"),
        pytest.param(jwk(n=modulus(100_000)), id="100000-bits"),
        pytest.param(jwk(n=ABSENT), id="n-absent"),
        pytest.param(jwk(n=7), id="n-number"),
        pytest.param(jwk(n="!"), id="n-garbage"),
        pytest.param(jwk(e="AQ"), id="exponent-one"),
        pytest.param(jwk(e="AAAA"), id="exponent-zero"),
        pytest.param(jwk(e="BA"), id="exponent-even"),
        pytest.param(jwk(e=b64(b"\x01" * 9)), id="exponent-huge"),
        pytest.param(jwk(ec_key("P-256"), alg=ABSENT, x=b64(b"\x01" * 32)), id="point-off-the-curve"),
        pytest.param(jwk(ec_key("P-256"), alg=ABSENT, y=ABSENT), id="point-without-y"),
        pytest.param(jwk(ec_key("P-256"), alg=ABSENT, x=[1]), id="coordinate-list"),
        pytest.param(jwk(kid=ABSENT), id="kid-absent"),
        pytest.param(jwk(kid=""), id="kid-empty"),
        pytest.param(jwk(kid=7), id="kid-number"),
        pytest.param(jwk(kid="k" * 300), id="kid-long"),
        pytest.param("key", id="entry-is-a-string"),
        pytest.param(None, id="entry-is-null"),
    ],
)
def test_unusable_key_is_left_out_and_the_others_stay(entry: Any) -> None:
    assert kids(entry, jwk(rsa_key("second"), kid="second")) == ["second"]


def test_kid_that_appears_twice_is_ambiguous() -> None:
    assert kids(jwk(), jwk(rsa_key("second")), jwk(kid="third")) == ["third"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="no-keys"),
        pytest.param(b'{"keys":{}}', id="keys-object"),
        pytest.param(b'{"keys":[],"keys":[]}', id="duplicate"),
        pytest.param(key_set(*[jwk(kid=f"k{n}") for n in range(MAX_KEYS + 1)]), id="too-many"),
        pytest.param(json.dumps({"keys": [], "x": "x" * MAX_DOCUMENT_BYTES}).encode(), id="too-long"),
    ],
)
def test_key_set_that_cannot_be_read_is_a_bad_document(body: bytes) -> None:
    with pytest.raises(BadDocument):
        parse_key_set(body)


def test_discovery_document_names_issuer_and_keys() -> None:
    assert parse_discovery(discovery()) == (ISSUER, JWKS_URI)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        discovery(issuer=ABSENT),
        discovery(issuer=[ISSUER]),
        discovery(jwks_uri=ABSENT),
        discovery(jwks_uri=7),
        b'{"issuer":"a","issuer":"b","jwks_uri":"c"}',
    ],
)
def test_discovery_document_that_cannot_be_read_is_a_bad_document(body: bytes) -> None:
    with pytest.raises(BadDocument):
        parse_discovery(body)


@pytest.mark.parametrize(
    ("issuer", "fits"),
    [
        (ISSUER, True),
        (ISSUER + "/", True),
        (ISSUER + "//", False),
        (ISSUER + "2", False),
        (ISSUER.upper(), False),
        ("", False),
        (DISCOVERY_URL, False),
    ],
)
def test_issuer_belongs_at_its_discovery_url(issuer: str, fits: bool) -> None:
    assert issuer_fits(issuer, DISCOVERY_URL) is fits
