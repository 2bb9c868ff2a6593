"""What a rule is and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from orchestration.errors import BadInput
from orchestration.review.reading import Reading


class Severity(IntEnum):
    """How much harm follows if the change is merged. Ordered."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Severity:
        try:
            return cls[text.strip().upper()]
        except KeyError:
            known = ", ".join(str(severity) for severity in cls)
            raise BadInput(f"{text!r} is no severity", remedy=f"use one of {known}") from None


Hit = tuple[str, str]
"""(address, why)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the registry.

    `production` is the severity in a production environment where it differs. `change_only`: it looks at the way from
    before to after, or at several resources together, which a scanner of one resource at a time cannot.
    """

    id: str
    severity: Severity
    title: str
    remedy: str
    check: Callable[[Reading], Iterable[Hit]]
    production: Severity | None = None
    change_only: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule broken at one address. `location` is the file that declares it, from the repository's root."""

    rule: str
    address: str
    severity: Severity
    title: str
    why: str
    remedy: str
    location: str

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Sort key: the worst first, then stable."""
        return -self.severity, self.rule, self.address, self.why
