"""What the contract tests drive: a real emulator and a real agentcore_local, each a process of its own."""

import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from botocore.config import Config

from tests.contract import referee

REGION, ACCOUNT = "us-east-1", "000000000000"
ISSUER_BASE = "https://cognito-idp.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::000000000000:role/agent"
PASSWORD = "Correct-horse-9"
# As the Terraform module writes it: the service, for this account's runtimes alone.
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:*"},
            },
        }
    ],
}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def eventually(ready: Callable[[], Any], what: str, deadline_s: float = 30.0, pause_s: float = 0.02) -> Any:
    """Poll until ready() is truthy; an exception counts as not yet."""
    until, last = time.monotonic() + deadline_s, None
    while time.monotonic() < until:
        try:
            if value := ready():
                return value
        except Exception as e:
            last = e
        time.sleep(pause_s)
    raise AssertionError(f"{what}: not within {deadline_s} s, last error {last!r}")


def get(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as reply:
        body: bytes = reply.read()
        return body


@dataclass
class Emulator:
    """ministack, with keys of its own."""

    folder: Path
    key: str
    secret: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "SERVICES": (
                "iam,sts,s3,cognito-idp,cognito-identity,secretsmanager,logs,lambda,ecr,tagging,sqs,bedrock-agentcore"
            ),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "s3"),
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }
        with open(self.folder / "ministack.log", "ab") as log:
            program = str(Path(sys.executable).with_name("ministack"))
            self.process = subprocess.Popen([program], env=environment, stdout=log, stderr=log)
        eventually(lambda: get(f"{self.url}/_ministack/health"), "ministack is healthy")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def client(self, service: str) -> Any:
        return client(service, self.url, self.key, self.secret, s3={"addressing_style": "path"})


@dataclass
class Local:
    """agentcore_local in front of an emulator."""

    emulator: Emulator
    folder: Path
    flags: tuple[str, ...] = ()
    control_port: int = field(default_factory=free_port)
    data_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self.control_port}"

    @property
    def data_url(self) -> str:
        return f"http://127.0.0.1:{self.data_port}"

    @property
    def log(self) -> Path:
        return self.folder / "agentcore_local.log"

    @property
    def decisions(self) -> Path:
        return self.folder / "state" / "decisions.jsonl"

    def command(self) -> list[str]:
        words = f"--control-port {self.control_port} --data-port {self.data_port} --region {REGION}"
        words += f" --account-id {ACCOUNT} --aws-endpoint-url {self.emulator.url}"
        words += f" --oidc-map {ISSUER_BASE}={self.emulator.url}"
        state = ["--state-dir", str(self.folder / "state")]
        return [sys.executable, "-m", "agentcore_local", *state, *words.split(), *self.flags]

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ACCESS_KEY_ID": self.emulator.key,
            "AWS_SECRET_ACCESS_KEY": self.emulator.secret,
            "OPERATORS_OWN": "must not reach an agent",
        }
        root = Path(__file__).parents[2]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), env=environment, cwd=root, stdout=log, stderr=log)
        for url in (self.control_url, self.data_url):
            eventually(functools.partial(get, f"{url}/_agentcore_local/health"), "agentcore_local is healthy")

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def control(self, key: str = "", secret: str = "") -> Any:
        e = self.emulator
        return client("bedrock-agentcore-control", self.control_url, key or e.key, secret or e.secret)

    def data(self, key: str = "", secret: str = "") -> Any:
        e = self.emulator
        return client("bedrock-agentcore", self.data_url, key or e.key, secret or e.secret)

    def invoke(
        self, agent: str, *, query: str = "", body: bytes = b"{}", headers: dict[str, str] | None = None
    ) -> "Answer":
        """A plain HTTPS-style call, as programs with a bearer token make it."""
        url = f"{self.data_url}/runtimes/{quote(agent, safe='')}/invocations{query}"
        return send("POST", url, body, headers or {})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with opener.open(request, timeout=20) as reply:
            return Answer(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
    except urllib.error.HTTPError as e:
        with e:
            return Answer(e.code, {k.lower(): v for k, v in e.headers.items()}, e.read())


@functools.cache
def session_of(key: str, secret: str) -> Any:
    """One session for each key: it keeps the service models it has read."""
    return boto3.session.Session(key, secret, region_name=REGION)


def client(service: str, url: str, key: str, secret: str, **options: Any) -> Any:
    session = session_of(key, secret)
    config = Config(retries={"max_attempts": 0, "mode": "standard"}, proxies={}, read_timeout=30, **options)
    made = session.client(service, endpoint_url=url, config=config)
    if service.startswith("bedrock-agentcore"):
        referee.watch(made)
    return made


@dataclass(frozen=True)
class People:
    """A user pool with one user and two app clients, of which one is let in."""

    discovery_url: str
    client_id: str
    outsider_id: str
    idp: Any

    def tokens(self, client_id: str) -> dict[str, str]:
        reply = self.idp.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "anna", "PASSWORD": PASSWORD},
        )
        result: dict[str, str] = reply["AuthenticationResult"]
        return result

    def bearer(self, client_id: str | None = None, kind: str = "AccessToken") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens(client_id or self.client_id)[kind]}"}

    def authorizer(self, *clients: str) -> dict[str, Any]:
        allowed = list(clients or (self.client_id,))
        return {"customJWTAuthorizer": {"discoveryUrl": self.discovery_url, "allowedClients": allowed}}


def make_role(iam: Any, arn: str = ROLE, trust: Any = TRUST) -> str:
    """An execution role that the service may assume."""
    iam.create_role(RoleName=arn.rsplit("/", 1)[1], AssumeRolePolicyDocument=json.dumps(trust))
    return arn


def make_people(idp: Any) -> People:
    pool = idp.create_user_pool(PoolName="callers")["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    ids = [
        idp.create_user_pool_client(UserPoolId=pool, ClientName=name, ExplicitAuthFlows=flows)["UserPoolClient"][
            "ClientId"
        ]
        for name in ("insider", "outsider")
    ]
    idp.admin_create_user(UserPoolId=pool, Username="anna", MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool, Username="anna", Password=PASSWORD, Permanent=True)
    url = f"{ISSUER_BASE}/{pool}/.well-known/openid-configuration"
    assert re.fullmatch(r"https://\S+", url)
    return People(url, ids[0], ids[1], idp)
