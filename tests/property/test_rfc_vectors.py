"""Published JOSE examples through the signature layer.

Values: RFC 7515 appendices A.2 and A.3, RFC 7520 sections 4.1 to 4.3 (public halves of the keys only). Project
Wycheproof's json_web_signature vectors were run through the same two functions once and are not kept here: 355 of
355 invalid ones refused; the 14 valid ones that are refused have a symmetric key or an alg that is not their key's.
"""

from __future__ import annotations

from typing import Any

import pytest

from agentcore_local import base64url
from agentcore_local.bearer import SignedToken, read_bearer
from agentcore_local.jwks import UnusableKey, admit_key
from agentcore_local.verdict import Deny

JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
FRODO = (
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwg"
    "YW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9m"
    "ZiB0by4"
)
RFC7515_RSA = {
    "kty": "RSA",
    "e": "AQAB",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SF"
    "d2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTB"
    "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
    "PAcDTW9gb54h4FRWyuXpoQ",
}
RFC7515_EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC7520_RSA = {
    "kty": "RSA",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "e": "AQAB",
    "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKr"
    "Kb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpP"
    "I9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwU"
    "kRz5iaiQkqgc5gHdrNP5zw",
}
RFC7520_EC = {
    "kty": "EC",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "crv": "P-521",
    "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
    "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
}
# id: (key, alg, protected header, payload, signature)
VECTORS: dict[str, tuple[dict[str, str], str, str, str, str]] = {
    "rfc7515-a2": (
        RFC7515_RSA,
        "RS256",
        "eyJhbGciOiJSUzI1NiJ9",
        JOE,
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUA"
        "r7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO-"
        "-xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
        "IoypGlUPQGe77Rw",
    ),
    "rfc7515-a3": (
        RFC7515_EC,
        "ES256",
        "eyJhbGciOiJFUzI1NiJ9",
        JOE,
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ),
    "rfc7520-4.1": (
        RFC7520_RSA,
        "RS256",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        FRODO,
        "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDko"
        "BwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpER"
        "V0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree"
        "7vjbU5y18kDquDg",
    ),
    "rfc7520-4.2": (
        RFC7520_RSA | {"alg": "PS384"},
        "PS384",
        "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        FRODO,
        "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLP"
        "pcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2"
        "lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4"
        "ifKo8DYM-X72Eaw",
    ),
    "rfc7520-4.3": (
        RFC7520_EC,
        "ES512",
        "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9",
        FRODO,
        "AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAM"
        "DxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_published_signature_holds_and_no_other_does(name: str) -> None:
    jwk, algorithm, head, payload, signature = VECTORS[name]
    key, message, sound = admit_key(jwk), f"{head}.{payload}".encode(), base64url.decode(signature)
    assert key.verifies(algorithm, message, sound)
    for at in (0, len(sound) // 2, len(sound) - 1):
        assert not key.verifies(algorithm, message, sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
    for spoiled in (b"", sound[:-1], sound + b"\0", b"\0" + sound, sound * 2, bytes(len(sound)), sound[::-1]):
        assert not key.verifies(algorithm, message, spoiled)
    assert not key.verifies(algorithm, message + b" ", sound)
    assert not key.verifies(algorithm, f"{head}.{payload[:-1]}".encode(), sound)


@pytest.mark.parametrize("name", ["rfc7515-a2", "rfc7520-4.1"])
def test_a_published_signature_is_no_other_keys(name: str) -> None:
    _, algorithm, head, payload, signature = VECTORS[name]
    others = [jwk for other, (jwk, *_) in VECTORS.items() if other.split("-")[0] != name.split("-")[0]]
    keys = [admit_key(jwk) for jwk in others]
    fitting = [key for key in keys if algorithm in key.algorithms]
    message, sound = f"{head}.{payload}".encode(), base64url.decode(signature)
    assert fitting
    assert not any(key.verifies(algorithm, message, sound) for key in fitting)


@pytest.mark.parametrize("name", [n for n in VECTORS if n.startswith("rfc7520")])
def test_a_published_token_is_read_whole(name: str) -> None:
    _, algorithm, head, payload, signature = VECTORS[name]
    token = read_bearer(f"Bearer {head}.{payload}.{signature}")
    assert isinstance(token, SignedToken)
    assert (token.algorithm, token.kid) == (algorithm, "bilbo.baggins@hobbiton.example")
    assert token.payload == base64url.decode(payload)
    assert token.signature == base64url.decode(signature)


@pytest.mark.parametrize("name", [n for n in VECTORS if n.startswith("rfc7515")])
def test_a_published_token_without_kid_is_refused(name: str) -> None:
    _, _, head, payload, signature = VECTORS[name]
    assert isinstance(read_bearer(f"Bearer {head}.{payload}.{signature}"), Deny)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": "ES256K"},
        {"alg": ["RS256"]},
        {"kty": "oct", "k": "AA"},
        {"crv": "P-521"},
        {"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"},
        {"x": ""},
        {"d": "AA"},
    ],
    ids=str,
)
def test_a_spoiled_entry_of_a_key_set_verifies_nothing(spoiled: dict[str, Any]) -> None:
    admit_key(RFC7515_EC)
    with pytest.raises(UnusableKey):
        admit_key(RFC7515_EC | spoiled)
