"""Keeps what was sent as a credential out of what is shown of an answer: an agent may echo it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestration.checks.request import Request

HIDDEN = "<token>"
MAX_SHOWN = 500
# As many characters of a credential as may come back by chance.
GRAM = 12
_CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "x-amz-security-token"})
_SIGV4 = re.compile(r"AWS4-HMAC-SHA256.*Signature=([0-9a-f]+)", re.S)
_IN_URL = re.compile(r"access_token=([^&]*)")
_IN_TRAILER = re.compile(rb"\r\nAuthorization: ([^\r\n]*)", re.I)
_WORD = re.compile(rf"[A-Za-z0-9_+/=-]{{{GRAM},}}")
_PARTS = re.compile(r"[^A-Za-z0-9_+/=-]+")
# The Base64 of `{"`, with which every part of a token that is JSON begins.
_LIKE_A_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*")


def masked(text: str, request: Request) -> str:
    """The text on one line, bounded, without any piece of what `request` was sent with nor what looks like a token.

    What no reader sees is left out first: it could move a terminal's cursor, or stand between the letters of a token.
    """
    line = _printable(text[: 4 * MAX_SHOWN])
    grams = {part[i : i + GRAM] for part in _credentials(request) for i in range(len(part) - GRAM + 1)}
    plain = _LIKE_A_JWT.sub(HIDDEN, _WORD.sub(lambda match: _without(match[0], grams), line))
    return plain if len(plain) <= MAX_SHOWN else f"{plain[:MAX_SHOWN]}..."


def without_tokens(text: str) -> str:
    """The text on one line without what no reader sees and without what looks like a token."""
    return _LIKE_A_JWT.sub(HIDDEN, _printable(text))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)


def _credentials(request: Request) -> Iterator[str]:
    """The parts of every credential, without words such as a scheme. Of a signed call only what is secret."""
    values = [value for name, value in request.headers if name.lower() in _CREDENTIAL_HEADERS]
    values += _IN_URL.findall(request.target)
    values += [found.decode("latin-1") for found in _IN_TRAILER.findall(request.body)]
    for value in values:
        signed = _SIGV4.match(value)
        yield from (part for part in _PARTS.split(signed[1] if signed else value) if len(part) >= GRAM)


def _without(word: str, grams: set[str]) -> str:
    """The word with each run of pieces of a credential replaced."""
    told = [False] * len(word)
    for i in range(len(word) - GRAM + 1):
        if word[i : i + GRAM] in grams:
            told[i : i + GRAM] = [True] * GRAM
    pieces = "".join("\0" if hidden else letter for letter, hidden in zip(word, told, strict=True))
    return re.sub("\0+", HIDDEN, pieces)
