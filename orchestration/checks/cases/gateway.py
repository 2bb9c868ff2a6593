"""The gateway of the agent's tools: the cases of the main door tried there too, and those that it alone has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from orchestration.checks.callers import Caller
from orchestration.checks.case import Case, Door, Family, Verdict
from orchestration.checks.cases import admitted, claims, families, header, signature
from orchestration.checks.draft import Change, body, own_key, same, traced
from orchestration.checks.forge import ABSENT

# The score of customer 1234 in the function's demo data.
SCORE = Family(frozenset({200}), r"\b742\b")
TOOLS = Family(frozenset({200}), r"___get_credit_score\b")
BY_GATEWAY = Family(frozenset({200}), r'\b742\b[\s\S]*"credit_score_source": ?"gateway"')
# What is said of an agent's own words, sessions and answers has no counterpart at a gateway.
ADMITTED_TOO = ("scheme-lower", "near-end")
# Two readers of one request can differ: whatever client error they agree on.
AMBIGUOUS = (families.AMBIGUOUS, families.TOO_LARGE)


def at_gateway(case: Case) -> Case:
    """The same change to the agent's call of the gateway. A caller who is wrong at both doors stays who he is."""
    caller = Caller.AGENT if case.caller is Caller.PERSON else case.caller
    if case.verdict is Verdict.ADMITTED:
        family = SCORE
    else:
        family = case.family if case.family in AMBIGUOUS else families.GATEWAY_REFUSED
    return replace(case, id=f"gateway-{case.id}", caller=caller, family=family, door=Door.GATEWAY)


def _shared() -> Iterator[Case]:
    yield from (at_gateway(case) for case in admitted.CASES if case.id in ADMITTED_TOO)
    for case in (*header.CASES, *signature.CASES, *claims.CASES):
        if case.door is Door.MAIN and case.caller is not Caller.AGENT:
            yield at_gateway(case)


def refused(id: str, title: str, caller: Caller, cause: str, family: Family, tag: str, change: Change = same) -> Case:
    return Case(id, title, caller, change, Verdict.REFUSED, family, cause, Door.GATEWAY, frozenset({tag}))


def scoped(id: str, title: str, alter: Callable[[Any], Any], family: Family = families.GATEWAY_SCOPE) -> Case:
    """The scope claim altered, by the provider's own key: the agent's client can get no other scope."""
    change = own_key(lambda token, now: token.with_claims({"scope": alter(token.claims.get("scope"))}))
    made = refused(id, title, Caller.AGENT, "scopes", family, "scope", change)
    return replace(made, tags=made.tags | {"pool-key"})


CASES = (
    Case(
        "gateway-call",
        "the agent's own client calls the tool",
        Caller.AGENT,
        same,
        Verdict.ADMITTED,
        SCORE,
        door=Door.GATEWAY,
        tags=frozenset({"machine", "client"}),
        reached=True,
    ),
    Case(
        "gateway-tools",
        "the agent's own client asks for the list of tools",
        Caller.AGENT,
        body(method="tools/list", params={}),
        Verdict.ADMITTED,
        TOOLS,
        door=Door.GATEWAY,
        tags=frozenset({"machine", "client"}),
    ),
    Case(
        "customer-through-gateway",
        "a person's own credit score comes through the gateway",
        Caller.PERSON,
        traced(body(prompt="what is my credit score?")),
        Verdict.ADMITTED,
        BY_GATEWAY,
        tags=frozenset({"agent", "customer", "gateway", "person"}),
        reached=True,
        through=True,
    ),
    *_shared(),
    refused(
        "gateway-person",
        "a person of the runtime's client",
        Caller.PERSON,
        "client",
        families.GATEWAY_REFUSED,
        "client",
    ),
    refused(
        "gateway-machine",
        "a machine of the runtime's client, which may not get the gateway's scope",
        Caller.MACHINE,
        "client",
        families.GATEWAY_REFUSED,
        "client",
    ),
    refused(
        "gateway-scope-outsider",
        "the right scope, through a client that is not allowed",
        Caller.GATEWAY_OUTSIDER,
        "client",
        families.GATEWAY_REFUSED,
        "client",
    ),
    scoped("gateway-scope-absent", "no scope claim at all", lambda good: ABSENT),
    scoped("gateway-scope-other", "the scope of the main door", lambda good: "agent/invoke"),
    scoped("gateway-scope-longer", "a scope that begins with the right one", lambda good: f"{good}-more"),
    scoped("gateway-scope-capitals", "the right scope in capitals", str.upper),
    refused(
        "gateway-sigv4",
        "a signed call where tokens are asked for",
        Caller.OPERATOR,
        "method",
        families.GATEWAY_REFUSED,
        "sigv4",
    ),
    Case(
        "agent-at-the-runtime",
        "the agent's own client, which belongs at the gateway alone",
        Caller.AGENT,
        same,
        Verdict.REFUSED,
        families.CLAIM,
        "client",
        tags=frozenset({"client", "gateway"}),
    ),
)
