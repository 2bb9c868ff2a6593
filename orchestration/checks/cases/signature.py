"""Refused for the signature, the algorithm or the key: what the token says of itself must not be believed."""

from __future__ import annotations

from dataclasses import replace

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Verdict
from orchestration.checks.cases import families
from orchestration.checks.draft import Change, attackers, borrowed_signature, fields, forged, own_key, part
from orchestration.checks.forge import ABSENT, Token, b64, ec_signer, hmac_signer, pem_of, public_jwk, raw
from orchestration.checks.kit import Kit

ATTACKER = "https://attacker.invalid"
ATTACKERS_KID = "key-of-the-attacker"


def refused(id: str, title: str, change: Change, cause: str, tag: str, *tags: str) -> Case:
    """All begin with a person's token."""
    tagged = frozenset({tag, *tags})
    return Case(id, title, Caller.PERSON, change, Verdict.REFUSED, families.UNVERIFIED, cause, tags=tagged)


def unsigned(spelling: object) -> Change:
    """RFC 8725, 2.1: the algorithm "none" in its spellings."""
    return forged(lambda kit: lambda data: b"", lambda kit: {"alg": spelling})


def _flipped(token: Token) -> Token:
    signature = bytearray(raw(token.signature))
    signature[0] ^= 1
    return replace(token, signature=b64(bytes(signature)))


def _own_jwk(kit: Kit) -> dict[str, object]:
    return {"kid": ATTACKERS_KID, "jwk": public_jwk(kit.attacker, ATTACKERS_KID)}


def _cut(token: Token) -> Token:
    return replace(token, signature=b64(raw(token.signature)[:-16]))


def another_algorithm(name: str) -> Change:
    """The provider's own key under an algorithm that it does not publish for it."""
    return own_key(lambda token, now: token.with_fields({"alg": name}), name)


CASES = (
    refused("alg-none", "alg none and no signature", unsigned("none"), "shape", "algorithm"),
    refused("alg-none-cased", "alg nOnE and no signature", unsigned("nOnE"), "shape", "algorithm"),
    refused(
        "alg-none-signed",
        "alg none, the signature kept",
        part(lambda t: t.with_fields({"alg": "none"})),
        "algorithm",
        "algorithm",
    ),
    refused(
        "alg-none-capitals",
        "alg NONE, the signature kept",
        part(lambda t: t.with_fields({"alg": "NONE"})),
        "algorithm",
        "algorithm",
    ),
    refused("alg-empty", "an empty alg", fields(alg=""), "algorithm", "algorithm"),
    refused("alg-missing", "no alg", fields(alg=ABSENT), "algorithm", "algorithm"),
    refused(
        "hs256-public-key",
        "HS256 with the provider's public key as the secret",
        forged(lambda kit: hmac_signer(pem_of(kit.public_key)), lambda kit: {"alg": "HS256"}),
        "algorithm",
        "algorithm",
    ),
    refused(
        "alg-rs384",
        "RS384 by the provider's RS256 key",
        another_algorithm("RS384"),
        "key_algorithm",
        "algorithm",
        "pool-key",
    ),
    refused(
        "alg-ps256",
        "PS256 by the provider's RS256 key",
        another_algorithm("PS256"),
        "key_algorithm",
        "algorithm",
        "pool-key",
    ),
    refused(
        "alg-es256",
        "ES256 by an attacker's key under the provider's key id",
        forged(lambda kit: ec_signer(kit.attacker_ec), lambda kit: {"alg": "ES256"}),
        "key_algorithm",
        "algorithm",
    ),
    refused(
        "foreign-key", "signed by an attacker's key under the provider's key id", forged(attackers), "signature", "key"
    ),
    refused("jwk-embedded", "an attacker's key in the header (jwk)", forged(attackers, _own_jwk), "key", "key"),
    refused(
        "jku-attacker",
        "a key set of the attacker in the header (jku)",
        forged(attackers, lambda kit: {"kid": ATTACKERS_KID, "jku": f"{ATTACKER}/jwks.json"}),
        "key",
        "key",
    ),
    refused(
        "x5u-attacker",
        "a certificate of the attacker in the header (x5u)",
        forged(attackers, lambda kit: {"kid": ATTACKERS_KID, "x5u": f"{ATTACKER}/cert.pem"}),
        "key",
        "key",
    ),
    refused("kid-missing", "no key id", fields(kid=ABSENT), "key_id", "key"),
    refused("kid-unknown", "a key id that the provider has not", fields(kid="no-such-key"), "key", "key"),
    refused("kid-path", "a path as key id", fields(kid="../../../../dev/null"), "key", "key"),
    refused("kid-sql", "SQL as key id", fields(kid="x' UNION SELECT 'key"), "key", "key"),
    refused(
        "crit-unknown", "an extension that must be understood (crit)", fields(crit=["exp"]), "jose_header", "algorithm"
    ),
    refused(
        "header-tampered",
        "the header changed after signing",
        part(lambda t: t.with_fields({"cty": "JWT"})),
        "signature",
        "signature",
    ),
    refused(
        "payload-tampered",
        "a claim changed after signing",
        part(lambda t: t.with_claims({"username": "somebody-else"})),
        "signature",
        "signature",
    ),
    refused("signature-tampered", "one bit of the signature changed", part(_flipped), "signature", "signature"),
    refused("signature-cut", "the signature's end cut off", part(_cut), "signature", "signature"),
    refused("signature-empty", "an empty signature", part(lambda t: replace(t, signature="")), "shape", "signature"),
    refused(
        "signature-doubled",
        "the signature twice",
        part(lambda t: replace(t, signature=b64(raw(t.signature) * 2))),
        "signature",
        "signature",
    ),
    refused(
        "signature-borrowed",
        "the good signature of another token",
        borrowed_signature(Caller.MACHINE),
        "signature",
        "signature",
    ),
)
