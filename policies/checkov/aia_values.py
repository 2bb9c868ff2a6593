"""Reads what checkov makes of a plan: every argument wrapped in a list, JSON policies parsed. No check is in here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def one(value: Any) -> Any:
    """A value without the list that checkov puts around it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def many(value: Any) -> list[Any]:
    """Members of a list argument, wrapped once, twice or not at all."""
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if value is None or value == [None]:
        return []
    return value if isinstance(value, list) else [value]


def names(value: Any) -> list[str]:
    """Keys of a map, without the line numbers that checkov puts beside them; the members of a list."""
    given = one(value)
    if isinstance(given, dict):
        return [key for key in given if not key.startswith("__") and key not in ("start_line", "end_line")]
    return [str(item) for item in many(value)]


def inside(conf: Any, *path: str) -> Any:
    """The argument at a path of blocks; None where one is missing."""
    for name in path:
        block = one(conf)
        if not isinstance(block, dict):
            return None
        conf = block.get(name)
    return conf


def statements(conf: dict[str, Any], argument: str) -> Iterator[dict[str, Any]]:
    """The statements of a policy; none while it is unknown."""
    document = one(conf.get(argument))
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return
    if not isinstance(document, dict):
        return
    for statement in _listed(document.get("Statement")):
        if isinstance(statement, dict):
            yield statement


def texts(statement: dict[str, Any], name: str) -> list[str]:
    return [str(item) for item in _listed(statement.get(name))]


def principals(statement: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, value); a bare "*" has the kind AWS."""
    given = statement.get("Principal")
    if isinstance(given, dict):
        return [(kind, str(item)) for kind, items in given.items() for item in _listed(items)]
    return [("AWS", str(item)) for item in _listed(given)]


def condition_keys(statement: dict[str, Any]) -> dict[str, list[str]]:
    """Condition key in lower case -> its values."""
    keys: dict[str, list[str]] = {}
    for operands in (statement.get("Condition") or {}).values():
        for key, values in operands.items():
            keys.setdefault(key.lower(), []).extend(str(value).lower() for value in _listed(values))
    return keys


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
