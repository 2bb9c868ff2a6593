"""What each root output must say, by the rest of the plan: the orchestrator acts on outputs and sees no plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.outputs import HANDOFF_VERSION
from orchestration.review.masking import Unseen
from orchestration.review.plan import Plan
from orchestration.review.root_outputs import NOT_SAID, Output
from orchestration.review.values import entries

UNPROVEN = object()
ELSEWHERE = frozenset(
    """
    authorizer_allowed_audience authorizer_allowed_clients authorizer_allowed_scopes authorizer_custom_claims
    authorizer_discovery_url customers gateway_authorizer
    """.split()
)
"""Judged in told.py and records.py."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the plan holds: `resources` by address, as they will stand."""

    plan: Plan
    resources: Mapping[str, Mapping[str, Any]]


Source = Callable[[Held], Any]
"""What an output must say: Unseen if that is unseen, None for nothing, UNPROVEN where the plan does not tell."""


def of(address: str, argument: str) -> Source:
    return lambda held: held.resources.get(address, {}).get(argument)


def _variable(name: str) -> Source:
    return lambda held: held.plan.variables.get(name, UNPROVEN)


def _place(kind: str, argument: str) -> Source:
    return lambda held: held.plan.looked_up.get(kind, {}).get(argument, UNPROVEN)


def _text(form: str, **parts: Source) -> Source:
    def say(held: Held) -> Any:
        found = {name: part(held) for name, part in parts.items()}
        missing = [value for value in found.values() if value in (None, UNPROVEN) or isinstance(value, Unseen)]
        return missing[0] if missing else form.format(**found)

    return say


def _where(address: str, source: Source) -> Source:
    """None unless that resource will stand."""
    return lambda held: source(held) if address in held.resources else None


def _scope(address: str, name: str) -> Source:
    def say(held: Held) -> Any:
        server = held.resources.get(address, {})
        known = [scope.get("scope_name") for scope in entries(server.get("scope"))]
        return f"{server.get('identifier')}/{name}" if name in known else None

    return say


def _runtime_name(held: Held) -> Any:
    name = _text("{project}_{environment}", project=PROJECT, environment=ENVIRONMENT)(held)
    return name.replace("-", "_") if isinstance(name, str) else name


def _runtime_role(held: Held) -> Any:
    """Somebody else's role no plan tells about; in an environment that stands, its change is for a reviewer."""
    if RUNTIME_ROLE in held.resources:
        return held.resources[RUNTIME_ROLE].get("arn")
    given = held.plan.variables.get("execution_role_arn")
    return given if held.plan.brand_new or given is None else UNPROVEN


def _function(held: Held) -> Any:
    values = held.resources.get(FUNCTION)
    if values is None:
        return None
    arguments = {"code_sha256": "source_code_hash", "handler": "handler", "role_arn": "role", "runtime": "runtime"}
    return {name: values.get(argument) for name, argument in arguments.items()}


def _function_arn(held: Held) -> Any:
    """Known before its function is made, as the function's name is."""
    arn = of(FUNCTION, "arn")(held)
    if isinstance(arn, str):
        return arn
    form, name = "arn:{partition}:lambda:{region}:{account}:function:{name}", of(FUNCTION, "function_name")
    return _text(form, partition=PARTITION, region=REGION, account=ACCOUNT, name=name)(held)


def _protection(held: Held) -> Any:
    given = held.plan.variables.get("deletion_protection", UNPROVEN)
    return str(given).lower() if isinstance(given, bool) else given


PROJECT, ENVIRONMENT = _variable("project"), _variable("environment")
ACCOUNT, PARTITION = _place("aws_caller_identity", "account_id"), _place("aws_partition", "partition")
REGION = _place("aws_region", "name")
CLIENT = "aws_cognito_user_pool_client.this"
DOMAIN = "module.identity[0].aws_cognito_user_pool_domain.callers"
FUNCTION = "module.credit_check[0].aws_lambda_function.credit_check"
GATEWAY_ROLE = "module.gateway_role[0].aws_iam_role.gateway"
PROBE_SERVER = "module.probes[0].aws_cognito_resource_server.probe"
RUNTIME_ROLE = "module.runtime_role[0].aws_iam_role.runtime"
SERVER = "module.identity[0].aws_cognito_resource_server.agent"
GATEWAY_NAME = _where(GATEWAY_ROLE, _text("{project}-{environment}-gateway", project=PROJECT, environment=ENVIRONMENT))

PROMISES: Mapping[str, Source] = {
    "account_id": ACCOUNT,
    "agent_runtime_name": _runtime_name,
    "artifact_bucket_name": of("module.artifacts.aws_s3_bucket.code", "bucket"),
    "caller_password_secret_arn": of("module.identity[0].aws_secretsmanager_secret_version.caller", "arn"),
    "caller_username": of("module.identity[0].aws_cognito_user.caller", "username"),
    "cognito_domain_prefix": of(DOMAIN, "domain"),
    "cognito_machine_client_id": of(f'module.identity[0].module.client["machine"].{CLIENT}', "id"),
    "cognito_scope": _scope(SERVER, "invoke"),
    "cognito_token_url": _text(
        "https://{domain}.auth.{region}.amazoncognito.com/oauth2/token", domain=of(DOMAIN, "domain"), region=REGION
    ),
    "cognito_user_client_id": of(f'module.identity[0].module.client["user"].{CLIENT}', "id"),
    "cognito_user_pool_id": of("module.identity[0].aws_cognito_user_pool.callers", "id"),
    "customers_scope": _scope(SERVER, "act-for-customers"),
    "deletion_protection": _protection,
    "ecr_repository_url": of("module.image_build[0].aws_ecr_repository.agent", "repository_url"),
    "environment": ENVIRONMENT,
    "gateway_client_id": of(f"module.gateway_access[0].module.client.{CLIENT}", "id"),
    "gateway_credential_provider_name": GATEWAY_NAME,
    "gateway_function": _function,
    "gateway_function_arn": _function_arn,
    "gateway_name": GATEWAY_NAME,
    "gateway_role_arn": of(GATEWAY_ROLE, "arn"),
    "gateway_scope": _scope("module.gateway_access[0].aws_cognito_resource_server.gateway", "invoke"),
    "handoff_version": lambda held: HANDOFF_VERSION,
    "image_project_name": of("module.image_build[0].aws_codebuild_project.image", "name"),
    "invoker_policy_arn": of("module.invoker_policy.aws_iam_policy.invoker", "arn"),
    "partition": PARTITION,
    "probe_elsewhere_role_arn": of('module.probes[0].aws_iam_role.caller["elsewhere"]', "arn"),
    "probe_gateway_outsider_client_id": of(f'module.probes[0].module.client["outsider-gateway"].{CLIENT}', "id"),
    "probe_group": of("module.probes[0].aws_cognito_user_in_group.caller", "group_name"),
    "probe_invoker_role_arn": of('module.probes[0].aws_iam_role.caller["invoker"]', "arn"),
    "probe_machine_client_id": of(f'module.probes[0].module.client["probe-machine"].{CLIENT}', "id"),
    "probe_other_client_id": of(f'module.probes[0].module.client["other-pool"].{CLIENT}', "id"),
    "probe_other_discovery_url": _text(
        "https://{endpoint}/.well-known/openid-configuration",
        endpoint=of("module.probes[0].aws_cognito_user_pool.other", "endpoint"),
    ),
    "probe_other_user_pool_id": of("module.probes[0].aws_cognito_user_pool.other", "id"),
    "probe_outsider_client_id": of(f'module.probes[0].module.client["outsider"].{CLIENT}', "id"),
    "probe_outsider_machine_client_id": of(f'module.probes[0].module.client["outsider-machine"].{CLIENT}', "id"),
    "probe_scope": _scope(PROBE_SERVER, "call"),
    "probe_scope_longer": _scope(PROBE_SERVER, "call-more"),
    "probe_scope_other": _scope(PROBE_SERVER, "other"),
    "probe_second_password_secret_arn": of("module.probes[0].aws_secretsmanager_secret_version.second", "arn"),
    "probe_second_username": of("module.probes[0].aws_cognito_user.second", "username"),
    "probe_stranger_role_arn": of('module.probes[0].aws_iam_role.caller["stranger"]', "arn"),
    "project": PROJECT,
    "region": REGION,
    "runtime_role_arn": _runtime_role,
}


def broken(plan: Plan) -> Iterator[tuple[str, str]]:
    """(output, why) of each that does not say what the plan holds."""
    held = _held(plan)
    for output, said in _judged(plan, held):
        if said is UNPROVEN or output.value is NOT_SAID or output.value is Unseen.SENSITIVE:
            continue
        # What goes together with all that it speaks of goes rightly.
        now = output.value if output.kept else None
        if now != said and (output.kept or held.resources):
            yield output.name, f"it says {_shown(now)}, and the plan holds {_shown(said)}"


def unproven(plan: Plan) -> Iterator[tuple[str, str]]:
    """(output, why) of each that changes, and that nothing in the plan proves."""
    for output, said in _judged(plan, _held(plan)):
        if not output.changes or not output.kept or (plan.brand_new and output.value is NOT_SAID):
            continue
        if output.value is NOT_SAID:
            yield output.name, "it changes, and this document does not hold its value"
        elif Unseen.SENSITIVE in (output.value, said):
            yield output.name, "it changes, and what it says is sensitive"
        elif said is UNPROVEN:
            yield output.name, f"it turns from {_shown(output.former)} to {_shown(output.value)}"


def unknown(plan: Plan) -> Iterator[str]:
    """Outputs that no rule judges."""
    return (output.name for output in plan.outputs if output.kept and output.name not in {*PROMISES, *ELSEWHERE})


def later(plan: Plan) -> tuple[str, ...]:
    """Outputs that only the apply will tell, as it will what they are made from: the next plan compares them."""
    return tuple(output.name for output in plan.outputs if output.kept and output.value is Unseen.UNKNOWN)


def _held(plan: Plan) -> Held:
    stand = {c.address: c.standing for c in plan.changes if c.standing is not None and not c.deposed}
    return Held(plan, stand)


def _judged(plan: Plan, held: Held) -> Iterator[tuple[Output, Any]]:
    return ((output, PROMISES[output.name](held)) for output in plan.outputs if output.name in PROMISES)


def _shown(value: Any) -> str:
    if value is NOT_SAID:
        return "what this document does not hold"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(item)}" for name, item in sorted(value.items()))
    return "nothing" if value is None else str(value)
