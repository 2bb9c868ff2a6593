"""The double's reading of a bearer token: written apart from agentcore_local, with PyJWT's algorithms."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

from tests.doubles.switches import Switch

ALGORITHMS = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "RS384": RSAAlgorithm(RSAAlgorithm.SHA384),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
}
ASYMMETRIC = ("RS", "PS", "ES")
MAX_TOKEN = 16_384


class Refused(Exception):
    """An answer of the door. `rpc` is the shape that token doors use for 401."""

    def __init__(self, status: int, words: str, kind: str = "AccessDeniedException") -> None:
        super().__init__(words)
        self.status, self.words, self.kind = status, words, kind


def unreadable() -> Refused:
    return Refused(403, "OAuth authorization failed: Failed to parse token")


def untrusted() -> Refused:
    return Refused(403, "OAuth authorization failed: Invalid token")


def mismatch(name: str) -> Refused:
    return Refused(401, f"Claim '{name}' value mismatch with configuration.", "UnauthorizedException")


@dataclass(frozen=True, slots=True)
class Keys:
    """`own` is the door's issuer's key set; `other` another pool's; `fetched` what a URL or certificate would bring.

    `own` is None while the provider is down.
    """

    own: Mapping[str, Mapping[str, Any]] | None
    other: Mapping[str, Mapping[str, Any]]
    fetched: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a door asks for beyond the issuer. Empty: nothing."""

    clients: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TokenDoor:
    """Judges tokens of one issuer."""

    issuer: str
    rules: Rules
    keys: Keys
    now: int
    wrong: Set[Switch]

    def claims_of(self, token: str) -> dict[str, Any]:
        """The claims of a token that may pass. Raises Refused."""
        if len(token) > MAX_TOKEN:
            raise unreadable()
        parts = token.split(".")
        if Switch.FURTHER_PARTS_IGNORED in self.wrong:
            parts = parts[:3]
        if len(parts) != 3:
            raise unreadable()
        head, payload = (self._object(part) for part in parts[:2])
        if Switch.LENIENT_BASE64 in self.wrong:
            parts = [base64.urlsafe_b64encode(self._raw(p)).rstrip(b"=").decode() for p in parts]
        self._check_signature(head, ".".join(parts[:2]).encode(), parts[2])
        self._check_claims(payload)
        return payload

    def _raw(self, part: str) -> bytes:
        if Switch.LENIENT_BASE64 in self.wrong:
            part = part.translate({ord("+"): "-", ord("/"): "_", ord("="): None, ord(" "): None})
        try:
            decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        except ValueError:
            raise unreadable() from None
        if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
            raise unreadable()
        return decoded

    def _object(self, part: str) -> dict[str, Any]:
        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            if len(dict(pairs)) != len(pairs):
                raise ValueError("a name twice")
            return dict(pairs)

        try:
            value = json.loads(self._raw(part), object_pairs_hook=once)
        except ValueError:
            raise unreadable() from None
        if not isinstance(value, dict):
            raise unreadable()
        return value

    def _check_signature(self, head: Mapping[str, Any], message: bytes, signature: str) -> None:
        algorithm = str(head.get("alg", ""))
        if Switch.ALG_NONE in self.wrong and algorithm.lower() == "none":
            return
        if not signature:
            if Switch.SIGNATURE_SKIPPED_WHEN_EMPTY in self.wrong:
                return
            raise unreadable()
        raw = self._raw(signature)
        if "crit" in head and Switch.CRIT_IGNORED not in self.wrong:
            raise unreadable()
        if self.keys.own is None:
            if Switch.FAILS_OPEN_WITHOUT_KEYS in self.wrong:
                return
            raise Refused(403, "OAuth authorization failed: Unable to verify token")
        if Switch.HS256_WITH_PUBLIC_KEY in self.wrong and algorithm == "HS256":
            return self._check_secret(message, raw)
        if not algorithm.startswith(ASYMMETRIC):
            raise untrusted()
        key = self._key(head)
        if algorithm != key.get("alg") and Switch.ALGORITHM_FROM_TOKEN not in self.wrong:
            raise untrusted()
        if Switch.SIGNATURE_SKIPPED in self.wrong:
            return
        if Switch.SIGNATURE_BEGINNING_SUFFICES in self.wrong:
            raw = raw[:256]
        verifier = ALGORITHMS.get(algorithm)
        public = RSAAlgorithm.from_jwk(dict(key))
        if verifier is None or not verifier.verify(message, public, raw):  # type: ignore[arg-type]
            raise untrusted()

    def _check_secret(self, message: bytes, signature: bytes) -> None:
        [key] = (self.keys.own or {}).values()
        pem = RSAAlgorithm.from_jwk(dict(key)).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[union-attr]
        if not HMACAlgorithm(HMACAlgorithm.SHA256).verify(message, pem, signature):
            raise untrusted()

    def _key(self, head: Mapping[str, Any]) -> Mapping[str, Any]:
        own = self.keys.own or {}
        if Switch.JWK_TRUSTED in self.wrong and isinstance(head.get("jwk"), dict):
            return dict(head["jwk"])
        for switch, name in ((Switch.JKU_FOLLOWED, "jku"), (Switch.X5U_FOLLOWED, "x5u")):
            if switch in self.wrong and head.get(name) in self.keys.fetched:
                return dict(self.keys.fetched[head[name]])
        kid = head.get("kid")
        if isinstance(kid, str) and kid in own:
            return own[kid]
        if Switch.ANY_POOL_TRUSTED in self.wrong and kid in self.keys.other:
            return self.keys.other[str(kid)]
        lenient = Switch.KID_OPTIONAL if kid is None else Switch.UNKNOWN_KID_TAKES_FIRST_KEY
        if lenient not in self.wrong:
            raise untrusted()
        return next(iter(own.values()))

    def _check_claims(self, claims: Mapping[str, Any]) -> None:
        if claims.get("token_use") == "refresh" and Switch.REFRESH_TOKENS_ADMITTED not in self.wrong:
            raise unreadable()
        if not self._issuer_fits(claims.get("iss")):
            raise mismatch("iss")
        self._check_times(claims)
        if self.rules.clients and not self._client_fits(claims):
            raise mismatch("client_id")
        if self.rules.audience and not self._audience_fits(claims):
            raise mismatch("aud")
        if self.rules.scopes and not self._scope_fits(claims):
            raise mismatch("scope")
        if self.rules.groups and not self._groups_fit(claims.get("cognito:groups")):
            raise Refused(401, "Authorization denied", "UnauthorizedException")

    def _issuer_fits(self, issuer: object) -> bool:
        if Switch.ISSUER_SKIPPED in self.wrong or issuer == self.issuer:
            return True
        if not isinstance(issuer, str):
            return False
        if Switch.ANY_POOL_TRUSTED in self.wrong:
            return issuer.rpartition("/")[0] == self.issuer.rpartition("/")[0]
        if Switch.ISSUER_SLASH_TRIMMED in self.wrong:
            return issuer.rstrip("/") == self.issuer
        return Switch.ISSUER_PREFIX in self.wrong and issuer.startswith(self.issuer)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        if Switch.EXPIRY_SKIPPED not in self.wrong:
            self._check_expiry(claims)
        for switch, name in ((Switch.NOT_BEFORE_SKIPPED, "nbf"), (Switch.ISSUED_AT_SKIPPED, "iat")):
            if switch not in self.wrong and claims.get(name, 0) > self.now:
                raise mismatch(name)

    def _check_expiry(self, claims: Mapping[str, Any]) -> None:
        expiry = claims.get("exp")
        if expiry is None and Switch.EXPIRY_OPTIONAL in self.wrong:
            return
        if isinstance(expiry, str) and Switch.EXPIRY_CONVERTED in self.wrong:
            expiry = int(expiry)
        floor = 0 if Switch.NO_LAST_MINUTE in self.wrong else 60
        if type(expiry) is not int or expiry <= self.now + floor:
            raise Refused(401, "Token has expired", "UnauthorizedException")

    def _client_fits(self, claims: Mapping[str, Any]) -> bool:
        client = claims.get("client_id")
        if Switch.CLIENT_SKIPPED in self.wrong or (client is None and Switch.CLIENT_OPTIONAL in self.wrong):
            return True
        if Switch.ID_TOKENS_ADMITTED in self.wrong and claims.get("token_use") == "id":
            client = claims.get("aud")
        if Switch.CLIENT_IN_LIST in self.wrong and isinstance(client, list):
            return not self.rules.clients.isdisjoint(client)
        if Switch.CLIENT_PREFIX in self.wrong and isinstance(client, str):
            return client.startswith(tuple(self.rules.clients))
        return isinstance(client, str) and client in self.rules.clients

    def _audience_fits(self, claims: Mapping[str, Any]) -> bool:
        if Switch.AUDIENCE_SKIPPED in self.wrong or ("aud" not in claims and Switch.AUDIENCE_OPTIONAL in self.wrong):
            return True
        held = claims.get("aud")
        texts = [held] if isinstance(held, str) else held if isinstance(held, list) else []
        if not texts or not all(isinstance(text, str) for text in texts):
            return False
        if Switch.AUDIENCE_PREFIX in self.wrong:
            return any(text.startswith(tuple(self.rules.audience)) for text in texts)
        return not self.rules.audience.isdisjoint(texts)

    def _scope_fits(self, claims: Mapping[str, Any]) -> bool:
        scope = claims.get("scope")
        if Switch.SCOPE_SKIPPED in self.wrong or (scope is None and Switch.SCOPE_OPTIONAL in self.wrong):
            return True
        if Switch.SCOPE_SUBSTRING in self.wrong:
            return any(wanted in str(scope) for wanted in self.rules.scopes)
        if not isinstance(scope, str):
            return False
        held = scope.lower() if Switch.SCOPE_CASE_IGNORED in self.wrong else scope
        return not self.rules.scopes.isdisjoint(held.split(" "))

    def _groups_fit(self, groups: object) -> bool:
        if Switch.CLAIM_SKIPPED in self.wrong:
            return True
        if Switch.CLAIM_SUBSTRING in self.wrong:
            return any(wanted in str(groups) for wanted in self.rules.groups)
        flat = isinstance(groups, list) and all(isinstance(group, str) for group in groups)
        return flat and not self.rules.groups.isdisjoint(groups)  # type: ignore[arg-type]
