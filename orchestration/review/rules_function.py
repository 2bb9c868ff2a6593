"""Rules on who may call a function past the gateway that stands before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.review.bounds import vague
from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.masking import Unseen
from orchestration.review.reading import Reading
from orchestration.review.values import texts

# Any of them confines a permission (Lambda API: AddPermission).
SOURCES = ("principal_org_id", "source_account", "source_arn")


def _open_url(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_lambda_function_url"):
        if values.get("authorization_type") == "NONE":
            yield address, "authorization_type is NONE: whoever knows the URL calls the function, without any token"


def _open_permission(reading: Reading) -> Iterator[Hit]:
    for address, values in reading.plan.after("aws_lambda_permission"):
        if values.get("principal") == "*" and not any(_confines(values, name) for name in SOURCES):
            yield address, f"everybody may {values.get('action')}: no source is demanded that names anybody"


def _confines(values: Mapping[str, Any], name: str) -> bool:
    given = values.get(name)
    return isinstance(given, Unseen) or any(text and not vague(text) for text in texts(given))


RULES = (
    Rule(
        "AIA097",
        Severity.CRITICAL,
        "Function's URL open to everybody",
        "take the URL away: the gateway invokes the function by its ARN; or set authorization_type = AWS_IAM",
        _open_url,
    ),
    Rule(
        "AIA098",
        Severity.CRITICAL,
        "Function that everybody may call",
        "name the principal, or demand source_arn, source_account or principal_org_id",
        _open_permission,
    ),
)
