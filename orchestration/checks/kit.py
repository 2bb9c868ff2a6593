"""What cases are made of: callers' tokens, the provider's public keys, an attacker's keys, AWS credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from orchestration.checks.callers import Caller
from orchestration.checks.forge import (
    Sign,
    Token,
    encode,
    new_ec_key,
    new_rsa_key,
    private_key,
    rsa_signer,
)
from orchestration.checks.request import Request
from orchestration.tokens import Once


class Unavailable(Exception):
    """A case cannot be made here; the text says why. It counts as skipped, never as passed."""


@dataclass(frozen=True, slots=True)
class AwsCredentials:
    """What signs a call. repr never shows it."""

    key_id: str
    secret: str
    token: str | None = None

    def __repr__(self) -> str:
        return "AwsCredentials(...)"


@dataclass(frozen=True, slots=True)
class Signing:
    """How a SigV4 signature is made; each field is one that an attacker could get wrong."""

    credentials: AwsCredentials
    region: str
    service: str
    now: float
    """Unix seconds."""


class Source(Protocol):
    """Where credentials come from. Each method raises Unavailable where there is none, TokenRefused and the like
    where one should be there and is not."""

    def token(self, caller: Caller) -> str: ...
    def credentials(self, caller: Caller) -> AwsCredentials: ...
    def public_keys(self) -> list[Mapping[str, Any]]:
        """The keys of the provider, as its JWKS has them."""

    def private_key(self, use: str) -> bytes:
        """PEM of the key that signs "access" or "id" tokens: the local emulator's alone."""

    def sign(self, request: Request, signing: Signing) -> Request:
        """The request with SigV4's headers."""


@dataclass(frozen=True, slots=True)
class Kit:
    """One run's material; everything is fetched once, whichever thread asks first."""

    source: Source
    issuer: str
    client_id: str
    """A client that the main door lets in."""
    region: str
    clock: Callable[[], float]
    """Unix seconds."""
    new_rsa_key: Callable[[], rsa.RSAPrivateKey] = new_rsa_key
    """For an attacker's key."""
    # A provider that refuses is asked once, and not once a case.
    _once: Once = field(default_factory=lambda: Once(keep_failures=True))

    @property
    def now(self) -> int:
        return int(self.clock())

    def token(self, caller: Caller) -> Token:
        """The caller's own good token. Raises Unavailable."""
        header, payload, signature = (*self.text(caller).split(".", 2), "", "")[:3]
        return Token(header, payload, signature)

    def text(self, caller: Caller) -> str:
        return self._once.get(("token", caller), lambda: self.source.token(caller))

    def credentials(self, caller: Caller) -> AwsCredentials:
        return self._once.get(("credentials", caller), lambda: self.source.credentials(caller))

    def model(self, caller: Caller) -> Token:
        """A token to forge from: the caller's own, or where there is none, one that looks as its would.

        Its signature is an attacker's then, so only changes that sign anew may begin with it.
        """
        try:
            return self.token(caller)
        except Unavailable:
            claims = {
                "sub": "nobody",
                "iss": self.issuer,
                "client_id": self.client_id,
                "token_use": "access",
                "iat": self.now - 10,
                "exp": self.now + 900,
            }
            fields = {"alg": "RS256", "kid": self.public_key["kid"]}
            return Token(encode(fields), encode(claims), "").signed(rsa_signer(self.attacker))

    @property
    def public_key(self) -> Mapping[str, Any]:
        """The provider's first RSA key."""
        keys = self._once.get("public", self.source.public_keys)
        found = next((key for key in keys if key.get("kty") == "RSA" and key.get("kid")), None)
        if found is None:
            raise Unavailable("the provider publishes no RSA key")
        return found

    def own_signer(self, caller: Caller, algorithm: str = "RS256") -> Sign:
        """Signs as the provider does. Raises Unavailable where its key is not to be had."""
        use = "id" if caller in (Caller.PERSON_ID, Caller.OUTSIDER_ID) else "access"
        key = self._once.get(("private", use), lambda: private_key(self.source.private_key(use)))
        return rsa_signer(key, algorithm)

    @property
    def attacker(self) -> rsa.RSAPrivateKey:
        return self._once.get("attacker", self.new_rsa_key)

    @property
    def attacker_ec(self) -> ec.EllipticCurvePrivateKey:
        return self._once.get("attacker-ec", new_ec_key)

    def sign(self, request: Request, caller: Caller, alter: Callable[[Signing], Signing]) -> Request:
        """The request signed by the caller, with what `alter` gets wrong."""
        signing = Signing(self.credentials(caller), self.region, "bedrock-agentcore", self.clock())
        return self.source.sign(request, alter(signing))
