"""Packs as the starter toolkit does, sparing what it packed before. worker.py hands it the toolkit's classes.

The toolkit keeps the dependencies packed, and still compresses all of them again for each launch. Imports nothing of
ours: it runs in the build folder.
"""

from __future__ import annotations

import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

REQUIREMENTS = Path("dependencies") / "requirements.txt"
"""What the packed dependencies were asked for with."""


def folder() -> Path:
    """Where packed dependencies are: other versions of what installs and packs them make others."""
    toolkit = version("bedrock-agentcore-starter-toolkit")
    place = Path.cwd() / "dependencies" / f"{toolkit}-uv-{version('uv')}"
    place.mkdir(parents=True, exist_ok=True)
    return place


def sparing(base: Any) -> Any:
    """A class like `base`, the toolkit's CodeZipPackager. Raises RuntimeError where that is not as it was."""
    for name in ("create_deployment_package", "_build_dependencies_zip", "_merge_zips"):
        if not callable(getattr(base, name, None)):
            raise RuntimeError(f"the starter toolkit packs otherwise than is known here: it has no {name}")

    class Sparing(base):  # type: ignore[misc]
        def create_deployment_package(self, *, cache_dir: Path, **options: Any) -> Any:
            return super().create_deployment_package(cache_dir=folder(), **options)

        def _build_dependencies_zip(self, requirements_file: Path, output_zip: Path, runtime_version: str) -> None:
            """Whole or not at all: the toolkit would take up a part by the digest of what was there before."""
            new = output_zip.with_suffix(".new")
            super()._build_dependencies_zip(requirements_file, new, runtime_version)
            output_zip.with_suffix(".hash").unlink(missing_ok=True)
            new.replace(output_zip)

        def _merge_zips(self, dependencies_zip: Path | None, direct_code_deploy: Path, output_zip: Path) -> None:
            """The packed dependencies as they are, and the code behind them."""
            if dependencies_zip is None:
                super()._merge_zips(dependencies_zip, direct_code_deploy, output_zip)
                return
            shutil.copyfile(dependencies_zip, output_zip)
            with (
                zipfile.ZipFile(output_zip, "a", zipfile.ZIP_DEFLATED) as out,
                zipfile.ZipFile(direct_code_deploy) as code,
            ):
                for entry in code.infolist():
                    out.writestr(entry, code.read(entry))

    return Sparing


def pack(package: Any, code_runtime: str) -> None:
    """Pack the dependencies, unless they are. `package` is the toolkit's module utils.runtime.package."""
    cache = package.PackageCache(folder())
    if cache.should_rebuild_dependencies(REQUIREMENTS, None, False, code_runtime):
        sparing(package.CodeZipPackager)()._build_dependencies_zip(REQUIREMENTS, cache.dependencies_zip, code_runtime)
        cache.save_dependencies_hash(REQUIREMENTS, None, code_runtime)
