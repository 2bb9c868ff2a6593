"""CloudWatch Logs' JSON filter patterns, as far as ours need them: for emulators that take every line for a match.

CloudWatch Logs User Guide: filter and pattern syntax. Known are &&, ||, parentheses, and comparisons `$.a.b = value`
and `!=` with a number or a quoted text that may hold *. Whatever else a pattern has is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

_TOKEN = re.compile(r'\s*(&&|\|\||[()]|\$(?:\.\w+)+|!=|=|"[^"]*"|-?[0-9]+(?:\.[0-9]+)?)')
Matcher = Callable[[Mapping[str, Any]], bool]


def matches(pattern: str, line: str) -> bool:
    """Whether the line is an event that the filter counts. Raises ValueError for a pattern beyond the known part."""
    body = re.fullmatch(r"\s*\{(.*)\}\s*", pattern, re.DOTALL)
    if body is None:
        raise ValueError("not a JSON pattern")
    tokens = _tokens(body[1])
    matcher = _either(tokens)
    if tokens:
        raise ValueError(f"left over: {tokens}")
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and matcher(event)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not known: {text[at:]!r}")
        found.append(match[1])
        at = match.end()
    return found


def _either(tokens: list[str]) -> Matcher:
    parts = [_both(tokens)]
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        parts.append(_both(tokens))
    return lambda event: any(part(event) for part in parts)


def _both(tokens: list[str]) -> Matcher:
    parts = [_one(tokens)]
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        parts.append(_one(tokens))
    return lambda event: all(part(event) for part in parts)


def _one(tokens: list[str]) -> Matcher:
    if tokens[:1] == ["("]:
        tokens.pop(0)
        inner = _either(tokens)
        if tokens[:1] != [")"]:
            raise ValueError("a parenthesis is not closed")
        tokens.pop(0)
        return inner
    if len(tokens) < 3 or not tokens[0].startswith("$.") or tokens[1] not in ("=", "!="):
        raise ValueError(f"no comparison: {tokens[:3]}")
    path, operator, wanted = (tokens.pop(0) for _ in range(3))
    return lambda event: _compare(event, path.split(".")[1:], wanted) == (operator == "=")


def _compare(event: Mapping[str, Any], path: list[str], wanted: str) -> bool:
    value: Any = event
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if wanted.startswith('"'):
        return isinstance(value, str) and fnmatchcase(value, wanted[1:-1].replace("[", "[[]"))
    return isinstance(value, int | float) and not isinstance(value, bool) and value == float(wanted)
