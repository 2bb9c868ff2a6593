"""Reads the text of an IAM policy, strictly: what is not as the grammar says is not guessed at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestration.review.policies import NOT, Condition, Statement
from orchestration.review.values import mapping, texts

DOCUMENT = frozenset({"Version", "Id", "Statement"})
ELEMENTS = frozenset("Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition".split())
PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


def parse_policy(document: Any) -> tuple[Statement, ...] | None:
    """The statements of a policy's text; None if it is none, or if anything in it is not as IAM's grammar says."""
    try:
        parsed = json.loads(document, object_pairs_hook=_once) if isinstance(document, str) else document
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, Mapping) or "Statement" not in parsed or not set(parsed) <= DOCUMENT:
        return None
    raw = parsed["Statement"]
    entries = raw if isinstance(raw, list) else [raw]
    if not all(_is_statement(entry) for entry in entries):
        return None
    return tuple(_statement(entry, number) for number, entry in enumerate(entries, 1))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name given twice means one thing to a reader and may mean another to the service."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _is_statement(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not set(entry) <= ELEMENTS or entry.get("Effect") not in ("Allow", "Deny"):
        return False
    lists = [entry.get(name) for name in ("Action", "NotAction", "Resource", "NotResource")]
    for principal in (entry.get("Principal"), entry.get("NotPrincipal")):
        if isinstance(principal, Mapping) and not set(principal) <= PRINCIPALS:
            return False
        lists += principal.values() if isinstance(principal, Mapping) else [principal]
    conditions = entry.get("Condition") or {}
    return (
        all(map(_is_texts, lists))
        and isinstance(conditions, Mapping)
        and all(isinstance(keys, Mapping) and all(map(_is_values, keys.values())) for keys in conditions.values())
    )


def _is_texts(value: Any) -> bool:
    return (
        value is None or isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
    )


def _is_values(value: Any) -> bool:
    return all(isinstance(v, str | int | float) for v in (value if isinstance(value, list) else [value]))


def _statement(entry: Mapping[str, Any], number: int) -> Statement:
    conditions = [
        Condition(str(operator), str(key), frozenset(texts(values)))
        for operator, keys in sorted(mapping(entry.get("Condition")).items())
        for key, values in sorted(mapping(keys).items())
    ]
    return Statement(
        name=str(entry.get("Sid") or f"number {number}"),
        allows=entry.get("Effect") != "Deny",
        principals=_principals(entry),
        actions=_element(entry, "Action"),
        resources=_element(entry, "Resource"),
        conditions=tuple(conditions),
    )


def _element(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    inverted = texts(entry.get(f"Not{name}"))
    return (NOT + ", ".join(sorted(inverted)),) if inverted else tuple(sorted(texts(entry.get(name))))


def _principals(entry: Mapping[str, Any]) -> tuple[str, ...]:
    def named(value: Any) -> tuple[str, ...]:
        if isinstance(value, Mapping):
            return tuple(sorted(f"{kind}:{text}" for kind, given in value.items() for text in texts(given)))
        return texts(value)

    inverted = named(entry.get("NotPrincipal"))
    return (NOT + ", ".join(inverted),) if inverted else named(entry.get("Principal"))
