"""The only importer of the starter toolkit. Run as a script: request on stdin, result in the file argv[1].

Request: {region, name, role_arn, bucket, authorizer, environment, entry_point, code_runtime, protocol, source_dir,
request_headers, image, poll_s}. image: null for code, else {repository, project, python, published, engine}.
Or {pack: the code runtime}, to pack the dependencies alone.
Result: {"id", "arn"}, with an image {"image", "image_digest", "source_digest", "notes"} too, or {"error": str}.
Imports nothing of ours: it runs in the build folder.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import importlib.util
import json
import os
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG = ".bedrock_agentcore.yaml"
MAX_IMAGE_BYTES = 2 * 1024**3
"""Compressed (AgentCore devguide: bedrock-agentcore-limits)."""
# What the toolkit's Dockerfile says (starter toolkit 0.3.14), and what it is to say: the service asks for a number
# (AgentCore devguide: runtime-troubleshooting), and the Python is that of this process.
NAMED_USER, NUMBERED_USER = "USER bedrock_agentcore", "USER 1000"
BASE = re.compile(r"^(FROM ghcr\.io/astral-sh/uv:python)[0-9.]+(-bookworm-slim)$", re.MULTILINE)


def launch(request: dict[str, Any]) -> dict[str, Any]:
    """Configure from scratch and launch.

    An old configuration file would bring an old runtime id, which the toolkit then updates without asking whether
    it still exists; the conflict on the name finds the right one.
    """
    operation = importlib.import_module("bedrock_agentcore_starter_toolkit.operations.runtime.launch")
    attentive = beside("attentive")["attentive"]
    operation.BedrockAgentCoreClient = attentive(operation.BedrockAgentCoreClient, request["poll_s"])  # type: ignore[attr-defined]
    return launch_image(request, operation) if request["image"] else launch_code(request)


def launch_code(request: dict[str, Any]) -> dict[str, Any]:
    from bedrock_agentcore_starter_toolkit.utils.runtime import package
    from bedrock_agentcore_starter_toolkit.utils.runtime.config import load_config, save_config

    # It would compress all dependencies again for each change of the code.
    package.CodeZipPackager = beside("packager")["sparing"](package.CodeZipPackager)
    config_path = Path.cwd() / CONFIG
    runtime = configured(
        request,
        s3_path=f"s3://{request['bucket']}",
        deployment_type="direct_code_deploy",
        runtime_type=request["code_runtime"],
    )
    # Without a source path the toolkit writes its dependency cache into the folder that it then zips.
    config = load_config(config_path)
    config.get_agent_config().source_path = str(Path(request["source_dir"]))
    save_config(config, config_path)
    result = runtime.launch(auto_update_on_conflict=True, env_vars=request["environment"])
    return {"id": str(result.agent_id), "arn": str(result.agent_arn)}


def beside(name: str) -> dict[str, Any]:
    """A module beside this script, whose folder is not on the path."""
    return runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))


def pack(code_runtime: str) -> dict[str, Any]:
    """Of the toolkit packing needs one module, not the half second that the import of all the others takes."""
    spec = importlib.util.find_spec("bedrock_agentcore_starter_toolkit")
    assert spec is not None  # noqa: S101  it is in the lock
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    from bedrock_agentcore_starter_toolkit.utils.logging_config import setup_toolkit_logging
    from bedrock_agentcore_starter_toolkit.utils.runtime import package

    setup_toolkit_logging(mode="sdk")  # as one of those others does
    beside("packager")["pack"](package, code_runtime)
    return {}


def launch_image(request: dict[str, Any], operation: Any) -> dict[str, Any]:
    """In the source folder, which becomes the build context: Dockerfile and ignore file are generated into it."""
    os.chdir(request["source_dir"])
    wanted = request["image"]
    options = {"container_runtime": wanted["engine"]} if wanted["engine"] else {}
    configured(request, deployment_type="container", ecr_repository=wanted["repository"], **options)
    dockerfile = Path("Dockerfile")
    dockerfile.write_text(mended(dockerfile.read_text(encoding="utf-8"), wanted["python"]), encoding="utf-8")
    if wanted["engine"]:
        # For the toolkit's `docker build`, which takes no option of ours.
        os.environ["BUILDX_NO_DEFAULT_ATTESTATIONS"] = "1"
    build = provisioned(operation, request)
    build.upload_source(request["name"])
    if wanted["engine"] and not wanted["published"]:
        build.notes.append(built_here(wanted["engine"], build.tag))
    # The toolkit would make project, role and bucket for itself, and name the image before there is anything to build.
    operation.CodeBuildService = lambda session: build
    result = operation.launch_bedrock_agentcore(
        Path(CONFIG),
        use_codebuild=not (wanted["engine"] and wanted["published"]),
        auto_update_on_conflict=True,
        env_vars=request["environment"],
        image_tag=build.tag,
    )
    return {
        "id": str(result.agent_id),
        "arn": str(result.agent_arn),
        "image": str(result.ecr_uri) if result.ecr_uri else f"{wanted['repository']}:{build.tag}",
        "image_digest": build.image_digest or build.pushed(),
        "source_digest": build.source_digest,
        "notes": build.notes,
    }


def configured(request: dict[str, Any], **options: Any) -> Any:
    from bedrock_agentcore_starter_toolkit import Runtime

    source_dir = Path(request["source_dir"])
    (Path.cwd() / CONFIG).unlink(missing_ok=True)
    runtime = Runtime()
    runtime.configure(
        entrypoint=str(source_dir / request["entry_point"]),
        agent_name=request["name"],
        execution_role=request["role_arn"],
        auto_create_ecr=False,
        authorizer_configuration=request["authorizer"],
        request_header_configuration={"requestHeaderAllowlist": request["request_headers"]},
        region=request["region"],
        protocol=request["protocol"],
        requirements_file=str(source_dir / "requirements.txt"),
        disable_otel=True,
        memory_mode="NO_MEMORY",
        **options,
    )
    return runtime


def built_here(engine: str, tag: str) -> str:
    """Build to see that it can be built: the emulator has no registry to push it to. Raises RuntimeError."""
    from bedrock_agentcore_starter_toolkit.utils.runtime.container import ContainerRuntime

    name = f"agent:{tag}"
    done, output = ContainerRuntime(engine).build(Path(), name)
    if not done:
        raise RuntimeError(f"{engine} could not build the image: {' '.join(output[-10:])}")
    return f"{engine} built {name} on this machine; it was not pushed, and the local runtime does not run it"


def mended(dockerfile: str, python: str) -> str:
    """The generated Dockerfile with a numeric user and that Python. Raises ValueError where it is another one."""
    text, bases = BASE.subn(rf"\g<1>{python}\g<2>", dockerfile)
    if bases != 1 or text.count(f"\n{NAMED_USER}\n") != 1:
        raise ValueError("the starter toolkit generated a Dockerfile that is not known here")
    return text.replace(f"\n{NAMED_USER}\n", f"\n{NUMBERED_USER}\n")


def faults(image: dict[str, Any]) -> str | None:
    """Why AgentCore would not take an image as it lies in the repository (ECR's ImageDetail); None if it would."""
    kind = str(image.get("imageManifestMediaType", ""))
    if "index" in kind or "manifest.list" in kind:
        return f"its manifest is an index ({kind}), which AgentCore refuses: it was built with an attestation"
    size = int(image.get("imageSizeInBytes", 0))
    if size > MAX_IMAGE_BYTES:
        return f"it has {size} bytes, AgentCore takes {MAX_IMAGE_BYTES}"
    return None


def provisioned(operation: Any, request: dict[str, Any]) -> Any:
    """The toolkit's build service for the project, role and bucket that Terraform made."""
    from bedrock_agentcore_starter_toolkit.services import codebuild

    wanted = request["image"]
    session = operation.boto3.Session(region_name=request["region"])

    class ProvisionedBuild(codebuild.CodeBuildService):  # type: ignore[misc]
        """Uploads once and pins that version; its tag ends in the digest of what was uploaded."""

        def __init__(self) -> None:
            super().__init__(session)
            self.ecr = session.client("ecr")
            self.s3_client = Uploads(session.client("s3"), self.uploaded)
            self.location = self.version = self.tag = self.source_digest = ""
            self.image_digest: str | None = None
            self.notes: list[str] = []

        def uploaded(self, digest: str, version: str) -> None:
            self.source_digest, self.version = digest, version
            self.tag = f"{operation.generate_image_tag()}-{digest}"

        def ensure_source_bucket(self, account_id: str) -> str:
            return str(request["bucket"])

        def upload_source(self, agent_name: str, source_dir: str = ".", dockerfile_dir: str | None = None) -> str:
            self.location = self.location or super().upload_source(agent_name, source_dir, dockerfile_dir)
            return self.location

        def create_codebuild_execution_role(self, *_: Any, **__: Any) -> None:
            """The project has one."""

        def create_or_update_project(self, *_: Any, **__: Any) -> str:
            return str(wanted["project"])

        def start_build(self, project_name: str, source_location: str) -> str:
            tag = {"name": "IMAGE_TAG", "value": self.tag, "type": "PLAINTEXT"}
            answer = self.client.start_build(
                projectName=project_name, sourceVersion=self.version, environmentVariablesOverride=[tag]
            )
            return str(answer["build"]["id"])

        def wait_for_completion(self, build_id: str, timeout: int = 900) -> None:
            super().wait_for_completion(build_id, timeout)
            self.image_digest = self.pushed()
            if self.image_digest is None:
                self.notes.append(
                    "no image was built: this CodeBuild is the emulator's, and the source that it was given is run"
                )

        def pushed(self) -> str | None:
            """Digest of the image under the tag; None where there is none and none is expected."""
            missing = self.ecr.exceptions.ImageNotFoundException
            try:
                (image,) = self.ecr.describe_images(
                    repositoryName=wanted["repository"].partition("/")[2], imageIds=[{"imageTag": self.tag}]
                )["imageDetails"]
            except (missing, ValueError):
                if wanted["published"]:
                    raise RuntimeError(f"the build succeeded, but {self.tag} is not in the repository") from None
                return None
            if why := faults(image):
                raise RuntimeError(f"image {self.tag} cannot be run: {why}")
            return str(image["imageDigest"])

    return ProvisionedBuild()


class Uploads:
    """S3's client, with an upload that tells digest and version of just what it wrote."""

    def __init__(self, client: Any, told: Callable[[str, str], None]) -> None:
        self._client, self._told = client, told

    def upload_file(self, name: str, bucket: str, key: str, **options: Any) -> None:
        content = Path(name).read_bytes()
        answer = self._client.put_object(Bucket=bucket, Key=key, Body=content, **options.get("ExtraArgs", {}))
        self._told(hashlib.sha256(content).hexdigest(), str(answer["VersionId"]))


def main() -> None:
    gc.disable()  # it ends soon: half of its processor time would go into looking for garbage, now and at the end
    os.umask(0o077)
    result = Path(sys.argv[1]).resolve()  # launching moves to another folder
    request = json.load(sys.stdin)
    try:
        answer = pack(request["pack"]) if "pack" in request else launch(request)
    except Exception as e:  # the caller turns every failure into one line; the log has the traceback
        import traceback

        traceback.print_exc()
        answer = {"error": f"{type(e).__name__}: {e}"}
    result.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
