"""Whether a condition or a resource of a statement bounds it: by what it means, not by its being there."""

from __future__ import annotations

from orchestration.review.policies import Statement, covers

POSITIVE = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
# They hold whatever is asked for, so they narrow no resource.
ROUND_ABOUT = ("aws:currenttime", "aws:multifactorauthpresent", "aws:requestedregion", "aws:securetransport")
# A name that nobody would give: what covers it covers every name.
ANY_NAME = "zzzz-zzzz/zzzz-zzzz"


def bounded(statement: Statement, *keys: str) -> bool:
    """Whether a condition demands a value of one of the keys (in lower case), and no value stands for all."""
    return any(
        condition.key.lower() in keys and _demands(condition.operator) and not any(map(vague, condition.values))
        for condition in statement.conditions
        if condition.values
    )


def narrowed(statement: Statement) -> bool:
    """Whether any condition at all narrows which resources are reached."""
    keys = {condition.key.lower() for condition in statement.conditions} - set(ROUND_ABOUT)
    return bounded(statement, *keys)


def tail(resource: str) -> str:
    """What an ARN names within its account; "*" where the pattern does not even come so far."""
    parts = resource.split(":", 5)
    return parts[5] if len(parts) == 6 else "*" if "*" in resource or "?" in resource else resource


def every(resource: str, kind: str = "") -> bool:
    """Whether a pattern reaches every resource, or every one of a kind (the ARN's word for it, e.g. "role")."""
    return covers(tail(resource), f"{kind}/{ANY_NAME}" if kind else ANY_NAME)


def vague(value: str) -> bool:
    """Whether a condition's value leaves open whom it means: nothing but wildcards, or an ARN of any account."""
    if value.startswith("arn:"):
        parts = value.split(":", 5)
        account = parts[4] if len(parts) > 4 else "*"
        return "*" in account or "?" in account or not any(part.strip("*?/") for part in parts[2:])
    return value.strip("*?:/") in ("", "arn", "repo")


def _demands(operator: str) -> bool:
    """ForAllValues and IfExists hold as well where the key is missing."""
    return operator.lower().removeprefix("foranyvalue:") in POSITIVE
