"""The execution role of a runtime: whether the service may assume it, and its credentials from the emulator."""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agentcore_local.evaluation import Question, judge, parse
from agentcore_local.wire import Refused

SERVICE = "bedrock-agentcore.amazonaws.com"
LIFETIME_S = 3600
# SDKs renew fifteen minutes before the end at the earliest; what they are given must last longer than that.
RENEW_S = 20 * 60
POOL_PREFIX = "agentcore_local_"
_ROLE = re.compile(r"arn:aws:iam::(?P<account>[0-9]{12}):role/(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]{1,64})", re.ASCII)


class NoCredentials(Exception):
    """The role cannot be assumed now."""


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials of a role. Its text shows none of them."""

    role_arn: str
    key: str
    secret: str
    token: str
    expires: datetime

    def __repr__(self) -> str:
        return f"Session({self.role_arn!r})"

    def document(self) -> dict[str, str]:
        """As container credentials endpoints answer (AWS SDKs and Tools Reference: container credential provider)."""
        return {
            "RoleArn": self.role_arn,
            "AccessKeyId": self.key,
            "SecretAccessKey": self.secret,
            "Token": self.token,
            "Expiration": self.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class Roles:
    """Uses boto3 clients signed with the root key: iam, sts, cognito-identity. clock() is Unix seconds."""

    def __init__(self, clients: Callable[[str], Any], account: str, clock: Callable[[], float]) -> None:
        self._clients, self._account, self._clock = clients, account, clock
        self._sessions: dict[tuple[str, str], Session] = {}
        self._lock = asyncio.Lock()

    async def check(self, role_arn: str, runtime_arn: str) -> None:
        """Refuse a role that is not there or does not trust the service for this runtime (400)."""
        if await asyncio.to_thread(self._trusted, role_arn, runtime_arn):
            return
        message = (
            f"Role validation failed for '{role_arn}'. Please verify that the role exists and its trust policy "
            "allows assumption by this service"
        )
        raise Refused("validation", detail=message, fields=[("roleArn", message)])

    async def session(self, role_arn: str, runtime_arn: str) -> Session:
        """Credentials of the role that last for a while. Raises NoCredentials."""
        async with self._lock:
            # The trust is asked each time: a role that stopped trusting the service gives nothing any more.
            if not await asyncio.to_thread(self._trusted, role_arn, runtime_arn):
                raise NoCredentials
            known = self._sessions.get((role_arn, runtime_arn))
            if known is None or known.expires.timestamp() - self._clock() < RENEW_S:
                known = await asyncio.to_thread(self._assume, role_arn)
                now = self._clock()
                self._sessions = {k: s for k, s in self._sessions.items() if s.expires.timestamp() > now}
                self._sessions[role_arn, runtime_arn] = known
            return known

    def _trusted(self, role_arn: str, runtime_arn: str) -> bool:
        match = _ROLE.fullmatch(role_arn)
        if match is None or match["account"] != self._account:
            return False
        keys = {"aws:sourceaccount": self._account, "aws:sourcearn": runtime_arn}
        try:
            role = self._clients("iam").get_role(RoleName=match["name"])["Role"]
            statements = parse(role["AssumeRolePolicyDocument"], trust=True)
        except Exception:  # botocore raises many kinds, and BadPolicy; a role that cannot be read is no role
            return False
        question = Question("sts:AssumeRole", role_arn, keys)
        return role["Arn"] == role_arn and judge(statements, question, lambda s: SERVICE in s.services) == "allow"

    def _assume(self, role_arn: str) -> Session:
        try:
            return self._by_sts(role_arn)
        except Exception as e:
            if getattr(e, "response", {}).get("Error", {}).get("Code") != "AccessDenied":
                raise NoCredentials from e
        try:
            # The emulator assumes for no service, so it knows no aws:SourceAccount and refuses roles that ask
            # for it. Their trust was judged above; an identity pool gives the same session.
            return self._by_pool(role_arn)
        except Exception as e:
            raise NoCredentials from e

    def _by_sts(self, role_arn: str) -> Session:
        name = f"BedrockAgentCore-{secrets.token_hex(16)}"
        reply = self._clients("sts").assume_role(RoleArn=role_arn, RoleSessionName=name, DurationSeconds=LIFETIME_S)
        c: Mapping[str, Any] = reply["Credentials"]
        return Session(role_arn, c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"], c["Expiration"])

    def _by_pool(self, role_arn: str) -> Session:
        pools = self._clients("cognito-identity")
        for left in pools.list_identity_pools(MaxResults=60)["IdentityPools"]:
            if left["IdentityPoolName"].startswith(POOL_PREFIX):  # by a process that was killed here
                pools.delete_identity_pool(IdentityPoolId=left["IdentityPoolId"])
        name = POOL_PREFIX + secrets.token_hex(16)
        pool = pools.create_identity_pool(IdentityPoolName=name, AllowUnauthenticatedIdentities=True)["IdentityPoolId"]
        try:
            pools.set_identity_pool_roles(IdentityPoolId=pool, Roles={"unauthenticated": role_arn})
            identity = pools.get_id(IdentityPoolId=pool)["IdentityId"]
            c: Mapping[str, Any] = pools.get_credentials_for_identity(IdentityId=identity)["Credentials"]
        finally:
            pools.delete_identity_pool(IdentityPoolId=pool)
        return Session(role_arn, c["AccessKeyId"], c["SecretKey"], c["SessionToken"], c["Expiration"])
