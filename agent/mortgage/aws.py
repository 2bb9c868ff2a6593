"""The way to AWS."""

from __future__ import annotations

from typing import Any

from mortgage.settings import BadSetting, Settings, is_loopback

# Together below the time that a look-up may take (gateway.py).
CONNECT_TIMEOUT_S = 1.5
READ_TIMEOUT_S = 3.0
ATTEMPTS = 2


def aws_session(settings: Settings, what: str) -> Any:
    """A boto3 session for `what`. Raises BadSetting where no region is known: the SDK would choose one silently."""
    import boto3

    session = boto3.Session(region_name=settings.region)
    if not session.region_name:
        raise BadSetting(f"no AWS region for {what}; set AWS_REGION (or MODEL_REGION)")
    return session


def hasty_client(session: Any, service: str) -> Any:
    """A client for calls that somebody waits for. An endpoint on this machine is not asked for through a proxy."""
    from botocore.config import Config

    limits: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": READ_TIMEOUT_S,
        "retries": {"total_max_attempts": ATTEMPTS, "mode": "standard"},
    }
    client = session.client(service, config=Config(**limits))
    if is_loopback(client.meta.endpoint_url):
        client = session.client(service, config=Config(**limits, proxies={}))
    return client
