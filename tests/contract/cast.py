"""Callers for the IAM tests: users and roles of the emulator, and requests signed as no SDK would sign them."""

import functools
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.contract import referee
from tests.contract.cloud import ACCOUNT, REGION, Answer, Emulator, Local, send

ACTION = "bedrock-agentcore:InvokeAgentRuntime"


@dataclass(frozen=True)
class Keys:
    """An access key, perhaps with a session token, and the ARN it stands for."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    arn: str = ""

    def client(self, service: str, url: str) -> Any:
        return client(self, service, url)


@functools.cache
def session() -> Any:
    """One for all keys: it keeps the service models it has read."""
    return boto3.session.Session(region_name=REGION)


@functools.cache
def client(keys: Keys, service: str, url: str) -> Any:
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, proxies={}, parameter_validation=False)
    named = {"aws_access_key_id": keys.id, "aws_secret_access_key": keys.secret, "aws_session_token": keys.token}
    made = session().client(service, endpoint_url=url, config=config, **named)
    if service.startswith("bedrock-agentcore"):
        referee.watch(made)
    return made


def allow(actions: str | list[str], *resources: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": actions, "Resource": list(resources) or "*", **more}


def deny(actions: str | list[str], *resources: str, **more: Any) -> dict[str, Any]:
    return allow(actions, *resources, effect="Deny", **more)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def both(arn: str, endpoint: str = "DEFAULT") -> tuple[str, str]:
    """A runtime and its endpoint: a call needs both."""
    return arn, f"{arn}/runtime-endpoint/{endpoint}"


@dataclass
class Cast:
    """Makes users and roles with policies, in the emulator's IAM."""

    emulator: Emulator

    @property
    def iam(self) -> Any:
        return Keys(self.emulator.key, self.emulator.secret).client("iam", self.emulator.url)

    def user(self, *statements: dict[str, Any], **options: str) -> Keys:
        name = f"user-{secrets.token_hex(4)}"
        user = self.iam.create_user(UserName=name, **options)["User"]
        if statements:
            self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"], arn=user["Arn"])

    def policy(self, *statements: dict[str, Any]) -> str:
        made = self.iam.create_policy(PolicyName=f"policy-{secrets.token_hex(4)}", PolicyDocument=document(*statements))
        arn: str = made["Policy"]["Arn"]
        return arn

    def role(self, *statements: dict[str, Any], trust: dict[str, Any] | None = None, path: str = "/") -> str:
        """A role that the account trusts, unless told otherwise."""
        name = f"role-{secrets.token_hex(4)}"
        trusted = trust or {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}
        made = self.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document(statement))
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        arn: str = made["Role"]["Arn"]
        return arn

    def session(self, role: str, seconds: int = 900, **options: Any) -> Keys:
        root = Keys(self.emulator.key, self.emulator.secret)
        sts = root.client("sts", self.emulator.url)
        reply = sts.assume_role(RoleArn=role, RoleSessionName="caller", DurationSeconds=seconds, **options)
        c = reply["Credentials"]
        return Keys(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"], reply["AssumedRoleUser"]["Arn"])


@dataclass(frozen=True)
class Signing:
    """How a request is signed; the defaults are those of an SDK."""

    minutes: float = 0
    region: str = REGION
    service: str = "bedrock-agentcore"
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()


def signed(keys: Keys, url: str, body: bytes, how: Signing = Signing()) -> dict[str, str]:  # noqa: B008  frozen
    request = AWSRequest(method=how.method, url=url, data=body, headers={"Content-Type": "application/json"})
    for name, value in how.headers:
        request.headers[name] = value
    signer = SigV4Auth(Credentials(keys.id, keys.secret, keys.token), how.service, how.region)
    stamp = (datetime.now(UTC) + timedelta(minutes=how.minutes)).strftime(SIGV4_TIMESTAMP)
    request.context["timestamp"] = stamp
    # What add_auth() does, but for the clock.
    request.headers["X-Amz-Date"] = stamp
    if keys.token:
        request.headers["X-Amz-Security-Token"] = keys.token
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    scope = f"{keys.id}/{signer.credential_scope(request)}"
    auth = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
    return {**dict(request.headers.items()), "Authorization": auth}


def invoke(
    local: Local,
    arn: str,
    keys: Keys,
    body: bytes = b"{}",
    how: Signing = Signing(),  # noqa: B008  frozen
    *,
    sent: bytes | None = None,
    query: str = "",
    drop: Iterable[str] = (),
) -> Answer:
    """Invoke a runtime with a signature made by hand; `sent` is the body that really travels."""
    url = f"{local.data_url}/runtimes/{arn.replace(':', '%3A').replace('/', '%2F')}/invocations{query}"
    headers = signed(keys, url, body, how)
    return send("POST", url, body if sent is None else sent, {k: v for k, v in headers.items() if k not in set(drop)})
