"""Base64url as JOSE spells it (RFC 7515 section 2), in its one canonical spelling."""

from __future__ import annotations

import base64
import binascii


class NotBase64Url(ValueError):
    """The text is not unpadded canonical base64url."""


def decode(text: str) -> bytes:
    """Decode at least one byte. Padding, white space, other alphabets and spare bits raise NotBase64Url."""
    try:
        raw = text.encode("ascii")
        decoded = base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise NotBase64Url("not base64url") from None
    # The library skips foreign characters and ignores spare bits; writing it back shows both.
    if not raw or base64.urlsafe_b64encode(decoded).rstrip(b"=") != raw:
        raise NotBase64Url("not base64url")
    return decoded
