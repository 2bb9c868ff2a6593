"""JSON objects from strangers, read so that no two parsers could disagree about them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# Neither a token nor a key set nests deeper than a few levels; the bound keeps the parser off the stack's
# end.
MAX_DEPTH = 16

_SPACE = " \t\n\r"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')


class NotStrictJson(ValueError):
    """The bytes are not one unambiguous JSON object. The message never quotes them."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """Parse one JSON object from UTF-8 bytes.

    Refused besides what is no JSON: a byte order mark, duplicate names at any level, NaN and infinities
    (also by overflow, as 1e400), lone surrogates, nesting beyond MAX_DEPTH. Raises NotStrictJson.
    """
    try:
        text = raw.decode("utf-8").strip(_SPACE)
    except UnicodeDecodeError:
        raise NotStrictJson("not UTF-8") from None
    if _depth_exceeded(text):
        raise NotStrictJson("nested too deeply")
    try:
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            raise NotStrictJson("not JSON")
        if "\\" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # an escaped lone surrogate fails here
    except NotStrictJson:
        raise
    except (ValueError, RecursionError):  # JSONDecodeError and UnicodeEncodeError are ValueErrors
        raise NotStrictJson("not JSON") from None
    if not isinstance(value, dict):
        raise NotStrictJson("not a JSON object")
    return value


def _depth_exceeded(text: str) -> bool:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    for mark in _STRING.sub("", text):
        if mark in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif mark in "}]":
            depth -= 1
    return False


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotStrictJson("a name appears twice")
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrictJson("a number is out of range")
    return number


def _refused(_: str) -> Any:
    raise NotStrictJson("a number is not finite")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_float=_finite, parse_constant=_refused)
