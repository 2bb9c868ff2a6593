"""Workload access tokens: what the runtime hands an agent with each call, to show that it acts for that runtime.

Opaque as the service's are: sealed with a key that only this process has, so nothing is kept and a restart ends them.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER = "workloadaccesstoken"
SAME_S = 10.0
"""Calls of a runtime within that time are handed the same token: sealing one takes as long as a verdict."""
MAX_LATEST = 1024
LIFETIME_S = 15 * 60 + SAME_S  # as long as a synchronous call may take; the service's own lifetime is not documented
_NONCE = 12
_PURPOSE = b"workload access token"


class WorkloadTokens:
    """clock() is Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._seal = clock, AESGCM(AESGCM.generate_key(256))
        self._latest: dict[str, tuple[str, float]] = {}

    def mint(self, runtime_id: str) -> str:
        nonce = secrets.token_bytes(_NONCE)
        content = json.dumps({"runtime": runtime_id, "until": self._clock() + LIFETIME_S}).encode()
        return base64.urlsafe_b64encode(nonce + self._seal.encrypt(nonce, content, _PURPOSE)).decode()

    def headers(self, runtime_id: str) -> list[tuple[str, str]]:
        """What the runtime adds to a call of its agent."""
        token, until = self._latest.get(runtime_id, ("", 0.0))
        if self._clock() >= until:
            token, until = self.mint(runtime_id), self._clock() + SAME_S
            if len(self._latest) >= MAX_LATEST:
                self._latest.clear()
            self._latest[runtime_id] = token, until
        return [(HEADER, token)]

    def runtime(self, token: str) -> str | None:
        """The runtime that a token stands for; None when it is not one of ours or too old."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
            content = json.loads(self._seal.decrypt(raw[:_NONCE], raw[_NONCE:], _PURPOSE))
        except (binascii.Error, ValueError, InvalidTag):
            return None
        return str(content["runtime"]) if self._clock() < content["until"] else None
