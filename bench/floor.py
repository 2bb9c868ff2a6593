"""What the pipeline cannot do without, by itself: the emulator, bare Terraform, the toolkit's packaging, an upload."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import commands
from orchestration.settings import CODE_RUNTIME
from scripts.load import own_emulator
from tests.contract.cloud import Emulator

ROOT = Path(__file__).resolve().parent.parent
NOT_READ = shutil.ignore_patterns("tests", "examples", "environments", ".terraform", "*.tfstate*")
PACK = """
import sys
from pathlib import Path
from bedrock_agentcore_starter_toolkit.utils.runtime.package import CodeZipPackager

source, cache, runtime = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
package, _ = CodeZipPackager().create_deployment_package(source, "bench", cache, runtime, source / "requirements.txt")
package.rename(cache / "deployment.zip")
"""


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of processor time of what was started and waited for."""

    seconds: float
    cpu_s: float


class Watch:
    """Times what is done inside."""

    def __init__(self) -> None:
        self.took: dict[str, Took] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began, before = time.monotonic(), _children()
        yield
        self.took[name] = Took(time.monotonic() - began, _children() - before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass
class Bare:
    """Terraform by hand, with the sources and the values of a deployment, against an emulator of its own."""

    folder: Path
    emulator: Emulator
    values: Path
    mirror: Path
    environment: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        shutil.copytree(ROOT / "terraform", self.folder / "terraform", ignore=NOT_READ)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        mirrored = {"TF_CLI_CONFIG_FILE": str(self.mirror)} if self.mirror.exists() else {}
        self.environment = {
            **kept,
            **mirrored,
            "AWS_ENDPOINT_URL": self.emulator.url,
            "AWS_ACCESS_KEY_ID": self.emulator.key,
            "AWS_SECRET_ACCESS_KEY": self.emulator.secret,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",
            "CHECKPOINT_DISABLE": "1",
        }

    def terraform(self, command: str, *options: str, values: bool = True) -> str:
        binary = os.environ.get("TERRAFORM") or "terraform"
        given = [f"-var-file={self.values}"] if values else []
        argv = [binary, command, "-no-color", *given, *options]
        return commands.run(argv, self.folder / "terraform", self.environment).stdout

    def bucket(self) -> str:
        made = json.loads(self.terraform("output", "-json", values=False))
        return str(made["artifact_bucket_name"]["value"])


def floor(folder: Path, deployed: Path) -> dict[str, Took]:
    """One after the other, for the deployment whose state folder is given; its emulator is another one."""
    watch, values = Watch(), folder / "values.tfvars.json"
    shutil.copyfile(deployed / "terraform.tfvars.json", values)
    (folder / "emulator").mkdir()
    began = time.monotonic()
    with own_emulator(folder / "emulator") as emulator:
        watch.took["emulator start"] = Took(time.monotonic() - began, 0.0)
        bare = Bare(folder, emulator, values, deployed / "terraform.rc")
        parts(bare, watch, lambda: packaged(deployed / "build" / "src", folder / "packed"))
    return watch.took


def parts(bare: Bare, watch: Watch, package: Callable[[], Path]) -> None:
    """Each is timed without what only the benchmark needs to know."""
    with watch("terraform init"):
        bare.terraform("init", "-input=false", values=False)
    with watch("terraform apply"):
        bare.terraform("apply", "-input=false", "-auto-approve")
    with watch("packaging"):
        packed = package()
    bucket, s3 = bare.bucket(), bare.emulator.client("s3")
    with watch("upload"):
        s3.upload_file(str(packed), bucket, "bench/deployment.zip")
    with watch("terraform plan, no change"):
        bare.terraform("plan", "-input=false", "-detailed-exitcode")
    with watch("terraform destroy"):
        bare.terraform("destroy", "-input=false", "-auto-approve")


def packaged(source: Path, cache: Path, program: str = PACK) -> Path:
    """As the toolkit does it for the first time; what it leaves in the temporary folder goes with the cache."""
    cache.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "TMPDIR": str(cache)}
    commands.run([sys.executable, "-c", program, str(source), str(cache), CODE_RUNTIME], cache, environment)
    return cache / "deployment.zip"
