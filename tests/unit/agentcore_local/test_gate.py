import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from agentcore_local.callers import Callers
from agentcore_local.edge import Body, Head
from agentcore_local.gate import Gate, credential
from agentcore_local.jwks import IssuerKeys
from agentcore_local.keys import KeysUnavailable
from agentcore_local.permissions import Asked, Permissions
from agentcore_local.store import Door
from agentcore_local.wire import Refused
from tests.fakes import tokens

URL = "https://idp.example/.well-known/openid-configuration"
JWT = {"authorizerConfiguration": {"customJWTAuthorizer": {"discoveryUrl": URL, "allowedClients": ["app"]}}}
HEAD = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0"  # {"alg":"RS256","kid":"k1"}
PAYLOAD = "eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0"  # {"iss":"https://idp.example"}
TOKEN = f"Bearer {HEAD}.{PAYLOAD}.{'A' * 342}"
ABSENT = Refused("no_endpoint", qualifier="DEFAULT", agent="a")
ASKED = Asked("InvokeAgentRuntime", "a", "DEFAULT")


class NoKeys:
    """A provider that is down."""

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys:
        raise KeysUnavailable("unreachable", "down")

    async def check(self, discovery_url: str) -> None:
        raise KeysUnavailable("unreachable", "down")


class OneIssuer:
    """A provider that answers, with no key at all."""

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys:
        return IssuerKeys("https://idp.example", {})

    async def check(self, discovery_url: str) -> None:
        pass


def gate(keys: Any) -> Gate:
    callers = Callers("AKIAEXAMPLEEXAMPLE00", "s", "us-east-1")
    nobody: Any = None  # no test here comes as far as asking the emulator
    rules = Permissions(callers, nobody, nobody, lambda _: None, lambda: 0.0, "us-east-1", "000000000000")
    return Gate(rules, keys, lambda: 0.0, "http://127.0.0.1:1")


def door(spec: Mapping[str, Any]) -> Door:
    return Door("a-0123456789", "arn:aws:x:runtime/a-0123456789", "DEFAULT", 1, spec)


def head(authorization: str | None, query: str = "") -> Head:
    headers = () if authorization is None else (("authorization", authorization),)
    return Head("POST", b"/", query.encode(), headers)


async def never() -> dict[str, Any]:
    raise AssertionError("the body was read before the caller was known")


def verdict(at: Door | None, asked: Head, keys: Any = None) -> str:
    try:
        asyncio.run(gate(keys or OneIssuer()).admit(asked, at, lambda: ABSENT, Body(never, 10, None), ASKED))
    except Refused as e:
        return e.slug
    return "admitted"


SIGV4 = "AWS4-HMAC-SHA256 Credential=x"
PRESIGNED = "X-Amz-Signature=00&X-Amz-Algorithm=AWS4-HMAC-SHA256"


@pytest.mark.parametrize(
    ("authorization", "query", "jwt", "iam", "absent"),
    [
        pytest.param(None, "", "missing_token", "iam_no_credentials", "iam_no_credentials", id="none"),
        pytest.param("", "", "missing_token", "iam_no_credentials", "iam_no_credentials", id="empty"),
        pytest.param("Basic eDp5", "", "wrong_scheme", "iam_no_credentials", "iam_no_credentials", id="basic"),
        pytest.param(TOKEN, "", "unknown_key", "method_mismatch", "no_endpoint", id="bearer"),
        pytest.param("bEaReR x", "", "malformed_token", "method_mismatch", "no_endpoint", id="any-case"),
        pytest.param(SIGV4, "", "method_mismatch", "incomplete_signature", "incomplete_signature", id="sigv4"),
        pytest.param(None, PRESIGNED, "method_mismatch", "presigned_refused", "presigned_refused", id="presigned"),
        pytest.param(TOKEN, PRESIGNED, "two_credentials", "two_credentials", "two_credentials", id="both"),
    ],
)
def test_each_credential_has_one_answer_at_each_kind_of_door(
    authorization: str | None, query: str, jwt: str, iam: str, absent: str
) -> None:
    asked = head(authorization, query)
    assert (verdict(door(JWT), asked), verdict(door({}), asked), verdict(None, asked)) == (jwt, iam, absent)


def test_unreachable_keys_deny() -> None:
    assert verdict(door(JWT), head(TOKEN), NoKeys()) == "keys_unavailable"


def test_a_stored_authorizer_that_cannot_be_read_denies() -> None:
    broken = {"authorizerConfiguration": {"customJWTAuthorizer": {"discoveryUrl": URL}}}
    assert verdict(door(broken), head(TOKEN)) == "no_policy"


def test_an_authorizer_whose_keys_cannot_be_had_is_not_deployed() -> None:
    configuration = JWT["authorizerConfiguration"]["customJWTAuthorizer"]
    with pytest.raises(Refused) as e:
        asyncio.run(gate(NoKeys()).check_authorizer(configuration))
    assert e.value.row.status == 400
    asyncio.run(gate(OneIssuer()).check_authorizer(configuration))


def test_a_presigned_query_is_seen_whatever_its_case() -> None:
    assert credential(head(None, "a=1&x-amz-signature=0")) == "presigned"
    assert credential(head(None, "a=x-amz-signature=0")) == "none"


def test_scopes_are_advertised_under_their_outer_names() -> None:
    scoped = {
        "customJWTAuthorizer": {
            "discoveryUrl": URL,
            "allowedScopes": ["agent/invoke", "agent/read"],
            "advertisedScopeMapping": {"agent/invoke": "invoke"},
        }
    }
    at = door({"authorizerConfiguration": scoped})
    with pytest.raises(Refused) as e:
        asyncio.run(gate(OneIssuer()).admit(head(None), at, lambda: ABSENT, Body(never, 10, None), ASKED))
    [(name, challenge)] = e.value.headers
    path = "http://127.0.0.1:1/runtimes/arn%3Aaws%3Ax%3Aruntime%2Fa-0123456789/invocations"
    metadata = f"{path}/.well-known/oauth-protected-resource?qualifier=DEFAULT"
    assert name == "www-authenticate"
    assert challenge == f'Bearer resource_metadata="{metadata}", scope="invoke agent/read"'
    assert gate(OneIssuer()).resource_metadata(at) == {
        "authorization_servers": ["https://idp.example"],
        "resource": f"{path}?qualifier=DEFAULT",
        "scopes_supported": ["invoke", "agent/read"],
    }


def test_a_claim_refusal_carries_the_challenge_and_a_parse_refusal_does_not() -> None:
    for authorization, challenged in ((TOKEN.replace(PAYLOAD, "e30"), True), ("Bearer x", False)):
        with pytest.raises(Refused) as e:
            asyncio.run(
                gate(OneIssuer()).admit(head(authorization), door(JWT), lambda: ABSENT, Body(never, 10, None), ASKED)
            )
        assert bool(e.value.headers) is challenged
        assert (e.value.row.status == 401) is challenged


class Pool:
    """A provider whose key signs the tokens of tests.fakes.tokens."""

    async def get(self, discovery_url: str, kid: str | None) -> IssuerKeys:
        return tokens.issuer_keys()

    async def check(self, discovery_url: str) -> None:
        pass


BY_CLIENT = {"discoveryUrl": tokens.DISCOVERY_URL, "allowedClients": ["another-app"]}


@pytest.mark.parametrize(
    ("token", "known"),
    [
        pytest.param(tokens.bearer(), (tokens.CLIENT, "user-1"), id="signed"),
        pytest.param(tokens.bearer()[:-20] + "A" * 8 + tokens.bearer()[-12:], (None, None), id="not-signed"),
        pytest.param(tokens.bearer({"client_id": ["x"], "sub": 7}), (None, None), id="not-text"),
    ],
)
def test_a_refused_caller_is_known_by_the_issuers_word_alone(token: str, known: tuple[str | None, str | None]) -> None:
    at = door({"authorizerConfiguration": {"customJWTAuthorizer": BY_CLIENT}})
    with pytest.raises(Refused) as refused:
        asyncio.run(gate(Pool()).admit(head(token), at, lambda: ABSENT, Body(never, 10, None), ASKED))
    assert (refused.value.client, refused.value.subject) == known
