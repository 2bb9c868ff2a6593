"""Lambda functions of the embedded cloud, called as the gateway's role and with nothing else's rights."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import yarl
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from agentcore_local.roles import NoCredentials, Roles, Session

TIMEOUT_S = 300.0  # AgentCore devguide: bedrock-agentcore-limits (gateway invocation timeout, 5 min)
MAX_ANSWER = 6 * 1024 * 1024  # AWS Lambda quotas: synchronous payload
_ARN = re.compile(r"arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:(?P<name>[^:]+)(?::(?P<qualifier>.+))?", re.ASCII)
# AWS's own lines name the request; the emulator's tail has the function's lines alone, which may name it.
_REQUEST = re.compile(r'(?:RequestId: |"request": ")([0-9a-f-]{36})', re.ASCII)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call. slug is ok or the kind of failure; detail is for the operator, text is what to hand on."""

    slug: str
    text: str = ""
    detail: str = ""
    request_id: str | None = None


class Functions:
    """Signs with credentials of the role, which the emulator judges: a role without the permission gets nothing."""

    def __init__(self, session: aiohttp.ClientSession, roles: Roles, base_url: str, region: str) -> None:
        self._session, self._roles, self._base_url, self._region = session, roles, base_url, region

    async def call(
        self,
        role_arn: str,
        gateway_arn: str,
        function_arn: str,
        arguments: Mapping[str, Any],
        context: Mapping[str, Any],
        trace: str | None,
    ) -> Outcome:
        """Invoke and wait. Never raises for what the function or the emulator does."""
        try:
            session = await self._roles.session(role_arn, gateway_arn)
        except NoCredentials:
            return Outcome("access_denied", detail=f"The gateway's role {role_arn} cannot be assumed by the service")
        headers = {"x-amz-invocation-type": "RequestResponse", "x-amz-log-type": "Tail"}
        headers["x-amz-client-context"] = base64.b64encode(json.dumps({"custom": context}).encode()).decode()
        headers["content-type"] = "application/json"
        if trace:
            # AWS X-Ray developer guide: a W3C trace id is the root's, in two parts
            headers["x-amzn-trace-id"] = f"Root=1-{trace[:8]}-{trace[8:]};Sampled=1"
        try:
            return await self._invoke(session, function_arn, json.dumps(arguments).encode(), headers)
        except TimeoutError:
            return Outcome("timeout", detail=f"The function did not answer within {TIMEOUT_S:.0f} s")
        except (aiohttp.ClientError, OSError) as e:
            return Outcome("unreachable", detail=f"The function cannot be reached ({type(e).__name__})")

    async def _invoke(self, session: Session, arn: str, payload: bytes, headers: dict[str, str]) -> Outcome:
        url = self._base_url + _path(arn)
        request = AWSRequest("POST", url, headers=headers, data=payload)
        signer = SigV4Auth(Credentials(session.key, session.secret, session.token), "lambda", self._region)
        signer.add_auth(request)
        limits = aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=5)
        options: dict[str, Any] = {"headers": dict(request.headers), "timeout": limits, "allow_redirects": False}
        async with self._session.post(yarl.URL(url, encoded=True), data=payload, **options) as reply:
            raw = await reply.content.read(MAX_ANSWER + 1)
            while len(raw) <= MAX_ANSWER and (more := await reply.content.read(MAX_ANSWER + 1 - len(raw))):
                raw += more
            if len(raw) > MAX_ANSWER:
                return Outcome("too_large", detail="The function's answer is larger than 6 MB")
            return _outcome(reply.status, reply.headers, raw.decode("utf-8", "replace"), arn)


def _path(arn: str) -> str:
    match = _ARN.fullmatch(arn)
    name, qualifier = (match["name"], match["qualifier"]) if match else (arn, None)
    path = f"/2015-03-31/functions/{quote(name, safe='')}/invocations"
    return f"{path}?Qualifier={quote(qualifier, safe='')}" if qualifier else path


def _outcome(status: int, headers: Mapping[str, str], text: str, arn: str) -> Outcome:
    tail = base64.b64decode(headers.get("X-Amz-Log-Result") or "").decode("utf-8", "replace")
    request_id = (_REQUEST.findall(tail) or [headers.get("x-amzn-requestid")])[-1]
    if status == 403:
        detail = f"Access denied while invoking Lambda function {arn}. Check the permissions of the gateway's role"
        return Outcome("access_denied", detail=detail, request_id=request_id)
    if not 200 <= status < 300:
        return Outcome("unreachable", detail=f"Lambda answered {status} for {arn}", request_id=request_id)
    if headers.get("X-Amz-Function-Error"):
        return Outcome("function_error", detail=f"The function failed: {text[:1000]}", request_id=request_id)
    return Outcome("ok", text, request_id=request_id)
