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


def _strangers(reading: Reading) -> Iterator[Hit]:
    """A source that is not known to be ours confines nobody: whoever is there may call."""
    own = reading.plan.account
    for address, values in reading.plan.after("aws_lambda_permission"):
        principal = values.get("principal")
        if isinstance(principal, Unseen):
            yield address, f"nobody sees whom it lets call: {principal}"
            continue
        accounts = {given for name in ("source_account", "source_arn") for given in _accounts(values.get(name))}
        ours = bool(accounts) and accounts <= {own, Unseen.UNKNOWN}
        if principal == "*":
            named = [f"{name} {values[name]}" for name in SOURCES if _confines(values, name)]
            if named and not ours:
                yield address, f"everybody of {', '.join(named)} may {values.get('action')}: not known to be ours"
        elif str(principal).endswith((".amazonaws.com", ".amazonaws.com.cn")):
            if not ours:
                yield address, f"{principal} may {values.get('action')} for any account: no source of ours is demanded"
        elif own not in _accounts(principal):
            yield address, f"{principal} may {values.get('action')}, who is not known to be ours"


def _accounts(given: Any) -> tuple[Any, ...]:
    """The account that a source or a principal names: an id, or within an ARN; Unseen as it is."""
    if isinstance(given, Unseen):
        return (given,)
    text = str(given or "")
    return (text.split(":")[4],) if text.startswith("arn:") and text.count(":") > 4 else (text,) if text else ()


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
    Rule(
        "AIA103",
        Severity.CRITICAL,
        "Function that strangers may call",
        "name a principal of this account, or demand a source_account or source_arn of it",
        _strangers,
        change_only=True,
    ),
)
