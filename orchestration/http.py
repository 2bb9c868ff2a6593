"""HTTP without the AWS SDK: bearer calls and the token endpoint. The only importer of httpx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from orchestration.checks.run import SESSION_HEADER, Reply
from orchestration.errors import TokenRefused, Unfit

MAX_BODY_BYTES = 1_000_000


def local_client(timeout_s: float) -> httpx.Client:
    """A client for loopback: proxies and netrc of the environment are ignored."""
    return httpx.Client(timeout=timeout_s, trust_env=False)


def aws_client(timeout_s: float) -> httpx.Client:
    """A client for AWS: proxies of the environment are honoured."""
    return httpx.Client(timeout=timeout_s)


class BearerCaller:
    """InvokeAgentRuntime with a bearer token: boto3 cannot send one (AgentCore devguide: runtime-oauth)."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client = client
        self._url = url

    def call(self, token: str | None, payload: Mapping[str, Any], session_id: str) -> Reply:
        """POST the payload as JSON. Raises Unfit when there is no answer at all."""
        headers = {"Accept": "application/json", SESSION_HEADER: session_id}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self._client.post(self._url, json=payload, headers=headers)
        except httpx.HTTPError as e:
            raise Unfit(
                f"the data plane at {httpx.URL(self._url).netloc.decode()} does not answer: {type(e).__name__}",
                remedy="make up",
                code="data_plane_unreachable",
            ) from None
        return Reply(answer.status_code, answer.text[:MAX_BODY_BYTES], answer.headers.get("x-amzn-errortype", ""))


def client_credentials(client: httpx.Client, url: str, client_id: str, client_secret: str, scope: str) -> str:
    """An access token by client_credentials (RFC 6749, 4.4; the client authenticates with HTTP Basic).

    Raises TokenRefused with the endpoint's error code, Unfit when it does not answer.
    """
    try:
        answer = client.post(
            url,
            data={"grant_type": "client_credentials", "scope": scope},
            auth=httpx.BasicAuth(client_id, client_secret),
        )
        body = answer.json()
    except httpx.HTTPError as e:
        raise Unfit(f"the token endpoint {url} does not answer: {type(e).__name__}", remedy="make up") from None
    except ValueError:
        body = {}
    token = body.get("access_token") if isinstance(body, dict) else None
    if answer.status_code != 200 or not isinstance(token, str):
        error = body.get("error", "no error code") if isinstance(body, dict) else "no error code"
        raise TokenRefused(
            f"the token endpoint answered {answer.status_code} ({error}) to app client {client_id}",
            remedy="run `make up`, which puts the app client right",
        )
    return token


def healthy(url: str, timeout_s: float = 2.0) -> bool:
    """True if a GET answers 200."""
    try:
        with local_client(timeout_s) as client:
            return client.get(url).status_code == 200
    except httpx.HTTPError:
        return False
