"""Fixtures of the Terraform tests: where the provider comes from, the binary, and the initialised root module."""

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.terraform.harness import ROOT, Stub, Terraform

PROVIDER = Path("registry.terraform.io/hashicorp/aws")


def _candidates(home: Path) -> Iterator[Path]:
    """Folders that may be a provider mirror: Terraform's usual ones, then system prefixes two levels deep."""
    yield home / ".terraform.d" / "plugins"
    yield home / ".local/share/terraform/plugins"
    for prefix in map(Path, ("/opt", "/usr/local/share", "/usr/share", "/var/lib")):
        for depth in ("", "*", "*/*"):
            for found in sorted(prefix.glob(f"{depth}/{PROVIDER}" if depth else str(PROVIDER))):
                yield found.parents[2]


@pytest.fixture(scope="session")
def provider_mirror() -> Path:
    """The folder that holds registry.terraform.io/hashicorp/aws; fails the test where none is."""
    if named := os.environ.get("TF_PROVIDER_MIRROR"):
        return Path(named)
    for folder in _candidates(Path.home()):
        if (folder / PROVIDER).is_dir():
            return folder
    pytest.fail("no provider mirror found: set TF_PROVIDER_MIRROR to a folder made by `terraform providers mirror`")


@pytest.fixture(scope="session")
def aws_stub() -> Iterator[str]:
    """URL on loopback for AWS_ENDPOINT_URL: what planning the root module from nothing asks AWS for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory, aws_stub: str) -> Terraform:
    """Run terraform in a folder: no network, no credentials of the operator, working files elsewhere."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    data_dirs = tmp_path_factory.mktemp("terraform-data")

    def run(folder: Path, *arguments: str) -> str:
        env = keep | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": aws_stub,
            "AWS_SECRET_ACCESS_KEY": "test",
            "CHECKPOINT_DISABLE": "1",
            "TF_DATA_DIR": str(data_dirs / folder.name),
            "TF_IN_AUTOMATION": "1",
        }
        command = ["terraform", f"-chdir={folder}", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done.stdout

    return run


@pytest.fixture(scope="session")
def root(terraform: Terraform, provider_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root module, initialised against the committed lock file, its state in a folder of the tests."""
    state = tmp_path_factory.mktemp("state") / "terraform.tfstate"
    terraform(
        ROOT,
        "init",
        "-input=false",
        "-lockfile=readonly",
        f"-plugin-dir={provider_mirror}",
        f"-backend-config=path={state}",
    )
    return ROOT
