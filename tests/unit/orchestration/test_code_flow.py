"""The authorization code flow: what is asked, what is accepted as its answer, who may bring it."""

from __future__ import annotations

import base64
import hashlib
import threading
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from orchestration.embedded.daemon import free_port
from orchestration.errors import BadInput, TokenRefused, Unfit
from orchestration.http import listening
from orchestration.tokens.code import CodeRequest, code_request

REDIRECT = "http://localhost:8765/callback"


def request(endpoint: str = "https://idp.example.com/authorize") -> CodeRequest:
    texts = iter(["state-" + "s" * 43, "nonce-" + "n" * 43, "verifier-" + "v" * 43])
    return code_request(endpoint, "app", REDIRECT, "openid agent/invoke", lambda: next(texts))


def test_what_is_asked_binds_the_answer_to_this_process() -> None:
    made = request()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(made.url).query).items()}
    digest = hashlib.sha256(made.verifier.encode()).digest()
    assert asked == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": REDIRECT,
        "scope": "openid agent/invoke",
        "state": made.state,
        "nonce": made.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert made.verifier not in made.url and made.verifier not in repr(made)


def test_an_endpoint_with_a_query_of_its_own_keeps_it() -> None:
    assert "/authorize?tenant=1&response_type=" in request("https://idp.example.com/authorize?tenant=1").url


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("/callback?code=c&state={state}", True, id="the-answer"),
        pytest.param("/callback?error=access_denied&state={state}", True, id="a-refusal"),
        pytest.param("/callback?code=c&state=another", False, id="another-state"),
        pytest.param("/callback?code=c", False, id="no-state"),
        pytest.param("/callback?code=c&state=%C3%A4", False, id="not-ascii"),
        pytest.param("/favicon.ico", False, id="another-path"),
        pytest.param("/callback/x?code=c&state={state}", False, id="a-longer-path"),
    ],
)
def test_only_a_request_with_this_state_is_the_answer(target: str, expected: bool) -> None:
    made = request()
    assert made.answered_by(target.format(state=made.state)) is expected


def test_the_provider_s_refusal_is_told_in_its_own_code_and_nothing_else() -> None:
    with pytest.raises(TokenRefused) as caught:
        request().code_in("/callback?error=access_denied%0A%1b[31m&error_description=x&state=s")
    assert (caught.value.code, caught.value.message) == (
        "login_refused",
        "the provider ended the sign-in: access_denied31m",
    )


def test_a_scope_that_the_client_may_not_ask_for_is_what_the_remedy_speaks_of() -> None:
    with pytest.raises(TokenRefused) as caught:
        request().code_in("/callback?error=invalid_scope&state=s")
    assert "--scope" in caught.value.remedy


@pytest.mark.enable_socket
def test_one_request_is_taken_and_everybody_else_is_turned_away() -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with listening([f"http://localhost:{port}/callback"]) as here, httpx.Client(trust_env=False) as browser:
        early = browser.get(f"{url}/callback?code=early")
        here.expect(lambda target: target.startswith("/callback?code="))
        wrong = browser.get(f"{url}/favicon.ico")
        rebound = browser.get(f"{url}/callback?code=rebound", headers={"Host": f"evil.example:{port}"})
        first = browser.get(f"{url}/callback?code=first")
        second = browser.get(f"{url}/callback?code=second")
        assert here.wait(5) == "/callback?code=first"
    assert [a.status_code for a in (early, wrong, rebound, first, second)] == [404, 404, 404, 200, 404]
    assert first.headers["cache-control"] == "no-store" and "first" not in first.text
    assert "Go back to the terminal" in first.text  # whether the code is worth anything is not known yet


@pytest.mark.enable_socket
def test_it_listens_on_loopback_alone_and_stops_with_the_sign_in() -> None:
    port = free_port()
    before = threading.active_count()
    with listening([f"http://localhost:{port}/callback"]) as here:
        assert here._server.server_address[0] == "127.0.0.1"
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/callback", trust_env=False)


@pytest.mark.enable_socket
def test_a_browser_that_never_comes_is_one_line() -> None:
    with listening([f"http://localhost:{free_port()}/callback"]) as here, pytest.raises(Unfit) as caught:
        here.wait(0.01)
    assert caught.value.code == "login_timed_out"


@pytest.mark.enable_socket
def test_a_taken_port_is_passed_over() -> None:
    ports = free_port(), free_port()
    uris = [f"http://localhost:{port}/callback" for port in ports]
    with listening(uris) as first, listening(uris) as second:
        assert [first.redirect_uri, second.redirect_uri] == uris
        with pytest.raises(Unfit) as caught, listening(uris):
            pass
    assert caught.value.code == "port_taken"


@pytest.mark.parametrize("uris", [[], ["https://example.com/callback"], ["http://192.0.2.1:80/callback"]])
def test_a_client_without_a_loopback_url_is_refused_with_what_to_add(uris: list[str]) -> None:
    with pytest.raises(BadInput, match="on this machine") as caught, listening(uris):
        pass
    assert "callback_urls" in caught.value.remedy
