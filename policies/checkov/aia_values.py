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


def statements(conf: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(argument, statement) of every policy in a resource's arguments; none while it is unknown."""
    for path, document in _documents(conf, ""):
        for statement in _listed(document.get("Statement")):
            if isinstance(statement, dict):
                yield path, statement


def _documents(conf: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(conf, list):
        for item in conf:
            yield from _documents(item, path)
    elif isinstance(conf, dict) and "policy" in path and "Statement" in conf:
        yield path, conf
    elif isinstance(conf, dict):
        for name, value in conf.items():
            yield from _documents(value, f"{path}.{name}" if path else str(name))
    elif isinstance(conf, str) and "policy" in path and conf.lstrip().startswith("{"):
        try:
            document = json.loads(conf)
        except ValueError:
            return
        if isinstance(document, dict):
            yield path, document


def texts(statement: dict[str, Any], name: str) -> list[str]:
    return [str(item) for item in _listed(statement.get(name))]


def principals(statement: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, value); a bare "*" has the kind AWS."""
    given = statement.get("Principal")
    if isinstance(given, dict):
        return [(kind, str(item)) for kind, items in given.items() for item in _listed(items)]
    return [("AWS", str(item)) for item in _listed(given)]


def conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """(operator, key, values), the first two in lower case."""
    for operator, operands in (statement.get("Condition") or {}).items():
        for key, values in operands.items():
            if not str(key).startswith("__"):
                texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in _listed(values)]
                yield operator.lower(), key.lower(), texts


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
