"""The program that explains: its document, and its behaviour on what cannot be decided."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import pytest

from agentcore_local import decide
from agentcore_local.keys import FetchFailed
from tests.fakes.tokens import CLIENT, DISCOVERY_URL, JWKS_URI, NOW, bearer, discovery, jwk, key_set

AUTHORIZER = {"discoveryUrl": DISCOVERY_URL, "allowedClients": [CLIENT]}
DOCUMENTS = {DISCOVERY_URL: discovery(), JWKS_URI: key_set(jwk())}


def ask(*requests: dict[str, Any], documents: dict[str, bytes] = DOCUMENTS) -> list[dict[str, Any]]:
    async def fetch(url: str) -> bytes:
        if url not in documents:
            raise FetchFailed(f"{url} answered with status 503")
        return documents[url]

    decider = decide.Decider(fetch, lambda: float(NOW), lambda url: False)
    answers: Any = asyncio.run(decide.answer_all(decider, list(requests)))
    return list(answers)


def one(header: str | None, authorizer: dict[str, Any] | None = AUTHORIZER, **more: Any) -> dict[str, Any]:
    [answer] = ask({"authorizer": authorizer, "authorization_header": header}, **more)
    return answer


def failed(answer: dict[str, Any]) -> list[str]:
    return [row["rule"] for row in answer["rules"] if row["verdict"] == "failed"]


def test_a_good_token_is_allowed() -> None:
    answer = one(bearer())
    assert (answer["door"], answer["decision"], answer["reason"], answer["verified"]) == ("jwt", "allow", None, True)
    assert failed(answer) == []


def test_a_refusal_says_what_the_door_would_answer() -> None:
    answer = one(bearer({"client_id": "x"}))
    assert (answer["decision"], answer["reason"], answer["status"]) == ("deny", "client_mismatch", 401)
    assert answer["words"] == "Claim 'client_id' value mismatch with configuration."
    assert failed(answer) == ["client"]


def test_the_moment_may_be_given() -> None:
    request = {"authorizer": AUTHORIZER, "authorization_header": bearer(), "now": NOW + 600}
    assert [a["reason"] for a in ask(request, request | {"now": NOW})] == ["expired", None]


@pytest.mark.parametrize(
    ("documents", "rule"),
    [
        ({}, "discovery"),
        ({DISCOVERY_URL: discovery(issuer="https://other.example.com")}, "discovery"),
        ({DISCOVERY_URL: b"[]"}, "discovery"),
        ({DISCOVERY_URL: discovery()}, "keys"),
        ({DISCOVERY_URL: discovery(), JWKS_URI: b"[]"}, "keys"),
        ({DISCOVERY_URL: discovery(), JWKS_URI: key_set()}, "keys"),
        ({DISCOVERY_URL: discovery(jwks_uri="http://idp.example.com/keys")}, "keys"),
    ],
)
def test_the_document_at_fault_is_named(documents: dict[str, bytes], rule: str) -> None:
    answer = one(bearer(), documents=documents)
    assert answer["reason"] == "keys_unavailable"
    assert failed(answer)[0] == rule


@pytest.mark.parametrize(
    ("header", "authorizer", "decision", "reason"),
    [
        ("AWS4-HMAC-SHA256 Credential=x", AUTHORIZER, "deny", "method_mismatch"),
        (bearer(), None, "deny", "method_mismatch"),
        (None, None, "deny", "iam_no_credentials"),
        ("Basic dTpw", None, "deny", "iam_no_credentials"),
        ("AWS4-HMAC-SHA256 Credential=x", None, "unknown", None),
        (bearer(), AUTHORIZER | {"privateEndpoint": {}}, "unknown", "no_policy"),
    ],
)
def test_the_kind_of_door_comes_first(header: str | None, authorizer: Any, decision: str, reason: str | None) -> None:
    answer = one(header, authorizer)
    assert (answer["decision"], answer["reason"]) == (decision, reason)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "1",
        "[1]",
        "{}",
        '{"authorizer": 1}',
        '{"authorizer": null, "authorization_header": 1}',
        '{"authorizer": null, "now": true}',
        '{"authorizer": null, "now": -1}',
    ],
)
def test_other_input_ends_with_2_and_is_not_quoted(text: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert decide.main([], io.StringIO(text), out, err, lambda: NOW) == 2
    assert out.getvalue() == ""
    assert err.getvalue().count("\n") == 1


def test_the_answer_to_one_request_is_one_document() -> None:
    out = io.StringIO()
    request = json.dumps({"authorizer": None, "authorization_header": None})
    assert decide.main([], io.StringIO(request), out, io.StringIO(), lambda: NOW) == 0
    assert json.loads(out.getvalue())["reason"] == "iam_no_credentials"
