"""The agent's own token for another service, from AgentCore Identity.

The credential provider holds client and secret; the agent shows what the runtime handed it with the call (AgentCore
devguide: identity-authentication). One token serves every caller: it says which agent asks, never for whom.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from mortgage.aws import aws_session, hasty_client
from mortgage.claims import Unreadable, claims_of
from mortgage.settings import Gateway, Settings

# A token that ends while it is under way would be refused.
SPARE_S = 120.0
MAX_TOKEN_CHARACTERS = 16_384


class NoToken(Exception):
    """No token is to be had; the cause is what it was raised from."""


# Workload token -> access token; raises whatever its SDK does.
FetchToken = Callable[[str], str]


class OutboundTokens:
    """The current token, fetched when it is asked for and kept until shortly before its end. For any thread.

    clock() is in Unix seconds.
    """

    def __init__(self, fetch: FetchToken, clock: Callable[[], float] = time.time) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._token, self._ends = "", 0.0

    def token(self, workload_token: str | None, patience_s: float, refused: str | None = None) -> str:
        """A token that is not `refused`. Whoever comes while it is fetched waits for that one.

        A call without a workload token did not come through the runtime: it gets no kept token either.
        Raises NoToken, also after patience_s behind somebody else's fetch.
        """
        if not workload_token:
            raise NoToken  # signed calls, an agent without a runtime, and whoever calls the agent's own port
        if not self._lock.acquire(timeout=max(patience_s, 0)):
            raise NoToken
        try:
            if self._token == refused or self._clock() >= self._ends - SPARE_S:
                self._token, self._ends = "", 0.0
                self._token = self._new(workload_token)
                self._ends = _end_of(self._token)
            return self._token
        finally:
            self._lock.release()

    def _new(self, workload_token: str) -> str:
        try:
            token = self._fetch(workload_token)
        except Exception as e:  # of an SDK, whose words may quote what was sent
            raise NoToken from e
        if not (isinstance(token, str) and 0 < len(token) <= MAX_TOKEN_CHARACTERS and token.isascii()):
            raise NoToken
        return token


def identity_tokens(settings: Settings, gateway: Gateway) -> FetchToken:
    """Fetches from the credential provider. Raises BadSetting where no region is known.

    boto3 and not the SDK's identity client: that one sets no limit of time, and makes a client of the control plane.
    """
    session = aws_session(settings, "GATEWAY_CREDENTIAL_PROVIDER")
    made: list[Any] = []

    def fetch(workload_token: str) -> str:
        client = made[0] if made else hasty_client(session, "bedrock-agentcore")
        made[:] = [client]
        reply = client.get_resource_oauth2_token(
            workloadIdentityToken=workload_token,
            resourceCredentialProviderName=gateway.credential_provider,
            scopes=[gateway.scope],
            oauth2Flow="M2M",
        )
        return str(reply["accessToken"])

    return fetch


def _end_of(token: str) -> float:
    """Unix seconds; 0, which keeps nothing, where the token does not say."""
    try:
        end = claims_of(f"Bearer {token}").get("exp")
    except Unreadable:
        return 0.0
    return float(end) if isinstance(end, (int, float)) and not isinstance(end, bool) else 0.0
