"""Stand-ins for what the smoke matrix is given: callers with tokens, a data plane that answers by rule, canaries."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Family, Verdict
from orchestration.checks.draft import same
from orchestration.checks.forge import Token, encode, new_rsa_key, public_jwk, rsa_signer
from orchestration.checks.kit import AwsCredentials, Kit, Signing, Unavailable
from orchestration.checks.request import Reply, Request
from orchestration.checks.run import Outcome, Subject
from tests.fakes.orchestration import RUNTIME_ARN, answer

NOW = 1_800_000_000
ISSUER = "https://idp.invalid/pool"
KID = "key-of-the-pool"
SCOPES = {Caller.SCOPED_OTHER: "probe/other", Caller.SCOPED_LONGER: "probe/call-more"}
GOOD = Reply(200, answer())
MISSING = Reply(401, '{"message": "Missing Authentication Token"}')
PERSON = Case("person", "a person", Caller.PERSON, same, Verdict.ADMITTED, Family(frozenset({200})), reached=True)
NOBODY = Case(
    "no-token",
    "nobody",
    Caller.NOBODY,
    same,
    Verdict.REFUSED,
    Family(frozenset({401}), "missing authentication token"),
    "header",
)
RIGHT = Outcome(NOBODY, Verdict.REFUSED, 401, "Missing Authentication Token", 12.345, True)
WRONG = replace(RIGHT, case=replace(NOBODY, id="other"), verdict=Verdict.ADMITTED, status=200, reason="742", ok=False)
SKIPPED = Outcome(replace(NOBODY, id="left-out"), None, None, "", None, False, skipped="there is no scope door here")


@cache
def pool_key() -> rsa.RSAPrivateKey:
    """One key per process: making one takes its time."""
    return new_rsa_key()


@cache
def attackers_key() -> rsa.RSAPrivateKey:
    return new_rsa_key()


def claims_of(caller: Caller) -> dict[str, Any]:
    return {
        "sub": caller.name,
        "iss": ISSUER,
        "client_id": "client-of-people",
        "username": "ann",
        "scope": SCOPES.get(caller, "probe/call"),
        "aud": "client-of-people",
        "cognito:groups": ["probes"],
        "iat": NOW - 10,
        "exp": NOW + 900,
    }


@dataclass
class FakeSource:
    """kit.Source: every caller has a token of the pool; `missing` have none, `private` is whether the key is known."""

    missing: frozenset[Caller] = frozenset()
    private: bool = True
    asked: list[str] = field(default_factory=list)

    def token(self, caller: Caller) -> str:
        self.asked.append(f"token {caller.name}")
        if caller in self.missing:
            raise Unavailable("no such caller")
        token = Token(encode({"alg": "RS256", "kid": KID}), encode(claims_of(caller)), "")
        return str(token.signed(rsa_signer(pool_key())))

    def credentials(self, caller: Caller) -> AwsCredentials:
        self.asked.append(f"credentials {caller.name}")
        return AwsCredentials(f"ASIA{caller.name}", f"secret-of-{caller.name}", f"session-of-{caller.name}")

    def public_keys(self) -> list[Mapping[str, Any]]:
        return [public_jwk(pool_key(), KID)]

    def private_key(self, use: str) -> bytes:
        self.asked.append(f"private {use}")
        if not self.private:
            raise Unavailable("no key")
        return pool_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, request: Request, signing: Signing) -> Request:
        """Shows what would be signed, by whom, in readable form."""
        given = signing.credentials
        shown = json.dumps([given.key_id, given.secret, given.token, signing.region, signing.service, signing.now])
        return replace(request, headers=(*request.headers, ("Authorization", f"AWS4-HMAC-SHA256 {shown}")))


def kit(source: FakeSource | None = None) -> Kit:
    return Kit(source or FakeSource(), ISSUER, "client-of-people", "us-east-1", lambda: float(NOW), attackers_key)


@dataclass
class FakeDataPlane:
    """Sender and canaries in one: `answers` decides; who is answered 200, or 424, has reached the agent."""

    answers: Callable[[Request], Reply] = lambda request: GOOD if authorization(request) else MISSING
    sent: list[Request] = field(default_factory=list)
    noted: set[str] = field(default_factory=set)
    looks: list[tuple[set[str], set[str]]] = field(default_factory=list)

    def send(self, request: Request) -> Reply:
        self.sent.append(request)
        reply = self.answers(request)
        if reply.status in (200, 424):
            self.noted.add(canary_of(request))
        return reply

    def seen(self, sent: Collection[str], expected: Collection[str]) -> set[str]:
        self.looks.append((set(sent), set(expected)))
        return self.noted.intersection(sent)


def subject(plane: FakeDataPlane, source: FakeSource | None = None, **changes: Any) -> Subject:
    good = Subject({Door.MAIN: RUNTIME_ARN}, kit(source), plane, plane, local=True, excluded={})
    return replace(good, **changes)


def authorization(request: Request) -> str | None:
    return next((value for name, value in request.headers if name == "Authorization"), None)


def canary_of(request: Request) -> str:
    return str(json.loads(request.body)["canary"])
