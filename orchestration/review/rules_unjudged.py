"""Rules that speak where the others cannot judge: hidden values, unknown types, plans left open, what is let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.review.door import DECIDING, FUNCTION
from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.plan import Action
from orchestration.review.promises import unknown, unproven
from orchestration.review.reading import Reading
from orchestration.review.told import handed_over
from orchestration.review.unjudged import decides_entry, hidden_changes, unknown_types

CODE = frozenset({"image_uri", "s3_bucket", "s3_key", "s3_object_version", "source_code_hash"})
WATCHERS = ("aws_cloudwatch_log_metric_filter", "aws_cloudwatch_metric_alarm")
# What may change in a watcher without its seeing less.
LABELS = frozenset({"alarm_description", "arn", "id", "name", "alarm_name", "tags", "tags_all"})


def _hidden(*, entry: bool) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for change, names in hidden_changes(reading.plan):
            if decides_entry(change, names) is entry:
                yield change.address, f"{', '.join(names)} changes, and its value is sensitive"

    return check


def _unknown(*, opening: bool) -> Callable[[Reading], Iterator[Hit]]:
    def check(reading: Reading) -> Iterator[Hit]:
        for change, may_open in unknown_types(reading.plan):
            if may_open is opening:
                yield change.address, f"no rule knows the type {change.type or '(none)'} ({change.action})"

    return check


def _handed_over(reading: Reading) -> Iterator[Hit]:
    for name, why in handed_over(reading.plan):
        yield f"output.{name}", why


def _unproven(reading: Reading) -> Iterator[Hit]:
    for name, why in unproven(reading.plan):
        yield f"output.{name}", why


def _unknown_outputs(reading: Reading) -> Iterator[Hit]:
    for name in unknown(reading.plan):
        yield f"output.{name}", "no rule knows what it must say"


def _records(reading: Reading) -> Iterator[Hit]:
    for name, words in reading.records:
        yield f"output.{name}", words


def _runtime(reading: Reading) -> Iterator[Hit]:
    for change in reading.plan.of(*DECIDING):
        if change.before is None or change.after is None:
            continue
        for name in DECIDING[change.type]:
            if name in change.changed:
                then, now = (_shown(values.get(name)) for values in (change.before, change.after))
                yield change.address, f"{name} turns from {then} to {now}"


def _code(reading: Reading) -> Iterator[Hit]:
    for change in reading.plan.of(FUNCTION):
        if change.before is not None and change.after is not None and (names := sorted(CODE & change.changed)):
            yield change.address, f"{', '.join(names)} changes: whoever calls it runs other code"


def _forgotten(reading: Reading) -> Iterator[Hit]:
    for change in reading.plan.changes:
        if change.action == Action.FORGET:
            yield change.address, "it stays as it is, and nobody compares it with the code any more"


def _unwatched(reading: Reading) -> Iterator[Hit]:
    for change in reading.plan.of(*WATCHERS):
        if change.deposed or change.before is None:
            continue
        if change.action == Action.DELETE:
            yield change.address, "it is destroyed: refused calls are no longer counted or told of"
        elif change.action in (Action.UPDATE, Action.REPLACE) and (names := sorted(change.changed - LABELS)):
            yield change.address, f"{', '.join(names)} changes: see that it still tells of refused calls"


def _shown(value: Any) -> str:
    """A block as its arguments; no value is long enough to hide what matters."""
    if isinstance(value, list):
        return "; ".join(map(_shown, value)) or "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(item)}" for key, item in sorted(value.items()) if item not in (None, []))
    return "nothing" if value is None else str(value)


RULES = (
    Rule(
        "AIA084",
        Severity.CRITICAL,
        "Door or trust changed behind sensitive values",
        "do not mark it as sensitive: who may call is no secret, and must be seen in the plan",
        _hidden(entry=True),
        change_only=True,
    ),
    Rule(
        "AIA085",
        Severity.HIGH,
        "Change hidden behind sensitive values",
        "mark only secrets as sensitive, so that the plan shows the change",
        _hidden(entry=False),
        change_only=True,
    ),
    Rule(
        "AIA086",
        Severity.HIGH,
        "Resource not understood, of a service that can open a door",
        "read by hand what it lets in, then waive the finding; or teach the review the type",
        _unknown(opening=True),
        change_only=True,
    ),
    Rule(
        "AIA087",
        Severity.MEDIUM,
        "Resource not understood",
        "read by hand what it does, then waive the finding; or teach the review the type",
        _unknown(opening=False),
        change_only=True,
    ),
    Rule(
        "AIA088",
        Severity.HIGH,
        "Plan is not the whole story",
        "plan again without -target or deferrals and with every check passing, and review that",
        lambda reading: reading.plan.unfinished,
        change_only=True,
    ),
    Rule(
        "AIA095",
        Severity.CRITICAL,
        "The launch is told of something else than the plan holds",
        "make each output from what it names: authorizer_* from terraform_data.authorizer, others from their resources",
        _handed_over,
        change_only=True,
    ),
    Rule(
        "AIA100",
        Severity.HIGH,
        "Whose records a caller sees changes",
        "see that each caller is the customer who is named, and that only trusted machines get the scope",
        _records,
        change_only=True,
    ),
    Rule(
        "AIA101",
        Severity.HIGH,
        "Output changed that the plan cannot prove",
        "see that it names what the launch is meant to use, and mark no output as sensitive",
        _unproven,
        change_only=True,
    ),
    Rule(
        "AIA102",
        Severity.HIGH,
        "Output that nobody judges",
        "teach the review what it must say (orchestration/review/promises.py)",
        _unknown_outputs,
        change_only=True,
    ),
    Rule(
        "AIA089",
        Severity.HIGH,
        "Runtime's code, role, network or protocol changed, or what a function runs as and with",
        "see that callers may reach what it now is, with the permissions that it now has",
        _runtime,
        change_only=True,
    ),
    Rule(
        "AIA096",
        Severity.MEDIUM,
        "Function's code replaced",
        "see the change of its sources: the package has the same bytes as long as they are the same",
        _code,
        change_only=True,
    ),
    Rule(
        "AIA090",
        Severity.HIGH,
        "Terraform forgets a resource",
        "keep it in the code, or destroy it: what is forgotten stays open as it is",
        _forgotten,
        change_only=True,
    ),
    Rule(
        "AIA091",
        Severity.MEDIUM,
        "Watch over refused calls changed or taken away",
        "keep it, or say who notices refused calls instead",
        _unwatched,
        change_only=True,
    ),
)
