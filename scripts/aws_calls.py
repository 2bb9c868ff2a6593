"""Writes docs/aws-calls.md from the recorded calls; with --rehearse records them anew, with --policies the policies.

    python -m scripts.aws_calls [--check] [--rehearse] [--policies]

--check writes nothing and exits with 1 where the page is another. --rehearse plays AWS on this machine (tests/aws) and
takes about two minutes. --policies renders terraform/modules/deployer_policy with the values of its own test.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from orchestration.terraform.mirror import cli_configuration, find_mirror
from tests.aws.page import page
from tests.aws.recording import DOCUMENTS, READING, RECORDED, ROOT, deployers, documents, dump, load

PAGE = ROOT / "docs" / "aws-calls.md"
MODULE = ROOT / "terraform" / "modules" / "deployer_policy"
# As the module's own test has them.
ROOT_MODULE = """
provider "aws" {{
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}}

module "deployer_policy" {{
  source = "{source}"

  account_id               = "111122223333"
  environment              = "dev"
  partition                = "aws"
  permissions_boundary_arn = "arn:aws:iam::111122223333:policy/bounds"
  project                  = "demo"
  region                   = "eu-west-1"
  state_bucket_name        = "inbound-auth-tfstate-111122223333-eu-west-1"
}}

output "reading" {{
  value = module.deployer_policy.reading_policies
}}
"""


def render() -> dict[Path, str]:
    """{file: what belongs into it}: the deployer's policies by name, and their reading part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "main.tf").write_text(ROOT_MODULE.format(source=os.path.relpath(MODULE, folder.resolve())))
        env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        if mirror := find_mirror(os.environ):
            (folder / "terraform.rc").write_text(cli_configuration(mirror))
            env["TF_CLI_CONFIG_FILE"] = str(folder / "terraform.rc")

        def terraform(*words: str) -> str:
            binary = os.environ.get("TERRAFORM", "terraform")
            done = subprocess.run([binary, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            return done.stdout

        terraform("init", "-input=false")
        terraform("plan", "-input=false", "-out=plan")
        planned = json.loads(terraform("show", "-json", "plan"))["planned_values"]
    made = planned["root_module"]["child_modules"][0]["resources"]
    documents = {one["index"]: one["values"]["policy"] for one in made}
    return {
        path: json.dumps({name: json.loads(texts[name]) for name in sorted(texts)}, indent=2) + "\n"
        for path, texts in ((DOCUMENTS, documents), (READING, planned["outputs"]["reading"]["value"]))
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="aws_calls", allow_abbrev=False)
    for flag in ("--check", "--policies", "--rehearse"):
        parser.add_argument(flag, action="store_true")
    flags = parser.parse_args()
    if flags.policies:
        for path, text in render().items():
            path.write_text(text)
    if flags.rehearse:
        from tests.aws.rehearsal import record

        with tempfile.TemporaryDirectory() as folder:
            RECORDED.write_text(dump(record(Path(folder), deployers())))
    text = page(load(), documents())
    if not flags.check:
        PAGE.write_text(text)
        return 0
    if not PAGE.is_file() or PAGE.read_text() != text:
        print("docs/aws-calls.md is not what was recorded: python -m scripts.aws_calls", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
