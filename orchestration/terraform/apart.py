"""Sources for taking apart: provider and backend alone, so that no value and no line of the project can be wrong.

Terraform destroys what the state holds and the sources do not name, in the order that the state remembers, by the
settings that each resource was made with (Terraform: State, Removing Resources).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from orchestration.terraform.preparation import LOCK_FILE

FOLDER = "teardown"
SOURCES = "main.tf.json"


def keep_apart(work_dir: Path, source_dir: Path, *, region: str, path_style: bool) -> Path:
    """Write the sources beside the state, with the lock file of the providers that made it. Returns their folder."""
    folder = work_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}, "backend": {"local": {}}},
        "provider": {"aws": {"region": region, "s3_use_path_style": path_style}},
    }
    (folder / SOURCES).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if (source_dir / LOCK_FILE).is_file():
        shutil.copyfile(source_dir / LOCK_FILE, folder / LOCK_FILE)
    return folder


def kept_apart(work_dir: Path, source_dir: Path, *, region: str, path_style: bool) -> Path:
    """The folder of the last `keep_apart`; written now where there is none yet."""
    folder = work_dir / FOLDER
    if (folder / SOURCES).is_file() and (folder / LOCK_FILE).is_file():
        return folder
    return keep_apart(work_dir, source_dir, region=region, path_style=path_style)
