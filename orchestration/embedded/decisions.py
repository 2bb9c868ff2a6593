"""Asks the project's own decision function: agentcore_local.decide, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.checks.decision import Decision, parse_decision
from orchestration.embedded.daemon import base_environment
from orchestration.embedded.rotated import rotated_lines
from orchestration.errors import Unfit

TIMEOUT_S = 60.0
# On AWS the provider is outside: a company's proxy and its certificate are on the way there.
PROXIES = "--proxies"
ON_THE_WAY = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


def oidc_map(region: str, emulator_url: str) -> list[str]:
    """Flags by which agentcore_local fetches a Cognito issuer's documents from the emulator."""
    return ["--oidc-map", f"https://cognito-idp.{region}.amazonaws.com={emulator_url}"]


def decision_lines(folder: Path) -> list[str]:
    """What agentcore_local wrote down in its folder, oldest first."""
    return rotated_lines(folder / "decisions.jsonl")


@dataclass(frozen=True, slots=True)
class Decisions:
    """`root` is the repository, `env` the user's environment, `flags` those of oidc_map or, on AWS, PROXIES."""

    root: Path
    flags: Sequence[str]
    env: Mapping[str, str]

    def decide(self, calls: Sequence[tuple[Mapping[str, Any] | None, str | None]]) -> list[Decision]:
        """One decision for each (customJWTAuthorizer or None, Authorization header or None). Raises Unfit.

        The headers go through a pipe: arguments and files can be read by others.
        """
        requests = [{"authorizer": authorizer, "authorization_header": header} for authorizer, header in calls]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "agentcore_local.decide", *self.flags],
                input=json.dumps(requests),
                cwd=self.root,
                env=base_environment(self.env) | self._on_the_way(),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            decisions = [parse_decision(document) for document in json.loads(done.stdout)] if done.stdout else []
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as e:
            raise _unfit(type(e).__name__) from None
        if len(decisions) != len(calls):
            raise _unfit(done.stderr.strip().rpartition("\n")[2][:300] or f"exit code {done.returncode}")
        return decisions

    def _on_the_way(self) -> dict[str, str]:
        return {k: v for k, v in self.env.items() if k in ON_THE_WAY} if PROXIES in self.flags else {}


def _unfit(why: str) -> Unfit:
    return Unfit(f"agentcore_local.decide did not answer: {why}", remedy="make setup", code="decisions_unavailable")
