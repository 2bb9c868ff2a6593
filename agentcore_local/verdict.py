"""What the authorizer answers: let the call in with its claims, or refuse it with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a call was refused. Slugs never change: logs, tests and the table of replies key on them.

    The comments group them by how the service answers; the reply itself is not decided here.
    """

    # No Authorization header, or an empty one: 401 with a challenge (AgentCore devguide: runtime-oauth).
    MISSING_TOKEN = "missing_token"  # noqa: S105

    # Another scheme than Bearer. The service answers SigV4 on a runtime with an authorizer with 403
    # "Authorization method mismatch" (observed by users); what it does with Basic and the like is not
    # known, so they share the reason.
    WRONG_SCHEME = "wrong_scheme"

    # Bearer, but not a token that can be read: 403 "Failed to parse token" (observed by users).
    MALFORMED_TOKEN = "malformed_token"  # noqa: S105
    OVERSIZED_TOKEN = "oversized_token"  # noqa: S105
    UNSUPPORTED_HEADER = "unsupported_header"

    # The signature cannot be trusted. Status and words of the service are not known.
    KEYS_UNAVAILABLE = "keys_unavailable"
    UNKNOWN_KEY = "unknown_key"
    BAD_ALGORITHM = "bad_algorithm"
    BAD_SIGNATURE = "bad_signature"

    # The signature holds, a claim does not: 401 naming the claim (observed by users).
    ISSUER_MISMATCH = "issuer_mismatch"
    MISSING_EXPIRY = "missing_expiry"
    MALFORMED_TIME = "malformed_time"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_FUTURE = "issued_in_future"
    CLIENT_MISMATCH = "client_mismatch"
    AUDIENCE_MISMATCH = "audience_mismatch"
    SCOPE_MISMATCH = "scope_mismatch"
    CLAIM_MISMATCH = "claim_mismatch"

    # The deployed authorizer has no rule at all, so there is nothing a token could satisfy.
    NO_POLICY = "no_policy"


@dataclass(frozen=True, slots=True)
class Allow:
    """The token satisfies the policy. `claims` is the verified payload."""

    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deny:
    """The token is refused.

    `reason` is the first failed check and `also` the further ones, in the order they are checked.
    `detail` is safe to show and to log: it never holds a part of the token nor a claim's value. `claims` is the
    payload where its signature holds and only a claim was refused: whom the issuer named, for the decision log.
    """

    reason: Reason
    detail: str
    also: tuple[Reason, ...] = ()
    claims: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)
