"""One Terraform working folder with one state."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from orchestration.errors import BadInput, OrchestrationError, TerraformFailed, Unfit, no_room
from orchestration.terraform import errored
from orchestration.terraform.adoption import import_blocks
from orchestration.terraform.failures import explain_failure, without_progress
from orchestration.terraform.preparation import initialised, mirror_configuration, providers_installed, stamp_of
from orchestration.terraform.process import LOCKING, IsFlagged, OnLine, Process, Watch
from orchestration.terraform.state import (
    RemoteState,
    StateSummary,
    copy_sources,
    parse_state,
    remote_summary,
    stage_sources,
)
from orchestration.terraform.unfinished import abandoned_lock, unfinished

MINIMUM = (1, 11, 0)
# With less, what Terraform said of its failure could not be written either.
TOO_LITTLE = 2**20
# There since an apply did not end well.
CUT_OFF = "applying"
# Would write secrets into logs, or state where nobody looks for it.
WITHHELD = ("TF_LOG", "TF_WORKSPACE", "TF_DATA_DIR", "TF_REATTACH_PROVIDERS")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where Terraform runs. `variables` are the process's whole environment: nothing else is inherited."""

    binary: str
    source_dir: Path
    work_dir: Path
    variables: Mapping[str, str]
    tfvars: Mapping[str, Any] = field(default_factory=dict)
    """Values of ours, after those of `var_files`: the last one given wins."""
    var_files: tuple[Path, ...] = ()
    remote: RemoteState | None = None
    """Where the state is; None: a file in work_dir."""
    lock_readonly: bool = True
    apart: bool = False
    """The sources are terraform.apart's: what an earlier init prepared for the project's own serves them too."""
    watch: Watch | None = None
    """Raises OrchestrationError while what Terraform works against is not there."""


class TerraformDriver:
    """init, plan, apply, output and destroy for one environment."""

    def __init__(self, place: Environment, *, note: OnLine = lambda line: None) -> None:
        self._place = place
        self._note = note
        self._log = place.work_dir / "terraform.log"
        self._tfvars = place.work_dir / "terraform.tfvars.json"
        self._state = place.work_dir / "terraform.tfstate"
        self._staged: Path | None = None

    @property
    def log_path(self) -> Path:
        return self._log

    def check_binary(self) -> str:
        """Return "terraform 1.11.4". Raises Unfit when it is missing or older than 1.11."""
        remedy = (
            "install Terraform >= 1.11 (https://developer.hashicorp.com/terraform/install), or set TERRAFORM=<path>"
        )
        if shutil.which(self._place.binary, path=self._place.variables.get("PATH")) is None:
            raise Unfit(f"{self._place.binary} is not on PATH", remedy=remedy, code="terraform_missing")
        code, out, err = self._run("version", json=IsFlagged)
        try:
            version = str(json.loads(out)["terraform_version"])
            numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:3])
        except (ValueError, KeyError, TypeError):
            raise Unfit(
                f"{self._place.binary} version answered {code}: {(err or out).strip()[:200]!r}",
                remedy=remedy,
                code="terraform_missing",
            ) from None
        if numbers < MINIMUM:
            raise Unfit(f"{self._place.binary} is {version}, too old", remedy=remedy, code="terraform_too_old")
        return f"{Path(self._place.binary).name} {version}"

    def init(self) -> bool:
        """Prepare the working folder; skipped (False) when lock file, sources and tool are those of the last time."""
        self._place.work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._place.apart and initialised(self._place.work_dir):
            return False
        stamp_path = self._place.work_dir / "init.stamp"
        stamp = stamp_of(
            self._place.binary, self._place.variables.get("PATH"), self._place.source_dir, self._place.remote
        )
        if stamp_path.exists() and stamp_path.read_text() == stamp and providers_installed(self._place.work_dir):
            return False
        options: dict[str, Any] = {"input": False, "no_color": IsFlagged, "reconfigure": IsFlagged}
        if self._place.remote is None:
            options["backend_config"] = {"path": str(self._state)}
        if self._place.lock_readonly:
            options["lockfile"] = "readonly"
        code, out, err = self._run("init", **options)
        if code != 0:
            raise self._failed("init", code, out + err)
        if not self._place.apart:
            stamp_path.write_text(stamp)
        return True

    def move_state(self) -> None:
        """Copy the local state to the remote place of this driver, and check that it arrived. The local file stays.

        By `state push`, which refuses to write over another state.
        """
        before = self.local_state()
        self.init()
        self._push(self._state)
        after = self.state()
        if before is None or after is None or after.digest != before.digest:
            raise TerraformFailed(
                "the state that arrived is not the one that was sent",
                remedy=f"the local one is untouched; see {self._log}",
                code="state_not_moved",
            )

    def forget_local_state(self) -> None:
        """It holds the machine client's secret, and a second state is one too many."""
        for path in self._place.work_dir.glob("terraform.tfstate*"):
            path.unlink()

    def validate(self) -> None:
        """Raises OrchestrationError with the first fault of the sources."""
        code, out, err = self._run("validate", no_color=IsFlagged)
        if code != 0:
            raise self._failed("validate", code, out + err)

    def unformatted(self) -> list[str]:
        """Files that `terraform fmt` would change."""
        code, out, err = self._run("fmt", check=IsFlagged, recursive=IsFlagged, list=True)
        if code not in (0, 3):
            raise self._failed("fmt", code, out + err)
        return out.split()

    def plan(self, *, destroy: bool = False, on_line: OnLine | None = None) -> tuple[bool, str]:
        """(has changes, the plan as text without progress). The plan file is <work_dir>/plan.tfplan."""
        code, out, err = self._run(
            "plan",
            on_line=on_line,
            detailed_exitcode=IsFlagged,
            destroy=IsFlagged if destroy else None,
            out=str(self._plan_path),
            **self._common(),
        )
        if code not in (0, 2):
            raise self._failed("plan", code, out + err)
        return code == 2, without_progress(out)

    def show_plan(self) -> dict[str, Any]:
        """`terraform show -json` of the plan that `plan` just wrote. It holds secrets: never write it anywhere."""
        code, out, err = self._run("show", str(self._plan_path), private=True, json=IsFlagged, no_color=IsFlagged)
        if code != 0:
            raise self._failed("show", code, err)
        document: dict[str, Any] = json.loads(out)
        return document

    def keep_plan(self, path: Path) -> None:
        """A copy of the plan that `plan` just wrote, for the user alone whatever was there before."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(self._plan_path.read_bytes())

    def take_plan(self, path: Path) -> None:
        """Make a kept plan the one that `apply_plan` applies. Terraform itself refuses one that is stale.

        A plan carries the place of its state: applied elsewhere, it would change the environment that it was made for.
        Raises BadInput for such a one.
        """
        if not is_zipfile(path):
            raise BadInput(f"{path} is no plan of Terraform", remedy="invoke plan --out FILE", code="bad_plan")
        shutil.copyfile(path, self._plan_path)
        try:
            given = self.show_plan().get("variables", {})
            for name, value in self._place.tfvars.items():
                if (its := given.get(name, {}).get("value")) != value:
                    raise BadInput(
                        f"{path} was made for {name} {its!r}, not {value!r}",
                        remedy="make a plan here: invoke plan --out FILE",
                        code="plan_differs",
                    )
        except OrchestrationError:
            self.forget_plan()
            raise

    def apply_plan(self, *, on_line: OnLine | None = None) -> None:
        """Apply the plan that `plan` just wrote, then delete the file: a plan holds every value in the clear."""
        try:
            with self._applying():
                code, out, err = self._run(
                    "apply", str(self._plan_path), on_line=on_line, input=False, no_color=IsFlagged
                )
                if code != 0:
                    raise self._failed("apply", code, out + err)
        finally:
            self.forget_plan()

    def apply(self, *, on_line: OnLine | None = None) -> None:
        """Plan and apply in one process: the shortest way when there is nothing to compare with yet."""
        with self._applying():
            code, out, err = self._run("apply", on_line=on_line, auto_approve=IsFlagged, **self._common())
            if code != 0:
                raise self._failed("apply", code, out + err)

    @contextmanager
    def _applying(self) -> Iterator[None]:
        """Leaves a mark unless the apply ends well: things may exist then that no later state lists."""
        self._place.work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = self._place.work_dir / CUT_OFF
        before = mark.exists()
        mark.touch(mode=0o600)
        yield
        if not before:
            mark.unlink()

    def destroy(self, *, on_line: OnLine | None = None) -> None:
        code, out, err = self._run("destroy", on_line=on_line, auto_approve=IsFlagged, **self._common())
        if code != 0:
            raise self._failed("destroy", code, out + err)

    def put_back(self) -> bool:
        """Write down the state that the last apply could not, if there is one. Raises TerraformFailed."""
        errored.keep(self._folder(), self._place.work_dir)
        return errored.put_back(self._place.work_dir, self._state, self._push if self._place.remote else None)

    def _push(self, state: Path) -> None:
        code, out, err = self._run("state push", str(state), private=True, no_color=IsFlagged)
        if code != 0:
            raise self._failed("state push", code, out + err)

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
        """`terraform output -json`: {name: {"value": ..., "type": ..., "sensitive": bool}}; {} before any apply."""
        code, out, err = self._run("output", json=IsFlagged, no_color=IsFlagged)
        if code != 0:
            raise self._failed("output", code, out + err)
        parsed: dict[str, Any] = json.loads(out)
        return parsed

    def has_state(self) -> bool:
        """True if the state lists at least one resource. Raises TerraformFailed when it is not a state."""
        state = self.state()
        return state is not None and state.resources > 0

    def state(self) -> StateSummary | None:
        """The state wherever it is; None where there is none yet."""
        if self._place.remote is None:
            return self.local_state()
        self.init()
        code, out, err = self._run("state pull", private=True)
        if code != 0:
            raise self._failed("state pull", code, err)
        return remote_summary(out, self._place.remote.bucket, self._place.remote.key)

    def local_state(self) -> StateSummary | None:
        try:
            return parse_state(self._state.read_text()) if self._state.exists() else None
        except ValueError:
            backup = self._state.with_suffix(".tfstate.backup")
            raise TerraformFailed(
                f"{self._state} is not a Terraform state (cut off or edited)",
                remedy=f"cp {backup} {self._state}"
                if backup.exists()
                else f"there is no backup of {self._state.name}; on the local target `make down` removes everything",
                code="corrupt_state",
            ) from None

    def forget_plan(self) -> None:
        self._plan_path.unlink(missing_ok=True)

    @property
    def _plan_path(self) -> Path:
        return self._place.work_dir / "plan.tfplan"

    def _common(self) -> dict[str, Any]:
        self._place.work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tfvars.write_text(json.dumps(dict(self._place.tfvars), indent=2, sort_keys=True) + "\n")
        files = [str(path) for path in (*self._place.var_files, self._tfvars)]
        return {"var_file": files, "input": False, "no_color": IsFlagged, "lock_timeout": "0s"}

    def _run(
        self, command: str, *args: str, on_line: OnLine | None = None, private: bool = False, **options: Any
    ) -> tuple[int, str, str]:
        self._place.work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        place, before = self._place, unfinished(self._place.work_dir)
        process = Process(place.binary, self._folder(), self._variables(command), self._log, place.watch)
        answer = process.cmd(command, *args, on_line=on_line, private=private, **options)
        if command in LOCKING and answer[0] != 0 and (lock := abandoned_lock(answer[1] + answer[2], before)):
            self._note(
                f"removing the state lock {lock} of a terraform {before.operation if before else ''} that is gone"
            )
            if process.cmd("force-unlock", lock, force=IsFlagged, no_color=IsFlagged)[0] == 0:
                answer = process.cmd(command, *args, on_line=on_line, private=private, **options)
        return answer

    def _folder(self) -> Path:
        """Where Terraform runs: in the sources themselves, or in a copy that names the remote state."""
        if self._place.remote is None:
            return self._place.source_dir
        if self._staged is None:
            folder = self._place.work_dir / "terraform-sources"
            errored.keep(folder, self._place.work_dir)  # the folder is made anew
            self._staged = stage_sources(self._place.source_dir, folder, self._place.remote)
        return self._staged

    def _variables(self, command: str) -> dict[str, str]:
        variables = dict(self._place.variables)
        if not Path(variables.get("TF_CLI_CONFIG_FILE") or os.devnull).is_file():
            variables.pop("TF_CLI_CONFIG_FILE", None)
        for name in [name for name in variables if name.startswith(WITHHELD)]:
            del variables[name]
        variables |= {
            "TF_DATA_DIR": str(self._place.work_dir / "terraform-data"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        if command == "init" and (rc := mirror_configuration(variables, self._place.work_dir, self._note)):
            variables["TF_CLI_CONFIG_FILE"] = str(rc)
        return variables

    def _failed(self, command: str, code: int, text: str) -> OrchestrationError:
        """That what it worked against is gone explains more than Terraform's words about it."""
        if self._place.watch is not None:
            try:
                self._place.watch()
            except OrchestrationError as e:
                return e
        if shutil.disk_usage(self._place.work_dir).free < TOO_LITTLE:
            return no_room(f"terraform {command} failed: no space left on device for {self._place.work_dir}")
        return explain_failure(command, code, text, self._log)
