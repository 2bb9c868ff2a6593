"""Requests without what makes them work: enough to see what was sent, nothing that could be sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

SCHEMES = frozenset({"bearer", "basic", "digest", "dpop", "aws4-hmac-sha256"})
# A hash of less could be found again by trying: a password in Basic, a word for a token.
LONG_ENOUGH_TO_HASH = 64
HASHED_SCHEMES = frozenset({"bearer", "aws4-hmac-sha256"})
OPEN_PARAMETERS = frozenset({"qualifier", "accountId"})
URL_CHARACTERS = 600
WITHHELD = "REDACTED"


def document(requests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """requests.json."""
    return {"schema_version": 1, "requests": [redacted(request) for request in requests]}


def redacted(request: Mapping[str, Any]) -> dict[str, Any]:
    """Header names without values; each Authorization header as scheme, length and the start of a SHA-256."""
    headers = [(str(name), str(value)) for name, value in request["headers"]]
    return {
        "case": request["case"],
        "method": request["method"],
        "url": redacted_url(request["url"]),
        "header_names": sorted(name for name, _ in headers),
        "authorization": [_credential(value) for name, value in headers if name.lower() == "authorization"],
        "body_bytes": request["body_bytes"],
    }


def redacted_url(url: str) -> str:
    """Without user, password and fragment; values of query parameters only where they are known to be open."""
    try:
        parts = urlsplit(url)
        query = "&".join(
            f"{quote(name)}={quote(value) if name in OPEN_PARAMETERS else WITHHELD}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
    except ValueError:
        return WITHHELD
    host = parts.netloc.rpartition("@")[2]
    shown = urlunsplit(SplitResult(parts.scheme, host, parts.path, query, ""))
    return shown if len(shown) <= URL_CHARACTERS else f"{shown[:URL_CHARACTERS]}... ({len(shown)} characters)"


def _credential(value: str) -> dict[str, Any]:
    """A scheme that is not known is not shown: it may be a token that was sent without one."""
    scheme, _, credential = value.partition(" ")
    known = scheme if scheme.lower() in SCHEMES else None
    hashed = scheme.lower() in HASHED_SCHEMES and len(credential) >= LONG_ENOUGH_TO_HASH
    return {
        "scheme": known,
        "characters": len(value),
        "sha256_prefix": hashlib.sha256(credential.encode()).hexdigest()[:16] if hashed else None,
    }
