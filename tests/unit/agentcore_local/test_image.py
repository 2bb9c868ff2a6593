"""An image's source is found by the record of its build, and by nothing else."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from agentcore_local.artifact import ENTRY_MISSING, ArtifactError
from agentcore_local.image import Images

ACCOUNT, REGION = "000000000000", "us-east-1"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/demo-dev"
DOCKERFILE = 'FROM x\nCMD ["no"]\nCMD ["python", "-m", "main"]\n'


def source(dockerfile: str | None = DOCKERFILE, **files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in {"main.py": "print()\n", **files}.items():
            archive.writestr(name, text)
        if dockerfile is not None:
            archive.writestr("Dockerfile", dockerfile)
    return content.getvalue()


def uri(content: bytes, repository: str = REPOSITORY) -> str:
    return f"{repository}:20261123-101112-131-{hashlib.sha256(content).hexdigest()}"


class FakeObjects:
    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        """By version."""

    def get_object(self, **asked: Any) -> dict[str, Any]:
        assert (asked["Bucket"], asked["Key"]) == ("sources", "demo_dev/source.zip")
        return {"Body": Body(self.held[asked["VersionId"]])}


class Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def iter_chunks(self, size: int) -> list[bytes]:
        return [self._content]


class FakeBuilds:
    """One project that pushes into `repository`; builds of (version, status), the newest first."""

    def __init__(self, *builds: tuple[str, str], repository: str = REPOSITORY) -> None:
        self._builds, self._repository = builds, repository

    def list_projects(self, **asked: Any) -> dict[str, Any]:
        return {"projects": ["demo-dev-image"]}

    def batch_get_projects(self, **asked: Any) -> dict[str, Any]:
        variables = [{"name": "OTHER", "value": REPOSITORY}, {"name": "IMAGE_REPOSITORY", "value": self._repository}]
        return {
            "projects": [{"name": name, "environment": {"environmentVariables": variables}} for name in asked["names"]]
        }

    def list_builds_for_project(self, **asked: Any) -> dict[str, Any]:
        assert asked["sortOrder"] == "DESCENDING"
        return {"ids": [version for version, _ in self._builds]}

    def batch_get_builds(self, **asked: Any) -> dict[str, Any]:
        place = {"location": "sources/demo_dev/source.zip"}
        known = dict(self._builds)
        return {"builds": [{"sourceVersion": v, "buildStatus": known[v], "source": place} for v in asked["ids"]]}


class Scene:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "code"
        self.objects = FakeObjects()
        self.builds: Any = FakeBuilds(("v1", "SUCCEEDED"))

    def hold(self, content: bytes, version: str = "v1") -> bytes:
        self.objects.held[version] = content
        return content

    def prepare(self, named: str) -> str:
        images = Images(lambda: self.builds, self.objects, REGION, ACCOUNT)
        return images.prepare(named, self.folder, tempfile.TemporaryFile)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_the_source_of_the_build_is_unpacked_and_its_entry_is_the_dockerfiles(scene: Scene) -> None:
    content = scene.hold(source('CMD ["python", "-m", "desk.serve"]', **{"desk/serve.py": "print(1)\n"}))
    assert scene.prepare(uri(content)) == "desk/serve.py"
    assert (scene.folder / "desk" / "serve.py").read_text() == "print(1)\n"


def test_what_was_unpacked_once_is_not_looked_for_again(scene: Scene) -> None:
    content = scene.hold(source())
    scene.prepare(uri(content))
    scene.objects.held.clear()
    assert scene.prepare(uri(content)) == "main.py"


def test_the_build_is_found_among_others_also_where_their_sources_are_gone(scene: Scene) -> None:
    scene.builds = FakeBuilds(("v3", "SUCCEEDED"), ("v2", "SUCCEEDED"), ("v1", "SUCCEEDED"))
    content = scene.hold(source())
    scene.hold(source(**{"other.py": ""}), "v2")
    assert scene.prepare(uri(content)) == "main.py"


@pytest.mark.parametrize(
    ("builds", "held"),
    [
        pytest.param(FakeBuilds(), "v1", id="no-build"),
        pytest.param(FakeBuilds(("v1", "FAILED")), "v1", id="a-build-that-failed"),
        pytest.param(FakeBuilds(("v1", "SUCCEEDED"), repository=f"{REPOSITORY}2"), "v1", id="into-another-repository"),
        pytest.param(FakeBuilds(("v2", "SUCCEEDED")), "v1", id="from-another-version"),
    ],
)
def test_a_source_that_no_build_of_that_repository_was_started_for_is_not_run(
    scene: Scene, builds: FakeBuilds, held: str
) -> None:
    scene.builds = builds
    content = scene.hold(source(), held)
    with pytest.raises(ArtifactError, match="No build of"):
        scene.prepare(uri(content))
    assert not scene.folder.exists()


def test_a_source_that_was_replaced_under_its_version_is_not_run(scene: Scene) -> None:
    scene.hold(source(**{"main.py": "print('evil')\n"}))
    with pytest.raises(ArtifactError, match="from a source of that digest"):
        scene.prepare(uri(source()))
    assert not scene.folder.exists()


@pytest.mark.parametrize(
    "named",
    [
        pytest.param(uri(source(), REPOSITORY.replace(ACCOUNT, "111122223333")), id="another-account"),
        pytest.param(uri(source(), REPOSITORY.replace(REGION, "eu-west-1")), id="another-region"),
        pytest.param(f"{REPOSITORY}:latest", id="a-tag-without-a-digest"),
        pytest.param("public.ecr.aws/docker/library/python:3.12", id="a-public-image"),
        pytest.param(f"{REPOSITORY}@sha256:{'0' * 64}", id="a-digest-without-a-tag"),
    ],
)
def test_images_of_elsewhere_are_not_played(scene: Scene, named: str) -> None:
    scene.hold(source())
    with pytest.raises(ArtifactError, match="no image that the local runtime can play"):
        scene.prepare(named)


@pytest.mark.parametrize(
    ("dockerfile", "why"),
    [
        pytest.param(None, "holds no Dockerfile", id="none"),
        pytest.param("FROM x\n", ENTRY_MISSING, id="no-command"),
        pytest.param("CMD python -m main\n", ENTRY_MISSING, id="a-shell-command"),
        pytest.param('CMD ["python", "main.py"]\n', ENTRY_MISSING, id="no-module"),
        pytest.param('CMD ["python", "-m", "../main"]\n', ENTRY_MISSING, id="a-path"),
        pytest.param('CMD ["python", "-m", "absent"]\n', ENTRY_MISSING, id="a-module-that-is-absent"),
        pytest.param('CMD {"a": 1}\n', ENTRY_MISSING, id="no-list"),
        pytest.param('CMD ["python", "-m", 1]\n', ENTRY_MISSING, id="no-text"),
    ],
)
def test_a_command_that_is_no_module_of_the_source_is_not_run(scene: Scene, dockerfile: str | None, why: str) -> None:
    content = scene.hold(source(dockerfile))
    with pytest.raises(ArtifactError, match=why):
        scene.prepare(uri(content))
    assert not scene.folder.exists()


def test_a_record_that_cannot_be_read_is_told_without_its_words(scene: Scene) -> None:
    scene.builds = None
    with pytest.raises(ArtifactError, match="cannot be read: AttributeError"):
        scene.prepare(uri(scene.hold(source())))
