import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from agentcore_local.process import Launch
from agentcore_local.roles import NoCredentials, Roles
from agentcore_local.store import runtime_arn
from agentcore_local.vault import Vault

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agent"
ARN = runtime_arn("us-east-1", ACCOUNT, "a-0123456789")
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TRUST = {
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
    }
}


class Aws:
    """IAM, STS and identity pools of an account with one role; counts what it hands out."""

    def __init__(self, *, denies: bool = False, breaks: bool = False) -> None:
        self.now, self.denies, self.breaks, self.trust = START, denies, breaks, json.dumps(TRUST)
        self.given = 0
        self.pools = ["agentcore_local_left", "someone_elses"]

    def __call__(self, service: str) -> "Aws":
        return self

    def get_role(self, RoleName: str) -> Any:
        return {"Role": {"Arn": ROLE, "AssumeRolePolicyDocument": json.loads(self.trust)}}

    def assume_role(self, **_: Any) -> Any:
        if self.breaks:
            raise OSError("gone")
        if self.denies:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")
        return {"Credentials": self._credentials() | {"SecretAccessKey": "secret-of-role"}}

    def list_identity_pools(self, **_: Any) -> Any:
        return {"IdentityPools": [{"IdentityPoolName": p, "IdentityPoolId": p} for p in self.pools]}

    def create_identity_pool(self, IdentityPoolName: str, **_: Any) -> Any:
        self.pools.append(IdentityPoolName)
        return {"IdentityPoolId": IdentityPoolName}

    def delete_identity_pool(self, IdentityPoolId: str) -> None:
        self.pools.remove(IdentityPoolId)

    def set_identity_pool_roles(self, **_: Any) -> None:
        pass

    def get_id(self, **_: Any) -> Any:
        return {"IdentityId": "i"}

    def get_credentials_for_identity(self, **_: Any) -> Any:
        return {"Credentials": self._credentials() | {"SecretKey": "secret-of-role"}}

    def _credentials(self) -> dict[str, Any]:
        self.given += 1
        return {
            "AccessKeyId": f"ASIA{self.given}",
            "SessionToken": "token",
            "Expiration": self.now + timedelta(hours=1),
        }


def roles(aws: Aws) -> Roles:
    return Roles(aws, ACCOUNT, lambda: aws.now.timestamp())


def test_credentials_are_kept_until_shortly_before_their_end() -> None:
    aws = Aws()
    kept = roles(aws)

    async def keys() -> list[str]:
        out = []
        for minutes in (0, 39, 41):
            aws.now = START + timedelta(minutes=minutes)
            out.append((await kept.session(ROLE, ARN)).key)
        return out

    assert asyncio.run(keys()) == ["ASIA1", "ASIA1", "ASIA2"]


def test_an_identity_pool_lives_for_one_session_and_none_is_left() -> None:
    aws = Aws(denies=True)
    session = asyncio.run(roles(aws).session(ROLE, ARN))
    assert (session.key, aws.pools) == ("ASIA1", ["someone_elses"])


def test_the_text_of_a_session_shows_no_secret() -> None:
    session = asyncio.run(roles(Aws()).session(ROLE, ARN))
    assert "secret-of-role" not in f"{session!r}{session}"
    assert session.document()["Expiration"] == "2026-11-23T13:00:00Z"


def test_a_role_that_cannot_be_assumed_gives_nothing() -> None:
    for aws in (Aws(breaks=True), Aws()):
        if not aws.breaks:
            aws.trust = '{"Statement": []}'
        with pytest.raises(NoCredentials):
            asyncio.run(roles(aws).session(ROLE, ARN))


class Caller:
    """Calls the endpoint as ASGI."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def get(self, *headers: tuple[bytes, bytes], method: str = "GET", path: bytes = b"/credentials") -> tuple[int, Any]:
        sent: list[Any] = []
        scope = {"type": "http", "http_version": "1.1", "method": method, "raw_path": path, "query_string": b""}
        scope["headers"] = [(b"host", b"127.0.0.1"), *headers]

        async def receive() -> Any:
            raise AssertionError("the body is not read")

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self._vault(scope, receive, send))
        return sent[0]["status"], json.loads(sent[1]["body"])


def launch(tmp_path: Any, version: int = 1) -> Launch:
    return Launch(("a-0123456789", version), tmp_path, "main.py", {}, tmp_path / "log", role=ROLE)


def test_only_the_newest_token_of_a_living_agent_opens(tmp_path: Any) -> None:
    vault = Vault(roles(Aws()), lambda i: ARN, "http://127.0.0.1:1", "http://127.0.0.1:2", lambda *_, **__: None)
    vault.lives = lambda _: True
    first = vault.variables(launch(tmp_path))["AWS_CONTAINER_AUTHORIZATION_TOKEN"].encode()
    second = vault.variables(launch(tmp_path))["AWS_CONTAINER_AUTHORIZATION_TOKEN"].encode()
    caller = Caller(vault)
    assert caller.get((b"authorization", first))[0] == 401
    status, document = caller.get((b"authorization", second))
    assert (status, document["RoleArn"], document["AccessKeyId"]) == (200, ROLE, "ASIA1")
    assert caller.get()[0] == 401
    assert caller.get((b"authorization", second), (b"authorization", second))[0] == 400
    assert caller.get((b"authorization", second), path=b"/credentials/")[0] == 404
    vault.lives = lambda _: False
    assert caller.get((b"authorization", second))[0] == 401


def test_agents_that_start_together_each_keep_their_token(tmp_path: Any) -> None:
    there: set[Any] = set()
    vault = Vault(roles(Aws()), lambda i: ARN, "http://h", "http://h", lambda *_, **__: None)
    vault.lives = lambda key: key in there
    launches = [launch(tmp_path, version) for version in (1, 2)]
    tokens = [vault.variables(one)["AWS_CONTAINER_AUTHORIZATION_TOKEN"].encode() for one in launches]
    there |= {one.key for one in launches}
    assert [Caller(vault).get((b"authorization", token))[0] for token in tokens] == [200, 200]


def test_the_tokens_of_the_dead_are_forgotten(tmp_path: Any) -> None:
    now = [0.0]
    vault = Vault(roles(Aws()), lambda i: ARN, "http://h", "http://h", lambda *_, **__: None, clock=lambda: now[0])
    token = vault.variables(launch(tmp_path))["AWS_CONTAINER_AUTHORIZATION_TOKEN"].encode()
    now[0] = 121.0
    vault.variables(launch(tmp_path, 2))
    vault.lives = lambda _: True
    assert Caller(vault).get((b"authorization", token))[0] == 401


def test_an_agent_whose_role_is_gone_is_told_so_without_details(tmp_path: Any) -> None:
    noted: list[str] = []
    vault = Vault(roles(Aws(breaks=True)), lambda i: ARN, "http://h", "http://h", lambda e, **_: noted.append(e))
    vault.lives = lambda _: True
    token = vault.variables(launch(tmp_path))["AWS_CONTAINER_AUTHORIZATION_TOKEN"].encode()
    status, document = Caller(vault).get((b"authorization", token))
    assert (status, document["code"], noted) == (403, "AccessDenied", ["no_credentials"])
