"""AWS clients of the embedded cloud, signed with its root key."""

import threading
from typing import Any

import boto3
from botocore.config import Config


class Clients:
    """One boto3 client for each service, made when it is first needed. Safe to use from threads."""

    def __init__(self, access_key: str, secret_key: str, region: str, endpoint_url: str) -> None:
        self._session = boto3.session.Session(access_key, secret_key, region_name=region)
        self._url = endpoint_url
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()  # boto3 sessions are not safe to share while they make clients

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                # proxies={} keeps the operator's proxy variables out. One attempt: who waits for a verdict
                # must not wait for an emulator that is gone.
                attempts = 4 if service == "s3" else 1
                config = Config(
                    s3={"addressing_style": "path"},
                    proxies={},
                    connect_timeout=5,
                    read_timeout=60 if service == "s3" else 10,
                    retries={"total_max_attempts": attempts, "mode": "standard"},
                    max_pool_connections=64,
                )
                self._made[service] = self._session.client(service, endpoint_url=self._url, config=config)
            return self._made[service]
