"""What `terraform init` depends on: tool, sources, place of the state, and where the provider comes from."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from orchestration.errors import Unfit
from orchestration.terraform.mirror import MIRROR_VARIABLE, cli_configuration, find_mirror, registry_reachable
from orchestration.terraform.process import OnLine
from orchestration.terraform.state import RemoteState

LOCK_FILE = ".terraform.lock.hcl"
DATA_FOLDER = "terraform-data"
OUT_OF_REACH = "neither the provider registry nor a folder with hashicorp/aws is in reach"


def stamp_of(binary: str, path: str | None, source_dir: Path, state: RemoteState | Path) -> str:
    """A digest that changes when init must run again."""
    found = shutil.which(binary, path=path) or binary
    changed = Path(found).stat().st_mtime_ns if Path(found).exists() else 0
    digest = hashlib.sha256(f"{found}\0{changed}\0{state}\0".encode())
    for file in [source_dir / LOCK_FILE, *sorted(source_dir.rglob("*.tf"))]:
        if file.is_file():
            digest.update(f"{file.relative_to(source_dir)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def providers_installed(work_dir: Path) -> bool:
    folder = work_dir / DATA_FOLDER / "providers"
    return any(path.exists() for path in folder.glob("*/*/*/*/*"))


def provider_mirror(variables: Mapping[str, str]) -> Path | None:
    """The folder to take the provider from; None to let Terraform decide (its user's file, the registry).

    Raises BadInput for a wished mirror without it, Unfit where it is nowhere.
    """
    if Path(variables.get("TF_CLI_CONFIG_FILE") or os.devnull).is_file():
        return None
    if MIRROR_VARIABLE not in variables and registry_reachable():
        return None
    mirror = find_mirror(variables)
    if mirror is None:
        raise Unfit(
            OUT_OF_REACH,
            remedy="on a machine with network run `terraform -chdir=terraform providers mirror DIR`, "
            f"copy DIR here and set {MIRROR_VARIABLE}=DIR",
            code="provider_unreachable",
        )
    return mirror


def points_at(work_dir: Path, state_file: Path, remote: RemoteState | None) -> bool:
    """True if the last init chose that place of the state (Terraform keeps it in the data folder)."""
    try:
        backend = json.loads((work_dir / DATA_FOLDER / "terraform.tfstate").read_text(encoding="utf-8"))["backend"]
        kind, config = backend["type"], backend["config"]
        if remote is None:
            return bool(kind == "local" and config["path"] == str(state_file))
        return bool(kind == "s3" and (config["bucket"], config["key"]) == (remote.bucket, remote.key))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def mirror_configuration(variables: Mapping[str, str], work_dir: Path, note: OnLine) -> Path | None:
    """A CLI configuration for the mirror, or None as `provider_mirror`."""
    mirror = provider_mirror(variables)
    if mirror is None:
        return None
    note(f"provider registry not in reach or overridden: using the mirror {mirror}")
    path = work_dir / "terraform.rc"
    path.write_text(cli_configuration(mirror))
    return path
