"""Whether a condition or a resource of a statement bounds it: by what it means, not by its being there."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from aia_values import conditions

POSITIVE = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
# They hold whatever is asked for, so they narrow no resource.
ROUND_ABOUT = {"aws:currenttime", "aws:multifactorauthpresent", "aws:requestedregion", "aws:securetransport"}
# A name that nobody would give: what matches it matches every name.
ANY_NAME = "zzzz-zzzz/zzzz-zzzz"


def bounding_keys(statement: dict[str, Any]) -> set[str]:
    """Keys of which a value is demanded, none of the values standing for all."""
    return {
        key
        for operator, key, values in conditions(statement)
        if operator.removeprefix("foranyvalue:") in POSITIVE and values and not any(map(vague, values))
    }


def every(resource: str, kind: str = "") -> bool:
    """Whether a pattern reaches every resource, or every one of a kind."""
    parts = resource.split(":", 5)
    tail = parts[5] if len(parts) == 6 else "*" if "*" in resource or "?" in resource else resource
    return fnmatchcase(f"{kind}/{ANY_NAME}" if kind else ANY_NAME, tail.replace("[", "[[]"))


def vague(value: str) -> bool:
    """Nothing but wildcards, or an ARN of any account."""
    if value.startswith("arn:"):
        parts = value.split(":", 5)
        account = parts[4] if len(parts) > 4 else "*"
        return "*" in account or "?" in account or not any(part.strip("*?/") for part in parts[2:])
    return value.strip("*?:/") in ("", "arn", "repo")
