"""What the user wants of a review, checked before the wait."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import BadInput
from orchestration.review import Severity

PLAN_AS_JSON = "terraform show -json PLANFILE > plan.json"


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where the review goes, what is waived, which severity is still accepted.

    None is a flag that was not given; an empty text is one whose variable was not set, and no answer to anything.
    """

    json: bool = False
    markdown: str | None = None
    sarif: str | None = None
    max_risk: str | None = None
    waivers: str | None = None

    @property
    def limit(self) -> Severity | None:
        if self.max_risk is None:
            return None
        if not self.max_risk.strip():
            # An unset variable in CI must not switch the gate off.
            raise BadInput("--max-risk is empty", remedy="use low, medium, high or critical, or leave the flag out")
        return Severity.parse(self.max_risk)

    def check(self) -> None:
        """Raises BadInput naming the flag."""
        _ = self.limit
        if self.waivers is not None:
            read_text(self.waivers, "--waivers", "name a file such as policies/waivers.toml")
        for flag, path in (("--markdown", self.markdown), ("--sarif", self.sarif)):
            if path is not None:
                check_writable(path, flag)


def check_writable(path: str, flag: str) -> None:
    """Raises BadInput unless a file can be written there; writes nothing."""
    there = Path(path)
    if path and not there.is_dir() and os.access(there if there.exists() else there.parent, os.W_OK):
        return
    raise BadInput(f"{flag} is {path!r}: no file can be written there", remedy="name a file in a folder that is there")


def read_text(path: str, what: str, remedy: str) -> str:
    """Raises BadInput that says why the file cannot be what was asked for."""
    try:
        if not path:
            raise BadInput(f"{what} is empty", remedy=remedy, code="no_file")
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is no text", remedy=remedy, code="no_file") from None
    except (OSError, ValueError) as e:
        why = getattr(e, "strerror", None) or str(e)
        raise BadInput(f"{path!r} cannot be read: {why}", remedy=remedy, code="no_file") from None
