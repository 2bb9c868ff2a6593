"""Where Terraform runs, and what it may see of the user's environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.terraform.preparation import DATA_FOLDER, mirror_configuration
from orchestration.terraform.process import OnLine, Watch
from orchestration.terraform.state import STATE_FILE, RemoteState

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

    @property
    def search_path(self) -> str | None:
        return self.variables.get("PATH")

    @property
    def log(self) -> Path:
        return self.work_dir / "terraform.log"

    @property
    def state_file(self) -> Path:
        """Where the state is without `remote`."""
        return self.work_dir / STATE_FILE

    def make_work_dir(self) -> None:
        self.work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)

    def variables_of(self, command: str, note: OnLine) -> dict[str, str]:
        """The whole environment of one command. Raises as preparation.provider_mirror for `init`."""
        variables = dict(self.variables)
        if not Path(variables.get("TF_CLI_CONFIG_FILE") or os.devnull).is_file():
            variables.pop("TF_CLI_CONFIG_FILE", None)
        for name in [name for name in variables if name.startswith(WITHHELD)]:
            del variables[name]
        variables |= {
            "TF_DATA_DIR": str(self.work_dir / DATA_FOLDER),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        if command == "init" and (rc := mirror_configuration(variables, self.work_dir, note)):
            variables["TF_CLI_CONFIG_FILE"] = str(rc)
        return variables
