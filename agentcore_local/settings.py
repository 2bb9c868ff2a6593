"""What agentcore_local is told at its start: flags, and the embedded cloud's root key from the environment."""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentcore_local.fetch import BadOidcMap, OidcMap
from agentcore_local.keys import STALE_FOR_S, TIME_TO_LIVE_S


@dataclass(frozen=True, slots=True)
class Settings:
    state_dir: Path
    control_port: int
    data_port: int
    region: str
    account: str
    aws_endpoint_url: str
    oidc_map: OidcMap
    mmds_v2_default: bool
    keys_ttl_s: float
    keys_stale_s: float
    access_key: str
    secret_key: str


def parse(argv: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Settings from flags; the root key alone comes from the environment. Exits with 2 on wrong usage."""
    parser = argparse.ArgumentParser(prog="agentcore_local", allow_abbrev=False)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--control-port", type=_port, required=True, help="0 picks a free port")
    parser.add_argument("--data-port", type=_port, required=True, help="0 picks a free port")
    parser.add_argument("--region", type=_matching(r"[a-z]{2}(-[a-z]+)+-[0-9]"), default="us-east-1")
    parser.add_argument("--account-id", type=_matching(r"[0-9]{12}"), default="000000000000")
    parser.add_argument("--aws-endpoint-url", type=_matching(r"https?://[^\s/?#@]+/?"), required=True)
    parser.add_argument("--oidc-map", action="append", default=[], metavar="ISSUER_BASE=LOCAL_BASE")
    parser.add_argument("--mmds-v2-default", choices=("true", "false"), default="true")
    parser.add_argument(
        "--keys-ttl-s", type=_seconds(1), default=TIME_TO_LIVE_S, help="how long an issuer's keys serve"
    )
    parser.add_argument(
        "--keys-stale-s",
        type=_seconds(0),
        default=STALE_FOR_S,
        help="how much longer while the issuer cannot be reached",
    )
    args = parser.parse_args(argv)
    try:
        oidc_map = OidcMap(args.oidc_map)
    except BadOidcMap as e:
        parser.error(f"--oidc-map {e}; expected https://issuer.base=http://127.0.0.1:port")
    keys = {n: environment.get(n, "") for n in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    if missing := [n for n, v in keys.items() if not v]:
        parser.error(f"{' and '.join(missing)} must hold the embedded cloud's root key")
    return Settings(
        args.state_dir.resolve(),
        args.control_port,
        args.data_port,
        args.region,
        args.account_id,
        args.aws_endpoint_url.rstrip("/"),
        oidc_map,
        args.mmds_v2_default == "true",
        args.keys_ttl_s,
        args.keys_stale_s,
        keys["AWS_ACCESS_KEY_ID"],
        keys["AWS_SECRET_ACCESS_KEY"],
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _seconds(least: int) -> Callable[[str], float]:
    def check(text: str) -> float:
        """Up to a day: keys that serve longer would outlive what their issuer says about them."""
        if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) or not least <= float(text) <= 86_400:
            raise argparse.ArgumentTypeError(f"{text!r} is not a time of {least} to 86400 seconds")
        return float(text)

    return check


def _matching(pattern: str) -> Any:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise argparse.ArgumentTypeError(f"{text!r} does not fit {pattern}")
        return text

    return check
