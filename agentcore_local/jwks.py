"""Discovery document and key set: which keys of an issuer may verify, and with which algorithms. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from agentcore_local import base64url
from agentcore_local.strict_json import NotStrictJson, parse_object

DISCOVERY_SUFFIX = "/.well-known/openid-configuration"

MAX_DOCUMENT_BYTES = 256 * 1024
MAX_KEYS = 50
MAX_KEY_ID_LENGTH = 256

# RFC 8725 section 3.5 and NIST SP 800-131A ask for 2048 bits; beyond 4096 each verification costs the door
# dearly.
RSA_BITS = range(2048, 4096 + 1)
# An exponent is odd and above one by definition. The upper bound keeps verification cheap.
RSA_EXPONENTS = range(3, 2**32, 2)

# Which algorithms a key may verify follows from the key. The service documents no list; Cognito signs with
# RS256. Symmetric ones and `none` can never appear here. EdDSA and ES256K are off: no issuer that is known
# to work with the service uses them.
ALGORITHMS_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC/P-256": ("ES256",),
    "EC/P-384": ("ES384",),
    "EC/P-521": ("ES512",),
}
# An RSA key without `alg` fits six algorithms. Only the one that OpenID Connect requires of every issuer is
# taken.
RSA_WITHOUT_ALG = ("RS256",)

ALGORITHMS = frozenset(name for names in ALGORITHMS_BY_TYPE.values() for name in names)

_PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key with the algorithms that it may verify, by name."""

    key: RSAKey | ECKey
    algorithms: Mapping[str, JWSAlgModel]

    def verifies(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the message. `algorithm` must be one of the key's."""
        try:
            return bool(self.algorithms[algorithm].verify(message, signature, self.key))
        except (JoseError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """An issuer, exactly as its document spells it, and its usable keys by `kid`."""

    issuer: str
    keys: Mapping[str, VerificationKey]


class BadDocument(ValueError):
    """A discovery document or key set that cannot be read. The message is safe to show."""


class UnusableKey(ValueError):
    """A key of the set that must not verify anything."""


def is_key_id(value: object) -> bool:
    """Whether a `kid` is fit to be looked up: bounded, printable ASCII. It is compared, never interpreted."""
    return isinstance(value, str) and 0 < len(value) <= MAX_KEY_ID_LENGTH and value.isascii() and value.isprintable()


def issuer_fits(issuer: str, discovery_url: str) -> bool:
    """Whether the issuer's document belongs at the URL.

    OpenID Connect Discovery 1.0 section 4: the issuer without a terminating slash, then the well-known path.
    """
    return issuer.removesuffix("/") + DISCOVERY_SUFFIX == discovery_url


def parse_discovery(body: bytes) -> tuple[str, str]:
    """Issuer and `jwks_uri` of a discovery document. Raises BadDocument."""
    document = _parse(body, "discovery document")
    issuer, jwks_uri = document.get("issuer"), document.get("jwks_uri")
    if not isinstance(issuer, str) or not isinstance(jwks_uri, str):
        raise BadDocument("the discovery document lacks issuer or jwks_uri")
    return issuer, jwks_uri


def parse_key_set(body: bytes) -> dict[str, VerificationKey]:
    """The usable keys of a JWKS by `kid`; unusable ones are left out, so tokens that name them are refused.

    A `kid` that appears twice is ambiguous and left out too. Raises BadDocument.
    """
    entries = _parse(body, "key set").get("keys")
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise BadDocument(f"the key set has no list of at most {MAX_KEYS} keys")
    kids = [entry.get("kid") for entry in entries if isinstance(entry, dict)]
    usable: dict[str, VerificationKey] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not is_key_id(entry.get("kid")) or kids.count(entry["kid"]) > 1:
            continue
        try:
            usable[entry["kid"]] = admit_key(entry)
        except UnusableKey:
            continue
    return usable


def admit_key(jwk: Mapping[str, Any]) -> VerificationKey:
    """Judge one key of a set by its own words (RFC 7517 section 4). Raises UnusableKey."""
    if published := [name for name in _PRIVATE_PARTS if name in jwk]:
        raise UnusableKey(f"publishes private part {published[0]}: anyone could sign with it")
    if jwk.get("use", "sig") != "sig":
        raise UnusableKey("is not for signatures (use)")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise UnusableKey("is not for verifying (key_ops)")
    names = _algorithms(jwk)
    # Only the numbers are handed on: certificates and key URLs in the entry are not looked at.
    material = {name: jwk[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in jwk}
    try:
        key = _rsa(material) if jwk["kty"] == "RSA" else ECKey.import_key(material)
        models = {name: JWSRegistry(algorithms=[name]).get_alg(name) for name in names}
        for model in models.values():
            model.check_key(key)
    except UnusableKey:
        raise
    except (JoseError, ValueError, TypeError) as error:
        raise UnusableKey("is not a sound public key") from error
    return VerificationKey(key, models)


def _algorithms(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    kind = "RSA" if jwk.get("kty") == "RSA" else f"{jwk.get('kty')}/{jwk.get('crv')}"
    fitting = ALGORITHMS_BY_TYPE.get(kind)
    if fitting is None:
        raise UnusableKey("is of a type or curve that is not accepted")
    if "alg" not in jwk:
        return RSA_WITHOUT_ALG if kind == "RSA" else fitting
    if jwk["alg"] not in fitting:
        raise UnusableKey("names an algorithm that does not fit its type")
    return (jwk["alg"],)


def _rsa(material: Mapping[str, Any]) -> RSAKey:
    modulus, exponent = (_big_integer(material.get(name)) for name in ("n", "e"))
    if modulus.bit_length() not in RSA_BITS or exponent not in RSA_EXPONENTS:
        raise UnusableKey(f"is not of {RSA_BITS.start} to {RSA_BITS.stop - 1} bits")
    return RSAKey.import_key(dict(material))


def _big_integer(text: object) -> int:
    if not isinstance(text, str):
        raise UnusableKey("is not a sound public key")
    return int.from_bytes(base64url.decode(text), "big")


def _parse(body: bytes, name: str) -> dict[str, Any]:
    if len(body) > MAX_DOCUMENT_BYTES:
        raise BadDocument(f"the {name} is longer than {MAX_DOCUMENT_BYTES} bytes")
    try:
        return parse_object(body)
    except NotStrictJson as error:
        raise BadDocument(f"the {name} is {error}") from None
