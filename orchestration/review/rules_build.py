"""Rules on what builds the agent's image: whoever decides what a build runs decides what runs behind the door."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.review.findings import Hit, Rule, Severity
from orchestration.review.reading import Reading
from orchestration.review.unjudged import BUILD

# Names, words and limits: what is built stays the same.
INDIFFERENT = frozenset(
    {"badge_enabled", "build_timeout", "concurrent_build_limit", "description", "queued_timeout", "tags", "tags_all"}
)


def _altered(reading: Reading) -> Iterator[Hit]:
    for change in reading.plan.of(BUILD):
        names = sorted(change.changed - INDIFFERENT)
        if change.before is not None and change.after is not None and names:
            yield (
                change.address,
                f"{', '.join(names)} changes: the next image is built otherwise, and runs behind the door",
            )


RULES = (
    Rule(
        "AIA099",
        Severity.HIGH,
        "What builds the image changed",
        "see that source, commands, machine and role are those that are meant to make the agent",
        _altered,
        change_only=True,
    ),
)
