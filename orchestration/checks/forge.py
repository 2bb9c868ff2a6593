"""Compact JWTs taken apart, altered and put together again. Nothing here knows what is right."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Sign = Callable[[bytes], bytes]
"""Signing input -> signature."""

ABSENT: Final = object()
"""As a value: leave the name out."""


@dataclass(frozen=True, slots=True)
class Token:
    """The three parts as they are sent."""

    header: str
    payload: str
    signature: str

    def __str__(self) -> str:
        return f"{self.header}.{self.payload}.{self.signature}"

    def __repr__(self) -> str:
        return "Token(...)"

    @property
    def fields(self) -> dict[str, Any]:
        return decode(self.header)

    @property
    def claims(self) -> dict[str, Any]:
        return decode(self.payload)

    def signed(self, sign: Sign) -> Token:
        """The same header and payload under a new signature."""
        return replace(self, signature=b64(sign(f"{self.header}.{self.payload}".encode())))

    def with_fields(self, changes: Mapping[str, Any]) -> Token:
        """Header fields changed, the old signature kept."""
        return replace(self, header=encode(merged(self.fields, changes)))

    def with_claims(self, changes: Mapping[str, Any]) -> Token:
        """Claims changed, the old signature kept."""
        return replace(self, payload=encode(merged(self.claims, changes)))


def parse(token: str) -> Token:
    """Raises ValueError for what has not three parts."""
    header, payload, signature = token.split(".")
    return Token(header, payload, signature)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **changes}.items() if value is not ABSENT}


def decode(part: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(raw(part))
    return decoded


def encode(value: Mapping[str, Any]) -> str:
    return b64(json.dumps(value, separators=(",", ":")).encode())


def raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rsa_signer(key: rsa.RSAPrivateKey, algorithm: str = "RS256") -> Sign:
    """RS256, RS384 or PS256 (RFC 7518, 3.3 and 3.5)."""
    digest = hashes.SHA384() if algorithm == "RS384" else hashes.SHA256()
    if algorithm == "PS256":
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return lambda data: key.sign(data, pss, digest)
    return lambda data: key.sign(data, padding.PKCS1v15(), digest)


def ec_signer(key: ec.EllipticCurvePrivateKey) -> Sign:
    """ES256: both numbers side by side (RFC 7518, 3.4)."""

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def hmac_signer(secret: bytes) -> Sign:
    """HS256 (RFC 7518, 3.2)."""
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def public_jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    """The public half as a JWK (RFC 7518, 6.3.1)."""
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": kid,
        "n": b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        "e": b64(numbers.e.to_bytes(3, "big")),
    }


def pem_of(jwk: Mapping[str, Any]) -> bytes:
    """An RSA JWK's public key as PEM: the secret of an attacker who tries HS256 with it."""
    n, e = (int.from_bytes(raw(jwk[name]), "big") for name in ("n", "e"))
    public = rsa.RSAPublicNumbers(e, n).public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Raises ValueError for another kind of key."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def new_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
