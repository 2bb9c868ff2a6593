"""What may be seen of a value: secrets and what only the apply will tell are put out of sight, changes of them told.

The trees beside a value in a plan say so: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from orchestration.review.values import mapping


class Unseen(Enum):
    """What stands for a value that cannot or must not be read."""

    UNKNOWN = "(known after apply)"
    SENSITIVE = "(sensitive)"

    def __str__(self) -> str:
        return self.value


def mask(value: Any, unknown: Any, sensitive: Any) -> Any:
    """The value with Unseen wherever one of the two trees says so. Null and "" stay: they tell no secret."""
    if unknown is True:
        return Unseen.UNKNOWN
    if sensitive is True:
        return Unseen.SENSITIVE if value or unknown else value
    if isinstance(value, Mapping) or (value is None and isinstance(unknown, Mapping) and unknown):
        inside = value or {}
        known, secret = mapping(unknown), mapping(sensitive)
        keys = [*inside, *(key for key in known if key not in inside and known[key])]
        return {key: mask(inside.get(key), known.get(key), secret.get(key)) for key in keys}
    if isinstance(value, list):
        return [mask(item, _item(unknown, i), _item(sensitive, i)) for i, item in enumerate(value)]
    return value


def tree(given: Any, values: Any) -> Mapping[str, Any]:
    """A tree of booleans for a resource; a bare true stands for each of its arguments."""
    return dict.fromkeys(mapping(values), True) if given is True else mapping(given)


def changed(before: Mapping[str, Any], after: Mapping[str, Any], unknown: Mapping[str, Any]) -> frozenset[str]:
    keys = {*before, *after, *unknown}
    return frozenset(key for key in keys if before.get(key) != after.get(key) or says_true(unknown.get(key)))


def hidden(
    before: Mapping[str, Any], after: Mapping[str, Any], then: Mapping[str, Any], now: Mapping[str, Any]
) -> frozenset[str]:
    keys = {*before, *after}
    return frozenset(k for k in keys if _differs_unseen(before.get(k), after.get(k), then.get(k), now.get(k)))


def _differs_unseen(before: Any, after: Any, then: Any, now: Any) -> bool:
    """Whether two values differ in a leaf that is sensitive on either side."""
    if then is True or now is True:
        return bool(before != after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = mapping(then), mapping(now)
        return any(
            _differs_unseen(before.get(key), after.get(key), old.get(key), new.get(key)) for key in {*before, *after}
        )
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return any(_differs_unseen(old, new, _item(then, i), _item(now, i)) for i, (old, new) in pairs)
    return (says_true(then) or says_true(now)) and bool(before != after)


def says_true(tree: Any) -> bool:
    """Whether a tree of booleans, as after_unknown is one, says true anywhere."""
    if isinstance(tree, Mapping):
        return any(map(says_true, tree.values()))
    return any(map(says_true, tree)) if isinstance(tree, list) else tree is True


def _item(tree: Any, index: int) -> Any:
    return tree[index] if isinstance(tree, list) and index < len(tree) else None
