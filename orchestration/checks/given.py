"""A token that somebody hands over on stdin, looked at before it is sent. No message holds any part of it. Pure."""

from __future__ import annotations

from collections.abc import Callable

from orchestration.checks.asked import MAX_HEADER_BYTES
from orchestration.checks.forge import parse
from orchestration.errors import BadInput

# Room for the other headers of a call.
MAX_TOKEN = MAX_HEADER_BYTES - 2048


def read_token(readline: Callable[[int], str]) -> str:
    """The first line, as one header value can carry it. Raises BadInput saying what is wrong with its form."""
    try:
        text = readline(2 * MAX_TOKEN).strip()
    except UnicodeDecodeError:
        raise _bad("the token on stdin has other characters than printable ASCII") from None
    if not text:
        raise _bad("no token on stdin")
    if len(text) > MAX_TOKEN:
        raise _bad(f"the token on stdin is longer than {MAX_TOKEN} characters")
    if text.lower().startswith("bearer "):
        raise _bad("the line on stdin begins with the word Bearer")
    if text[0] in "'\"" or text[-1] in "'\"":
        raise _bad("the token on stdin is in quotes")
    if any(character.isspace() for character in text):
        raise _bad("the token on stdin has blanks within")
    if not text.isascii() or not text.isprintable():
        raise _bad("the token on stdin has other characters than printable ASCII")
    return text


def readable(token: str) -> str:
    """The token, for what takes it apart. Raises BadInput unless it is a compact JWT of JSON parts."""
    try:
        parsed = parse(token)
        sound = isinstance(parsed.fields, dict) and isinstance(parsed.claims, dict) and bool(parsed.signature)
    except (ValueError, RecursionError):
        sound = False
    if not sound:
        raise _bad("the token on stdin is no signed JWT: three parts of Base64url with dots between")
    return token


def _bad(message: str) -> BadInput:
    return BadInput(message, remedy="give the token alone, on one line: some-command | invoke ...", code="bad_token")
