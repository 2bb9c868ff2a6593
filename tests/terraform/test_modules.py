"""The modules' own tests, by the terraform binary, offline."""

import os
import re
from pathlib import Path

import pytest

from tests.terraform.harness import ROOT, Terraform

MODULES = sorted(path.parent for path in ROOT.glob("modules/*/main.tf"))
EXAMPLES = sorted(path.parent for path in ROOT.glob("**/examples/*/main.tf") if ".terraform" not in path.parts)
FENCE = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_module_has_its_five_files_and_tests() -> None:
    wanted = {"README.md", "main.tf", "outputs.tf", "variables.tf", "versions.tf"}
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


def test_the_example_of_every_readme_is_the_one_that_is_planned() -> None:
    assert {example.parents[1] for example in EXAMPLES if example.name == "basic"} == set(MODULES)
    for module in MODULES:
        shown = FENCE.findall((module / "README.md").read_text())
        assert shown == [(module / "examples" / "basic" / "main.tf").read_text()], module


def test_every_example_can_be_planned(terraform: Terraform, tmp_path: Path) -> None:
    # All of them in one root: a plan costs seconds, whatever is in it.
    calls = [
        f'module "example_{number}" {{\n  source = "{Path(os.path.relpath(example, tmp_path))}"\n}}\n'
        for number, example in enumerate(EXAMPLES)
    ]
    (tmp_path / "main.tf").write_text('provider "aws" {\n  region = "us-east-1"\n}\n' + "\n".join(calls))
    terraform(tmp_path, "init", "-backend=false", "-input=false")
    shown = terraform(tmp_path, "plan", "-input=false", "-no-color")
    for number, example in enumerate(EXAMPLES):
        assert f"# module.example_{number}." in shown, example


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
