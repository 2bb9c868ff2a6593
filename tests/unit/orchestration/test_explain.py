"""Each call differs from an admitted one in one thing, and the explanation names that thing.

The decisions are the local runtime's own, so what it prints and what is read here cannot drift apart.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from agentcore_local.decide import Decider
from orchestration.checks.asked import Asked
from orchestration.checks.decision import parse_decision
from orchestration.checks.explain import Answer, Explanation, explain
from orchestration.checks.remedies import TRAPS, Place
from orchestration.checks.request import SESSION_HEADER
from tests.fakes.tokens import (
    ABSENT,
    CLIENT,
    DISCOVERY_URL,
    ISSUER,
    JWKS_URI,
    NOW,
    bearer,
    discovery,
    jwk,
    key_set,
)

ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/door_dev-AbCdEfGhIj"
SESSION = "s" * 33
TARGET = f"/runtimes/{quote(ARN, safe='')}/invocations?qualifier=DEFAULT"
AUTHORIZER = {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}
SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/bedrock-agentcore/aws4_request, Signature=0f"
DOCUMENTS = {DISCOVERY_URL: discovery(), JWKS_URI: key_set(jwk())}


def command(words: str) -> str:
    return f"ENVIRONMENT=stage {words}"


REFUSED = Answer(401)
PLACE = Place(ARN, "stage", DISCOVERY_URL, command)


def called(
    header: str | None = None,
    answer: Answer = REFUSED,
    *,
    target: str = TARGET,
    session: str = SESSION,
    authorizer: dict[str, Any] | None = AUTHORIZER,
    more: tuple[tuple[str, str], ...] = (),
    body_bytes: int = 10,
    documents: dict[str, bytes] = DOCUMENTS,
    place: Place = PLACE,
) -> Explanation:
    async def fetch(url: str) -> bytes:
        return documents[url]

    async def decide() -> dict[str, Any]:
        decider = Decider(fetch, lambda: NOW, lambda url: False)
        try:
            return await decider.decide({"authorizer": authorizer, "authorization_header": header})
        finally:
            await decider.close()

    own = (("Authorization", header),) if header is not None else ()
    asked = Asked(target, (*own, (SESSION_HEADER, session), *more), body_bytes)
    return explain(asked, parse_decision(asyncio.run(decide())), answer, place)


def first(explanation: Explanation) -> str | None:
    return explanation.first.rule if explanation.first else None


def test_an_admitted_call_has_nothing_to_explain() -> None:
    explanation = called(bearer(), Answer(200))
    assert (first(explanation), explanation.fix, explanation.differs) == (None, None, None)
    assert explanation.answered_by == "agent"
    assert explanation.verified


ADMIN = {"scope": "aws.cognito.signin.user.admin"}
BY_SCOPE, BY_AUDIENCE = AUTHORIZER | {"allowedScopes": ["a/b"]}, {**AUTHORIZER, "allowedAudience": ["api"]}
ID_TOKEN = {"client_id": ABSENT, "aud": CLIENT, "token_use": "id"}


AT_THE_DOOR = [
    pytest.param(None, {}, "header", None, id="nothing"),
    pytest.param("Basic dTpw", {}, "scheme", None, id="scheme"),
    pytest.param("Bearer a.b", {}, "shape", None, id="parts"),
    pytest.param("Bearer a.b.c.d.e", {}, "shape", "refresh_token", id="encrypted"),
    pytest.param("Bearer a.b.c,d.e.f", {}, "shape", None, id="two-tokens"),
    pytest.param("Bearer a.b.c d.e.f", {}, "shape", None, id="two-tokens-with-a-blank"),
    pytest.param(bearer(alg="none"), {}, "algorithm", "unsigned_token", id="alg-none"),
    pytest.param(bearer().rpartition(".")[0] + ".", {}, "shape", "unsigned_token", id="no-signature"),
    pytest.param(bearer(kid="x"), {}, "key", None, id="kid"),
    pytest.param(bearer({"iss": "https://x.example.com"}, kid="x"), {}, "issuer", "other_environment", id="pool"),
    pytest.param(bearer({"token_use": "refresh"}), {}, "token_use", "refresh_token", id="refresh"),
    pytest.param(bearer({"exp": NOW - 1}), {}, "expiry", None, id="expired"),
    pytest.param(bearer({"exp": NOW + 30}), {}, "expiry", "last_minute", id="last-minute"),
    pytest.param(bearer({"client_id": "x"}), {}, "client", None, id="client"),
    pytest.param(bearer(ID_TOKEN), {}, "client", "identity_token", id="id-token"),
    pytest.param(bearer(), {"authorizer": BY_AUDIENCE}, "audience", "access_token_without_audience", id="aud"),
    pytest.param(bearer(ADMIN), {"authorizer": BY_SCOPE}, "scopes", "admin_scope_only", id="admin-scope"),
    pytest.param(bearer(), {"authorizer": BY_SCOPE}, "scopes", None, id="scope"),
    pytest.param(SIGNED, {}, "method", "signed_call_on_token_door", id="signed"),
    pytest.param(bearer(), {"authorizer": None}, "method", "token_on_signed_door", id="token-on-iam"),
    pytest.param(bearer(), {"documents": {}}, "discovery", None, id="discovery"),
]


@pytest.mark.parametrize(("header", "more", "rule", "named"), AT_THE_DOOR)
def test_the_door_names_its_rule_and_the_trap(
    header: str | None, more: dict[str, Any], rule: str, named: str | None
) -> None:
    if more.get("documents") == {}:
        more = {"documents": {DISCOVERY_URL: discovery(issuer=f"{ISSUER}/other")}}
    status = {"header": 401, "issuer": 401, "expiry": 401, "client": 401, "audience": 401, "scopes": 401}.get(rule, 403)
    explanation = called(header, Answer(401 if rule == "scheme" else status), **more)
    assert first(explanation) == rule
    assert (explanation.trap.slug if explanation.trap else None) == named
    assert explanation.answered_by == "door"
    assert explanation.differs is None
    assert explanation.fix


UNQUOTED = f"/runtimes/{ARN}/invocations"
TWICE = f"/runtimes/{quote(quote(ARN, safe=''), safe='')}/invocations"
OTHER_ARN = f"/runtimes/{quote(ARN[:-1] + 'x', safe='')}/invocations"


LENGTHS = (("Content-Length", "4"), ("Transfer-Encoding", "chunked"))
BEHIND_THE_DOOR = [
    pytest.param({"target": UNQUOTED}, Answer(404), "route", "routing", "unquoted_arn", id="unquoted"),
    pytest.param({"target": TWICE}, Answer(400), "runtime", "request", "double_quoted_arn", id="quoted-twice"),
    pytest.param({"target": OTHER_ARN}, Answer(404), "runtime", "routing", None, id="unknown-runtime"),
    pytest.param({"target": TARGET + "x"}, Answer(404), "qualifier", "routing", None, id="qualifier"),
    pytest.param({"target": TARGET + "&qualifier=x"}, Answer(400), "qualifier", "request", None, id="qualifiers"),
    pytest.param({}, Answer(404, "", "No endpoint or agent found"), "endpoint", "routing", None, id="not-yet"),
    pytest.param({"session": "s" * 32}, Answer(400), "session_id", "request", None, id="session-short"),
    pytest.param({"session": "s" * 257}, Answer(400), "session_id", "request", None, id="session-long"),
    pytest.param({"more": (("Authorization", "x"),)}, Answer(400), "one_credential", "request", None, id="two"),
    pytest.param({"target": TARGET + "&X-Amz-Signature=0"}, Answer(400), "one_credential", "request", None, id="q"),
    pytest.param({"more": (("X-A", "a" * 40_000),)}, Answer(431), "header_size", "request", None, id="headers"),
    pytest.param({"more": LENGTHS}, Answer(400), "transport", "request", None, id="two-lengths"),
    pytest.param({"more": (("Content-Length", "100000001"),)}, Answer(413), "body_size", "request", None, id="told"),
    pytest.param({"body_bytes": 10**9}, Answer(413), "body_size", "request", None, id="body"),
    pytest.param({}, Answer(424, "RuntimeClientError", "error (500)"), "agent", "agent", None, id="424"),
    pytest.param({}, Answer(424, "", "error (403) from"), "session_owner", "agent", None, id="session-of-another"),
    pytest.param({}, Answer(500), "agent", "agent", None, id="500"),
    pytest.param({}, Answer(429), "busy", "service", None, id="throttled"),
    pytest.param({}, Answer(None, "", "timed out"), "service", "nobody", None, id="no-answer"),
]


@pytest.mark.parametrize(("request_", "answer", "rule", "by", "named"), BEHIND_THE_DOOR)
def test_behind_a_good_token_the_route_the_request_or_the_agent_is_named(
    request_: dict[str, Any], answer: Answer, rule: str, by: str, named: str | None
) -> None:
    explanation = called(bearer(), answer, **request_)
    assert first(explanation) == rule
    assert explanation.answered_by == by
    assert (explanation.trap.slug if explanation.trap else None) == named


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("InvalidSignatureException", "sigv4_signature"),
        ("UnrecognizedClientException:http://internal/", "sigv4_key"),
        ("ExpiredTokenException", "sigv4_session"),
        ("AccessDeniedException", "permission"),
    ],
)
def test_a_signed_call_is_explained_by_its_answer(kind: str, rule: str) -> None:
    explanation = called(SIGNED, Answer(403, kind, "User: x is not authorized"), authorizer=None)
    assert first(explanation) == rule
    assert explanation.predicted == "unknown"
    assert explanation.differs is None


def test_a_bad_token_at_an_unknown_runtime_is_explained_by_what_answered() -> None:
    assert first(called(bearer({"exp": 1}), Answer(404), target=OTHER_ARN)) == "runtime"
    assert first(called(bearer({"exp": 1}), Answer(401), target=OTHER_ARN)) == "expiry"


@pytest.mark.parametrize(
    ("header", "answer", "words"),
    [
        (bearer(), Answer(401), "differs: predicted admitted, the live answer is 401"),
        (bearer({"exp": 1}), Answer(200), "differs: predicted refused by expiry, the live answer is 200"),
        (bearer({"exp": 1}), Answer(424), "differs: predicted refused by expiry, the live answer is 424"),
        (bearer({"exp": 1}), Answer(403), "differs: predicted status 401, the live answer is 403"),
    ],
)
def test_an_answer_that_was_not_predicted_is_said_so(header: str, answer: Answer, words: str) -> None:
    explanation = called(header, answer)
    assert explanation.differs == words
    assert words in explanation.line


def test_one_line_says_who_what_and_how_to_mend_it() -> None:
    line = called(bearer({"client_id": "x"})).line
    assert line == (
        f"the door: client: saw client_id x, wants client_id one of {CLIENT}; fix: use `ENVIRONMENT=stage invoke token "
        "--client user`, or add the client to app_clients in terraform/environments/stage.tfvars, then "
        "`ENVIRONMENT=stage make up`"
    )


@pytest.mark.parametrize("header", [bearer(), bearer({"exp": 1}), bearer().removeprefix("Bearer "), SIGNED])
def test_nothing_of_the_credential_is_told(header: str) -> None:
    target = f"{TARGET}&access_token={bearer().removeprefix('Bearer ')}"
    explanation = called(header, Answer(401), target=target, more=(("Cookie", header),))
    told = json.dumps(explanation.document()) + explanation.line
    words = [word for part in header.replace(",", " ").split() for word in part.split(".") if len(word) > 16]
    assert [word for word in words if word in told] == []


def test_every_trap_is_named_by_some_call() -> None:
    named = {call.values[3] for call in AT_THE_DOOR} | {call.values[4] for call in BEHIND_THE_DOOR}
    assert named - {None} == set(TRAPS)


def test_a_header_that_is_too_long_for_the_agent_is_told() -> None:
    long = (("X-Amzn-Bedrock-AgentCore-Runtime-Custom-A", "x" * 4097),)
    place = replace(PLACE, forwarded=("Authorization", long[0][0]))
    found = called(bearer(), Answer(400), more=long, place=place)
    assert (first(found), found.answered_by, found.predicted, found.differs) == (
        "header_length",
        "request",
        "refused",
        None,
    )
    assert found.first is not None
    assert found.first.seen == "4097 characters of X-Amzn-Bedrock-AgentCore-Runtime-Custom-A"
    assert "shorter" in (found.fix or "")


def test_a_long_header_that_stays_outside_or_fits_is_no_fault() -> None:
    outside = called(bearer(), Answer(200), more=(("X-Other", "x" * 9000),), place=replace(PLACE, forwarded=("A",)))
    fits = called(bearer(), Answer(200), more=(("A", "x" * 4096),), place=replace(PLACE, forwarded=("A",)))
    assert (first(outside), first(fits), outside.differs, fits.differs) == (None, None, None, None)


def test_an_algorithm_that_could_be_a_piece_of_a_token_is_hidden() -> None:
    piece = "Ab3" * 20
    explanation = called(bearer(alg=piece), Answer(403))
    assert first(explanation) == "algorithm"
    assert piece[:25] not in json.dumps(explanation.document())
