"""The state of one working folder, wherever it is: read, moved, put back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestration.errors import TerraformFailed
from orchestration.terraform import errored
from orchestration.terraform.environment import Environment
from orchestration.terraform.process import IsFlagged
from orchestration.terraform.state import StateSummary, parse_state, remote_summary
from orchestration.terraform.tool import Tool


class OwnState:
    """What `prepare` has made reachable: only a state in a bucket needs it."""

    def __init__(self, place: Environment, tool: Tool, prepare: Callable[[], object]) -> None:
        self._place = place
        self._tool = tool
        self._prepare = prepare

    def summary(self) -> StateSummary | None:
        """None where there is none yet. Raises TerraformFailed for what is no state."""
        if self._place.remote is None:
            return self.local()
        self._prepare()
        out = self._tool.require("state pull", private=True)
        return remote_summary(out, self._place.remote.bucket, self._place.remote.key)

    def local(self) -> StateSummary | None:
        path = self._place.state_file
        try:
            return parse_state(path.read_text()) if path.exists() else None
        except ValueError:
            raise self._corrupt() from None

    def outputs(self) -> dict[str, Any]:
        """{name: {"value": ..., "type": ...}}; {} before any apply. Raises TerraformFailed for what is no state.

        Of a file without Terraform: it reads no more than that either, and takes half a second for it.
        """
        if self._place.remote is not None:
            return self._tool.document("output")
        if self.local() is None:
            return {}
        found = json.loads(self._place.state_file.read_text(encoding="utf-8")).get("outputs") or {}
        if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
            raise self._corrupt()
        return found

    def move(self) -> None:
        """Copy the local state to the remote place, and check that it arrived. The local file stays.

        By `state push`, which refuses to write over another state.
        """
        before = self.local()
        self._prepare()
        self._push(self._place.state_file)
        after = self.summary()
        if before is None or after is None or after.digest != before.digest:
            raise TerraformFailed(
                "the state that arrived is not the one that was sent",
                remedy=f"the local one is untouched; see {self._place.log}",
                code="state_not_moved",
            )

    def forget_local(self) -> None:
        """It holds the machine client's secret, and a second state is one too many."""
        for path in self._place.work_dir.glob("terraform.tfstate*"):
            path.unlink()

    def put_back(self) -> bool:
        """Write down the state that the last apply could not, if there is one. Raises TerraformFailed."""
        place = self._place
        errored.keep(self._tool.folder(), place.work_dir)
        return errored.put_back(place.work_dir, place.state_file, self._push if place.remote else None)

    def _corrupt(self) -> TerraformFailed:
        path = self._place.state_file
        backup = path.with_suffix(".tfstate.backup")
        return TerraformFailed(
            f"{path} is not a Terraform state (cut off or edited)",
            remedy=f"cp {backup} {path}"
            if backup.exists()
            else f"there is no backup of {path.name}; on the local target `make down` removes everything",
            code="corrupt_state",
        )

    def _push(self, state: Path) -> None:
        self._tool.require("state push", str(state), private=True, no_color=IsFlagged)
