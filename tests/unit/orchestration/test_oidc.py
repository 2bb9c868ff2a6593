"""A provider that one does not know: what is believed of its answers, and what its refusals mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import httpx
import pytest

from orchestration.errors import OrchestrationError, SignInEnded, TokenRefused, Unfit
from orchestration.http import OidcProvider
from orchestration.http.oidc import Discovered, grant

IDP = "https://idp.example.com"
TOKEN_URL = f"{IDP}/token"
DOCUMENT = {
    "issuer": IDP,
    "authorization_endpoint": f"{IDP}/authorize",
    "token_endpoint": "http://127.0.0.1:9000/token",
    "revocation_endpoint": f"{IDP}/revoke?tenant=1",
}


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(httpx.Response(502, text="<html>"), id="no-json"),
        pytest.param(httpx.Response(200, content=b"\xff\xfe"), id="no-utf-8"),
        pytest.param(httpx.Response(200, content=b"[" * 200_000), id="nested"),
        *(
            pytest.param(httpx.Response(status, json={"error": "invalid_grant"}), id=str(status))
            for status in (408, 429, 500, 503)
        ),
    ],
)
def test_an_answer_that_says_nothing_of_the_grant_is_unfit(response: httpx.Response) -> None:
    with pytest.raises(Unfit) as caught:
        grant(client(lambda request: response), TOKEN_URL, "refresh_token", "app", None, {"refresh_token": "r"})
    assert caught.value.code == "issuer_unreachable"


@pytest.mark.parametrize(
    ("kind", "error", "expected"),
    [
        ("refresh_token", "invalid_grant", SignInEnded),
        ("refresh_token", "invalid_client", TokenRefused),
        ("authorization_code", "invalid_grant", TokenRefused),
    ],
)
def test_a_sign_in_ends_by_one_answer_alone(kind: str, error: str, expected: type[OrchestrationError]) -> None:
    answer = client(lambda request: httpx.Response(400, json={"error": error}))
    with pytest.raises(TokenRefused) as caught:
        grant(answer, TOKEN_URL, kind, "app", None, {})
    assert type(caught.value) is expected


@pytest.mark.parametrize(("error", "helps"), [("invalid_scope", "--scope"), ("invalid_client", "make up")])
def test_a_refused_scope_is_not_blamed_on_the_client(error: str, helps: str) -> None:
    answer = client(lambda request: httpx.Response(400, json={"error": error}))
    with pytest.raises(TokenRefused) as caught:
        grant(answer, TOKEN_URL, "client_credentials", "app", "secret", {"scope": "x"})
    assert helps in caught.value.remedy


@pytest.mark.parametrize("lifetime", ["1e400", "NaN", "true", "9" * 400], ids=lambda text: text[:4])
def test_a_lifetime_that_is_no_number_is_as_none(lifetime: str) -> None:
    text = f'{{"access_token": "abc", "expires_in": {lifetime}}}'
    answer = client(lambda request: httpx.Response(200, text=text))
    assert grant(answer, TOKEN_URL, "refresh_token", "app", None, {}).expires_in_s is None


# -- what a provider says of itself


def discovered(document: object) -> Discovered:
    text = document if isinstance(document, str) else json.dumps(document)
    url = f"{IDP}/.well-known/openid-configuration"
    return OidcProvider(client(lambda request: httpx.Response(200, text=text)), url, lambda url: url).discover()


def test_a_provider_is_found_by_its_document() -> None:
    assert asdict(discovered(DOCUMENT)) == DOCUMENT
    # Its tokens say the same, with the slash.
    assert discovered({**DOCUMENT, "issuer": f"{IDP}/"}).issuer == f"{IDP}/"


@pytest.mark.parametrize("issuer", [f"{IDP}.evil.example", "https://idp.example.co", "", None, 7, f"{IDP}/x"])
def test_a_document_of_another_issuer_is_refused(issuer: object) -> None:
    with pytest.raises(Unfit, match="another issuer"):
        discovered({**DOCUMENT, "issuer": issuer})


@pytest.mark.parametrize(
    "endpoint",
    [
        "javascript://localhost/%0aalert(1)",
        "file://localhost/etc/passwd",
        "https:///authorize",
        "http://idp.example.com/authorize",
        "https://idp.example.com@evil.example/",
        "https://user:word@idp.example.com/",
        "https://idp.example.com/\x1b[31m",
        "https://idp.example.com/\0",
        "https://idp.example.com/a b",
        "https://idp.example.com:port:/",
        "",
        None,
        ["https://idp.example.com/"],
    ],
)
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "revocation_endpoint"])
def test_an_endpoint_that_must_not_be_opened_is_refused(name: str, endpoint: object) -> None:
    with pytest.raises(Unfit) as caught:
        discovered({**DOCUMENT, name: endpoint})
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("text", ["[" * 200_000, "[]", "7", "{}", "<html>"], ids=lambda text: text[:6])
def test_a_document_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(Unfit):
        discovered(text)
