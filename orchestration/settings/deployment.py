"""Which deployment is meant, from flags and environment. Pure: the environment arrives as a mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from orchestration.errors import BadInput
from orchestration.settings.model import check_model
from orchestration.terraform import RemoteState, state_key

DEFAULT_REGION = "us-east-1"
RESERVED_WORDS = ("aws", "amazon", "cognito")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# The same names as in terraform/context.tf. What is called so is held to more; "stage" is not.
PRODUCTION = frozenset({"live", "prd", "prod", "production"})
ENVIRONMENT_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")


class Target(StrEnum):
    """Where the door is built."""

    LOCAL = "local"
    AWS = "aws"


class Shipping(StrEnum):
    """What the agent becomes on its way into the runtime."""

    CODE = "code"
    CONTAINER = "container"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One environment on one target: the key of everything that is remembered."""

    target: Target
    environment: str
    region: str
    root: Path
    shipping: Shipping | None = None
    """As the user said; None where nothing was said: as it was, and code at first."""

    @property
    def state_dir(self) -> Path:
        return self.root / ".state" / f"{self.target}-{self.environment}"

    @property
    def ledger_path(self) -> Path:
        return self.state_dir / "ledger.json"

    @property
    def tfvars_path(self) -> Path:
        """Terraform's values of this environment; the file need not be there."""
        return self.root / "terraform" / "environments" / f"{self.environment}.tfvars"

    @property
    def make_words(self) -> str:
        """What a user types behind `make` or before `invoke` to mean this deployment; empty for the defaults."""
        words = [] if self.target is Target.LOCAL else [f"TARGET={self.target}"]
        words += [] if self.environment == "dev" else [f"ENVIRONMENT={self.environment}"]
        return " ".join(words)

    def command(self, words: str) -> str:
        """`make up` or `invoke ask ...` as the user must type it for this deployment."""
        prefix = self.make_words
        if not prefix:
            return words
        return f"{words} {prefix}" if words.startswith("make ") else f"{prefix} {words}"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs without a trailing slash. `aws` is None where the SDK's own endpoints are right."""

    aws: str | None
    control_plane: str
    data_plane: str
    token_url: str | None = None


def select_deployment(
    env: Mapping[str, str],
    *,
    root: Path,
    known_regions: Callable[[], Collection[str]],
    target: str | None = None,
    environment: str | None = None,
    removing: bool = False,
) -> Deployment:
    """Flags win over TARGET, ENVIRONMENT, AWS_REGION and AWS_DEFAULT_REGION. Raises BadInput naming the value.

    What removes needs none of the other values, and is not stopped by a wrong one.
    """
    if not removing:
        check_values(env)
    chosen = (env.get("TARGET") or Target.LOCAL) if target is None else target
    if chosen not in set(Target):
        raise BadInput(f"TARGET is {chosen!r}", remedy="use TARGET=local or TARGET=aws", code="bad_target")
    name = (env.get("ENVIRONMENT") or "dev") if environment is None else environment
    if not ENVIRONMENT_NAME.fullmatch(name):
        raise BadInput(
            f"ENVIRONMENT is {name!r}",
            remedy="use a lower-case letter, then up to 11 letters or digits, e.g. ENVIRONMENT=dev",
            code="bad_environment",
        )
    if taken := next((word for word in RESERVED_WORDS if word in name), None):
        raise BadInput(
            f"ENVIRONMENT is {name!r}, which holds {taken!r}: Cognito reserves that word in domains",
            remedy="choose another name, e.g. ENVIRONMENT=dev",
            code="bad_environment",
        )
    variable = next((name for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if env.get(name)), "AWS_REGION")
    region = env.get(variable) or DEFAULT_REGION
    if region not in known_regions():
        raise BadInput(
            f"{variable} is {region!r}, which is not an AWS region",
            remedy=f"set {variable} to one of {', '.join(sorted(known_regions()))}",
            code="bad_region",
        )
    shipping = Shipping(wish) if (wish := env.get("DEPLOYMENT")) and not removing else None
    return Deployment(target=Target(chosen), environment=name, region=region, root=root, shipping=shipping)


def check_values(env: Mapping[str, str]) -> None:
    """Refuse what would only fail at the end of a long command. Raises BadInput naming the value."""
    for name in ("LAUNCH_TIMEOUT_S", "DATA_PLANE_TIMEOUT_S", "REQUEST_TIMEOUT_S"):
        seconds(env, name, 1.0)
    check_model(env)
    _wished_bucket(env)
    if (shipping := env.get("DEPLOYMENT")) and shipping not in set(Shipping):
        raise BadInput(
            f"DEPLOYMENT is {shipping!r}", remedy="use DEPLOYMENT=code or DEPLOYMENT=container", code="bad_deployment"
        )
    if gone := [name for name in ("ALLOWED_SCOPES", "ALLOWED_AUDIENCE") if env.get(name)]:
        # Silence would leave a door open that somebody believes closed.
        raise BadInput(
            f"{gone[0]} is {env[gone[0]]!r}, but the door is Terraform's",
            remedy=f"unset {gone[0]} and set {gone[0].lower()} in terraform/environments/<environment>.tfvars",
            code="setting_moved",
        )


def state_bucket(account: str, region: str) -> str:
    """Name of the bucket for Terraform's states, of all environments of an account and region."""
    return f"inbound-auth-tfstate-{account}-{region}"


def remote_state(deployment: Deployment, recorded: str | None, env: Mapping[str, str]) -> RemoteState | None:
    """Where the state is: in the bucket that the ledger names, or on a machine without one in STATE_BUCKET.

    None: in a file here. Raises BadInput where both are given and differ.
    """
    wish = _wished_bucket(env)
    if wish is not None and recorded not in (None, wish):
        raise BadInput(
            f"STATE_BUCKET is {wish!r}, but the state of {deployment.state_dir.name} is in {recorded!r}",
            remedy="unset STATE_BUCKET",
            code="state_differs",
        )
    bucket = recorded or wish
    if bucket is None:
        return None
    key = state_key(deployment.environment)
    return RemoteState(bucket, key, deployment.region, path_style=deployment.target is Target.LOCAL)


def _wished_bucket(env: Mapping[str, str]) -> str | None:
    wish = env.get("STATE_BUCKET") or None
    if wish is not None and not BUCKET_NAME.fullmatch(wish):
        raise BadInput(f"STATE_BUCKET is {wish!r}", remedy="use the bucket that `invoke state.bootstrap` named")
    return wish


def aws_endpoints(region: str, dns_suffix: str = "amazonaws.com") -> Endpoints:
    """The service's own hosts (botocore endpoint rule sets of bedrock-agentcore and bedrock-agentcore-control)."""
    return Endpoints(
        aws=None,
        control_plane=f"https://bedrock-agentcore-control.{region}.{dns_suffix}",
        data_plane=f"https://bedrock-agentcore.{region}.{dns_suffix}",
    )


def port(env: Mapping[str, str], name: str) -> int | None:
    """A fixed loopback port from the environment, or None for "choose a free one"."""
    text = env.get(name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 1024 <= int(text) <= 65535:
        raise BadInput(f"{name} is {text!r}", remedy=f"use a port from 1024 to 65535, or unset {name}", code="bad_port")
    return int(text)


def seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value <= 3600:
        raise BadInput(f"{name} is {text!r}", remedy=f"use seconds above 0 and up to 3600, or unset {name}")
    return value
