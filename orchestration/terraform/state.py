"""Where Terraform's state is, and how much of it we look at. Pure but for the staged copy of the sources."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orchestration.errors import GateRefused, TerraformFailed
from orchestration.terraform.held import Held

STATE_FILE = "terraform.tfstate"
# There since an apply did not end well.
CUT_OFF = "applying"
OVERRIDE_FILE = "backend_override.tf.json"
# What this project puts into the bucket: a state for each environment, and its lock.
OWN_KEY = re.compile(r"inbound-auth/[a-z][a-z0-9]{0,11}/terraform\.tfstate(\.tflock)?")
# Neither a plan nor an apply reads them.
LEFT_OUT = shutil.ignore_patterns("tests", "examples", "environments", ".terraform", "*.md")


@dataclass(frozen=True, slots=True)
class RemoteState:
    """A state file in S3. `path_style` where buckets have no host names, as in the local emulator."""

    bucket: str
    key: str
    region: str
    path_style: bool = False

    @property
    def lock_key(self) -> str:
        return f"{self.key}.tflock"

    def backend(self) -> dict[str, Any]:
        """The override file. A backend's type cannot be a variable, so it cannot come from the sources."""
        settings = {
            "bucket": self.bucket,
            "key": self.key,
            "region": self.region,
            "encrypt": True,
            "use_lockfile": True,
            "use_path_style": self.path_style,
        }
        return {"terraform": {"backend": {"s3": settings}}}


def state_key(environment: str) -> str:
    return f"inbound-auth/{environment}/terraform.tfstate"


@dataclass(frozen=True, slots=True)
class StateSummary:
    """What tells one state from another. The rest of a state holds secrets and is not kept."""

    serial: int
    resources: int
    digest: str
    """Of resources and outputs: a copied state gets another lineage and begins to count anew (Terraform 1.11)."""


class StateStore(Protocol):
    """The bucket of the states of all environments."""

    def exists(self) -> bool: ...
    def make(self) -> bool: ...
    def check(self) -> None:
        """Raises GateRefused for a bucket that is not ours, Unfit where there is none."""

    def states(self) -> dict[str, StateSummary]: ...
    def state(self, place: RemoteState) -> StateSummary | None: ...
    def held(self, place: RemoteState) -> Held:
        """What the state in that place holds. Raises TerraformFailed for what is no state."""

    def lock(self, place: RemoteState) -> dict[str, str] | None: ...
    def remove(self) -> None: ...


def parse_state(text: str) -> StateSummary | None:
    """None for an empty file, which Terraform makes before it writes anything. Raises ValueError for no state."""
    if not text.strip():
        return None
    try:
        raw = json.loads(text)
        content = json.dumps([raw["resources"], raw.get("outputs")], sort_keys=True)
        return StateSummary(
            int(raw.get("serial", 0)), len(raw["resources"]), hashlib.sha256(content.encode()).hexdigest()
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as e:
        raise ValueError(str(e)) from None


def remote_summary(text: str, bucket: str, key: str) -> StateSummary | None:
    """As parse_state, of a state in S3. Raises TerraformFailed for what is none."""
    try:
        return parse_state(text)
    except ValueError:
        raise TerraformFailed(
            f"s3://{bucket}/{key} is not a Terraform state",
            remedy="put an older version of that object back: the bucket keeps them",
            code="corrupt_state",
        ) from None


def must_move(local: StateSummary | None, remote: StateSummary | None, place: RemoteState) -> bool:
    """True if the local state is to be copied. Raises GateRefused where that would write over another one.

    The same state on both sides is what an interrupt leaves between the copy and the record of it.
    """
    if local is None or not local.resources:
        return False
    if remote is None or not remote.resources:
        return True
    if remote.digest == local.digest:
        return False
    raise GateRefused(
        f"s3://{place.bucket}/{place.key} holds another state with {remote.resources} resources; "
        f"the one here has {local.resources}",
        remedy="choose another ENVIRONMENT, or take one of them down first from where it was made",
        code="state_exists",
    )


def copy_sources(source_dir: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(source_dir, folder, ignore=LEFT_OUT, copy_function=_copy))


def _copy(source: str, target: str) -> None:
    """What is no file, as an editor's dangling link, Terraform is to meet, or to pass over, as it would there."""
    if os.path.isfile(source):
        shutil.copy2(source, target)
    else:
        os.symlink(os.path.abspath(source), target)


def stage_sources(source_dir: Path, folder: Path, remote: RemoteState) -> Path:
    """A copy of the sources with the backend of this environment beside them; the checkout stays as it is."""
    copy_sources(source_dir, folder)
    (folder / OVERRIDE_FILE).write_text(json.dumps(remote.backend(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return folder
