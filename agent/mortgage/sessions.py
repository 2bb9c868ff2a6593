"""Whose a session is. The platform binds no session id to a caller, so the agent does."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable

from mortgage.claims import Unreadable, claims_of, identity_of

# The longest that the service keeps a session (botocore model: LifecycleConfiguration, default of maxLifetime).
LIFETIME_S = 28_800.0
MAX_SESSIONS = 100_000
# Of one owner: a single caller must not take the room of all others.
MAX_OF_OWNER = 5_000


class NotYours(Exception):
    """The session began with another caller, or the caller cannot be told."""


class TooMany(Exception):
    """More sessions than can be remembered: to forget one would give it away."""


class SessionOwners:
    """Remembers who began each session, as a hash. clock() is in seconds and never goes back.

    On AWS each session has a process of its own, so one entry is all there is; locally sessions share a process.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        limit: int = MAX_SESSIONS,
        limit_of_owner: int = MAX_OF_OWNER,
    ) -> None:
        self._clock, self._limit, self._limit_of_owner = clock, limit, limit_of_owner
        self._owners: dict[str, tuple[bytes, float]] = {}
        self._held: Counter[bytes] = Counter()

    def check(self, session_id: str | None, authorization: str | None) -> bytes:
        """The caller's fingerprint; binds nothing. Raises NotYours for a session of another one."""
        owner = fingerprint(authorization)
        if session_id is not None and self._owner(session_id) not in (None, owner):
            raise NotYours
        return owner

    def admit(self, session_id: str | None, authorization: str | None) -> None:
        """Bind the session to its first caller. Raises NotYours for another one, TooMany."""
        owner, now = self.check(session_id, authorization), self._clock()
        if session_id is None or self._owner(session_id) is not None:
            return
        self._forget(session_id)
        if not self._room(owner):
            for old in [key for key, value in self._owners.items() if now - value[1] >= LIFETIME_S]:
                self._forget(old)
            if not self._room(owner):
                raise TooMany
        self._owners[session_id] = (owner, now)
        self._held[owner] += 1

    def _room(self, owner: bytes) -> bool:
        return len(self._owners) < self._limit and self._held[owner] < self._limit_of_owner

    def _forget(self, session_id: str) -> None:
        known = self._owners.pop(session_id, None)
        if known is None:
            return
        self._held[known[0]] -= 1
        if not self._held[known[0]]:
            del self._held[known[0]]

    def _owner(self, session_id: str) -> bytes | None:
        known = self._owners.get(session_id)
        return known[0] if known is not None and self._clock() - known[1] < LIFETIME_S else None


def fingerprint(authorization: str | None) -> bytes:
    """Who a verified token is about: issuer and subject, or its client where there is none. Same person, same value.

    Callers without a token (signed calls) are all one: the platform does not tell them apart for the agent.
    Raises NotYours for a header that names nobody.
    """
    if authorization is None:
        return b""
    try:
        who = identity_of(claims_of(authorization))
    except Unreadable:
        raise NotYours from None
    return hashlib.sha256(json.dumps(who).encode()).digest()
