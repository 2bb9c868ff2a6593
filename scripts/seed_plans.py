"""Plan each scenario of tests/terraform/plans with the real binary, and write what a review reads of the plan.

Run it after a change of terraform/: python -m scripts.seed_plans [NAME ...]. It starts an emulator of its own, and
writes to a temporary folder and to tests/terraform/plans alone. The headlines beside the plans are written by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from orchestration.runtime.function_package import write_package  # noqa: E402 - the path comes first
from orchestration.terraform.mirror import cli_configuration, find_mirror  # noqa: E402
from scripts.plan_seeds.reduce import reduce  # noqa: E402
from scripts.plan_seeds.scenarios import BASES, SCENARIOS, Scenario  # noqa: E402

PLANS = ROOT / "tests" / "terraform" / "plans"
HEALTH = "/_ministack/health"
WAIT_S = 30.0


class Terraform:
    """One copy of terraform/ with one state, against one emulator."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.sources = folder / "terraform"
        self._folder = folder
        shutil.copytree(ROOT / "terraform", self.sources, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self._env = keep | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_SECRET_ACCESS_KEY": "test",
            "CHECKPOINT_DISABLE": "1",
        }
        if mirror := find_mirror(os.environ):
            (folder / "terraform.rc").write_text(cli_configuration(mirror))
            self._env["TF_CLI_CONFIG_FILE"] = str(folder / "terraform.rc")
        self.run("init", "-input=false", "-lockfile=readonly", f"-backend-config=path={folder / 'terraform.tfstate'}")

    def apply(self, variables: Mapping[str, Any]) -> None:
        self.run("apply", "-auto-approve", "-input=false", self._given(variables))

    def plan(self, scenario: Scenario) -> dict[str, Any]:
        """The reduced plan of a scenario; its edits are taken back afterwards."""
        kept = {edit.file: (self.sources / edit.file).read_text() for edit in scenario.edits}
        try:
            for edit in scenario.edits:
                edit.apply(self.sources)
            options = ["-destroy"] if scenario.destroy else []
            file = self._folder / "plan"
            given = self._given({**BASES[scenario.base], **scenario.variables})
            self.run("plan", "-input=false", "-refresh=false", f"-out={file}", given, *options)
            return reduce(json.loads(self.run("show", "-json", str(file))))
        finally:
            for name, text in kept.items():
                (self.sources / name).write_text(text)

    def run(self, *arguments: str) -> str:
        command = ["terraform", f"-chdir={self.sources}", *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr}")
        return done.stdout

    def _given(self, variables: Mapping[str, Any]) -> str:
        path = self._folder / "given.tfvars.json"
        path.write_text(json.dumps(variables))
        return f"-var-file={path}"


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """URL of an emulator of our own on loopback, empty."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    env = {"PATH": os.environ["PATH"], "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    env |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "LOG_LEVEL": "WARNING", "HOME": str(folder)}
    env |= {"TMPDIR": str(folder), "MINISTACK_ACCOUNT_ID": "000000000000", "LAMBDA_EXECUTOR": "local"}
    with (folder / "emulator.log").open("w") as log:
        program = str(Path(sys.executable).parent / "ministack")
        process = subprocess.Popen([program], env=env, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(url + HEALTH)
            yield url
        finally:
            process.terminate()
            process.wait(WAIT_S)


def _wait(url: str) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - loopback, by the caller above
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def write(name: str, plan: dict[str, Any]) -> None:
    """One resource a line: a change of the HCL shows as the lines of the resources that it touches."""
    rows = ",\n".join(json.dumps(change, sort_keys=True) for change in plan["resource_changes"])
    rest = {key: value for key, value in plan.items() if key != "resource_changes"}
    head = json.dumps(rest, sort_keys=True)[:-1]
    (PLANS / f"{name}.json").write_text(f'{head}, "resource_changes": [\n{rows}\n]}}\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all when none is named")
    wanted = set(parser.parse_args().names)
    if unknown := wanted - {scenario.name for scenario in SCENARIOS}:
        parser.error(f"no scenario {', '.join(sorted(unknown))}")
    PLANS.mkdir(exist_ok=True)
    write_package(ROOT)
    chosen = [scenario for scenario in SCENARIOS if not wanted or scenario.name in wanted]
    for base in dict.fromkeys(scenario.base for scenario in chosen):
        with tempfile.TemporaryDirectory() as name, emulator(Path(name)) as endpoint:
            terraform = Terraform(Path(name), endpoint)
            of_base = [scenario for scenario in chosen if scenario.base == base]
            for scenario in sorted(of_base, key=lambda scenario: not scenario.fresh):
                if not scenario.fresh and not (Path(name) / "terraform.tfstate").exists():
                    terraform.apply(BASES[base])
                write(scenario.name, terraform.plan(scenario))
                print(scenario.name, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
