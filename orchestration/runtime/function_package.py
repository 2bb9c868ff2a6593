"""The package of the function behind the gateway: the same bytes from the same sources, on every machine.

Terraform compares a digest of it with the function's, so a zip with times, modes or an order of its own would replace
the code at every plan.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from orchestration.errors import BadInput

PACKAGE = Path(".package") / "credit_check.zip"
"""Below terraform/, so that its path is the same to Terraform wherever the state is: the state remembers it."""
SOURCES = Path("agent") / "gateway" / "credit_check"
# One source for what the agent's built-in tool and the function answer.
SCORES = Path("agent") / "mortgage" / "data" / "credit_scores.demo.json"
# The first moment that a zip knows.
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16


def package(root: Path) -> bytes:
    """The zip: the function's modules in the folder credit_check, its data beside them.

    Stored, not deflated: compressed bytes depend on the version of zlib. Raises BadInput where a file is missing.
    """
    files = {f"{SOURCES.name}/{path.name}": path for path in (root / SOURCES).glob("*.py")}
    files[f"{SOURCES.name}/{SCORES.name}"] = root / SCORES
    if not (root / SOURCES / "handler.py").is_file() or not (root / SCORES).is_file():
        raise BadInput(
            f"{SOURCES}/handler.py or {SCORES} is missing",
            remedy=f"git checkout {SOURCES} {SCORES}",
            code="no_function",
        )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = MODE
            zipped.writestr(entry, files[name].read_bytes())
    return archive.getvalue()


def forget_package(root: Path) -> None:
    """Remove what `write_package` wrote."""
    shutil.rmtree((root / "terraform" / PACKAGE).parent, ignore_errors=True)


def write_package(root: Path) -> Path:
    """Write the package where Terraform looks for it; left alone where it is the same. Readers never see a part."""
    path = root / "terraform" / PACKAGE
    content = package(root)
    if path.is_file() and path.read_bytes() == content:
        return path
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
    return path
