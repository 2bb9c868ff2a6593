"""Fixtures of the Terraform tests: where the provider comes from, the binary, and the initialised root module."""

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestration.runtime.function_package import write_package
from orchestration.terraform.mirror import cli_configuration, find_mirror, registry_reachable
from tests.terraform.harness import ROOT, Stub, Terraform


@pytest.fixture(scope="session")
def provider_source(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables that let `terraform init` find the provider as `make up` does: the registry, else a mirror."""
    if "TF_PROVIDER_MIRROR" not in os.environ and registry_reachable():
        return {}
    mirror = find_mirror(os.environ)
    if mirror is None:
        pytest.fail("neither the provider registry nor a mirror with hashicorp/aws is in reach: set TF_PROVIDER_MIRROR")
    path = tmp_path_factory.mktemp("terraform-rc") / "terraform.rc"
    path.write_text(cli_configuration(mirror))
    return {"TF_CLI_CONFIG_FILE": str(path)}


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
def terraform(tmp_path_factory: pytest.TempPathFactory, aws_stub: str, provider_source: dict[str, str]) -> Terraform:
    """Run terraform in a folder: no network, no credentials of the operator, working files elsewhere."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    data_dirs = tmp_path_factory.mktemp("terraform-data")
    write_package(ROOT.parent)

    def run(folder: Path, *arguments: str) -> str:
        env = (
            keep
            | provider_source
            | {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL": aws_stub,
                "AWS_SECRET_ACCESS_KEY": "test",
                "CHECKPOINT_DISABLE": "1",
                "TF_DATA_DIR": str(data_dirs / folder.name),
                "TF_IN_AUTOMATION": "1",
            }
        )
        command = ["terraform", f"-chdir={folder}", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done.stdout

    return run


@pytest.fixture(scope="session")
def root(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root module, initialised against the committed lock file, its state in a folder of the tests."""
    state = tmp_path_factory.mktemp("state") / "terraform.tfstate"
    terraform(
        ROOT,
        "init",
        "-input=false",
        "-lockfile=readonly",
        f"-backend-config=path={state}",
    )
    return ROOT
