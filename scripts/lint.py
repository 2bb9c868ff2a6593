"""What `make lint` runs: ruff, strict mypy, terraform fmt and validate, generated documents, the files that CI reads.

Exit 1 if any complains.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from orchestration.errors import OrchestrationError  # noqa: E402 - the path comes first
from orchestration.terraform import Environment, TerraformDriver  # noqa: E402

TOOLS = ROOT / ".venv-policy" / "bin"
PYTHON = ["agent", "agentcore_local", "bench", "cli", "orchestration", "scripts", "tests", "tasks.py"]


def run(title: str, *argv: str) -> bool:
    print(f"lint: {title}", file=sys.stderr, flush=True)
    return subprocess.run([sys.executable, "-m", *argv], cwd=ROOT, check=False).returncode == 0


def pipelines() -> bool:
    """The files that GitHub and GitLab read, by linters from .venv-policy; none of them asks the network."""
    workflows = sorted(str(path) for path in (ROOT / ".github/workflows").glob("*.yml"))
    checks = [
        ("actionlint", *workflows),
        ("zizmor", "--offline", "--quiet", "--no-progress", "."),
        ("check-jsonschema", "--quiet", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml"),
        (
            "check-jsonschema",
            "--quiet",
            "--builtin-schema",
            "vendor.gitlab-ci",
            "--data-transform",
            "gitlab-ci",
            ".gitlab-ci.yml",
        ),
    ]
    print("lint: workflows, pipelines", file=sys.stderr, flush=True)
    # All of them, so that one run shows everything there is to mend.
    codes = [subprocess.run([TOOLS / tool, *flags], cwd=ROOT, check=False).returncode for tool, *flags in checks]
    return not any(codes)


def terraform() -> bool:
    """fmt and validate with the same driver, provider mirror included, that `make up` uses."""
    print("lint: terraform fmt, validate", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as work_dir:
        binary = os.environ.get("TERRAFORM") or "terraform"
        driver = TerraformDriver(Environment(binary, ROOT / "terraform", Path(work_dir), dict(os.environ)))
        try:
            driver.check_binary()
            driver.init()
            driver.validate()
            wrong = driver.unformatted()
        except OrchestrationError as e:
            print(f"error [{e.code}]: {e.message}\nremedy: {e.remedy}", file=sys.stderr)
            return False
    for name in wrong:
        print(f"terraform/{name} is not formatted\nremedy: make fmt", file=sys.stderr)
    return not wrong


def main() -> int:
    passed = [
        run("ruff check", "ruff", "check", "--quiet", *PYTHON),
        run("ruff format", "ruff", "format", "--check", "--quiet", *PYTHON),
        run("mypy --strict", "mypy", *PYTHON),
        terraform(),
        run("docs/cli.md", "scripts.cli_reference", "--check"),
        run("tables of terraform's READMEs", "scripts.terraform_docs", "--check"),
        pipelines(),
    ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
