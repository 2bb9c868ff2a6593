"""Which URLs keys may come from."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

# RFC 3986 characters without `@`: user information has no place in a key's address and hides its host.
_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]!$&'()*+,;=%]+")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=[/?]|$)", re.IGNORECASE)


class BadUrl(ValueError):
    """The text is no URL that keys may be fetched from."""


def split_url(url: str) -> SplitResult:
    """Split an absolute http(s) URL. Raises BadUrl for what two parsers could read differently."""
    if not _CHARACTERS.fullmatch(url):
        raise BadUrl("has characters that a URL may not have here")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadUrl("is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadUrl("is not an absolute https URL")
    if _DOT_SEGMENT.search(parts.path):
        raise BadUrl("has dot segments")
    return parts


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine. False for what is no URL."""
    try:
        host = split_url(url).hostname or ""
    except BadUrl:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_fetchable(url: str, *, local: bool) -> None:
    """Refuse a URL unless it is https, or http on loopback where `local` permits that. Raises BadUrl."""
    if split_url(url).scheme == "https" or (local and is_loopback(url)):
        return
    raise BadUrl("is not https")
