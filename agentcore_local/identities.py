"""Whose key signed a request, as the emulator says: it alone holds the secrets of users and role sessions.

The emulator is given the caller's own signed request with one header more, which makes it an operation on a queue
that nobody may use. It verifies signature, session token, key status and expiry, and its refusal then names
the caller. Nothing is changed by it, and the body is not sent along: its hash stands for it.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import yarl

from agentcore_local.callers import Claim, check_body
from agentcore_local.edge import Head
from agentcore_local.wire import Refused

QUEUE = "agentcore-local-callers"
# Few clients sign Content-Length; a body of that length is made up and sent to the emulator before the caller is known.
MAX_SIGNED_LENGTH = 1_048_576
TIMEOUT_S = 10.0
MAX_ANSWER = 64 * 1024
_PATHS = re.compile(rb"/(?:runtimes|tags|resourcepolicy|gateways|identities)/[\x21-\x7e]*")
# Another name could be a virtual host of the emulator, and its answer another one's words.
_HOSTS = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.ASCII)
_METHODS = ("GET", "POST", "PUT", "DELETE")
_NAMED = re.compile(r"User: (arn:aws:(?:iam|sts)::[0-9]{12}:[\x21-\x7e]+) is not authorized to perform: sqs:", re.ASCII)
_UNPROVED = {
    "SignatureDoesNotMatch": "bad_signature_v4",
    "InvalidSignatureException": "bad_signature_v4",
    "IncompleteSignature": "incomplete_signature",
    "IncompleteSignatureException": "incomplete_signature",
    "InvalidClientTokenId": "unknown_access_key",
    "UnrecognizedClientException": "unknown_access_key",
    "InvalidToken": "unknown_access_key",
    "InvalidSecurity": "unknown_access_key",
    "ExpiredToken": "expired_session",
    "ExpiredTokenException": "expired_session",
    "RequestTimeTooSkewed": "clock_skew",
    "RequestExpired": "clock_skew",
}


class Identities:
    """Asks the emulator at base_url. Whoever cannot be named is refused."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, queues: Callable[[], Any], region: str, account: str
    ) -> None:
        """queues() is boto3's SQS client, signed with the root key."""
        self._session, self._base_url, self._queues = session, base_url, queues
        self._arn = f"arn:aws:sqs:{region}:{account}:{QUEUE}"
        self._account, self._url = account, ""

    async def of(self, head: Head, claim: Claim, body_sha256: str) -> str:
        """The ARN of the IAM user or role session that signed. Raises Refused."""
        check_body(head, body_sha256)
        headers = forwarded(head, claim, body_sha256)
        # The queue is made when it is first needed, and again after the emulator has lost its state.
        for attempt in range(2):
            if not self._url or attempt:
                self._url = await self._make_queue()
            status, answer = await self._ask(head, headers, json.dumps({"QueueUrl": self._url}).encode())
            if status == 403 and (named := _NAMED.match(_text(answer))):
                return self._ours(named[1])
            _refuse_unproved(answer)
        raise Refused("unproved_caller")

    async def confirm(self, head: Head, claim: Claim, body_sha256: str, operation: str) -> bool:
        """Whether the emulator, too, allows a call of a runtime by its ARN, session policies included.

        It has no runtimes of its own: what it allows ends there as not found. Raises Refused when it is unclear.
        """
        headers = [(n, v) for n, v in forwarded(head, claim, body_sha256) if n != "x-amz-target"]
        status, answer = await self._ask(head, [*headers, ("x-amz-target", f"BedrockAgentCore.{operation}")], b"")
        if (status, _kind(answer)) == (404, "ResourceNotFoundException"):
            return True
        if (status, _kind(answer)) == (403, "AccessDeniedException"):
            return False
        _refuse_unproved(answer)
        raise Refused("unproved_caller", log_reason="emulator_unclear")

    def _ours(self, arn: str) -> str:
        kind = arn.split(":", 5)[5].split("/", 1)[0]
        if arn.split(":")[4] != self._account or kind not in ("user", "assumed-role"):
            raise Refused("unknown_access_key", log_reason="unknown_kind_of_caller")
        return arn

    async def _ask(self, head: Head, headers: list[tuple[str, str]], body: bytes) -> tuple[int, Mapping[str, Any]]:
        target = head.raw_path.decode("ascii") + (f"?{head.query.decode('ascii')}" if head.query else "")
        if length := dict(headers).get("content-length"):
            if int(length) > MAX_SIGNED_LENGTH:
                raise Refused("unproved_caller", log_reason="signed_length_too_long")
            body = body.ljust(int(length))  # a signed length must stay true; spaces after JSON mean nothing
            if len(body) != int(length):
                raise Refused("unproved_caller", log_reason="signed_length_too_short")
        limits = aiohttp.ClientTimeout(total=TIMEOUT_S)
        url = yarl.URL(self._base_url + target, encoded=True)
        try:
            async with self._session.request(
                head.method, url, headers=headers, data=body, allow_redirects=False, timeout=limits
            ) as reply:
                raw = await reply.content.read(MAX_ANSWER)
                return reply.status, _document(raw)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as e:
            raise Refused("unproved_caller", log_reason="emulator_unreachable") from e

    async def _make_queue(self) -> str:
        deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": self._arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})

        def create() -> str:
            return str(self._queues().create_queue(QueueName=QUEUE, Attributes={"Policy": policy})["QueueUrl"])

        try:
            return await asyncio.to_thread(create)
        except Exception as e:  # botocore raises many kinds; none of them may let a caller through
            raise Refused("unproved_caller", log_reason="emulator_unreachable") from e


def forwarded(head: Head, claim: Claim, body_sha256: str) -> list[tuple[str, str]]:
    """The headers that the emulator needs to verify the signature. Raises Refused for what it could misread."""
    if head.method not in _METHODS or not _PATHS.fullmatch(head.raw_path) or not head.query.isascii():
        raise Refused("unknown_operation")
    if not _HOSTS.fullmatch(head.one("host") or ""):
        raise Refused("unproved_caller", log_reason="foreign_host")
    if head.every("x-amz-target"):
        raise Refused("unproved_caller", log_reason="caller_sent_target")
    odd = {"transfer-encoding", "connection", "expect", "content-encoding", "upgrade", "te"} & set(claim.signed)
    length = head.one("content-length") if "content-length" in claim.signed else "0"
    if odd or not (length or "").isdigit() or not (length or "").isascii():
        raise Refused("incomplete_signature", detail="A header of the connection must not be signed")
    headers = [(n, v) for n, v in head.headers if n in claim.signed]
    headers += [("authorization", head.one("authorization") or ""), ("x-amz-target", "AmazonSQS.ListQueueTags")]
    if "x-amz-content-sha256" not in claim.signed:
        headers.append(("x-amz-content-sha256", body_sha256))
    if "content-type" not in claim.signed:
        headers.append(("content-type", "application/x-amz-json-1.0"))
    return headers


def _document(raw: bytes) -> Mapping[str, Any]:
    document = json.loads(raw)
    return document if isinstance(document, dict) else {}


def _kind(answer: Mapping[str, Any]) -> str:
    return str(answer.get("__type", "")).rsplit("#", 1)[-1]


def _refuse_unproved(answer: Mapping[str, Any]) -> None:
    if slug := _UNPROVED.get(_kind(answer)):
        raise Refused(slug, detail=_text(answer)[:300])


def _text(answer: Mapping[str, Any]) -> str:
    text = answer.get("message", answer.get("Message", ""))
    return text if isinstance(text, str) else ""
