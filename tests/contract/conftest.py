"""One emulator and one agentcore_local for the whole suite; both end with it."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.agents import archive
from tests.contract.cloud import ROLE, Emulator, Local, People, make_people, make_role
from tests.contract.deployed import BUCKET, Deployed


@pytest.fixture(scope="session", autouse=True)
def _no_operator_settings() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE"):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("emulator")
    cloud = Emulator(folder, "AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20))
    try:
        cloud.start()
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        make_role(cloud.client("iam"))
        yield cloud
    finally:
        cloud.stop()


@pytest.fixture(scope="session")
def local(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    process = Local(emulator, tmp_path_factory.mktemp("local"))
    try:
        process.start()
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="session")
def people(emulator: Emulator) -> People:
    return make_people(emulator.client("cognito-idp"))


@pytest.fixture(scope="session")
def upload(emulator: Emulator) -> Callable[..., dict[str, Any]]:
    """Put an archive into the bucket; returns the agentRuntimeArtifact that names it."""
    s3 = emulator.client("s3")

    def put(content: bytes | None = None, **files: str) -> dict[str, Any]:
        key = f"{secrets.token_hex(6)}/deployment.zip"
        s3.put_object(Bucket=BUCKET, Key=key, Body=archive(**files) if content is None else content)
        code = {"s3": {"bucket": BUCKET, "prefix": key}}
        return {"codeConfiguration": {"code": code, "runtime": "PYTHON_3_11", "entryPoint": ["main.py"]}}

    return put


@pytest.fixture(scope="session")
def create(local: Local, upload: Callable[..., dict[str, Any]]) -> Callable[..., Deployed]:
    """Create a runtime and wait until it is READY (or failed)."""

    def make(at: Local = local, **members: Any) -> Deployed:
        control = at.control()
        artifact = members.pop("agentRuntimeArtifact", None) or upload()
        name = members.pop("agentRuntimeName", f"agent_{secrets.token_hex(4)}")
        request = {"agentRuntimeName": name, "agentRuntimeArtifact": artifact, "roleArn": ROLE} | members
        made = control.create_agent_runtime(**request)
        deployed = Deployed(at, name, made["agentRuntimeArn"], made["agentRuntimeId"], artifact, control)
        deployed.settle()
        return deployed

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings stay errors, but for what the garbage collector finds: SDK clients close their idle connections when
    it runs, so such a warning names whichever test runs then."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"))
