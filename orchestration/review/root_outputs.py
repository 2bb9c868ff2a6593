"""The root outputs of a plan, each with what it says before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.review.masking import mask, says_true

NOT_SAID = object()


@dataclass(frozen=True, slots=True)
class Output:
    """One root output. The leaves of its values may be Unseen; NOT_SAID in a document that was cut down."""

    name: str
    sensitive: bool
    kept: bool
    changes: bool
    value: Any = NOT_SAID
    """After the change."""
    former: Any = NOT_SAID


def read_outputs(raw: Mapping[str, Mapping[str, Any]]) -> Iterator[Output]:
    for name, change in sorted(raw.items()):
        yield Output(
            name,
            says_true(change.get("after_sensitive")),
            change.get("actions") != ["delete"],
            change.get("actions") != ["no-op"],
            _value(change),
            mask(change["before"], None, change.get("before_sensitive")) if "before" in change else NOT_SAID,
        )


def _value(change: Mapping[str, Any]) -> Any:
    if "after" not in change and "after_unknown" not in change:
        return NOT_SAID
    return mask(change.get("after"), change.get("after_unknown"), change.get("after_sensitive"))
