"""A text as its readers may mean it, and a secret as a text may hold it."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import unquote

from orchestration.evidence.matrix import UNREADABLE

MOST_WRAPPINGS = 12
ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
JSON_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|[bfnrt])")
# What a token may be broken up by: blanks, what has no width, and what the page shows in their stead.
BREAKS = re.compile(rf"\s|\ufffd|{UNREADABLE.pattern}")


class WrappedTooOften(Exception):
    """Nobody writes so by chance, and nobody knows what is inside."""


def views(text: str) -> set[str]:
    """The text as it stands and as HTML, a URL, JSON or Markdown mean it, in one another too.

    Raises WrappedTooOften. Each reading only ever shortens, so an end is reached.
    """
    seen = {text}
    for _ in range(MOST_WRAPPINGS):
        seen |= {read(text) for read in READINGS}
        inner = text
        for read in READINGS:
            inner = read(inner)
        if inner == text:
            return seen
        text = inner
        seen.add(text)
    raise WrappedTooOften


def squeezed(text: str) -> str:
    """Without anything that may break up a token."""
    return BREAKS.sub("", text)


def forms(value: str) -> set[str]:
    """The value, as ASCII JSON writes it, in hex, and in base64 wherever it stands in what was encoded."""
    raw = value.encode()
    encoded = {_inside(raw, offset) for offset in range(3)}
    return {
        value,
        json.dumps(value)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        *encoded,
        *(text.translate(URL_SAFE) for text in encoded),
    }


URL_SAFE = str.maketrans("+/", "-_")


def _inside(raw: bytes, offset: int) -> str:
    """Base64 of the value after `offset` other bytes, without the characters that its neighbours have a share in."""
    first, end = -(-offset * 8 // 6), (offset + len(raw)) * 8 // 6
    return b64encode(b"\0" * offset + raw).decode()[first:end]


def _without_json_escapes(text: str) -> str:
    return JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else " ", text)


def _without_backslashes(text: str) -> str:
    return ESCAPED.sub(r"\1", text)


READINGS: tuple[Callable[[str], str], ...] = (html.unescape, unquote, _without_json_escapes, _without_backslashes)
