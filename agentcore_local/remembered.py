"""Verdicts that let a caller in, remembered while nothing that they follow from has changed.

A verdict follows from the credential, the policy, the issuer's keys and the time, and from nothing else. So it is
given again for the very same credential at the same door, while policy and keys are the same objects as then and the
token's own times allow. Refusals are never remembered: a key that appears may turn one into an admission.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from agentcore_local.edge import Spooled
from agentcore_local.jwks import IssuerKeys
from agentcore_local.policy import Policy

MAX_REMEMBERED = 4096
DoorKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller who may pass. body is set when it had to be read for its signature."""

    by: Literal["jwt", "sigv4"]
    subject: str | None
    body: Spooled | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who was let in by which policy and keys, and the Unix seconds during which the token's times hold."""

    policy: Policy
    keys: IssuerKeys
    kid: str
    during: range
    admitted: Admitted


class Remembered:
    """Verdicts by door and the digest of the credential; the least recently used ones make room."""

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._limit = limit
        self._verdicts: OrderedDict[tuple[bytes, DoorKey], Verdict] = OrderedDict()

    def __len__(self) -> int:
        return len(self._verdicts)

    def find(self, credential: bytes, door: DoorKey, policy: Policy) -> Verdict | None:
        """An earlier verdict under the same policy. Whoever asks must still compare keys and time."""
        key = (credential, door)
        verdict = self._verdicts.get(key)
        if verdict is None or verdict.policy is not policy:
            return None
        self._verdicts.move_to_end(key)
        return verdict

    def keep(self, credential: bytes, door: DoorKey, verdict: Verdict) -> None:
        key = (credential, door)
        self._verdicts[key] = verdict
        self._verdicts.move_to_end(key)
        if len(self._verdicts) > self._limit:
            self._verdicts.popitem(last=False)


def digest(credential: str) -> bytes:
    """What a credential is known by here."""
    return hashlib.sha256(credential.encode("latin-1", "backslashreplace")).digest()
