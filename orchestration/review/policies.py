"""IAM policy documents: what one allows that another did not, statement by statement.

The comparison follows the syntax alone: it may call a change a widening where some other policy already allowed the
same, and never stays silent about one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from orchestration.review.values import mapping, texts

NOT = "anything but "


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key, e.g. StringEquals aws:SourceAccount [111122223333]."""

    operator: str
    key: str
    values: frozenset[str]

    def __str__(self) -> str:
        return f"{self.operator} {self.key} {', '.join(sorted(self.values))}"

    @property
    def place(self) -> tuple[str, str]:
        return self.operator, self.key.lower()

    def holds_whenever(self, other: Condition) -> bool:
        """Whether every request that satisfies `other` satisfies this one, both being on the same key."""
        if "Not" in self.operator:
            return self.values <= other.values
        return all(any(covers(mine, theirs) for mine in self.values) for theirs in other.values)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Elements written as NotAction and the like begin with NOT; an absent element is empty."""

    name: str
    allows: bool
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def grants(self) -> Iterator[Grant]:
        for principal, action, resource in product(self.principals or ("",), self.actions, self.resources or ("",)):
            yield Grant(principal, action, resource, self.conditions)


@dataclass(frozen=True, slots=True)
class Grant:
    """One principal, one action, one resource of a statement."""

    principal: str
    action: str
    resource: str
    conditions: tuple[Condition, ...]

    def covers(self, other: Grant) -> bool:
        return (
            self.principal in ("*", "AWS:*", other.principal)
            and covers(self.action.lower(), other.action.lower())
            and covers(self.resource, other.resource)
            and all(any(c.place == o.place and c.holds_whenever(o) for o in other.conditions) for c in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Gain:
    """What one document permits that the other does not: `kind` of element of a statement, and its value.

    `actions` are all those of the statement.
    """

    statement: str
    kind: str
    value: str
    actions: tuple[str, ...]


def covers(pattern: str, text: str) -> bool:
    """Whether all that `text` can mean, `pattern` means too. A wildcard in text is met by a wildcard alone."""
    if pattern.startswith(NOT) or text.startswith(NOT):
        return pattern in (text, "*")
    p = t = mark = 0
    star = -1
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, mark, p = p, t, p + 1
        elif p < len(pattern) and text[t] != "*" and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            p, mark = star + 1, mark + 1
            t = mark
        else:
            return False
    return all(c == "*" for c in pattern[p:])


def parse_policy(document: Any) -> tuple[Statement, ...] | None:
    """The statements of a policy's text; None if it is none or cannot be read."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return None
    if not isinstance(parsed, Mapping):
        return None
    raw = parsed.get("Statement", [])
    entries = raw if isinstance(raw, list) else [raw]
    if not all(isinstance(entry, Mapping) for entry in entries):
        return None
    return tuple(_statement(entry, number) for number, entry in enumerate(entries, 1))


def gains(before: Sequence[Statement], after: Sequence[Statement]) -> tuple[Gain, ...]:
    """What `after` permits that `before` did not; swap the two to learn what was taken away."""
    found: list[Gain] = []
    allowed = [grant for statement in before if statement.allows for grant in statement.grants()]
    denied = [grant for statement in after if not statement.allows for grant in statement.grants()]
    for statement in after:
        if statement.allows and _uncovered(statement, allowed):
            found += _differences(_twin(statement, before), statement)
    for statement in before:
        if not statement.allows and _uncovered(statement, denied):
            found.append(Gain(statement.name, "deny", describe(statement), statement.actions))
    return tuple(found)


def describe(statement: Statement) -> str:
    words = ", ".join(statement.actions)
    words += f" on {', '.join(statement.resources)}" if statement.resources else ""
    words += f" for {', '.join(statement.principals)}" if statement.principals else ""
    return words + (f" if {' and '.join(map(str, statement.conditions))}" if statement.conditions else "")


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


def _uncovered(statement: Statement, grants: Iterable[Grant]) -> bool:
    held = list(grants)
    return any(not any(other.covers(grant) for other in held) for grant in statement.grants())


def _twin(statement: Statement, others: Sequence[Statement]) -> Statement | None:
    return next((o for o in others if o.name == statement.name and o.allows == statement.allows), None)


def _differences(old: Statement | None, new: Statement) -> Iterator[Gain]:
    """Element by element; the statement as a whole where it has no former self, or no element shows the difference."""
    if old is None:
        yield Gain(new.name, "statement", describe(new), new.actions)
        return
    found = [
        Gain(new.name, kind, value, new.actions)
        for kind, mine, theirs in (
            ("action", new.actions, old.actions),
            ("resource", new.resources, old.resources),
            ("principal", new.principals, old.principals),
        )
        for value in mine
        if not any(covers(other, value) for other in theirs)
    ]
    for condition in old.conditions:
        now = next((c for c in new.conditions if c.place == condition.place), None)
        if now is None:
            found.append(Gain(new.name, "condition", str(condition), new.actions))
        elif not condition.holds_whenever(now):
            values = f"{condition} -> {', '.join(sorted(now.values))}"
            found.append(Gain(new.name, "condition values", values, new.actions))
    yield from found or [Gain(new.name, "statement", describe(new), new.actions)]
