"""What is applied, who may call it, and what the account allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestration.checks.doors import PROBED
from orchestration.clock import Clock
from orchestration.doctor.findings import Finding, Severity, fine, not_asked, said, warning
from orchestration.errors import Unfit
from orchestration.http import Issuer
from orchestration.settings import Settings
from orchestration.steps import Inspector

# A signature is good for five minutes around its date (SigV4: RequestTimeTooSkewed); from a token the door wants a
# minute of life.
SKEW_BLOCKS_S, SKEW_WARNS_S = 300.0, 30.0
# Of one environment: runtime, gateway, the gateway's function, three probes (terraform/modules/deployer_policy).
ROLES = 6


def credentials(inspector: Inspector, check_account: Callable[[], str]) -> Iterator[Finding]:
    """Raises Unfit without usable ones, GateRefused for another account than Terraform or the ledger names."""
    who = inspector.identity()
    check_account()
    yield fine(f"account {who.account} as {who.arn}, region {who.region}")


def if_allowed(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Whoever deploys need not be allowed to ask."""
    try:
        yield from look()
    except Unfit as e:
        if e.code != "access_denied":
            raise
        yield not_asked(e.message)


def provider(url: str, issuer: Callable[[], Issuer]) -> Iterator[Finding]:
    """Raises Unfit as a sign-in and the smoke test do."""
    found = issuer()
    if not found.keys:
        yield said(
            Unfit(
                f"the provider behind {url} publishes no key: every token is refused",
                remedy="look at the jwks_uri of that document",
                code="no_keys",
            )
        )
    else:
        yield fine(f"{found.name} answers, {len(found.keys)} keys")


def skew(whose: str, theirs: float | None, clock: Clock) -> Iterator[Finding]:
    """`theirs`: what their Date header said just now, cut to the second."""
    if theirs is None:
        yield not_asked(f"{whose} does not tell its time")
        return
    off = clock.now() - theirs
    if abs(off) <= SKEW_WARNS_S:
        yield fine(f"clock within {abs(off):.0f} s of {whose}")
        return
    blocks = abs(off) >= SKEW_BLOCKS_S
    found = Unfit(
        f"this clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} that of {whose}: "
        + ("signatures are refused" if blocks else "tokens seem to end early or to be of the future"),
        remedy="sudo timedatectl set-ntp true",
        code="clock_skew",
    )
    yield said(found, Severity.BLOCKS if blocks else Severity.WARNS)


def model(inspector: Inspector, provider: str, model_id: str) -> Iterator[Finding]:
    if provider != "bedrock":
        yield not_asked(f"MODEL_PROVIDER is {provider}")
    else:
        yield fine(inspector.require_model(model_id))


def agents_quota(inspector: Inspector) -> Iterator[Finding]:
    there, allowed = inspector.agents()
    yield _quota("runtimes", there, allowed, 1 + len(PROBED), "Amazon Bedrock AgentCore, agents per account")


def roles_quota(inspector: Inspector) -> Iterator[Finding]:
    there, allowed = inspector.roles()
    yield _quota("roles", there, allowed, ROLES, "AWS Identity and Access Management, roles per account")


def _quota(what: str, there: int, allowed: int, wanted: int, name: str) -> Finding:
    """Of an environment that is there already, a part of what is wanted is too: so near is worth knowing then too."""
    if there + wanted <= allowed:
        return fine(f"{there} of {allowed} {what}")
    return warning(
        "quota_near",
        f"{there} of {allowed} {what} are there, and an environment wants {wanted}",
        f"delete unused {what}, or ask for more: Service Quotas, {name}",
    )


def boundary(inspector: Inspector, settings: Settings) -> Iterator[Finding]:
    role = settings.outputs.runtime_role_arn
    if found := inspector.boundary(role):
        yield fine(f"{role.rpartition('/')[2]} is bounded by {found}")
    else:
        yield warning(
            "no_boundary",
            f"{role} has no permissions boundary: its own policies alone hold the agent",
            f"set permissions_boundary_arn in {settings.deployment.tfvars_path}, then "
            f"{settings.deployment.command('invoke apply')}",
        )
