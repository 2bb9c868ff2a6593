"""The toolkit's own build service, held to what Terraform made, and the places of the toolkit that this depends on."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.runtime import worker

# The toolkit's own models, when they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/demo-dev"
SOLID = {"imageDigest": "sha256:1", "imageSizeInBytes": 90_000_000}
SOLID |= {"imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json"}
STAMP = "20261123-101112-131"


class ImageNotFound(Exception):
    pass


class FakeAws:
    """Every client of a session; records what is called. `image` is what the repository has under the tag."""

    exceptions = SimpleNamespace(ImageNotFoundException=ImageNotFound)

    def __init__(self, image: dict[str, Any] | None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._image = image

    def client(self, service: str, **_: Any) -> FakeAws:
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            self.calls.append((name, asked))
            if name == "describe_images" and self._image is None:
                raise ImageNotFound
            return {
                "get_caller_identity": {"Account": "111122223333"},
                "put_object": {"VersionId": "v7"},
                "start_build": {"build": {"id": "demo-dev-image:1"}},
                "batch_get_builds": {"builds": [{"buildStatus": "SUCCEEDED"}]},
                "describe_images": {"imageDetails": [self._image]},
            }[name]

        return call


def built(folder: Path, image: dict[str, Any] | None, *, published: bool = True) -> tuple[Any, FakeAws]:
    """A build as the toolkit goes through it, and the calls that it made."""
    aws = FakeAws(image)
    wanted = {"repository": REPOSITORY, "project": "demo-dev-image", "published": published}
    operation = SimpleNamespace(
        boto3=SimpleNamespace(Session=lambda region_name: SimpleNamespace(client=aws.client, region_name=region_name)),
        generate_image_tag=lambda: STAMP,
    )
    build = worker.provisioned(operation, {"image": wanted, "bucket": "sources", "region": "eu-west-1"})
    (folder / "main.py").write_text("print()\n")
    build.upload_source("demo_dev", str(folder))
    location = build.upload_source(agent_name="demo_dev", source_dir=str(folder), dockerfile_dir=str(folder))
    role = build.create_codebuild_execution_role(account_id="1", ecr_repository_arn="a", agent_name="demo_dev")
    project = build.create_or_update_project(
        agent_name="demo_dev",
        ecr_repository_uri=REPOSITORY,
        execution_role=role,
        source_location=location,
        image_tag="x",
    )
    build.wait_for_completion(build.start_build(project, location))
    return build, aws


def test_nothing_is_made_and_the_build_is_of_the_version_that_was_uploaded(tmp_path: Path) -> None:
    build, aws = built(tmp_path, SOLID)
    assert [name for name, _ in aws.calls] == [
        "get_caller_identity",
        "put_object",
        "start_build",
        "batch_get_builds",
        "describe_images",
    ]
    asked = dict(aws.calls)
    sent = asked["put_object"]
    assert (sent["Bucket"], sent["Key"], sent["ExpectedBucketOwner"]) == (
        "sources",
        "demo_dev/source.zip",
        "111122223333",
    )
    with zipfile.ZipFile(io.BytesIO(sent["Body"])) as archive:
        assert archive.namelist() == ["main.py"]
    digest = hashlib.sha256(sent["Body"]).hexdigest()
    assert asked["start_build"] == {
        "projectName": "demo-dev-image",
        "sourceVersion": "v7",
        "environmentVariablesOverride": [{"name": "IMAGE_TAG", "value": f"{STAMP}-{digest}", "type": "PLAINTEXT"}],
    }
    assert asked["describe_images"] == {"repositoryName": "demo-dev", "imageIds": [{"imageTag": f"{STAMP}-{digest}"}]}
    assert (build.tag, build.source_digest, build.image_digest, build.notes) == (
        f"{STAMP}-{digest}",
        digest,
        "sha256:1",
        [],
    )


@pytest.mark.parametrize(
    ("image", "why"),
    [
        pytest.param(
            {**SOLID, "imageManifestMediaType": "application/vnd.oci.image.index.v1+json"},
            "attestation",
            id="oci-index",
        ),
        pytest.param(
            {**SOLID, "imageManifestMediaType": "application/vnd.docker.distribution.manifest.list.v2+json"},
            "is an index",
            id="manifest-list",
        ),
        pytest.param({**SOLID, "imageSizeInBytes": 2 * 1024**3 + 1}, "2147483649 bytes", id="too-large"),
        pytest.param(None, "is not in the repository", id="not-there"),
    ],
)
def test_an_image_that_agentcore_would_refuse_ends_the_launch_before_a_runtime_is_made_of_it(
    tmp_path: Path, image: dict[str, Any] | None, why: str
) -> None:
    with pytest.raises(RuntimeError, match=why):
        built(tmp_path, image)


def test_where_nothing_is_built_it_is_said_and_no_digest_is_made_up(tmp_path: Path) -> None:
    build, _ = built(tmp_path, None, published=False)
    assert build.image_digest is None
    assert "no image was built" in build.notes[0]


def test_the_pinned_toolkit_has_the_places_that_are_used() -> None:
    operation: Any = importlib.import_module("bedrock_agentcore_starter_toolkit.operations.runtime.launch")
    text = inspect.getsource(operation)
    assert "codebuild_service = CodeBuildService(session)" in text, "made where it was replaced"
    assert {"boto3", "generate_image_tag"} <= vars(operation).keys()
    assert "image_tag" in inspect.signature(operation.launch_bedrock_agentcore).parameters


def test_the_generated_dockerfile_gets_a_number_for_its_user_and_the_python_of_code() -> None:
    toolkit: Any = importlib.import_module("bedrock_agentcore_starter_toolkit.utils.runtime")
    template = Path(toolkit.__file__).with_name("templates") / "Dockerfile.j2"
    generated = template.read_text().replace("{{ python_version }}", "3.11")
    mended = worker.mended(generated, "3.12").splitlines()
    assert "FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim" in mended
    assert [line for line in mended if line.startswith("USER")] == ["USER 1000"]
    for other in ("FROM scratch\n\nUSER bedrock_agentcore\n", "FROM ghcr.io/astral-sh/uv:python3.11-bookworm-slim\n"):
        with pytest.raises(ValueError, match="not known here"):
            worker.mended(other, "3.12")
