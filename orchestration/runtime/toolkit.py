"""Runs the starter toolkit in a process of its own.

The toolkit reads endpoints when it is imported, writes into its working folder and zips that folder, and prints as
it likes. A child with its own folder, environment and streams keeps all that away from the caller.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from orchestration.errors import LaunchFailed, Unfit
from orchestration.outputs import ImageOutputs
from orchestration.processes import leashed
from orchestration.runtime.launch import Shipped
from orchestration.runtime.package import REQUIREMENTS, StagedAgent
from orchestration.runtime.spec import RuntimeSpec
from orchestration.settings import AGENT_ENTRYPOINT, CODE_RUNTIME

WORKER = Path(__file__).with_name("worker.py")
LOG_NAME = "launch.log"
TEMPORARY, PACKING = "tmp", "tmp-packing"
ENGINES = ("finch", "docker", "podman")
"""What the toolkit can build with, in its order (starter toolkit 0.3.14, utils/runtime/container)."""


@dataclass(frozen=True, slots=True)
class Builds:
    """How an image is built. `published`: in a registry that is one, so that the image must be there afterwards.

    `engine`: Docker, Finch or Podman, if one of them is on this machine; it builds where `here` asks for it.
    """

    published: bool = False
    here: bool = False
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Toolkit:
    """`variables` are the child's whole environment; `log_dir` receives the toolkit's output."""

    variables: Mapping[str, str]
    log_dir: Path
    region: str
    timeout_s: float
    logs: str = "invoke logs"
    """The command that shows the agent's own output."""
    builds: Builds = Builds()
    poll_s: float = 1.0
    """Between looks for the endpoint."""

    def launch(
        self, spec: RuntimeSpec, staged: StagedAgent, images: ImageOutputs | None, note: Callable[[str], None]
    ) -> Shipped:
        """Configure and launch, or update what is there. Raises LaunchFailed with the service's own words."""
        request = {
            "region": self.region,
            "name": spec.name,
            "role_arn": spec.role_arn,
            "bucket": images.source_bucket_name if images else spec.bucket,
            "authorizer": spec.authorizer,
            "environment": dict(spec.environment),
            "entry_point": AGENT_ENTRYPOINT,
            "code_runtime": spec.code_runtime,
            "protocol": spec.protocol,
            "request_headers": list(spec.request_headers),
            "source_dir": str(staged.source_dir),
            "poll_s": self.poll_s,
            "image": images and self._image(images, note),
        }
        answer = self._run(request, staged.build_dir, note)
        if "error" in answer:
            raise LaunchFailed(
                f"the starter toolkit could not launch {spec.name}: {answer['error']}",
                remedy=f"correct the cause and run the command again; `{self.logs}` shows the agent's output, "
                f"{self.log_dir / LOG_NAME} the toolkit's",
            )
        found = {name: answer.get(name) for name in ("image_digest", "source_digest")}
        return Shipped(str(answer["id"]), str(answer["arn"]), answer.get("image") or "", **found)

    @contextmanager
    def packing(self, agent_dir: Path, build_dir: Path) -> Iterator[None]:
        """Pack the agent's dependencies beside what is done inside, unless they are packed already.

        What goes wrong with that is told by the launch, which then packs for itself.
        """
        asked, kept = (agent_dir / REQUIREMENTS).read_bytes(), build_dir / "dependencies" / REQUIREMENTS
        if kept.is_file() and kept.read_bytes() == asked and any(kept.parent.glob("*/dependencies.hash")):
            yield
            return
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(asked)
        result = build_dir / "packing.result.json"
        with (self.log_dir / LOG_NAME).open("ab") as log:
            process = self._start(build_dir, result, log, PACKING)
            try:
                assert process.stdin is not None  # noqa: S101  it is a pipe
                with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                    pipe.write(json.dumps({"pack": CODE_RUNTIME}).encode())
                yield
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(self.timeout_s)
            finally:
                _end_group(process)
                shutil.rmtree(build_dir / PACKING, ignore_errors=True)
                result.unlink(missing_ok=True)

    def _image(self, images: ImageOutputs, note: Callable[[str], None]) -> dict[str, Any]:
        builds = self.builds
        if builds.here and not builds.engine:
            raise Unfit(
                f"LOCAL_BUILD is set, but none of {', '.join(ENGINES)} is on PATH",
                remedy="install one of them, or unset LOCAL_BUILD: CodeBuild needs none",
                code="no_engine",
            )
        if builds.engine and not builds.here:
            note(f"{builds.engine} is on PATH: with LOCAL_BUILD=1 it builds the image on this machine")
        return {
            "repository": images.repository_url,
            "project": images.project_name,
            "python": CODE_RUNTIME.removeprefix("PYTHON_").replace("_", "."),
            "published": builds.published,
            "engine": builds.engine if builds.here else "",
        }

    def _run(self, request: Mapping[str, Any], build_dir: Path, note: Callable[[str], None]) -> dict[str, Any]:
        result_path = build_dir / "launch.result.json"
        result_path.unlink(missing_ok=True)
        with (self.log_dir / LOG_NAME).open("ab") as log:
            process = self._start(build_dir, result_path, log)
            try:
                process.communicate(json.dumps(request).encode(), timeout=self.timeout_s)
            except subprocess.TimeoutExpired:
                return {"error": f"no answer within {self.timeout_s:.0f} s"}
            finally:
                _end_group(process)
                shutil.rmtree(build_dir / TEMPORARY, ignore_errors=True)
        try:
            answer: dict[str, Any] = json.loads(result_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {"error": f"the toolkit's process ended with exit code {process.returncode} and no result"}
        finally:
            result_path.unlink(missing_ok=True)
        for line in answer.get("notes", []):
            note(line)
        return answer

    def _start(
        self, build_dir: Path, result: Path, log: IO[bytes], temporary: str = TEMPORARY
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # It would go on creating a runtime that nobody waits for.
            leashed([sys.executable, "-P", str(WORKER), str(result)], signal.SIGKILL),
            cwd=build_dir,
            env=self._environment(build_dir, temporary),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _environment(self, build_dir: Path, temporary: str = TEMPORARY) -> dict[str, str]:
        """The child's PATH finds uv in the virtual environment, and something called zip.

        The toolkit refuses to start without a `zip` on PATH but packs with Python's zipfile. What it leaves in the
        temporary folder when it is interrupted goes with that folder.
        """
        place = build_dir / temporary
        place.mkdir(parents=True, exist_ok=True)
        path = [str(Path(sys.executable).parent), self.variables.get("PATH", os.defpath)]
        if shutil.which("zip", path=path[1]) is None:
            shim = build_dir / "bin" / "zip"
            shim.parent.mkdir(parents=True, exist_ok=True)
            shim.write_text("#!/bin/sh\n# The starter toolkit asks for zip and never runs it.\nexit 0\n")
            shim.chmod(0o700)
            path.append(str(shim.parent))
        return {**self.variables, "PATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1", "TMPDIR": str(place)}


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the worker and what it started (uv) where they are still there: after a deadline, a crash or Ctrl-C."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
