"""The door of a runtime or a gateway, its JWT authorizer, wherever a plan describes one.

Rules of different kinds are all demanded, values of one kind are alternatives (AgentCore devguide: runtime-oauth).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.review.masking import Unseen
from orchestration.review.plan import Action, Change, Plan
from orchestration.review.values import block, entries, mapping, texts

GROUPS = "cognito:groups"
RUNTIME, FUNCTION = "aws_bedrockagentcore_agent_runtime", "aws_lambda_function"
NAMES = frozenset({"authorizer", "gateway_authorizer"})


@dataclass(frozen=True, slots=True)
class Claim:
    """One custom-claim rule. `type`: whether the claim is a text or a list of texts."""

    name: str
    operator: str
    values: tuple[str, ...]
    type: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """What an authorizer demands; a rule that cannot be seen is Unseen, not empty.

    `discovery_url` None: there is no authorizer, callers come with IAM.
    """

    discovery_url: str | Unseen | None
    clients: Mapping[str, str | Unseen] | Unseen
    audience: tuple[str, ...] | Unseen
    scopes: tuple[str, ...] | Unseen
    claims: tuple[Claim, ...] | Unseen

    @property
    def named_clients(self) -> Mapping[str, str | Unseen]:
        return {} if isinstance(self.clients, Unseen) else self.clients

    @property
    def has_allow_list(self) -> bool:
        return bool(self.clients or self.audience or self.scopes or self.claims)


NO_DOOR = Door(None, {}, (), (), ())
INPUT = frozenset({"discovery_url", "allowed_clients", "allowed_audience", "allowed_scopes", "custom_claims"})
DECIDING: Mapping[str, tuple[str, ...]] = {
    RUNTIME: ("agent_runtime_artifact", "network_configuration", "protocol_configuration", "role_arn"),
    FUNCTION: (
        "environment",
        "file_system_config",
        "handler",
        "image_config",
        "layers",
        "role",
        "runtime",
        "vpc_config",
    ),
}
"""Arguments that decide what a caller reaches and with whose permissions. A function's code has a rule of its own."""


@dataclass(frozen=True, slots=True)
class Described:
    """One door of a plan, and what it was; None where it is not there. `address` is where it is after the change."""

    address: str
    before: Door | None
    after: Door | None


def is_door(change: Change) -> bool:
    """By type, by shape, or by the name that it has or had: a door that moves stays one."""
    if change.type == RUNTIME:
        return True
    names = {change.name, (change.previous_address or "").rpartition(".")[2].partition("[")[0]}
    given = [mapping(values).get("input") for values in (change.before, change.after)]
    return change.type == "terraform_data" and (
        bool(NAMES & names) or any(INPUT & set(mapping(value)) for value in given)
    )


def at_gateway(address: str) -> bool:
    """Whether a door is the gateway's and not the runtime's: by its name alone, as nothing else in it differs."""
    return address.rpartition(".")[2].startswith("gateway")


def place(address: str) -> str:
    """Where a sentence about a door is true; the runtime's is the one that goes without saying."""
    return "at the gateway: " if at_gateway(address) else ""


def doors(plan: Plan) -> Iterator[Described]:
    """Every door; one that goes and one that comes are one that moved, and are compared."""
    found = [change for change in plan.of("terraform_data", RUNTIME) if is_door(change) and not change.deposed]
    leaving = [change for change in found if change.action == Action.DELETE]
    for change in found:
        if change.action == Action.DELETE:
            continue
        former = change.before
        if change.action == Action.CREATE and (twin := next((c for c in leaving if _same(c, change)), None)):
            leaving.remove(twin)
            former = twin.before
        yield Described(change.address, _door(change.type, former), _door(change.type, change.standing))
    for change in leaving:
        yield Described(change.address, _door(change.type, change.before), None)


def _same(gone: Change, made: Change) -> bool:
    name = "agent_runtime_name"
    if at_gateway(gone.address) != at_gateway(made.address):
        return False
    return gone.type == made.type and mapping(gone.before).get(name) == mapping(made.after).get(name)


def _door(kind: str, values: Mapping[str, Any] | None) -> Door | None:
    return _of_runtime(values) if kind == RUNTIME else _of_input(values)


def door_of_configuration(configuration: Mapping[str, Any] | None) -> Door:
    """From the API's form (botocore model: AuthorizerConfiguration); None or empty is no door."""
    rules = mapping((configuration or {}).get("customJWTAuthorizer"))
    claims = [
        Claim(
            str(claim.get("inboundTokenClaimName", "")),
            str(mapping(claim.get("authorizingClaimMatchValue")).get("claimMatchOperator", "")),
            _match(mapping(claim.get("authorizingClaimMatchValue")).get("claimMatchValue")),
            str(claim.get("inboundTokenClaimValueType", "")),
        )
        for claim in rules.get("customClaims") or []
    ]
    return Door(
        rules.get("discoveryUrl"),
        {str(client): str(client) for client in rules.get("allowedClients") or []},
        tuple(rules.get("allowedAudience") or ()),
        tuple(rules.get("allowedScopes") or ()),
        tuple(claims),
    )


def _match(value: Any) -> tuple[str, ...]:
    """The member of the union that is set (botocore model: ClaimMatchValueType)."""
    return tuple(text for member in mapping(value).values() for text in texts(member))


def _of_input(values: Mapping[str, Any] | None) -> Door | None:
    return None if values is None else door_of_rules(values.get("input"))


def door_of_rules(rules: Any) -> Door:
    """From Terraform's form of an authorizer: {discovery_url, allowed_clients, ..., custom_claims}."""
    if isinstance(rules, Unseen):
        return Door(rules, rules, rules, rules, rules)
    given = mapping(rules)
    return Door(
        given.get("discovery_url"),
        _clients(given.get("allowed_clients")),
        _seen(given.get("allowed_audience")),
        _seen(given.get("allowed_scopes")),
        _claims(given.get("custom_claims"), _claim_of_input),
    )


def _of_runtime(values: Mapping[str, Any] | None) -> Door | None:
    """From the provider's own resource (provider 6: aws_bedrockagentcore_agent_runtime)."""
    if values is None:
        return None
    outer = values.get("authorizer_configuration")
    inner = outer if isinstance(outer, Unseen) else block(outer).get("custom_jwt_authorizer")
    if isinstance(inner, Unseen):
        return Door(inner, inner, inner, inner, inner)
    given = block(inner)
    return Door(
        given.get("discovery_url"),
        _clients(given.get("allowed_clients")),
        _seen(given.get("allowed_audience")),
        _seen(given.get("allowed_scopes")),
        _claims(given.get("custom_claim"), _claim_of_runtime),
    )


def _claim_of_input(claim: Mapping[str, Any]) -> Claim:
    return Claim(
        str(claim.get("name")), str(claim.get("operator")), texts(claim.get("values")), str(claim.get("type") or "")
    )


def _claim_of_runtime(claim: Mapping[str, Any]) -> Claim:
    match = block(claim.get("authorizing_claim_match_value"))
    given = match.get("claim_match_value")
    values = texts(given) if isinstance(given, Unseen) else _match(block(given))
    name, kind = claim.get("inbound_token_claim_name"), claim.get("inbound_token_claim_value_type")
    return Claim(str(name), str(match.get("claim_match_operator")), values, str(kind or ""))


def _clients(given: Any) -> Mapping[str, str | Unseen] | Unseen:
    if isinstance(given, Unseen):
        return given
    if isinstance(given, Mapping):
        return {str(name): client if isinstance(client, Unseen) else str(client) for name, client in given.items()}
    return {str(client): client for client in (given if isinstance(given, list) else ())}


def _seen(given: Any) -> tuple[str, ...] | Unseen:
    return given if isinstance(given, Unseen) else texts(given)


def _claims(given: Any, read: Callable[[Mapping[str, Any]], Claim]) -> tuple[Claim, ...] | Unseen:
    if isinstance(given, list) and (unseen := next((item for item in given if isinstance(item, Unseen)), None)):
        return unseen
    return given if isinstance(given, Unseen) else tuple(map(read, entries(given)))
