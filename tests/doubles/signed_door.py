"""The double's reading of a SigV4 signature: the calculation of the AWS General Reference, written out once more."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from tests.doubles.switches import Switch
from tests.doubles.token_door import Refused

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<names>[^,]+), ?Signature=(?P<sum>.+)"
)
MAX_SKEW_S = 300


def _invalid(words: str = "The request signature we calculated does not match the signature you provided.") -> Refused:
    return Refused(403, words, "InvalidSignatureException")


@dataclass(frozen=True, slots=True)
class Signer:
    """A caller with keys. `may` is the runtime that it may invoke, "" for none."""

    secret: str
    token: str | None
    may: str


@dataclass(frozen=True, slots=True)
class Call:
    """What a signature is over."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case; "host" among them."""
    body: bytes


@dataclass(frozen=True, slots=True)
class SignedDoor:
    """Judges signed calls to one runtime."""

    arn: str
    signers: Mapping[str, Signer]
    region: str
    now: int
    wrong: Set[Switch]

    def admit(self, call: Call) -> str:
        """The access key of a caller who may pass. Raises Refused."""
        match = _AUTHORIZATION.fullmatch(call.headers["authorization"])
        if match is None:
            raise Refused(403, "Incomplete signature", "IncompleteSignatureException")
        signer = self.signers.get(match["key"])
        if signer is None:
            if Switch.UNKNOWN_KEY_ADMITTED in self.wrong:
                return match["key"]
            raise self._unknown()
        given = call.headers.get("x-amz-security-token")
        if given != signer.token and not (given is None and Switch.SESSION_TOKEN_OPTIONAL in self.wrong):
            raise self._unknown()
        if Switch.SIGV4_UNCHECKED not in self.wrong:
            self._check(call, match, signer)
        if signer.may != self.arn and Switch.PERMISSIONS_SKIPPED not in self.wrong:
            words = f"User: {match['key']} is not authorized to perform: bedrock-agentcore:InvokeAgentRuntime"
            raise Refused(403, f"{words} on resource: {self.arn}")
        return match["key"]

    def _unknown(self) -> Refused:
        words = "The security token included in the request is invalid."
        return Refused(403, words, "UnrecognizedClientException")

    def _check(self, call: Call, match: re.Match[str], signer: Signer) -> None:
        stamp, scope = call.headers["x-amz-date"], match["scope"]
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        if abs(signed_at - self.now) > MAX_SKEW_S and Switch.SIGV4_CLOCK_IGNORED not in self.wrong:
            raise _invalid("Signature expired")
        own = f"{stamp[:8]}/{self.region}/bedrock-agentcore/aws4_request"
        if scope != own and Switch.SIGV4_SCOPE_IGNORED not in self.wrong:
            raise _invalid("Credential should be scoped to a valid region and service: signature")
        if not hmac.compare_digest(self._signature(call, match, signer.secret), match["sum"]):
            raise _invalid()

    def _signature(self, call: Call, match: re.Match[str], secret: str) -> str:
        path, _, query = call.target.partition("?")
        pairs = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in parse_qsl(query, keep_blank_values=True))
        names = match["names"].split(";")
        canonical = "\n".join(
            [
                call.method,
                quote(path, safe="/~"),
                "&".join(f"{k}={v}" for k, v in pairs),
                *(f"{name}:{' '.join(call.headers[name].split())}" for name in names),
                "",
                match["names"],
                hashlib.sha256(call.body).hexdigest(),
            ]
        )
        stamp, scope = call.headers["x-amz-date"], match["scope"]
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{secret}".encode()
        for word in scope.split("/"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
