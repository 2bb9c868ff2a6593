"""The real worker, with a toolkit of our own found first on the child's PYTHONPATH."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestration.errors import LaunchFailed, Unfit
from orchestration.outputs import ImageOutputs
from orchestration.runtime.launch import Shipped
from orchestration.runtime.package import StagedAgent
from orchestration.runtime.packager import sparing
from orchestration.runtime.toolkit import LOG_NAME, Builds, Toolkit, _end_group
from tests.fakes.orchestration import DISCOVERY_URL, OUTPUTS, RUNTIME_ARN, RUNTIME_ID, spec

PACKAGE = """
import json, os, sys, time
from pathlib import Path
from types import SimpleNamespace

print("all of the toolkit is loaded")
RECORD = Path(os.environ["RECORD"])

class Runtime:
    def configure(self, **options):
        assert not Path(".bedrock_agentcore.yaml").exists(), "an old configuration is there"
        Path(".bedrock_agentcore.yaml").write_text("{}")
        RECORD.write_text(json.dumps({"configure": options, "env": dict(os.environ), "cwd": os.getcwd()}))

    def launch(self, **options):
        record = json.loads(RECORD.read_text())
        record |= {"launch": options, "config": Path(".bedrock_agentcore.yaml").read_text()}
        RECORD.write_text(json.dumps(record))
        if os.environ.get("BEHAVIOUR") == "waits":
            from bedrock_agentcore_starter_toolkit.operations.runtime import launch

            assert launch.BedrockAgentCoreClient().wait_for_agent_endpoint_ready("id", max_wait=60) == "arn"
        print("the toolkit talks")
        print("and complains", file=sys.stderr)
        behaviour = os.environ.get("BEHAVIOUR")
        if behaviour == "raises":
            raise RuntimeError("ValidationException: role cannot be assumed")
        if behaviour == "exits":
            os._exit(3)
        if behaviour == "hangs":
            time.sleep(600)
        return SimpleNamespace(agent_id=os.environ["ID"], agent_arn=os.environ["ARN"])
"""
OPERATION = """
import os
from types import SimpleNamespace

class BedrockAgentCoreClient:
    client = SimpleNamespace(exceptions=SimpleNamespace(ResourceNotFoundException=KeyError))

    def get_agent_runtime_endpoint(self, agent_id, endpoint_name):
        SEEN.append(agent_id)
        return {"status": {1: "CREATING", 2: "UPDATING"}[len(SEEN)]} if len(SEEN) < 3 else {"status": "READY"}

    def wait_for_agent_endpoint_ready(self, agent_id, endpoint_name="DEFAULT", max_wait=120):
        assert len(SEEN) == 3, "it would look once a second"
        return "arn"

SEEN = []
"""
CONFIG = """
from types import SimpleNamespace

def load_config(path):
    agent = SimpleNamespace(source_path=None)
    return SimpleNamespace(get_agent_config=lambda: agent)

def save_config(config, path):
    path.write_text(config.get_agent_config().source_path)
"""

# It installs nothing, and says each time that it packs.
PACKAGER = """
import os, zipfile
from pathlib import Path

class PackageCache:
    def __init__(self, cache_dir):
        self.dependencies_zip, self.hash = cache_dir / "dependencies.zip", cache_dir / "dependencies.hash"

    def should_rebuild_dependencies(self, requirements, lock, force, runtime):
        asked = f"{requirements.read_text()} {runtime}"
        return not self.hash.exists() or self.hash.read_text() != asked

    def save_dependencies_hash(self, requirements, lock, runtime):
        self.hash.write_text(f"{requirements.read_text()} {runtime}")

class CodeZipPackager:
    def create_deployment_package(self, **options): ...

    def _build_dependencies_zip(self, requirements_file, output_zip, runtime_version):
        assert Path(os.environ["TMPDIR"]).is_dir()
        print("packing", requirements_file.read_text())
        if os.environ.get("BEHAVIOUR") == "cannot-pack":
            raise RuntimeError("no such package")
        output_zip.write_text(requirements_file.read_text())

    def _merge_zips(self, dependencies_zip, direct_code_deploy, output_zip): ...
"""

LOGGING = """
def setup_toolkit_logging(mode):
    print("the toolkit logs as for", mode)
"""


class Scene:
    def __init__(self, tmp_path: Path) -> None:
        package = tmp_path / "python" / "bedrock_agentcore_starter_toolkit"
        (package / "utils" / "runtime").mkdir(parents=True)
        (package / "__init__.py").write_text(PACKAGE)
        (package / "utils" / "__init__.py").touch()
        (package / "utils" / "runtime" / "__init__.py").touch()
        (package / "operations" / "runtime").mkdir(parents=True)
        (package / "operations" / "runtime" / "launch.py").write_text(OPERATION)
        (package / "utils" / "runtime" / "config.py").write_text(CONFIG)
        (package / "utils" / "runtime" / "package.py").write_text(PACKAGER)
        (package / "utils" / "logging_config.py").write_text(LOGGING)
        self.build = tmp_path / "build"
        self.log_dir = tmp_path / "state"
        (self.build / "src").mkdir(parents=True)
        self.log_dir.mkdir()
        self.staged = StagedAgent(self.build, self.build / "src", "digest-1", 2)
        self._record = tmp_path / "record.json"
        variables = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(package.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "RECORD": str(self._record),
            "ID": RUNTIME_ID,
            "ARN": RUNTIME_ARN,
        }
        self.toolkit = Toolkit(variables, self.log_dir, "us-east-1", 60.0, "invoke logs --since 10m")

    def launch(self, behaviour: str = "") -> Shipped:
        toolkit = replace(self.toolkit, variables={**self.toolkit.variables, "BEHAVIOUR": behaviour})
        if behaviour == "hangs":
            toolkit = replace(toolkit, timeout_s=0.5)
        return toolkit.launch(spec(), self.staged, None, lambda line: None)

    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self._record.read_text())
        return record


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_the_runtime_that_the_toolkit_made_is_returned(scene: Scene) -> None:
    assert scene.launch() == Shipped(RUNTIME_ID, RUNTIME_ARN)


def test_every_setting_reaches_the_toolkit(scene: Scene) -> None:
    scene.launch()
    source = str(scene.build / "src")
    sent = scene.record()["configure"]
    assert sent["authorizer_configuration"] == {
        "customJWTAuthorizer": {
            "discoveryUrl": DISCOVERY_URL,
            "allowedClients": ["client-of-machines", "client-of-people"],
        }
    }
    assert sent["agent_name"] == OUTPUTS["agent_runtime_name"]
    assert sent["execution_role"] == OUTPUTS["runtime_role_arn"]
    assert sent["s3_path"] == f"s3://{OUTPUTS['artifact_bucket_name']}"
    assert sent["entrypoint"] == f"{source}/main.py"
    assert sent["requirements_file"] == f"{source}/requirements.txt"
    assert sent["deployment_type"] == "direct_code_deploy"
    assert sent["auto_create_ecr"] is False
    assert scene.record()["config"] == source
    assert scene.record()["launch"] == {"auto_update_on_conflict": True, "env_vars": dict(spec().environment)}


def test_the_toolkit_starts_from_no_old_configuration(scene: Scene) -> None:
    (scene.build / ".bedrock_agentcore.yaml").write_text("agent_id: gone")
    assert scene.launch() == Shipped(RUNTIME_ID, RUNTIME_ARN)


def test_the_child_sees_the_given_variables_and_no_others(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://stray")
    scene.launch()
    seen = scene.record()["env"]
    assert seen.keys() - {"LC_CTYPE"} == {*scene.toolkit.variables, "PYTHONUNBUFFERED", "TMPDIR", "BEHAVIOUR"}
    assert scene.record()["cwd"] == str(scene.build)


def test_the_childs_temporary_folder_is_in_the_build_folder_and_goes_with_it(scene: Scene) -> None:
    scene.launch()
    temporary = Path(scene.record()["env"]["TMPDIR"])
    assert temporary.is_relative_to(scene.build)
    assert not temporary.exists()


def test_the_virtual_environments_programs_come_first_on_the_path(scene: Scene) -> None:
    path = scene.toolkit._environment(scene.build)["PATH"].split(os.pathsep)
    assert path[0] == str(Path(sys.executable).parent)
    assert path[1] == "/usr/bin"


def test_a_missing_zip_gets_a_stand_in_in_the_build_folder(scene: Scene, tmp_path: Path) -> None:
    bare = replace(scene.toolkit, variables={"PATH": str(tmp_path / "empty")})
    shim = Path(bare._environment(scene.build)["PATH"].split(os.pathsep)[-1]) / "zip"
    assert shim.is_relative_to(scene.build)
    assert os.access(shim, os.X_OK)


def test_a_zip_that_is_there_is_used(scene: Scene, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "zip").write_text("#!/bin/sh\n")
    (tools / "zip").chmod(0o755)
    there = replace(scene.toolkit, variables={"PATH": str(tools)})
    assert there._environment(scene.build)["PATH"].split(os.pathsep)[1:] == [str(tools)]


def test_what_the_toolkit_prints_goes_to_its_log_alone(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    scene.launch()
    log = (scene.log_dir / "launch.log").read_text()
    assert "the toolkit talks" in log
    assert "and complains" in log
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param("raises", "RuntimeError: ValidationException: role cannot be assumed", id="raises"),
        pytest.param("exits", "exit code 3", id="ends-without-a-result"),
        pytest.param("hangs", "no answer within", id="hangs"),
    ],
)
def test_a_launch_that_fails_says_why_and_where_the_log_is(scene: Scene, behaviour: str, words: str) -> None:
    with pytest.raises(LaunchFailed) as caught:
        scene.launch(behaviour)
    assert words in caught.value.message
    assert str(scene.log_dir / "launch.log") in caught.value.remedy
    assert "`invoke logs --since 10m`" in caught.value.remedy


def test_the_endpoint_is_looked_for_as_often_as_asked(scene: Scene) -> None:
    scene.toolkit = replace(scene.toolkit, poll_s=0.0)
    assert scene.launch("waits") == Shipped(RUNTIME_ID, RUNTIME_ARN)


def test_a_result_of_an_earlier_launch_is_not_taken_for_this_one(scene: Scene) -> None:
    (scene.build / "launch.result.json").write_text(json.dumps({"id": "old", "arn": "old"}))
    with pytest.raises(LaunchFailed):
        scene.launch("exits")


IMAGES = ImageOutputs("000000000000.dkr.ecr.us-east-1.amazonaws.com/demo-dev", "demo-dev-image", "sources")


def asked_of(scene: Scene, builds: Builds, notes: list[str]) -> dict[str, Any]:
    """What the worker is asked for an image, without running it."""
    return replace(scene.toolkit, builds=builds)._image(IMAGES, notes.append)


def test_an_image_is_asked_for_with_what_terraform_made_and_the_python_of_code(scene: Scene) -> None:
    notes: list[str] = []
    assert asked_of(scene, Builds(published=True), notes) == {
        "repository": IMAGES.repository_url,
        "project": "demo-dev-image",
        "python": "3.12",
        "published": True,
        "engine": "",
    }
    assert notes == []


def test_an_engine_is_offered_and_used_where_it_is_wanted_alone(scene: Scene) -> None:
    notes: list[str] = []
    assert asked_of(scene, Builds(engine="podman"), notes)["engine"] == ""
    assert "podman is on PATH" in notes[0] and "LOCAL_BUILD=1" in notes[0]
    assert asked_of(scene, Builds(here=True, engine="podman"), [])["engine"] == "podman"
    with pytest.raises(Unfit) as caught:
        asked_of(scene, Builds(here=True), [])
    assert caught.value.code == "no_engine"


@pytest.fixture
def agent(scene: Scene) -> Path:
    folder = scene.build.parent / "agent"
    folder.mkdir()
    (folder / "requirements.txt").write_text("strands")
    return folder


def packed(scene: Scene, agent: Path) -> list[str]:
    with scene.toolkit.packing(agent, scene.build):
        pass
    log = scene.log_dir / LOG_NAME
    return [line for line in log.read_text().splitlines() if line.startswith("packing")]


def test_dependencies_are_packed_once_as_long_as_the_same_are_asked_for(scene: Scene, agent: Path) -> None:
    assert packed(scene, agent) == packed(scene, agent) == ["packing strands"]
    (agent / "requirements.txt").write_text("boto3")
    assert packed(scene, agent) == ["packing strands", "packing boto3"]
    (kept,) = scene.build.glob("dependencies/*/dependencies.zip")
    assert kept.read_text() == "boto3"


def test_packing_loads_no_more_of_the_toolkit_than_it_needs(scene: Scene, agent: Path) -> None:
    assert packed(scene, agent)
    log = (scene.log_dir / LOG_NAME).read_text()
    assert "all of the toolkit is loaded" not in log
    assert "the toolkit logs as for sdk" in log


def test_packing_leaves_the_launch_to_say_what_is_wrong(scene: Scene, agent: Path) -> None:
    scene.toolkit = replace(scene.toolkit, variables={**scene.toolkit.variables, "BEHAVIOUR": "cannot-pack"})
    assert packed(scene, agent) == packed(scene, agent)[:1]
    assert not list(scene.build.glob("dependencies/*/dependencies.*"))
    assert scene.launch() == Shipped(RUNTIME_ID, RUNTIME_ARN)


def test_packing_ends_with_what_is_done_beside_it(scene: Scene, agent: Path) -> None:
    with pytest.raises(KeyboardInterrupt), scene.toolkit.packing(agent, scene.build):
        (worker,) = [p for p in psutil.Process().children() if "worker.py" in " ".join(p.cmdline())]
        raise KeyboardInterrupt
    assert not worker.is_running()
    assert not list(scene.build.glob("tmp*")) and not list(scene.build.glob("*.result.json"))


class Compressing:
    """As much of the toolkit's packager as a merge takes."""

    def create_deployment_package(self, **_: Any) -> None: ...
    def _build_dependencies_zip(self, requirements: Path, output: Path, runtime: str) -> None:
        output.write_text("packed")

    def _merge_zips(self, *_: Any) -> None:
        raise AssertionError("compressed anew")


def test_packed_dependencies_go_into_the_package_as_they_are(tmp_path: Path) -> None:
    packed, code, merged = (tmp_path / name for name in ("dependencies.zip", "code.zip", "deployment.zip"))
    for path, files in ((packed, {"a/x.py": "x" * 999, "bin/run": "run"}), (code, {"main.py": "mine"})):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                entry = zipfile.ZipInfo(name)
                entry.external_attr, entry.compress_type = 0o755 << 16, zipfile.ZIP_DEFLATED
                archive.writestr(entry, text)
    before = packed.read_bytes()
    sparing(Compressing)()._merge_zips(packed, code, merged)
    with zipfile.ZipFile(merged) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a/x.py": b"x" * 999,
            "bin/run": b"run",
            "main.py": b"mine",
        }
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o755}
        assert archive.testzip() is None
    assert packed.read_bytes() == before


def test_dependencies_are_not_taken_for_those_of_before_when_nobody_says_what_they_are(tmp_path: Path) -> None:
    packed = tmp_path / "dependencies.zip"
    packed.with_suffix(".hash").write_text("of those before")
    sparing(Compressing)()._build_dependencies_zip(tmp_path, packed, "PYTHON_3_12")
    assert [path.name for path in tmp_path.iterdir()] == ["dependencies.zip"]


def test_a_toolkit_that_packs_otherwise_is_refused() -> None:
    with pytest.raises(RuntimeError, match="_merge_zips"):
        sparing(type("Other", (), {"create_deployment_package": print, "_build_dependencies_zip": print}))


def test_no_result_file_is_left(scene: Scene) -> None:
    scene.launch()
    assert not list(scene.build.glob("*.result.json"))


def test_ending_the_worker_ends_what_it_started() -> None:
    worker = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True
    )
    assert worker.stdout is not None
    with worker.stdout:
        pid = int(worker.stdout.readline())
        _end_group(worker)
    assert worker.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.005)
