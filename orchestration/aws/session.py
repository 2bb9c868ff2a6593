"""Clients of one target, and their errors as ours."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound
from botocore.loaders import Loader, create_loader
from botocore.session import Session as CoreSession

from orchestration.errors import OrchestrationError, Unfit
from orchestration.settings import Endpoints

BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key of the local emulator. repr never shows the secret."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"AccessKey({self.id})"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the commands act as."""

    account: str
    arn: str
    region: str


def _without_the_users_settings() -> CoreSession:
    """A session that reads no profile and no file of the user: a broken one must not stop the local target."""
    nothing = (None, None, os.devnull, None)
    return _with_read_models(
        CoreSession(
            session_vars={"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
        )
    )


@cache
def _models() -> Loader:
    """Keeps the service models that it has read; a session's own would read megabytes again for each session."""
    return create_loader()


def _of_the_user() -> CoreSession:
    """Raises ProfileNotFound at once, not when the first client is made."""
    session = _with_read_models(CoreSession())
    session.get_scoped_config()
    return session


def _with_read_models(session: CoreSession) -> CoreSession:
    session.register_component("data_loader", _models())
    return session


def known_regions() -> Collection[str]:
    """Regions of all partitions that botocore knows; read from its data, no network."""
    session = boto3.Session(botocore_session=_without_the_users_settings())
    return {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("cognito-idp", partition_name=partition)
    }


class Clients:
    """Makes boto3 clients for one target.

    Locally an explicit key and endpoint are given, so the user's own AWS configuration cannot reach the emulator; on
    AWS configured endpoint URLs are ignored, so a stray AWS_ENDPOINT_URL cannot redirect real calls.
    """

    def __init__(self, region: str, endpoints: Endpoints, key: AccessKey | None) -> None:
        self._endpoints = endpoints
        self._local = key is not None
        self.region = region
        try:
            self._session = boto3.Session(
                aws_access_key_id=key.id if key else None,
                aws_secret_access_key=key.secret if key else None,
                region_name=region,
                botocore_session=_without_the_users_settings() if key else _of_the_user(),
            )
        except ProfileNotFound as e:
            raise Unfit(
                str(e), remedy="set AWS_PROFILE to a profile that exists, or unset it", code="bad_profile"
            ) from None

    def credentials(self) -> Any:
        """Frozen credentials (access_key, secret_key, token), or None."""
        found = self._session.get_credentials()
        return found.get_frozen_credentials() if found else None

    def make(self, service: str, *, read_timeout_s: float = 30.0) -> Any:
        """A client of `service` for this target."""
        urls = {
            "bedrock-agentcore-control": self._endpoints.control_plane,
            "bedrock-agentcore": self._endpoints.data_plane,
        }
        config = Config(
            connect_timeout=5,
            read_timeout=read_timeout_s,
            retries={"max_attempts": 3, "mode": "standard"},
            ignore_configured_endpoint_urls=True,
            proxies={} if self._local else None,
        )
        url = urls.get(service, self._endpoints.aws) if self._local else None
        return self._session.client(service, endpoint_url=url, config=config)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """botocore's errors as ours: no network and no credentials are the environment's fault."""
    try:
        yield
    except NoCredentialsError:
        raise Unfit(
            "no AWS credentials found",
            remedy="set AWS_PROFILE or run `aws sso login`; without an AWS account use TARGET=local",
            code="no_credentials",
        ) from None
    except ClientError as e:
        error = e.response.get("Error", {})
        code = str(error.get("Code", "unknown"))
        message = f"{action} was refused: {code}: {error.get('Message', '')}"
        if code in BAD_CREDENTIALS:
            raise Unfit(message, remedy="renew your AWS credentials", code="bad_credentials") from None
        if "AccessDenied" in code:
            raise Unfit(message, remedy=f"allow {action} to this principal", code="access_denied") from None
        raise OrchestrationError(message, remedy="see the message; run the command again when it is mended") from e
    except BotoCoreError as e:
        raise Unfit(
            f"{action} could not be sent: {e}", remedy="check the network, then run the command again"
        ) from None


def identity(clients: Clients) -> Identity:
    """sts:GetCallerIdentity. Raises Unfit without usable credentials."""
    with translated("sts:GetCallerIdentity"):
        answer = clients.make("sts").get_caller_identity()
    return Identity(account=str(answer["Account"]), arn=str(answer["Arn"]), region=clients.region)
