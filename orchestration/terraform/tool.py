"""The binary in one working folder: one command at a time, and what its failure means."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from orchestration.errors import OrchestrationError, Unfit, no_room
from orchestration.terraform import errored
from orchestration.terraform.environment import Environment
from orchestration.terraform.failures import explain_failure
from orchestration.terraform.process import LOCKING, IsFlagged, OnLine, Process
from orchestration.terraform.settled import unsettle
from orchestration.terraform.state import stage_sources
from orchestration.terraform.unfinished import abandoned_lock, unfinished

MINIMUM = (1, 11, 0)
INSTALL = "install Terraform >= 1.11 (https://developer.hashicorp.com/terraform/install), or set TERRAFORM=<path>"
# With less, what Terraform said of its failure could not be written either.
TOO_LITTLE = 2**20


class Tool:
    """Runs commands of Terraform in one place."""

    def __init__(self, place: Environment, note: OnLine) -> None:
        self._place = place
        self._note = note
        self._staged: Path | None = None

    def check(self) -> str:
        """Return "terraform 1.11.4". Raises Unfit when it is missing or older than 1.11."""
        binary = self._place.binary
        if shutil.which(binary, path=self._place.search_path) is None:
            raise Unfit(f"{binary} is not on PATH", remedy=INSTALL, code="terraform_missing")
        code, out, err = self.run("version", json=IsFlagged)
        try:
            version = str(json.loads(out)["terraform_version"])
            numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:3])
        except (ValueError, KeyError, TypeError):
            raise self._no_terraform("version", code, err or out) from None
        if numbers < MINIMUM:
            raise Unfit(f"{binary} is {version}, too old", remedy=INSTALL, code="terraform_too_old")
        return f"{Path(binary).name} {version}"

    def run(
        self, command: str, *args: str, on_line: OnLine | None = None, private: bool = False, **options: Any
    ) -> tuple[int, str, str]:
        """(exit code, stdout, stderr), as process.Process. The lock of a run that is gone is removed on the way."""
        place = self._place
        place.make_work_dir()
        if command in LOCKING and command not in ("plan", "force-unlock"):
            unsettle(place.work_dir)
        before = unfinished(place.work_dir)
        variables = place.variables_of(command, self._note)
        process = Process(place.binary, self.folder(), variables, place.log, place.watch)
        answer = process.cmd(command, *args, on_line=on_line, private=private, **options)
        if command in LOCKING and answer[0] != 0 and (lock := abandoned_lock(answer[1] + answer[2], before)):
            self._note(
                f"removing the state lock {lock} of a terraform {before.operation if before else ''} that is gone"
            )
            if process.cmd("force-unlock", lock, force=IsFlagged, no_color=IsFlagged)[0] == 0:
                answer = process.cmd(command, *args, on_line=on_line, private=private, **options)
        return answer

    def require(
        self, command: str, *args: str, on_line: OnLine | None = None, private: bool = False, **options: Any
    ) -> str:
        """stdout. Raises OrchestrationError where the command failed."""
        code, out, err = self.run(command, *args, on_line=on_line, private=private, **options)
        if code != 0:
            raise self.failed(command, code, err if private else out + err)
        return out

    def document(self, command: str, *args: str, private: bool = False) -> dict[str, Any]:
        """What it says as JSON. Raises Unfit where that is none: TERRAFORM may name another program."""
        out = self.require(command, *args, private=private, json=IsFlagged, no_color=IsFlagged)
        try:
            document = json.loads(out)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise self._no_terraform(command, 0, "" if private else out)
        return document

    def folder(self) -> Path:
        """Where Terraform runs: in the sources themselves, or in a copy that names the remote state."""
        place = self._place
        if place.remote is None:
            return place.source_dir
        if self._staged is None:
            folder = place.work_dir / "terraform-sources"
            errored.keep(folder, place.work_dir)  # the folder is made anew
            self._staged = stage_sources(place.source_dir, folder, place.remote)
        return self._staged

    def failed(self, command: str, code: int, text: str) -> OrchestrationError:
        """That what it worked against is gone explains more than Terraform's words about it."""
        place = self._place
        if place.watch is not None:
            try:
                place.watch()
            except OrchestrationError as e:
                return e
        if shutil.disk_usage(place.work_dir).free < TOO_LITTLE:
            return no_room(f"terraform {command} failed: no space left on device for {place.work_dir}")
        return explain_failure(command, code, text, place.log)

    def _no_terraform(self, command: str, code: int, said: str) -> Unfit:
        return Unfit(
            f"{self._place.binary} {command} answered {code}: {said.strip()[:200]!r}",
            remedy=INSTALL,
            code="terraform_missing",
        )
