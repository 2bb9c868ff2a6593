"""The HTTP clients of the two targets."""

from __future__ import annotations

import httpx


def local_client(timeout_s: float) -> httpx.Client:
    """A client for loopback: proxies and netrc of the environment are ignored."""
    return httpx.Client(timeout=timeout_s, trust_env=False)


def aws_client(timeout_s: float) -> httpx.Client:
    """A client for AWS: proxies of the environment are honoured."""
    return httpx.Client(timeout=timeout_s)


def healthy(url: str, timeout_s: float = 2.0) -> bool:
    """True if a GET answers 200."""
    try:
        with local_client(timeout_s) as client:
            return client.get(url).status_code == 200
    except httpx.HTTPError:
        return False
