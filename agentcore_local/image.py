"""A container's image, played: nothing builds one here, so the source that its build was started for is run instead.

The way from a containerUri to its source goes by CodeBuild's record of builds (CodeBuild API: BatchGetBuilds): the
project that pushes into that repository, its builds that succeeded, the version of the object that each was started
for. The tag must end in the SHA-256 of just that object: anything else is not what the image was built from.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from agentcore_local.artifact import (
    ENTRY_MISSING,
    UNREADABLE,
    ArtifactError,
    ObjectStore,
    entry_script,
    fetch,
    place_whole,
    unpack,
)

URI = re.compile(
    r"(?P<repository>(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/[a-z0-9/._-]+)"
    r":[A-Za-z0-9_][A-Za-z0-9._-]*-(?P<digest>[0-9a-f]{64})"
)
REPOSITORY_VARIABLE = "IMAGE_REPOSITORY"
DOCKERFILE = "Dockerfile"
MAX_DOCKERFILE_BYTES = 64 * 1024
MAX_BUILDS = 100
"""As many as one call of BatchGetBuilds names."""


class BuildService(Protocol):
    """What is used of boto3's CodeBuild client."""

    def list_projects(self, **kwargs: Any) -> dict[str, Any]: ...
    def batch_get_projects(self, **kwargs: Any) -> dict[str, Any]: ...
    def list_builds_for_project(self, **kwargs: Any) -> dict[str, Any]: ...
    def batch_get_builds(self, **kwargs: Any) -> dict[str, Any]: ...


class Images:
    """Finds the source of images of this account and region."""

    def __init__(self, builds: Callable[[], BuildService], objects: ObjectStore, region: str, account: str) -> None:
        self._builds, self._objects, self._place = builds, objects, (region, account)

    def prepare(self, uri: str, folder: Path, open_temporary: Callable[[], IO[bytes]]) -> str:
        """Make sure that the source of a version's image is in its folder; return the entry script.

        Raises ArtifactError. The folder appears whole or not at all, as for code.
        """
        found = URI.fullmatch(uri)
        if found is None or (found["region"], found["account"]) != self._place:
            raise ArtifactError(f"{uri} is no image that the local runtime can play: it knows those of its own builds.")
        if folder.exists():
            return _entry((folder / DOCKERFILE).read_text("utf-8", "replace"))
        for location in self._sources(found["repository"]):
            with open_temporary() as file:
                try:
                    fetch(self._objects, location, file)
                except ArtifactError:
                    continue  # that of an older build may be gone
                if _digest(file) == found["digest"]:
                    return _unpacked(file, folder)
        raise ArtifactError(f"No build of {uri} from a source of that digest is on record.")

    def _sources(self, repository: str) -> Iterator[dict[str, str]]:
        """Where the sources of that repository's builds lie, the newest first."""
        try:
            for build in self._succeeded(repository):
                bucket, _, key = build["source"]["location"].partition("/")
                yield {"bucket": bucket, "prefix": key, "versionId": build["sourceVersion"]}
        except ArtifactError:
            raise
        except Exception as e:  # botocore raises many kinds; none of them may leave a runtime without a status
            raise ArtifactError(f"The record of builds cannot be read: {type(e).__name__}") from e

    def _succeeded(self, repository: str) -> Iterator[Mapping[str, Any]]:
        service = self._builds()
        names = service.list_projects()["projects"]
        for project in service.batch_get_projects(names=names)["projects"] if names else []:
            if repository not in _repositories(project):
                continue
            ids = service.list_builds_for_project(projectName=project["name"], sortOrder="DESCENDING")["ids"]
            if ids:
                builds = service.batch_get_builds(ids=ids[:MAX_BUILDS])["builds"]
                yield from (b for b in builds if b["buildStatus"] == "SUCCEEDED" and b.get("sourceVersion"))


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    total = hashlib.sha256()
    while chunk := file.read(1024 * 1024):
        total.update(chunk)
    return total.hexdigest()


def _repositories(project: Mapping[str, Any]) -> set[str]:
    variables = project.get("environment", {}).get("environmentVariables", [])
    return {variable["value"] for variable in variables if variable["name"] == REPOSITORY_VARIABLE}


def _unpacked(file: IO[bytes], folder: Path) -> str:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive, archive.open(DOCKERFILE) as dockerfile:
            entry = _entry(dockerfile.read(MAX_DOCKERFILE_BYTES).decode("utf-8", "replace"))
    except (KeyError, *UNREADABLE) as e:
        raise ArtifactError(f"The image's source holds no {DOCKERFILE} that can be read ({type(e).__name__}).") from e
    file.seek(0)
    with place_whole(folder) as partial:
        unpack(file, partial, entry)
    return entry


def _entry(dockerfile: str) -> str:
    """The Python file of the last CMD, which is `python -m <module>` in the form of a list."""
    commands = [line[4:] for line in dockerfile.splitlines() if line.startswith("CMD ")]
    try:
        words = json.loads(commands[-1])
        module = words[-1] if words[-2] == "-m" else ""
    except (ValueError, IndexError, TypeError, KeyError):
        module = ""
    if not isinstance(module, str) or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", module, re.ASCII):
        raise ArtifactError(ENTRY_MISSING)
    return entry_script([module.replace(".", "/") + ".py"])
