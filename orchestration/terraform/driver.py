"""One Terraform working folder with one state."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration.terraform import settled
from orchestration.terraform.adoption import import_blocks
from orchestration.terraform.environment import Environment
from orchestration.terraform.failures import without_progress
from orchestration.terraform.own_state import OwnState
from orchestration.terraform.plan_file import PlanFile
from orchestration.terraform.preparation import points_at, providers_installed, stamp_of
from orchestration.terraform.process import IsFlagged, OnLine
from orchestration.terraform.state import CUT_OFF, StateSummary, copy_sources
from orchestration.terraform.tool import Tool


class TerraformDriver:
    """init, plan, apply, output and destroy for one environment."""

    def __init__(self, place: Environment, *, note: OnLine = lambda line: None) -> None:
        self._place = place
        self._note = note
        self._tool = Tool(place, note)
        self._state = OwnState(place, self._tool, self.init)
        self._plan = PlanFile(place.work_dir / "plan.tfplan")

    @property
    def log_path(self) -> Path:
        return self._place.log

    def check_binary(self) -> str:
        """Return "terraform 1.11.4". Raises Unfit when it is missing or older than 1.11."""
        return self._tool.check()

    def init(self) -> bool:
        """Prepare the working folder; skipped (False) where nothing that it depends on changed since the last time.

        That is the tool, the sources, the lock file and the place of the state, which Terraform keeps as an absolute
        path: in a moved or copied checkout it would go on with the state of the old one.
        """
        place = self._place
        place.make_work_dir()
        stamp_path = place.work_dir / "init.stamp"
        stamp = stamp_of(place.binary, place.search_path, place.source_dir, place.remote or place.state_file)
        if place.apart:
            fits = points_at(place.work_dir, place.state_file, place.remote)
        else:
            fits = stamp_path.exists() and stamp_path.read_text() == stamp
        if fits and providers_installed(place.work_dir):
            return False
        options: dict[str, Any] = {"input": False, "no_color": IsFlagged, "reconfigure": IsFlagged}
        if place.remote is None:
            options["backend_config"] = {"path": str(place.state_file)}
        if place.lock_readonly:
            options["lockfile"] = "readonly"
        stamp_path.unlink(missing_ok=True)  # after an init for taking apart, too, the project's own needs another
        self._tool.require("init", **options)
        if not place.apart:
            stamp_path.write_text(stamp)
        return True

    def validate(self) -> None:
        """Raises OrchestrationError with the first fault of the sources."""
        self._tool.require("validate", no_color=IsFlagged)

    def unformatted(self) -> list[str]:
        """Files that `terraform fmt` would change."""
        code, out, err = self._tool.run("fmt", check=IsFlagged, recursive=IsFlagged, list=True)
        if code not in (0, 3):
            raise self._tool.failed("fmt", code, out + err)
        return out.split()

    def plan(self, *, destroy: bool = False, lock: bool = True, on_line: OnLine | None = None) -> tuple[bool, str]:
        """(has changes, the plan as text without progress). The plan file is <work_dir>/plan.tfplan.

        Without `lock` nothing is written where the state is, and an apply that runs meanwhile is not noticed.
        """
        code, out, err = self._tool.run(
            "plan",
            on_line=on_line,
            detailed_exitcode=IsFlagged,
            destroy=IsFlagged if destroy else None,
            lock=None if lock else False,
            out=str(self._plan.path),
            **self._common(),
        )
        if code not in (0, 2):
            raise self._tool.failed("plan", code, out + err)
        return code == 2, without_progress(out)

    def show_plan(self) -> dict[str, Any]:
        """`terraform show -json` of the plan that `plan` just wrote. It holds secrets: never write it anywhere."""
        return self._tool.document("show", str(self._plan.path), private=True)

    def keep_plan(self, path: Path) -> None:
        """A copy of the plan that `plan` just wrote, for the user alone whatever was there before."""
        self._plan.keep(path)

    def take_plan(self, path: Path) -> None:
        """Make a kept plan the one that `apply_plan` applies. Terraform itself refuses one that is stale.

        Raises BadInput for what is no plan, or one of another environment.
        """
        self._plan.take(path, self._place.tfvars, self.show_plan)

    def apply_plan(self, *, on_line: OnLine | None = None) -> None:
        """Apply the plan that `plan` just wrote, then delete the file."""
        try:
            with self._applying():
                self._tool.require("apply", str(self._plan.path), on_line=on_line, input=False, no_color=IsFlagged)
        finally:
            self.forget_plan()

    def apply(self, *, on_line: OnLine | None = None) -> None:
        """Plan and apply in one process: the shortest way when there is nothing to compare with yet."""
        with self._applying():
            self._tool.require("apply", on_line=on_line, auto_approve=IsFlagged, **self._common())

    def destroy(self, *, refresh: bool = True, on_line: OnLine | None = None) -> None:
        """Without `refresh` the state is believed, which must be known to be what is there."""
        believed = {} if refresh else {"refresh": False}
        self._tool.require("destroy", on_line=on_line, auto_approve=IsFlagged, **believed, **self._common())

    def forget_plan(self) -> None:
        self._plan.forget()

    def is_settled(self, mark: str) -> bool:
        """True if it is known without a plan that one would find nothing. `mark`: what the cloud says of itself now."""
        return settled.is_settled(self._place, mark)

    def inputs(self) -> str | None:
        """Digest of all that a plan reads besides state and cloud; None where that cannot be told."""
        return settled.inputs_of(self._place)

    def settle(self, inputs: str | None, mark: str) -> None:
        """Note for `is_settled` that a plan of those inputs finds nothing while the cloud says that of itself."""
        settled.settle(self._place, inputs, mark)

    @contextmanager
    def taking_in(self, imports: Mapping[str, str]) -> Iterator[TerraformDriver]:
        """A driver of the same state whose sources import {address: ID} besides; they and its plan go afterwards."""
        folder = copy_sources(self._place.source_dir, self._place.work_dir / "terraform-imports")
        (folder / "imports.tf").write_text(import_blocks(imports), encoding="utf-8")
        driver = TerraformDriver(replace(self._place, source_dir=folder), note=self._note)
        try:
            yield driver
        finally:
            driver.forget_plan()
            shutil.rmtree(folder, ignore_errors=True)

    def output(self) -> dict[str, Any]:
        """{name: {"value": ..., "type": ...}}; {} before any apply. Raises TerraformFailed for what is no state."""
        return self._state.outputs()

    def has_state(self) -> bool:
        """True if the state lists at least one resource. Raises TerraformFailed when it is not a state."""
        state = self.state()
        return state is not None and state.resources > 0

    def state(self) -> StateSummary | None:
        """The state wherever it is; None where there is none yet."""
        return self._state.summary()

    def local_state(self) -> StateSummary | None:
        return self._state.local()

    def move_state(self) -> None:
        """Copy the local state to the remote place of this driver. The local file stays. Raises TerraformFailed."""
        self._state.move()

    def forget_local_state(self) -> None:
        self._state.forget_local()

    def put_back(self) -> bool:
        """Write down the state that the last apply could not, if there is one. Raises TerraformFailed."""
        return self._state.put_back()

    @contextmanager
    def _applying(self) -> Iterator[None]:
        """Leaves a mark unless the apply ends well: things may exist then that no later state lists."""
        self._place.make_work_dir()
        mark = self._place.work_dir / CUT_OFF
        before = mark.exists()
        mark.touch(mode=0o600)
        yield
        if not before:
            mark.unlink()

    def _common(self) -> dict[str, Any]:
        self._place.make_work_dir()
        tfvars = self._place.work_dir / "terraform.tfvars.json"
        tfvars.write_text(json.dumps(dict(self._place.tfvars), indent=2, sort_keys=True) + "\n")
        files = [str(path) for path in (*self._place.var_files, tfvars)]
        return {"var_file": files, "input": False, "no_color": IsFlagged, "lock_timeout": "0s"}
