"""Signatures as botocore makes them are known, changed ones are not, and a request that moved is signed again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.aws.signatures import Key, Wire, fault, scope_of, signed_anew

KEY = Key("AKIAEXAMPLE", "a-secret", "a-token", "arn:aws:iam::000000000000:user/ci")
HOST = "bedrock-agentcore.eu-west-1.amazonaws.com"


def wire(service: str = "bedrock-agentcore", target: str = "/runtimes/arn%3Aaws%3Ax%2Fr/invocations?b=2&a=1") -> Wire:
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    request = AWSRequest("POST", f"https://{HOST}{target}", {"Host": HOST, "X-Amz-Meta": "a  b"}, b"{}")
    request.context["payload_signing_enabled"] = True
    signer(Credentials(KEY.id, KEY.secret, KEY.token), service, "eu-west-1").add_auth(request)
    return Wire("POST", target, list(request.headers.items()), b"{}")


def why(sent: Wire, key: Key = KEY) -> str | None:
    scope = scope_of(sent)
    assert scope is not None
    return fault(sent, scope, key)


@pytest.mark.parametrize("service", ["bedrock-agentcore", "s3", "iam"])
def test_what_botocore_signed_has_no_fault(service: str) -> None:
    assert why(wire(service)) is None


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(wire(), body=b"{ }"), id="body"),
        pytest.param(replace(wire("s3"), body=b"{ }"), id="body-whose-hash-is-declared"),
        pytest.param(replace(wire(), method="PUT"), id="method"),
        pytest.param(replace(wire(), target="/runtimes/other"), id="target"),
        pytest.param(replace(wire(), headers=[(n, v.replace(HOST, "x")) for n, v in wire().headers]), id="host"),
    ],
)
def test_a_changed_request_has_a_fault(changed: Wire) -> None:
    assert why(changed) is not None


@pytest.mark.parametrize("key", [replace(KEY, secret="x"), replace(KEY, token=None), replace(KEY, token="y")], ids=repr)
def test_another_keys_request_has_a_fault(key: Key) -> None:
    assert why(wire(), key) is not None


def test_a_moved_request_is_signed_for_where_it_goes() -> None:
    moved = replace(
        wire("s3"), headers=[(n, v.replace(HOST, "127.0.0.1:1")) for n, v in wire("s3").headers], body=b"[]"
    )
    scope, root = scope_of(moved), Key("AKIAROOT", "another", None, "arn:aws:iam::000000000000:root")
    assert scope is not None
    again = signed_anew(moved, scope, root)
    assert why(again, root) is None
    assert again.one("x-amz-security-token") == ""
    assert why(again, replace(root, secret="x")) is not None


@pytest.mark.parametrize("value", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=a"])
def test_what_is_no_signature_has_no_scope(value: str) -> None:
    assert scope_of(Wire("GET", "/", [("Authorization", value)], b"")) is None
