"""Things that exist, things that were removed, things that nobody could look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestration.errors import Leftovers, Unfit

SCHEMA_VERSION = 1
BY_NAME_ALONE = "by name alone"


class Kind(StrEnum):
    """What is looked for, in an order in which it can be removed by hand."""

    PROCESS = "process"
    RUNTIME = "runtime"
    TARGET = "gateway target"
    GATEWAY = "gateway"
    CREDENTIALS = "credential provider"
    WORKLOAD = "workload identity"
    FUNCTION = "function"
    BUILD = "build project"
    DOMAIN = "user pool domain"
    POOL = "user pool"
    BUCKET = "bucket"
    REPOSITORY = "repository"
    SECRET = "secret"  # noqa: S105 - a kind of thing
    LOGS = "log group"
    ALARM = "alarm"
    QUERY = "saved query"
    ROLE = "role"
    POLICY = "policy"
    TAGGED = "tagged resource"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that a service listed."""

    kind: Kind
    name: str
    id: str
    """What the service's own delete operation takes."""
    arn: str | None = None
    tags: Mapping[str, str] | None = None
    """None where they are not known."""
    parent: str = ""
    """Id of what it is part of: a target's gateway, a domain's pool."""
    attached: tuple[str, ...] = ()
    """Of a role: ARNs of attached policies."""
    inline: tuple[str, ...] = ()
    """Of a role: names of inline policies."""
    holds: str = ""
    """What is in it, e.g. "3 versions, 1 unfinished upload"."""
    ends: str = ""
    """When it goes by itself, as the service says it."""


@dataclass(frozen=True, slots=True)
class Remain:
    """A thing of ours that is still there, how it was recognised, and the command that removes it."""

    thing: Thing
    recognised_by: str
    remove: str

    @property
    def by_name_alone(self) -> bool:
        """True for what may be somebody else's."""
        return self.recognised_by.startswith(BY_NAME_ALONE)

    def document(self) -> dict[str, Any]:
        thing = self.thing
        return {
            "kind": thing.kind.value,
            "name": thing.name,
            "arn": thing.arn,
            "recognised_by": self.recognised_by,
            "holds": thing.holds or None,
            "ends": thing.ends or None,
            "remove": self.remove,
        }

    def __str__(self) -> str:
        thing = self.thing
        more = "; ".join(
            part for part in (thing.holds, f"goes by itself on {thing.ends}" if thing.ends else "") if part
        )
        return f"{thing.kind} {thing.name} ({self.recognised_by}{f'; {more}' if more else ''})"


@dataclass(frozen=True, slots=True)
class Unseen:
    """A kind that could not be looked at."""

    kind: Kind
    why: str
    can_hold: bool = True
    """False where the target has no such service, so that nothing can be there."""

    def document(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "why": self.why, "can_hold": self.can_hold}


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of one search."""

    remains: tuple[Remain, ...] = ()
    unseen: tuple[Unseen, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a teardown removes, and who says that it is ours."""

    kind: str
    name: str
    by: str

    def document(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "by": self.by}

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.by})"


@dataclass(slots=True)
class TeardownReport:
    """The outcome of `down`, or of its dry run, filled as it goes. docs/schemas/teardown.schema.json."""

    target: str
    environment: str
    region: str
    dry_run: bool = False
    removed: list[Item] = field(default_factory=list)
    remains: tuple[Remain, ...] = ()
    excused: tuple[Remain, ...] = ()
    """Recognised, but gone with the local cloud: what an apply that was cut off had made and not yet written down."""
    unseen: tuple[Unseen, ...] = ()

    @property
    def left(self) -> list[Remain]:
        """What has to be removed by hand. What goes by itself is shown and not counted."""
        return [remain for remain in self.remains if not remain.thing.ends]

    @property
    def ok(self) -> bool:
        return not self.left and not any(unseen.can_hold for unseen in self.unseen)

    def document(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "target": self.target,
            "environment": self.environment,
            "region": self.region,
            "dry_run": self.dry_run,
            "ok": self.ok,
            "removed": [item.document() for item in self.removed],
            "remains": [remain.document() for remain in self.remains],
            "went_with_the_local_cloud": [remain.document() for remain in self.excused],
            "not_looked_at": [unseen.document() for unseen in self.unseen],
        }

    def lines(self) -> Iterator[str]:
        """The report for people; of a dry run everything that would be removed, in order."""
        if self.dry_run:
            yield from (f"would remove {item}" for item in self.removed)
        for remain in self.excused:
            yield f"went with the local cloud, left by an apply that was cut off: {remain}"
        for remain in self.remains:
            yield f"{'would stay' if self.dry_run else 'still there'}: {remain}"
            yield f"  {remain.remove}"
        for why in dict.fromkeys(unseen.why for unseen in self.unseen):
            yield f"not looked at: {', '.join(u.kind for u in self.unseen if u.why == why)}: {why}"
        if not (self.removed or self.remains):
            yield "nothing to remove"
        elif self.ok and not self.dry_run:
            yield "removed"

    def judge(self, again: str, before: str = "") -> None:
        """Raises Leftovers while something is left, Unfit where that could not be told; a dry run what would be.

        `before`: what to type before the commands that remove it.
        """
        if self.ok:
            return
        if left := self.left:
            first = f"{before}{left[0].remove}"
            doubt = "first look whose it is; " if left[0].by_name_alone else ""
            raise Leftovers(
                f"{len(left)} {'would be ' if self.dry_run else ''}left after teardown: "
                f"{'; '.join(str(remain) for remain in left)}",
                remedy=f"{first}  # {doubt}then the others above, if any, and `{again}` again",
            )
        blind = [unseen for unseen in self.unseen if unseen.can_hold]
        raise Unfit(
            f"nothing was found, but not looked at: {'; '.join(f'{unseen.kind}: {unseen.why}' for unseen in blind)}",
            remedy=f"allow that to this principal, then `{again}` again",
            code="not_looked_at",
        )
