"""The doors that the matrix needs beside the deployment's own, and whom that one keeps out by its rules. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestration.checks.callers import Caller
from orchestration.checks.case import Door
from orchestration.errors import BadInput
from orchestration.outputs import ClaimRule
from orchestration.runtime.spec import DIGEST_VARIABLE, FORWARDED, RuntimeSpec, desired_spec
from orchestration.settings import Settings, claim_rule

# The one scope of a token from InitiateAuth (Cognito devguide: scopes of user pool tokens).
PEOPLES_SCOPE = "aws.cognito.signin.user.admin"
PROBED = tuple(door for door in Door if door not in (Door.MAIN, Door.GATEWAY))
"""The doors that are made for the matrix alone."""
MAX_NAME = 48
"""botocore model: AgentRuntimeName."""


def probe_doors(settings: Settings) -> tuple[Door, ...]:
    """The doors that this deployment's probes can be sent to; none without probes."""
    return PROBED if settings.outputs.probes else ()


def door_names(main_name: str) -> dict[Door, str]:
    """What the runtimes of the other doors are called. Terraform's policies know the pattern."""
    return {door: f"{main_name}_probe_{door.value}" for door in PROBED}


def door_spec(settings: Settings, main: RuntimeSpec, door: Door) -> RuntimeSpec:
    """The main runtime as it was asked for, with the live one's variables, behind another door.

    What somebody changed in the live one must not come along: its package above all. Raises BadInput without probes or
    for too long a name.
    """
    name = door_names(settings.outputs.agent_runtime_name)[door]
    if len(name) > MAX_NAME:
        raise BadInput(
            f"the runtime of the {door.value} door would be called {name!r}, which is longer than {MAX_NAME}",
            remedy="choose a shorter project or environment, or set probes_enabled = false",
        )
    rules = _rules(settings, door)
    authorizer = {"customJWTAuthorizer": {"discoveryUrl": settings.outputs.door.discovery_url, **rules}}
    return replace(
        desired_spec(settings, main.environment.get(DIGEST_VARIABLE, "")),
        name=name,
        environment=main.environment,
        authorizer=authorizer if rules else {},
        # Without an authorizer Authorization may not be handed on (AgentCore devguide: runtime-header-allowlist).
        request_headers=FORWARDED if rules else (),
    )


def _rules(settings: Settings, door: Door) -> dict[str, object]:
    """Each door lets in by one rule those whom its client list lets in anyway: what refuses is that rule alone."""
    pool, probes = settings.cognito, settings.probes
    match door:
        case Door.SCOPE:
            clients = [pool.user_client_id, pool.machine_client_id, probes.machine_client_id]
            return {"allowedClients": clients, "allowedScopes": [probes.scope]}
        case Door.GROUP:
            rule = ClaimRule("cognito:groups", "STRING_ARRAY", "CONTAINS_ANY", (probes.group,))
            clients = [pool.user_client_id, pool.machine_client_id]
            return {"allowedClients": clients, "customClaims": [claim_rule(rule)]}
        case Door.AUDIENCE:
            return {"allowedAudience": [pool.user_client_id]}
        case Door.IAM:
            return {}
        case Door.MAIN | Door.GATEWAY:
            raise ValueError(f"the {door.value} door is Terraform's")


def excluded(settings: Settings) -> Mapping[Caller, str]:
    """Callers whom the main door is meant to keep out, with the rule that does: they cannot be its admitted ones."""
    door, out = settings.outputs.door, dict[Caller, str]()
    if door.custom_claims:
        names = ", ".join(rule.name for rule in door.custom_claims)
        why = f"the main door asks for {names}, which this caller's token does not have"
        out |= {Caller.MACHINE: why, Caller.ACTING_MACHINE: why, Caller.SECOND: why}
    if door.allowed_scopes and PEOPLES_SCOPE not in door.allowed_scopes:
        why = "the main door asks for a scope that a person's token from the password flow never has"
        out |= {Caller.PERSON: why, Caller.SECOND: why}
    if door.allowed_scopes and settings.outputs.cognito and settings.outputs.cognito.scope not in door.allowed_scopes:
        why = "the main door asks for a scope that the machine's client may not get"
        out |= {Caller.MACHINE: why, Caller.ACTING_MACHINE: why}
    return out
