from __future__ import annotations

import pytest

from orchestration.embedded.doorkeeper import refusal

HOST = (b"host", b"127.0.0.1:4566")
SCOPE = "/20261123/us-east-1/lambda/aws4_request"


def signed(key: str) -> tuple[bytes, bytes]:
    value = f"AWS4-HMAC-SHA256 Credential={key}{SCOPE}, SignedHeaders=host, Signature=00"
    return b"authorization", value.encode()


@pytest.mark.parametrize("key", ["test", "123456789012", ""])
def test_a_short_cut_to_root_is_refused_in_the_header_and_in_the_query(key: str) -> None:
    assert refusal("/2015-03-31/functions", b"", [HOST, signed(key)])
    for name in ("X-Amz-Credential", "x-amz-credential"):
        assert refusal("/", f"{name}={key}{SCOPE}".replace("/", "%2F").encode(), [HOST])
    assert refusal("/", f"AWSAccessKeyId={key}&Signature=x".encode(), [HOST])
    assert refusal("/", b"", [HOST, signed("AKIAREALREALREALREAL"), signed(key)])


@pytest.mark.parametrize("value", [b"Bearer x", b"bearer x", b"Basic eDp5", b"AWS test:c2ln", b"nonsense", b""])
def test_what_is_not_signed_says_nothing_about_who_it_is(value: bytes) -> None:
    assert refusal("/", b"", [HOST, (b"authorization", value)])


@pytest.mark.parametrize("value", [b"Bearer x", b"Basic eDp5"])
def test_token_endpoints_take_their_own_credentials(value: bytes) -> None:
    assert refusal("/oauth2/token", b"", [HOST, (b"authorization", value)]) is None


@pytest.mark.parametrize("kind", [b"multipart/form-data; boundary=x", b"Multipart/Form-Data", b" multipart/form-data"])
def test_an_upload_by_a_form_is_refused_whose_key_is_in_its_body(kind: bytes) -> None:
    assert refusal("/bucket", b"", [HOST, (b"content-type", kind)])
    assert refusal("/login", b"", [HOST, (b"content-type", b"application/x-www-form-urlencoded")]) is None


def test_a_real_key_and_an_unsigned_call_are_left_to_the_emulator() -> None:
    assert refusal("/", b"", [HOST, signed("AKIAREALREALREALREAL")]) is None
    assert refusal("/us-east-1_x/.well-known/jwks.json", b"", [HOST]) is None


@pytest.mark.parametrize(
    "origin", [b"http://evil.example", b"null", b"http://127.0.0.1:9999", b"https://127.0.0.1:4566"]
)
def test_another_page_may_not_call(origin: bytes) -> None:
    assert refusal("/", b"", [HOST, (b"origin", origin)])
    assert refusal("/login", b"", [HOST, (b"origin", b"http://127.0.0.1:4566")]) is None


@pytest.mark.parametrize("host", [b"evil.example", b"127.0.0.1.evil.example", b"evil.example:4566", b""])
def test_a_name_that_was_bound_to_loopback_is_refused(host: bytes) -> None:
    assert refusal("/", b"", [(b"host", host)])
    assert refusal("/", b"", [])


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/x/_ministack/reset", "/_ministack"])
def test_the_administration_is_closed_but_for_health_and_saving(path: str) -> None:
    assert refusal(path, b"", [HOST])
    assert refusal("/_ministack/health", b"", [HOST]) is None
    assert refusal("/_ministack/save", b"", [HOST]) is None
