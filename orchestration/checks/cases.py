"""The smoke cases: data, one row each. A refused caller differs from an admitted one in one thing.

Expected words are patterns of today's and of the service's earlier wording; sources stand with each family.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What happened to the caller, whatever the agent answered."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    BROKEN = "broken"
    """Neither: no answer, a routing failure (404) or a failure of the agent (424, 5xx)."""


class Credential(StrEnum):
    """How the credential is made. checks/credentials.py makes them."""

    USER = "access token of a person (password flow)"
    MACHINE = "access token of a machine (client_credentials)"
    NONE = "no credential"
    SIGV4 = "SigV4 signature instead of a token"
    GARBAGE = "a word that is no token"
    TAMPERED = "the person's token with one claim changed"
    UNSIGNED = "the person's token with alg none and no signature"
    OUTSIDER = "access token issued to an app client that is not allowed"
    IDENTITY = "the person's ID token"


@dataclass(frozen=True, slots=True)
class Case:
    """One caller and what must become of it."""

    id: str
    title: str
    credential: Credential
    verdict: Verdict
    statuses: frozenset[int]
    words: str = ""
    """Case-insensitive pattern for the body; empty: any body."""


ADMITTED = frozenset({200})
# AgentCore devguide: runtime-oauth (401 with WWW-Authenticate); wording observed by users.
UNAUTHENTICATED = "missing authentication token|unauthorized|failed to parse token"
# Observed by users: 403 with "OAuth authorization failed: ..."; the wording for signatures is not known.
UNVERIFIED = "oauth authorization failed|failed to parse token|signature|unauthorized"
# Observed by users: 401 since 2026, 403 in 2025.
WRONG_CLIENT = "client_id.{0,40}mismatch|authorization denied"
# Today's words and those of 2025 (agentcore-cli #714; AWS sample prototype-to-production, inbound auth notebook).
WRONG_METHOD = "authorization method mismatch|different authorization token type"
DENIED = frozenset({401, 403})

CASES: tuple[Case, ...] = (
    Case("person", "a person of the allowed app client", Credential.USER, Verdict.ADMITTED, ADMITTED),
    Case("machine", "a machine of the allowed app client", Credential.MACHINE, Verdict.ADMITTED, ADMITTED),
    Case("no-token", "nobody", Credential.NONE, Verdict.REFUSED, DENIED, UNAUTHENTICATED),
    Case("sigv4", "an IAM caller", Credential.SIGV4, Verdict.REFUSED, frozenset({403}), WRONG_METHOD),
    Case("garbage", "a caller with garbage", Credential.GARBAGE, Verdict.REFUSED, DENIED, UNVERIFIED),
    Case("tampered", "a person with a forged claim", Credential.TAMPERED, Verdict.REFUSED, DENIED, UNVERIFIED),
    Case("alg-none", "a person without a signature", Credential.UNSIGNED, Verdict.REFUSED, DENIED, UNVERIFIED),
    Case(
        "outsider",
        "a person of the outsider's app client",
        Credential.OUTSIDER,
        Verdict.REFUSED,
        DENIED,
        WRONG_CLIENT,
    ),
    Case("id-token", "a person with the ID token", Credential.IDENTITY, Verdict.REFUSED, DENIED, WRONG_CLIENT),
)
