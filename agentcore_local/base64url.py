"""Base64url as JOSE spells it (RFC 7515 section 2), in its one canonical spelling."""

from __future__ import annotations

import binascii

# To the alphabet that the decoder knows; what only that one knows, padding too, becomes a character that none knows.
_TO_PLAIN = bytes.maketrans(b"-_+/=", b"+/!!!")
# By the number of characters beyond whole groups of four: what fills the group up, and the last characters that
# leave no bit behind.
_GROUPS = (
    (b"", None),
    None,
    (b"==", frozenset("AQgw")),
    (b"=", frozenset("AEIMQUYcgkosw048")),
)


class NotBase64Url(ValueError):
    """The text is not unpadded canonical base64url."""


def decode(text: str) -> bytes:
    """Decode at least one byte. Padding, white space, other alphabets and spare bits raise NotBase64Url."""
    group = _GROUPS[len(text) % 4]
    if not text or group is None:
        raise NotBase64Url("not base64url")
    padding, last = group
    if last is not None and text[-1] not in last:
        raise NotBase64Url("not base64url")
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(_TO_PLAIN) + padding, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise NotBase64Url("not base64url") from None
