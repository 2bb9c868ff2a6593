"""Reads parts of a document that may be missing or of another shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def entries(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list; a block that the provider writes once is a list of one."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def block(value: Any) -> Mapping[str, Any]:
    """The only, or first, mapping of a list; {} without one."""
    return next(iter(entries(value)), {})


def texts(value: Any) -> tuple[str, ...]:
    """A list's members, or a single value, as text."""
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)


def plain(text: str) -> str:
    """One line without control characters: names and addresses come from whoever wrote the plan."""
    return "".join(c if c.isprintable() else " " for c in text)
