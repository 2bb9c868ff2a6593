"""AWS Signature Version 4 over requests as they are on the wire: verified under the names that AWS has, and made anew
for the loopback address that they are handed to (AWS General Reference: Signature Version 4)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/aws4_request, ?SignedHeaders=(?P<signed>[a-z0-9;_-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Key:
    """An access key; `arn` is whom it belongs to."""

    id: str
    secret: str
    token: str | None
    arn: str

    def __repr__(self) -> str:
        return f"Key({self.id}, {self.arn})"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an Authorization header names."""

    key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str


@dataclass(frozen=True, slots=True)
class Wire:
    """One request as it came. `target` is path and query; `body` is decoded from chunks."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def every(self, name: str) -> list[str]:
        return [value for n, value in self.headers if n.lower() == name]

    def one(self, name: str) -> str:
        """Empty where there is none, or more than one."""
        values = self.every(name)
        return values[0] if len(values) == 1 else ""


def scope_of(wire: Wire) -> Scope | None:
    """None for a request that is not signed so."""
    found = AUTHORIZATION.fullmatch(wire.one("authorization").strip())
    if found is None:
        return None
    signed = tuple(found["signed"].split(";"))
    return Scope(found["key"], found["date"], found["region"], found["service"], signed, found["signature"])


def fault(wire: Wire, scope: Scope, key: Key) -> str | None:
    """Why the signature is not this key's over this request; None if it is."""
    if (wire.one("x-amz-security-token") or None) != key.token:
        return "the session token is not the key's"
    declared = wire.one("x-amz-content-sha256")
    if re.fullmatch("[0-9a-f]{64}", declared) and declared != hashlib.sha256(wire.body).hexdigest():
        return "the body's hash is not the one that was signed"
    if "host" not in scope.signed or not all(wire.every(name) for name in scope.signed):
        return "host is not signed, or a signed header was not sent"
    if not hmac.compare_digest(_signature(wire, scope, key), scope.signature):
        return "the signature does not match"
    return None


def signed_anew(wire: Wire, scope: Scope, key: Key) -> Wire:
    """The same request, whose host, target or body were changed, signed with this key in the same scope."""
    dropped = {"authorization"} | ({"x-amz-security-token"} if key.token is None else set())
    headers = [(n, v) for n, v in wire.headers if n.lower() not in dropped]
    if re.fullmatch("[0-9a-f]{64}", wire.one("x-amz-content-sha256")):
        digest = hashlib.sha256(wire.body).hexdigest()
        headers = [(n, digest if n.lower() == "x-amz-content-sha256" else v) for n, v in headers]
    # A length that was signed may have changed with the body.
    signed = tuple(name for name in scope.signed if name not in dropped | {"content-length", "transfer-encoding"})
    scope = Scope(key.id, scope.date, scope.region, scope.service, signed, "")
    new = Wire(wire.method, wire.target, headers, wire.body)
    place = f"{key.id}/{scope.date}/{scope.region}/{scope.service}/aws4_request"
    value = f"AWS4-HMAC-SHA256 Credential={place}, SignedHeaders={';'.join(signed)}, "
    value += f"Signature={_signature(new, scope, key)}"
    return Wire(wire.method, wire.target, [*headers, ("Authorization", value)], wire.body)


def _signature(wire: Wire, scope: Scope, key: Key) -> str:
    path, _, query = wire.target.partition("?")
    # S3 alone signs the path as it is sent.
    canonical_path = path if scope.service == "s3" else quote(path, safe="/~")
    pairs = sorted(_pair(part) for part in query.split("&") if part)
    lines = [wire.method, canonical_path or "/", "&".join(f"{n}={v}" for n, v in pairs)]
    lines += [f"{name}:{','.join(' '.join(v.split()) for v in wire.every(name))}" for name in scope.signed]
    payload = wire.one("x-amz-content-sha256") or hashlib.sha256(wire.body).hexdigest()
    lines += ["", ";".join(scope.signed), payload]
    place = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", wire.one("x-amz-date"), place, digest])
    secret = f"AWS4{key.secret}".encode()
    for word in (scope.date, scope.region, scope.service, "aws4_request", text):
        secret = hmac.new(secret, word.encode(), hashlib.sha256).digest()
    return secret.hex()


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value
