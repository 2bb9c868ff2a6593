"""The modules' own tests, by the terraform binary, offline."""

from pathlib import Path

import pytest

from tests.terraform.harness import ROOT, Terraform

MODULES = sorted(path.parent for path in ROOT.glob("modules/*/main.tf"))


def test_every_module_has_its_five_files_and_tests() -> None:
    wanted = {"README.md", "main.tf", "outputs.tf", "variables.tf", "versions.tf"}
    assert [module.name for module in MODULES] == ["artifacts", "identity", "runtime_role"]
    for module in [ROOT, *MODULES]:
        assert wanted <= {path.name for path in module.iterdir()}, module
        assert list(module.glob("tests/*.tftest.hcl")), module


def test_the_root_keeps_its_promises(root: Path, terraform: Terraform) -> None:
    terraform(root, "test", "-no-color")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_alone_keeps_its_promises(module: Path, terraform: Terraform) -> None:
    # Without a read-only lock file: the versions that count are locked at the root.
    terraform(module, "init", "-backend=false", "-input=false")
    terraform(module, "test", "-no-color")


def test_the_lock_file_serves_every_platform() -> None:
    lock = (ROOT / ".terraform.lock.hcl").read_text()
    # Fourteen h1 hashes: one for each platform that the provider is built for.
    assert lock.count('"h1:') == 14
    assert lock.count("provider ") == 1


def test_nothing_runs_commands_and_nothing_names_an_endpoint() -> None:
    for path in ROOT.rglob("*.tf"):
        text = path.read_text()
        for word in ("local-exec", "remote-exec", "provisioner", 'data "external"', "endpoints {", "skip_"):
            assert word not in text, f"{path}: {word}"
