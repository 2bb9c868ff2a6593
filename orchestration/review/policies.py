"""IAM policy documents: what one allows that another did not, statement by statement.

The comparison follows the syntax alone: it may call a change a widening that the service would not. A text that is not
as IAM's grammar says is not read at all, and whoever asked must say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

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


def gains(before: Sequence[Statement], after: Sequence[Statement]) -> tuple[Gain, ...]:
    """What `after` permits that `before` did not; swap the two to learn what was taken away."""
    return (*allowed_anew(before, after), *denied_no_more(before, after))


def allowed_anew(before: Sequence[Statement], after: Sequence[Statement]) -> Iterator[Gain]:
    """What the statements of `after` allow and none of `before` did."""
    allowed = [statement for statement in before if statement.allows]
    for statement in after:
        if statement.allows and _uncovered(statement, allowed):
            yield from _differences(_twin(statement, before), statement)


def denied_no_more(before: Sequence[Statement], after: Sequence[Statement]) -> Iterator[Gain]:
    denied = [statement for statement in after if not statement.allows]
    for statement in before:
        if not statement.allows and _uncovered(statement, denied):
            yield Gain(statement.name, "deny", describe(statement), statement.actions)


def describe(statement: Statement) -> str:
    words = ", ".join(statement.actions)
    words += f" on {', '.join(statement.resources)}" if statement.resources else ""
    words += f" for {', '.join(statement.principals)}" if statement.principals else ""
    return words + (f" if {' and '.join(map(str, statement.conditions))}" if statement.conditions else "")


def _uncovered(statement: Statement, others: Iterable[Statement]) -> bool:
    """Whether one principal, action and resource of the statement is met by no other statement.

    A statement is the product of its elements, so each is compared once with each, and the products by membership.
    """
    actions = {action.lower() for action in statement.actions}
    elements = set(statement.principals) or {""}, actions, set(statement.resources) or {""}
    boxes = []
    for other in others:
        if all(any(c.place == o.place and c.holds_whenever(o) for o in statement.conditions) for c in other.conditions):
            boxes.append(
                (
                    _met(elements[0], other.principals or ("",), _principal_covers),
                    _met(elements[1], [action.lower() for action in other.actions], covers),
                    _met(elements[2], other.resources or ("",), covers),
                )
            )
    if any(all(mine <= met for mine, met in zip(elements, box, strict=True)) for box in boxes):
        return False
    return any(not any(p in ps and a in as_ and r in rs for ps, as_, rs in boxes) for p, a, r in product(*elements))


def _met(texts: Iterable[str], patterns: Sequence[str], meets: Callable[[str, str], bool]) -> set[str]:
    exact = set(patterns)
    wild = [pattern for pattern in exact if "*" in pattern or "?" in pattern or pattern.startswith(NOT)]
    return {text for text in texts if text in exact or any(meets(pattern, text) for pattern in wild)}


def _principal_covers(pattern: str, principal: str) -> bool:
    return pattern in ("*", "AWS:*", principal)


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
