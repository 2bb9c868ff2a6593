"""What a signature claims (AWS Signature Version 4), and its proof where the secret is known here.

That is the root key of the embedded cloud, recomputed with botocore's own signer. Other keys are proved by the
emulator, which holds their secrets. The short-cuts that the emulator itself would accept (the key "test", any
12-digit key) are nobody here.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from agentcore_local.edge import Head
from agentcore_local.wire import Refused

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "bedrock-agentcore"  # signing name of both planes (botocore model: signingName)
MAX_SKEW_S = 15 * 60
_STAMP = "%Y%m%dT%H%M%SZ"
_AUTH = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/,\s]{1,128})/(?P<date>\d{8})/(?P<region>[a-z0-9-]{1,64})"
    r"/(?P<service>[a-z0-9-]{1,64})/aws4_request,\s*SignedHeaders=(?P<signed>[a-z0-9;_-]{1,4096}),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


def is_bypass_key(key: str) -> bool:
    """Keys that the emulator takes for root without looking at the signature."""
    return key == "test" or re.fullmatch(r"\d{12}", key) is not None


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature that is well-formed and fresh; not yet verified. root: it names the root key."""

    key: str
    root: bool
    signed: tuple[str, ...]
    stamp: str
    signature: str


class _Verifier(SigV4Auth):  # type: ignore[misc]  # botocore has no type information
    """botocore's signer, told by the caller which headers were signed instead of choosing them itself."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers


class Callers:
    """Reads what signatures claim and verifies those made with the root key. now is Unix seconds."""

    def __init__(self, access_key: str, secret_key: str, region: str) -> None:
        if not access_key or not secret_key or is_bypass_key(access_key):
            raise ValueError("the root access key must be set and must not be one of the emulator's short-cuts")
        self._key, self._region = access_key, region
        self._signer = _Verifier(Credentials(access_key, secret_key), SERVICE, region)

    def claim(self, head: Head, now: float) -> Claim:
        """Check all that needs no body: form, key, scope, clock. Raises Refused."""
        header = head.one("authorization")
        if not header:
            raise Refused("missing_authentication")
        match = _AUTH.fullmatch(header.strip())
        if match is None:
            raise Refused("incomplete_signature", detail="Authorization header is not a complete AWS4 signature")
        root = match["key"] == self._key
        if is_bypass_key(match["key"]) or (root and head.every("x-amz-security-token")):
            raise Refused("unknown_access_key")
        signed = tuple(match["signed"].split(";"))
        unsigned = {n for n, _ in head.headers if n.startswith("x-amz-")} - set(signed)
        if "host" not in signed or unsigned:
            raise Refused("incomplete_signature", detail="host and every x-amz- header must be signed")
        if any(not head.every(n) for n in signed) or len(set(signed)) != len(signed):
            raise Refused("incomplete_signature", detail="SignedHeaders names a header that was not sent")
        stamp = head.one("x-amz-date") or ""
        self._check_scope(match["date"], match["region"], match["service"], stamp)
        _check_clock(stamp, now)
        return Claim(match["key"], root, signed, stamp, match["signature"])

    def verify(self, head: Head, claim: Claim, body_sha256: str) -> None:
        """Recompute the root key's signature over the request as received. Raises Refused."""
        check_body(head, body_sha256)
        if not claim.root:
            raise Refused("unknown_access_key")
        headers = HTTPHeaders()
        for name in claim.signed:
            for value in head.every(name):
                headers.add_header(name, value)
        url = "http://signed.invalid" + head.raw_path.decode("latin-1")
        if head.query:
            url += "?" + head.query.decode("latin-1")
        request = AWSRequest(method=head.method, url=url)
        request.headers = headers
        request.context["timestamp"] = claim.stamp
        # The hash comes from the body; botocore would believe the request's own header, the last line here.
        canonical = self._signer.canonical_request(request).rsplit("\n", 1)[0] + "\n" + body_sha256
        expected = self._signer.signature(self._signer.string_to_sign(request, canonical), request)
        if not hmac.compare_digest(expected, claim.signature):
            raise Refused("bad_signature_v4")

    def _check_scope(self, date: str, region: str, service: str, stamp: str) -> None:
        if service != SERVICE:
            raise Refused("wrong_scope", detail=f"correct service: '{SERVICE}'")
        if region != self._region:
            raise Refused("wrong_scope", detail=f"a valid region, not '{region}'")
        if not stamp.startswith(date):
            raise Refused("wrong_scope", detail="the day of X-Amz-Date")


def check_body(head: Head, body_sha256: str) -> None:
    """A declared hash must be that of the body which arrived; UNSIGNED-PAYLOAD is none. Raises Refused."""
    declared = head.one("x-amz-content-sha256")
    if declared is not None and not hmac.compare_digest(declared.encode("utf-8"), body_sha256.encode()):
        raise Refused("bad_signature_v4", log_reason="body_hash_mismatch")


def _check_clock(stamp: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Refused("incomplete_signature", detail="X-Amz-Date is missing or malformed") from None
    if abs(now - signed_at) <= MAX_SKEW_S:
        return
    current = datetime.fromtimestamp(now, UTC).strftime(_STAMP)
    edge = now - MAX_SKEW_S if signed_at < now else now + MAX_SKEW_S
    limit = datetime.fromtimestamp(edge, UTC).strftime(_STAMP)
    if signed_at < now:
        detail = f"Signature expired: {stamp} is now earlier than {limit} ({current} - 15 min.)"
    else:
        detail = f"Signature not yet current: {stamp} is still later than {limit} ({current} + 15 min.)"
    raise Refused("clock_skew", detail=detail)
