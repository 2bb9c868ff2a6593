"""Strangers' values made fit for people and logs: bounded, escaped, and hidden where they could be a credential."""

from __future__ import annotations

import json
import re

MAX_SHOWN = 160
HIDDEN = "(hidden: it could be a credential)"
# Two dotted base64url words, of which one is long: a token, or a piece of one. Then an AWS secret key's form.
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}|\beyJ[A-Za-z0-9_-]{8,}|[A-Za-z0-9_-]{80,}")
_TOKEN_AND_NEIGHBOURS = re.compile(rf"(?:{_TOKEN_LIKE.pattern})[A-Za-z0-9_.-]*")


def shown_text(text: str) -> str:
    """The text in ASCII on one line, at most MAX_SHOWN characters of it."""
    if _TOKEN_LIKE.search(text):
        return HIDDEN
    escaped = json.dumps(text)[1:-1]
    return escaped if len(escaped) <= MAX_SHOWN else f"{escaped[:MAX_SHOWN]}... ({len(text)} characters)"


def without_credentials(text: str) -> str:
    """The text with whatever could be a credential hidden."""
    return _TOKEN_AND_NEIGHBOURS.sub(HIDDEN, text)


def shown(value: object, *, present: bool = True) -> str:
    """Any JSON value of a claim. Objects and numbers out of range are named by their kind only."""
    if not present:
        return "absent"
    if isinstance(value, str):
        return shown_text(value) or '""'
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return shown_text(", ".join(value)) if value else "an empty list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "a huge number"
    return "a fraction" if isinstance(value, float) else "an object" if isinstance(value, dict) else "a mixed list"
