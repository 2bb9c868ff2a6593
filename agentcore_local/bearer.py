"""The Authorization header, read as a bearer token in JWS compact form. Nothing here is trusted yet."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from agentcore_local import base64url
from agentcore_local.jwks import ALGORITHMS, is_key_id
from agentcore_local.strict_json import NotStrictJson, parse_object
from agentcore_local.verdict import Deny, Reason

# Real access tokens are 1 to 4 KiB. Checked before anything is parsed.
MAX_TOKEN_BYTES = 16 * 1024

# What `typ` may say, in any case. Cognito sends none; RFC 7519 section 5.1 and RFC 9068 section 2.1 name
# these. Whether the service looks at it is not known; refusing the rest keeps other kinds of signed
# statements out (RFC 8725 section 3.11).
ACCEPTED_TYPES = frozenset({"jwt", "application/jwt", "at+jwt", "application/at+jwt"})

# Headers that change what the signature covers or how the payload is read. No extension is understood here,
# so any `crit` is refused (RFC 7515 section 4.1.11). `jku`, `jwk`, `x5u` and `x5c` are not listed: they may
# be there and are never read (RFC 8725 section 3.10).
REFUSED_HEADERS = ("crit", "b64", "zip")

_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PARSE_FAILED = "Failed to parse token"


class SignedToken(NamedTuple):
    """A token whose shape is sound. `kid` and `algorithm` are its own claims about itself."""

    kid: str
    algorithm: str
    signing_input: bytes
    payload: bytes
    signature: bytes


def read_bearer(header: str | None) -> SignedToken | Deny:
    """Read the value of the Authorization header as received. Never raises.

    No header or an empty one is a missing token; anything but the Bearer scheme is the wrong scheme; Bearer
    with nothing, or with what is not exactly one compact JWS, is malformed. The scheme's case does not
    matter (RFC 9110 section 11.1), one space separates it from the token.
    """
    if header is None or not header.strip(" \t"):
        return Deny(Reason.MISSING_TOKEN, "Missing Authentication Token")
    if len(header) > MAX_TOKEN_BYTES + len("Bearer "):
        return Deny(Reason.OVERSIZED_TOKEN, f"the token is longer than {MAX_TOKEN_BYTES} bytes")
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer" and not is_bearer(scheme):
        if not _SCHEME.fullmatch(scheme):
            return Deny(Reason.MALFORMED_TOKEN, "the Authorization header names no scheme")
        return Deny(Reason.WRONG_SCHEME, "the Authorization scheme is not Bearer")
    return _read_compact(token)


def is_bearer(scheme: str) -> bool:
    return scheme.isascii() and scheme.lower() == "bearer"


def _read_compact(token: str) -> SignedToken | Deny:
    parts = token.split(".")
    if len(parts) != 3:
        return Deny(Reason.MALFORMED_TOKEN, f"{_PARSE_FAILED}: not three parts")
    try:
        payload, signature = base64url.decode(parts[1]), base64url.decode(parts[2])
    except base64url.NotBase64Url as error:
        return _unreadable(error)
    head = _read_head(parts[0])
    if isinstance(head, Deny):
        return head
    signing_input = token[: token.rindex(".")].encode("ascii")
    return SignedToken(*head, signing_input, payload, signature)


@lru_cache(maxsize=64)
def _read_head(segment: str) -> tuple[str, str] | Deny:
    """Key id and algorithm. All tokens by one key have the same first segment, so few are read anew."""
    try:
        fields = parse_object(base64url.decode(segment))
    except (base64url.NotBase64Url, NotStrictJson) as error:
        return _unreadable(error)
    return _judge_header(fields) or (fields["kid"], fields["alg"])


def _unreadable(error: ValueError) -> Deny:
    return Deny(Reason.MALFORMED_TOKEN, f"{_PARSE_FAILED}: {error}")


def _judge_header(fields: dict[str, Any]) -> Deny | None:
    if refused := [name for name in REFUSED_HEADERS if name in fields]:
        return Deny(Reason.UNSUPPORTED_HEADER, f"the token's header has {refused[0]}, which is not supported")
    kind = fields.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in ACCEPTED_TYPES:
        return Deny(Reason.UNSUPPORTED_HEADER, "the token's typ is not that of a JWT")
    algorithm = fields.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return Deny(Reason.BAD_ALGORITHM, "the token's alg is not an accepted asymmetric algorithm")
    if not is_key_id(fields.get("kid")):
        return Deny(Reason.UNKNOWN_KEY, "the token names no key (kid)")
    return None
