"""The only place that knows the names of Terraform's outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from orchestration.errors import InvalidOutputs, MissingOutputs

HANDOFF_VERSION = 2
# What the service takes (AgentCore devguide: inbound-jwt-authorizer); True where the rule has a list of values.
CLAIM_OPERATORS: Mapping[tuple[str, str], bool] = {
    ("STRING", "EQUALS"): False,
    ("STRING_ARRAY", "CONTAINS"): False,
    ("STRING_ARRAY", "CONTAINS_ANY"): True,
}


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One rule of the authorizer about a claim of the token."""

    name: str
    type: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoorOutputs:
    """Whom an authorizer lets in."""

    discovery_url: str
    allowed_clients: Mapping[str, str]
    """Short name -> client id."""
    allowed_audience: tuple[str, ...]
    allowed_scopes: tuple[str, ...]
    custom_claims: tuple[ClaimRule, ...]


@dataclass(frozen=True, slots=True)
class CognitoOutputs:
    """The caller pool, where the project brings its own identity provider."""

    user_pool_id: str
    domain_prefix: str
    token_url: str
    scope: str
    user_client_id: str
    machine_client_id: str
    caller_username: str
    caller_password_secret_arn: str


@dataclass(frozen=True, slots=True)
class ProbeOutputs:
    """Identities that exist to be refused, or to be let in at one door only."""

    outsider_client_id: str
    outsider_machine_client_id: str
    machine_client_id: str
    scope: str
    scope_longer: str
    scope_other: str
    group: str
    second_username: str
    second_password_secret_arn: str
    other_user_pool_id: str
    other_discovery_url: str
    other_client_id: str
    invoker_role_arn: str
    stranger_role_arn: str
    elsewhere_role_arn: str
    gateway_outsider_client_id: str | None = None
    """May get the gateway's scope, and is not let in there; None without a gateway."""


@dataclass(frozen=True, slots=True)
class FunctionOutputs:
    """The function behind the gateway, as it was applied."""

    code_sha256: str
    """Base64."""
    handler: str
    role_arn: str
    runtime: str


@dataclass(frozen=True, slots=True)
class GatewayOutputs:
    """The gateway through which the agent gets credit scores."""

    name: str
    role_arn: str
    function_arn: str
    client_id: str
    """The agent's own client."""
    scope: str
    credential_provider_name: str
    authorizer: DoorOutputs
    function: FunctionOutputs


@dataclass(frozen=True, slots=True)
class ImageOutputs:
    """What builds and holds the agent's images, where it is shipped as one."""

    repository_url: str
    project_name: str
    """Of CodeBuild."""
    source_bucket_name: str
    """The artifact bucket, for what an image is built from."""


@dataclass(frozen=True, slots=True)
class TerraformOutputs:
    """What terraform/outputs.tf promises. No text is empty."""

    project: str
    environment: str
    region: str
    account_id: str
    partition: str
    agent_runtime_name: str
    runtime_role_arn: str
    invoker_policy_arn: str
    artifact_bucket_name: str
    deletion_protection: str
    """"true" or "false"."""
    door: DoorOutputs
    cognito: CognitoOutputs | None
    """None with an identity provider of one's own."""
    probes: ProbeOutputs | None
    """None where probes are switched off, or cannot be made."""
    customers: Mapping[str, str] = field(default_factory=dict)
    """Subject of a token -> the customer whose records the agent shows. Empty in a state that is older than this."""
    customers_scope: str | None = None
    """With it a machine names a customer itself; None with an identity provider of one's own, or an older state."""
    gateway: GatewayOutputs | None = None
    """None where there is to be none, or in an older state."""
    images: ImageOutputs | None = None
    """None where the agent is shipped as code."""


OPTIONAL = ("customers", "customers_scope")
GROUPS = ("door", "cognito", "probes", "gateway", "images")
PLAIN = tuple(field.name for field in fields(TerraformOutputs) if field.name not in (*GROUPS, *OPTIONAL))
# Field -> output.
DOOR = {field.name: f"authorizer_{field.name}" for field in fields(DoorOutputs)}
COGNITO = {
    field.name: field.name if field.name.startswith("caller_") else f"cognito_{field.name}"
    for field in fields(CognitoOutputs)
}
GATEWAY_PROBE = "gateway_outsider_client_id"
PROBES = {field.name: f"probe_{field.name}" for field in fields(ProbeOutputs) if field.name != GATEWAY_PROBE}
GATEWAY_DOOR, GATEWAY_FUNCTION = "gateway_authorizer", "gateway_function"
FUNCTION = tuple(field.name for field in fields(FunctionOutputs))
GATEWAY = {
    field.name: f"gateway_{field.name}"
    for field in fields(GatewayOutputs)
    if f"gateway_{field.name}" not in (GATEWAY_DOOR, GATEWAY_FUNCTION)
}

IMAGES_MARK = "image_project_name"
IMAGES = {
    "repository_url": "ecr_repository_url",
    "project_name": IMAGES_MARK,
    "source_bucket_name": "artifact_bucket_name",
}


def parse_outputs(raw: Mapping[str, Mapping[str, Any]]) -> TerraformOutputs:
    """Parse `terraform output -json`: {name: {"value": ..., ...}}. An output that is null is not in it.

    Raises MissingOutputs naming every absent output, those of a half-made group too; InvalidOutputs naming every one
    of a wrong shape, or a handoff_version that this code was not written for.
    """
    if "handoff_version" not in raw:
        raise MissingOutputs(["handoff_version"])
    version = raw["handoff_version"].get("value")
    if version != HANDOFF_VERSION:
        raise InvalidOutputs(
            f"terraform output handoff_version is {version!r}, this code reads {HANDOFF_VERSION}",
            remedy="run `invoke apply` with the Terraform sources of the same commit",
        )
    groups = [group for group in (COGNITO, PROBES, GATEWAY) if any(name in raw for name in group.values())]
    if IMAGES_MARK in raw:
        # Not the other one: a state that is older than this has a repository, and code in its bucket.
        groups.append(IMAGES)
    texts = [*PLAIN, DOOR["discovery_url"], *(name for group in groups for name in group.values())]
    objects = [*DOOR.values(), *([GATEWAY_DOOR, GATEWAY_FUNCTION] if GATEWAY in groups else [])]
    if missing := [name for name in [*texts, *objects] if name not in raw]:
        raise MissingOutputs(sorted(set(missing)))
    values: dict[str, Any] = {name: entry.get("value") for name, entry in raw.items()}
    faults = [*_no_texts(values, texts), *_wrong_door(_picked(values, DOOR), DOOR), *_wrong_customers(values)]
    if GATEWAY in groups:
        faults += [*_wrong_gateway_door(values[GATEWAY_DOOR]), *_wrong_function(values[GATEWAY_FUNCTION])]
    if faults:
        raise InvalidOutputs(
            f"terraform outputs are not what they should be: {'; '.join(faults)}",
            remedy="check terraform/outputs.tf, then run `invoke apply`",
        )
    return TerraformOutputs(
        **{name: values[name] for name in PLAIN},
        door=_door(_picked(values, DOOR)),
        cognito=CognitoOutputs(**_picked(values, COGNITO)) if COGNITO in groups else None,
        probes=_probes(values) if PROBES in groups else None,
        gateway=_gateway(values) if GATEWAY in groups else None,
        images=ImageOutputs(**_picked(values, IMAGES)) if IMAGES in groups else None,
        customers=dict(values.get("customers") or {}),
        customers_scope=values.get("customers_scope"),
    )


def flat_outputs(outputs: TerraformOutputs) -> dict[str, Any]:
    """The outputs under their own names again, as plain values for a document."""
    flat: dict[str, Any] = {name: getattr(outputs, name) for name in PLAIN} | {"customers": dict(outputs.customers)}
    if outputs.customers_scope is not None:
        flat["customers_scope"] = outputs.customers_scope
    groups = (
        (outputs.cognito, COGNITO),
        (outputs.probes, PROBES),
        (outputs.gateway, GATEWAY),
        (outputs.images, IMAGES),
    )
    for part, names in groups:
        if part is not None:
            flat |= {name: getattr(part, field) for field, name in names.items()}
    if outputs.probes is not None and outputs.probes.gateway_outsider_client_id is not None:
        flat[f"probe_{GATEWAY_PROBE}"] = outputs.probes.gateway_outsider_client_id
    if outputs.gateway is not None:
        flat[GATEWAY_DOOR] = _flat_door(outputs.gateway.authorizer)
        flat[GATEWAY_FUNCTION] = asdict(outputs.gateway.function)
    return flat | {DOOR[field]: value for field, value in _flat_door(outputs.door).items()}


def _flat_door(door: DoorOutputs) -> dict[str, Any]:
    rules = [
        {"name": r.name, "type": r.type, "operator": r.operator, "values": list(r.values)} for r in door.custom_claims
    ]
    return {
        "discovery_url": door.discovery_url,
        "allowed_clients": dict(door.allowed_clients),
        "allowed_audience": list(door.allowed_audience),
        "allowed_scopes": list(door.allowed_scopes),
        "custom_claims": rules,
    }


def _picked(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: values[name] for field, name in names.items()}


def _probes(values: Mapping[str, Any]) -> ProbeOutputs:
    return ProbeOutputs(
        **_picked(values, PROBES), gateway_outsider_client_id=values.get(f"probe_{GATEWAY_PROBE}") or None
    )


def _gateway(values: Mapping[str, Any]) -> GatewayOutputs:
    return GatewayOutputs(
        **_picked(values, GATEWAY),
        authorizer=_door(values[GATEWAY_DOOR]),
        function=FunctionOutputs(**{name: values[GATEWAY_FUNCTION][name] for name in FUNCTION}),
    )


def _door(given: Mapping[str, Any]) -> DoorOutputs:
    return DoorOutputs(
        discovery_url=given["discovery_url"],
        allowed_clients=dict(given["allowed_clients"]),
        allowed_audience=tuple(given["allowed_audience"]),
        allowed_scopes=tuple(given["allowed_scopes"]),
        custom_claims=tuple(
            ClaimRule(rule["name"], rule["type"], rule["operator"], tuple(rule["values"]))
            for rule in given["custom_claims"]
        ),
    )


def _no_texts(values: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    if wrong := [name for name in names if not _is_text(values[name])]:
        yield f"{', '.join(wrong)}: not a non-empty text"


def _wrong_door(given: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """An authorizer without any rule would let in whoever the provider knows: it is no door.

    `given` by field, `names` what each field is called in the message.
    """
    clients, claims = given["allowed_clients"], given["custom_claims"]
    lists = ("allowed_audience", "allowed_scopes")
    if not isinstance(clients, Mapping) or not all(map(_is_text, clients.values())):
        yield f"{names['allowed_clients']}: not a map of texts"
    for field_ in lists:
        if not _are_texts(given[field_]):
            yield f"{names[field_]}: not a list of texts"
    if not isinstance(claims, list) or not all(map(_is_rule, claims)):
        yield f"{names['custom_claims']}: not a list of {{name, type, operator, values}} that the service takes"
    if not (clients or claims or any(given[field_] for field_ in lists)):
        yield "the authorizer has no rule at all"


def _wrong_gateway_door(given: object) -> Iterator[str]:
    if not isinstance(given, Mapping) or not {*DOOR} <= {*given}:
        yield f"{GATEWAY_DOOR}: not an object of {', '.join(DOOR)}"
        return
    if not _is_text(given["discovery_url"]):
        yield f"{GATEWAY_DOOR}.discovery_url: not a non-empty text"
    yield from _wrong_door(given, {field_: f"{GATEWAY_DOOR}.{field_}" for field_ in DOOR})


def _wrong_function(given: object) -> Iterator[str]:
    if not isinstance(given, Mapping) or not all(_is_text(given.get(name)) for name in FUNCTION):
        yield f"{GATEWAY_FUNCTION}: not an object of the texts {', '.join(FUNCTION)}"


def _wrong_customers(values: Mapping[str, Any]) -> Iterator[str]:
    customers, scope = values.get("customers", {}), values.get("customers_scope")
    if not isinstance(customers, Mapping) or not all(map(_is_text, customers.values())):
        yield "customers: not a map of texts"
    if scope is not None and not _is_text(scope):
        yield "customers_scope: not a non-empty text"


def _is_rule(value: object) -> bool:
    if not isinstance(value, Mapping) or set(value) != {"name", "type", "operator", "values"}:
        return False
    several = CLAIM_OPERATORS.get((str(value["type"]), str(value["operator"])))
    good = _is_text(value["name"]) and _are_texts(value["values"]) and len(value["values"]) > 0
    return good and several is not None and (several or len(value["values"]) == 1)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
