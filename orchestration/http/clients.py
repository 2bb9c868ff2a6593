"""The HTTP clients of the two targets."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


def local_client(timeout_s: float) -> httpx.Client:
    """A client for loopback: proxies and netrc of the environment are ignored."""
    return httpx.Client(timeout=timeout_s, trust_env=False, verify=_authorities())


@cache
def _authorities() -> ssl.SSLContext:
    """Read once for all local clients, of which a command makes a dozen: it takes longer than most of their calls."""
    return httpx.create_ssl_context(trust_env=False)


def aws_client(timeout_s: float) -> httpx.Client:
    """A client for AWS: proxies of the environment are honoured."""
    return httpx.Client(timeout=timeout_s)


def posted(url: str, timeout_s: float) -> tuple[int, str]:
    """(status, body) of a POST without a body to this machine; status 0 and what went wrong where none came."""
    try:
        with local_client(timeout_s) as client:
            answer = client.post(url)
            return answer.status_code, answer.text
    except httpx.HTTPError as e:
        return 0, type(e).__name__


def fetched(url: str, timeout_s: float) -> str | None:
    """What a GET to this machine brings; None unless it answers 200."""
    try:
        with local_client(timeout_s) as client:
            answer = client.get(url)
            return answer.text if answer.status_code == 200 else None
    except httpx.HTTPError:
        return None


def healthy(url: str, timeout_s: float = 2.0) -> bool:
    """True if a GET answers 200."""
    return fetched(url, timeout_s) is not None
