"""Every call of the matrix explained: the rule that is named first is the one thing that the case changed."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from agentcore_local.decide import Decider, answer_all
from orchestration.checks.asked import Asked
from orchestration.checks.callers import SIGNED, Caller
from orchestration.checks.case import Case, Door, Verdict
from orchestration.checks.decision import parse_decision
from orchestration.checks.explain import Answer, Explanation, explain
from orchestration.checks.remedies import Place
from orchestration.checks.request import refusal_text
from orchestration.checks.run import Outcome
from tests.contract.test_broken_gate import CASES, DOORS, NOW, RULES, SOURCE, outcomes
from tests.doubles import issuer

DISCOVERY_URL = f"{issuer.POOL}/.well-known/openid-configuration"
DOCUMENTS = {
    DISCOVERY_URL: json.dumps({"issuer": issuer.POOL, "jwks_uri": f"{issuer.POOL}/jwks.json"}).encode(),
    f"{issuer.POOL}/jwks.json": json.dumps({"keys": [issuer.public_jwk(issuer.POOL)]}).encode(),
}


def authorizer(case: Case) -> dict[str, Any] | None:
    """What GetAgentRuntime would say of the case's door."""
    rules = RULES[case.door]
    if rules is None:
        return None
    found: dict[str, Any] = {"discoveryUrl": DISCOVERY_URL}
    names = {"allowedClients": rules.clients, "allowedScopes": rules.scopes, "allowedAudience": rules.audience}
    found |= {name: sorted(values) for name, values in names.items() if values}
    if rules.groups:
        match = {"claimMatchOperator": "CONTAINS_ANY", "claimMatchValue": {"matchValueStringList": [*rules.groups]}}
        rule = {"inboundTokenClaimName": "cognito:groups", "inboundTokenClaimValueType": "STRING_ARRAY"}
        found["customClaims"] = [rule | {"authorizingClaimMatchValue": match}]
    return found


def asked(outcome: Outcome) -> Asked:
    assert outcome.exchange is not None
    request = outcome.exchange.request
    return Asked(request.target, request.headers, len(request.body))


@pytest.fixture(scope="module")
def explained() -> dict[str, Explanation]:
    async def fetch(url: str) -> bytes:
        return DOCUMENTS[url]

    found = outcomes()
    requests = [
        {"authorizer": authorizer(o.case), "authorization_header": asked(o).authorization, "now": NOW} for o in found
    ]
    answers: Any = asyncio.run(answer_all(Decider(fetch, lambda: float(NOW), lambda url: False), requests))
    made = {}
    for outcome, answer in zip(found, answers, strict=True):
        assert outcome.exchange is not None
        reply = outcome.exchange.reply
        where = DOORS[outcome.case.door]
        path = urlsplit(where).path if outcome.case.door is Door.GATEWAY else ""
        place = Place(where, "dev", DISCOVERY_URL, lambda words: words, gateway=path)
        live = Answer(reply.status, reply.error_type, refusal_text(reply))
        made[outcome.case.id] = explain(asked(outcome), parse_decision(answer), live, place)
    return made


@pytest.mark.parametrize("case", [c for c in CASES if c.verdict is Verdict.REFUSED], ids=lambda case: case.id)
def test_a_refusal_is_explained_by_what_the_case_changed(case: Case, explained: dict[str, Explanation]) -> None:
    explanation = explained[case.id]
    assert explanation.first is not None
    assert explanation.first.rule == case.cause, explanation.line
    assert explanation.fix


@pytest.mark.parametrize("case", [c for c in CASES if c.verdict is Verdict.ADMITTED], ids=lambda case: case.id)
def test_an_admitted_call_has_nothing_to_explain(case: Case, explained: dict[str, Explanation]) -> None:
    assert (explained[case.id].first, explained[case.id].differs) == (None, None)


def test_two_doors_written_apart_answer_alike(explained: dict[str, Explanation]) -> None:
    """What agentcore_local predicts is what the double answered, let in or not: nothing is due to one of the two."""
    differing = {id: e.differs for id, e in explained.items() if e.differs and "predicted status" not in e.differs}
    assert differing == {}


def test_no_explanation_tells_a_token(explained: dict[str, Explanation]) -> None:
    told = json.dumps([explanation.document() for explanation in explained.values()])
    callers = {case.caller for case in CASES} - SIGNED - {Caller.NOBODY}
    tokens = [SOURCE.token(caller) for caller in callers]
    parts = [part for token in tokens for part in token.split(".")]
    assert len(parts) == 3 * len(tokens) > 30
    assert [part for part in parts if part in told] == []
    assert "eyJ" not in told
