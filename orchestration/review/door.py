"""The door of a runtime, its JWT authorizer, and who may pass after a change that could not before.

Rules of different kinds are all demanded, values of one kind are alternatives (AgentCore devguide: runtime-oauth).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.review.plan import Change, Plan, Unseen
from orchestration.review.values import block, entries, mapping, texts

GROUPS = "cognito:groups"
RUNTIME = "aws_bedrockagentcore_agent_runtime"


@dataclass(frozen=True, slots=True)
class Claim:
    """One custom-claim rule."""

    name: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """What an authorizer demands. `discovery_url` None: there is no authorizer, callers come with IAM."""

    discovery_url: str | Unseen | None
    clients: Mapping[str, str | Unseen]
    audience: tuple[str, ...]
    scopes: tuple[str, ...]
    claims: tuple[Claim, ...]

    @property
    def has_allow_list(self) -> bool:
        return bool(self.clients or self.audience or self.scopes or self.claims)


NO_DOOR = Door(None, {}, (), (), ())


@dataclass(frozen=True, slots=True)
class Shift:
    """One sentence on who gains or loses access. `rule`: issuer, client, audience, scope or claim.

    `whole`: a rule of that kind appears or disappears, rather than one of its values.
    """

    address: str
    gains: bool
    rule: str
    words: str
    whole: bool = False


def doors(plan: Plan) -> Iterator[tuple[Change, Door | None, Door | None]]:
    """(resource, door now, door then) of each resource that describes one; None where it is not there."""
    for change in plan.of("terraform_data", RUNTIME):
        if change.type == RUNTIME:
            yield change, _of_runtime(change.before), _of_runtime(change.after)
        elif change.name == "authorizer":
            yield change, _of_input(change.before), _of_input(change.after)


def door_of_configuration(configuration: Mapping[str, Any] | None) -> Door:
    """From the API's form (botocore model: AuthorizerConfiguration); None or empty is no door."""
    rules = mapping((configuration or {}).get("customJWTAuthorizer"))
    claims = [
        Claim(
            str(claim.get("inboundTokenClaimName", "")),
            str(mapping(claim.get("authorizingClaimMatchValue")).get("claimMatchOperator", "")),
            _match(mapping(claim.get("authorizingClaimMatchValue")).get("claimMatchValue")),
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


def shifts(address: str, before: Door | None, after: Door | None) -> Iterator[Shift]:
    """Who may call after that could not before, and the reverse. A door that is not there lets nobody in."""
    if before is None or after is None:
        if (door := before or after) is not None:
            yield from _whole_door(address, door, gains=before is None)
        return
    if before.discovery_url != after.discovery_url:
        yield Shift(address, False, "issuer", f"tokens of {_text(before.discovery_url)} are refused", True)
        yield Shift(address, True, "issuer", f"tokens of {_text(after.discovery_url)} are looked at", True)
    yield from _clients(address, before.clients, after.clients)
    yield from _values(address, AUDIENCE, before.audience, after.audience)
    yield from _values(address, SCOPE, before.scopes, after.scopes)
    yield from _claims(address, before.claims, after.claims)


def _whole_door(address: str, door: Door, *, gains: bool) -> Iterator[Shift]:
    may = "may call" if gains else "may no longer call"
    for name, client in sorted(door.clients.items()):
        yield Shift(address, gains, "client", f"client {_client(name, client)} {may}")
    if not door.clients:
        yield Shift(address, gains, "issuer", f"holders of a token of {_text(door.discovery_url)} {may}", True)


def _clients(address: str, before: Mapping[str, str | Unseen], after: Mapping[str, str | Unseen]) -> Iterator[Shift]:
    if bool(before) != bool(after):
        words = "any client of the issuer may call: the list of clients is gone"
        listed = ", ".join(sorted(after))
        yield Shift(
            address, not after, "client", words if before else f"clients other than {listed} may no longer call", True
        )
        return
    then, now = _known(before), _known(after)
    for name, client in sorted(before.items()):
        if after.get(name) != client and client not in now:
            yield Shift(address, False, "client", f"client {_client(name, client)} may no longer call")
    for name, client in sorted(after.items()):
        if before.get(name) != client and client not in then:
            yield Shift(address, True, "client", f"client {_client(name, client)} may call")


@dataclass(frozen=True, slots=True)
class _Words:
    """How a rule's tokens are spoken of: those that have a value, and all of them."""

    rule: str
    having: str
    any: str


AUDIENCE = _Words("audience", "tokens for the audience", "tokens for any audience or none")
SCOPE = _Words("scope", "tokens with the scope", "tokens with any scope or none")
GROUP = _Words("group", "people in the group", "people in any group or none")


def _values(address: str, words: _Words, before: Sequence[str], after: Sequence[str]) -> Iterator[Shift]:
    rule, having = words.rule, words.having
    if before and not after:
        gone = f"{words.any} may call: the {rule} rule ({', '.join(sorted(before))}) is gone"
        yield Shift(address, True, rule, gone, True)
    elif after and not before:
        yield Shift(address, False, rule, f"only {having} {' or '.join(sorted(after))} may call", True)
    else:
        for value in sorted({*after} - {*before}):
            yield Shift(address, True, rule, f"{having} {value} may call")
        for value in sorted({*before} - {*after}):
            yield Shift(address, False, rule, f"{having} {value} may no longer call")


def _claims(address: str, before: Sequence[Claim], after: Sequence[Claim]) -> Iterator[Shift]:
    then = {(claim.name, claim.operator): claim.values for claim in before}
    now = {(claim.name, claim.operator): claim.values for claim in after}
    for name, operator in sorted({*then, *now}):
        claim = _Words(f"claim {name}", f"tokens whose {name} {operator}", f"tokens with any {name} or none")
        old, new = then.get((name, operator), ()), now.get((name, operator), ())
        yield from _values(address, GROUP if name == GROUPS else claim, old, new)


def _known(clients: Mapping[str, str | Unseen]) -> set[str | Unseen]:
    return {client for client in clients.values() if isinstance(client, str)}


def _client(name: str, client: str | Unseen) -> str:
    return name if name == client else f"{name} {client}" if isinstance(client, Unseen) else f"{name} ({client})"


def _text(url: str | Unseen | None) -> str:
    return "no issuer" if url is None else f"an issuer {url}" if isinstance(url, Unseen) else url


def _match(value: Any) -> tuple[str, ...]:
    """The member of the union that is set (botocore model: ClaimMatchValueType)."""
    return tuple(text for member in mapping(value).values() for text in texts(member))


def _of_input(values: Mapping[str, Any] | None) -> Door | None:
    if values is None:
        return None
    if isinstance(values.get("input"), Unseen):
        return Door(Unseen.UNKNOWN, {"any": Unseen.UNKNOWN}, (), (), ())
    given = mapping(values.get("input"))
    claims = [
        Claim(str(claim.get("name")), str(claim.get("operator")), texts(claim.get("values")))
        for claim in entries(given.get("custom_claims"))
    ]
    return Door(
        given.get("discovery_url"),
        {str(name): client for name, client in mapping(given.get("allowed_clients")).items()},
        texts(given.get("allowed_audience")),
        texts(given.get("allowed_scopes")),
        tuple(claims),
    )


def _of_runtime(values: Mapping[str, Any] | None) -> Door | None:
    """From the provider's own resource (provider 6: aws_bedrockagentcore_agent_runtime)."""
    if values is None:
        return None
    given = block(block(values.get("authorizer_configuration")).get("custom_jwt_authorizer"))
    return Door(
        given.get("discovery_url"),
        {client: client for client in texts(given.get("allowed_clients"))},
        texts(given.get("allowed_audience")),
        texts(given.get("allowed_scopes")),
        tuple(Claim(str(c.get("inbound_token_claim_name")), "", ()) for c in entries(given.get("custom_claim"))),
    )
