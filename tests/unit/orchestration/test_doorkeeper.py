from __future__ import annotations

import botocore.session
import pytest

from orchestration.embedded.doorkeeper import refusal

HOST = (b"host", b"127.0.0.1:4566")
SCOPE = "/20261123/us-east-1/lambda/aws4_request"


def signed(key: str) -> tuple[bytes, bytes]:
    value = f"AWS4-HMAC-SHA256 Credential={key}{SCOPE}, SignedHeaders=host, Signature=00"
    return b"authorization", value.encode()


@pytest.mark.parametrize("key", ["test", "123456789012", ""])
def test_a_short_cut_to_root_is_refused_in_the_header_and_in_the_query(key: str) -> None:
    assert refusal("POST", "/2015-03-31/functions", b"", [HOST, signed(key)])
    for name in ("X-Amz-Credential", "x-amz-credential"):
        assert refusal("GET", "/", f"{name}={key}{SCOPE}".replace("/", "%2F").encode(), [HOST])
    assert refusal("GET", "/", f"AWSAccessKeyId={key}&Signature=x".encode(), [HOST])
    assert refusal("GET", "/", b"", [HOST, signed("AKIAREALREALREALREAL"), signed(key)])


@pytest.mark.parametrize("value", [b"Bearer x", b"bearer x", b"Basic eDp5", b"AWS test:c2ln", b"nonsense", b""])
def test_what_is_not_signed_says_nothing_about_who_it_is(value: bytes) -> None:
    assert refusal("GET", "/", b"", [HOST, (b"authorization", value)])


@pytest.mark.parametrize("value", [b"Bearer x", b"Basic eDp5"])
def test_token_endpoints_take_their_own_credentials(value: bytes) -> None:
    assert refusal("POST", "/oauth2/token", b"", [HOST, (b"authorization", value)]) is None


@pytest.mark.parametrize("kind", [b"multipart/form-data; boundary=x", b"Multipart/Form-Data", b" multipart/form-data"])
def test_an_upload_by_a_form_is_refused_whose_key_is_in_its_body(kind: bytes) -> None:
    assert refusal("POST", "/bucket", b"", [HOST, (b"content-type", kind)])
    assert refusal("POST", "/login", b"", [HOST, (b"content-type", b"application/x-www-form-urlencoded")]) is None


def test_a_real_key_is_left_to_the_emulator() -> None:
    assert refusal("GET", "/", b"", [HOST, signed("AKIAREALREALREALREAL")]) is None
    presigned = b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAREAL%2Fx&X-Amz-Signature=00"
    assert refusal("GET", "/bucket/key", presigned, [HOST]) is None
    assert refusal("GET", "/bucket/key", b"AWSAccessKeyId=AKIAREAL&Signature=00", [HOST]) is None


# The emulator takes whoever makes these for root at S3.
@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        pytest.param("GET", "/", b"", id="list-of-buckets"),
        pytest.param("PUT", "/inbound-auth-dev-x", b"", id="bucket"),
        pytest.param("PUT", "/login", b"", id="bucket-named-as-a-page"),
        pytest.param("PUT", "/oauth2/token", b"", id="object-named-as-an-endpoint"),
        pytest.param("GET", "/bucket/.well-known/jwks.json", b"", id="object-named-as-a-document"),
        pytest.param("PUT", "/us-east-1_x/.well-known/jwks.json", b"", id="write-to-a-document"),
        pytest.param("PUT", "/b", b"X-Amz-Credential=AKIAREAL", id="key-alone"),
        pytest.param("PUT", "/b", b"X-Amz-Algorithm=&X-Amz-Credential=AKIAREAL&X-Amz-Signature=00", id="no-algorithm"),
        pytest.param("PUT", "/b", b"x-amz-algorithm=a&x-amz-credential=AKIAREAL&x-amz-signature=00", id="lower-case"),
        pytest.param("PUT", "/b", b"Signature=00", id="old-signature-without-a-key"),
    ],
)
def test_a_request_of_nobodys_is_refused(method: str, path: str, query: bytes) -> None:
    assert refusal(method, path, query, [HOST]) == "only signed requests are served"
    called = b"AWSCognitoIdentityProviderService.InitiateAuth"
    assert refusal(method, "/b" if path == "/" else path, query, [HOST, (b"x-amz-target", called)])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/us-east-1_x/.well-known/jwks.json"),
        ("GET", "/us-east-1_x/.well-known/openid-configuration"),
        ("GET", "/oauth2/authorize"),
        ("POST", "/oauth2/token"),
        ("GET", "/logout"),
        ("POST", "/login"),
    ],
)
def test_what_cognito_serves_to_everybody_needs_no_credential(method: str, path: str) -> None:
    assert refusal(method, path, b"client_id=x", [HOST]) is None


@pytest.mark.parametrize("service", ["cognito-idp", "cognito-identity"])
def test_operations_without_a_signature_are_those_that_cognito_has(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    prefix = model.metadata["targetPrefix"]
    unsigned = [name for name in model.operation_names if model.operation_model(name).auth_type == "none"]
    assert [name for name in model.operation_names if asked(f"{prefix}.{name}") is None] == unsigned != []
    assert asked("secretsmanager.SignUp") and asked(f"{prefix}.{unsigned[0]}", f"{prefix}.{unsigned[1]}")


def asked(*targets: str) -> str | None:
    return refusal("POST", "/", b"", [HOST, *((b"x-amz-target", target.encode()) for target in targets)])


@pytest.mark.parametrize(
    "origin", [b"http://evil.example", b"null", b"http://127.0.0.1:9999", b"https://127.0.0.1:4566"]
)
def test_another_page_may_not_call(origin: bytes) -> None:
    assert refusal("POST", "/login", b"", [HOST, (b"origin", origin)])
    assert refusal("POST", "/login", b"", [HOST, (b"origin", b"http://127.0.0.1:4566")]) is None


@pytest.mark.parametrize("host", [b"evil.example", b"127.0.0.1.evil.example", b"evil.example:4566", b""])
def test_a_name_that_was_bound_to_loopback_is_refused(host: bytes) -> None:
    assert refusal("GET", "/logout", b"", [(b"host", host)])
    assert refusal("GET", "/logout", b"", [])


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config", "/x/_ministack/reset", "/_ministack"])
def test_the_administration_is_closed_but_for_health_and_saving(path: str) -> None:
    assert refusal("GET", path, b"", [HOST])
    assert refusal("GET", "/_ministack/health", b"", [HOST]) is None
    assert refusal("GET", "/_ministack/save", b"", [HOST]) is None
