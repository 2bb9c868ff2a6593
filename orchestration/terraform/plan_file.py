"""The file of one plan. It holds every value in the clear: for the user alone, and deleted after its apply."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from orchestration.errors import BadInput, OrchestrationError


@dataclass(frozen=True, slots=True)
class PlanFile:
    """Where Terraform writes the plan, and reads it for an apply."""

    path: Path

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def keep(self, copy: Path) -> None:
        """A copy, for the user alone whatever was there before."""
        copy.unlink(missing_ok=True)
        with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(self.path.read_bytes())

    def take(self, kept: Path, values: Mapping[str, Any], show: Callable[[], Mapping[str, Any]]) -> None:
        """Make a kept plan the one that is applied. Raises BadInput for what is none, or was made for other values.

        A plan carries the place of its state: applied elsewhere, it would change the environment that it was made for.
        """
        if not is_zipfile(kept):
            raise BadInput(f"{kept} is no plan of Terraform", remedy="invoke plan --out FILE", code="bad_plan")
        shutil.copyfile(kept, self.path)
        try:
            given = show().get("variables", {})
            for name, value in values.items():
                if (its := given.get(name, {}).get("value")) != value:
                    raise BadInput(
                        f"{kept} was made for {name} {its!r}, not {value!r}",
                        remedy="make a plan here: invoke plan --out FILE",
                        code="plan_differs",
                    )
        except OrchestrationError:
            self.forget()
            raise
