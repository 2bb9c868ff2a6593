import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from agentcore_local.callers import Callers
from agentcore_local.edge import Head
from agentcore_local.wire import Refused

KEY, SECRET, REGION = "AKIAEXAMPLEEXAMPLE00", "secret", "us-east-1"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CALLERS = Callers(KEY, SECRET, REGION)
PATH = "/runtimes/arn%3Aaws%3Aa%2Fb/invocations"


def signed(at: datetime = NOW, *, query: str = "", region: str = REGION, body: bytes = b"{}") -> Head:
    url = f"http://127.0.0.1:1{PATH}" + (f"?{query}" if query else "")
    request = AWSRequest(method="POST", url=url, data=body, headers={"Host": "127.0.0.1:1"})
    signer = SigV4Auth(Credentials(KEY, SECRET), "bedrock-agentcore", region)
    stamp = at.strftime(SIGV4_TIMESTAMP)
    request.context["timestamp"] = stamp
    request.headers["X-Amz-Date"] = stamp
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    scope = f"{KEY}/{stamp[:8]}/{region}/bedrock-agentcore/aws4_request"
    auth = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
    headers = (("host", "127.0.0.1:1"), ("x-amz-date", stamp), ("authorization", auth))
    return Head("POST", PATH.encode(), query.encode(), headers)


def verdict(head: Head, body: bytes = b"{}") -> str:
    try:
        claim = CALLERS.claim(head, NOW.timestamp())
        CALLERS.verify(head, claim, hashlib.sha256(body).hexdigest())
    except Refused as e:
        return e.slug
    return "verified"


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        pytest.param(signed(), b"{}", "verified", id="good"),
        pytest.param(signed(query="qualifier=a&accountId=1"), b"{}", "verified", id="query"),
        pytest.param(signed(), b"{ }", "bad_signature_v4", id="other-body"),
        pytest.param(signed(NOW - timedelta(minutes=15)), b"{}", "verified", id="15-min-old"),
        pytest.param(signed(NOW - timedelta(minutes=15, seconds=1)), b"{}", "clock_skew", id="too-old"),
        pytest.param(signed(NOW + timedelta(minutes=16)), b"{}", "clock_skew", id="too-new"),
        pytest.param(signed(region="eu-west-1"), b"{}", "wrong_scope", id="other-region"),
    ],
)
def test_a_signature_is_recomputed(head: Head, body: bytes, expected: str) -> None:
    assert verdict(head, body) == expected


def changed(name: str, old: str, new: str) -> Head:
    good = signed()
    headers = tuple((n, v.replace(old, new) if n == name else v) for n, v in good.headers)
    assert headers != good.headers
    return Head(good.method, good.raw_path, good.query, headers)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(changed("host", "127.0.0.1", "localhost"), "bad_signature_v4", id="host"),
        pytest.param(changed("x-amz-date", "T120000Z", "T120001Z"), "bad_signature_v4", id="date"),
        pytest.param(changed("authorization", KEY, "AKIAOTHER"), "unknown_access_key", id="key"),
        pytest.param(changed("authorization", KEY, "test"), "unknown_access_key", id="bypass"),
        pytest.param(changed("authorization", "host;", ""), "incomplete_signature", id="host-unsigned"),
        pytest.param(changed("authorization", ";x-amz-date", ""), "incomplete_signature", id="date-unsigned"),
        pytest.param(changed("authorization", "/bedrock-agentcore/", "/s3/"), "wrong_scope", id="service"),
        pytest.param(changed("authorization", "AWS4-HMAC-SHA256", "AWS4-HMAC"), "incomplete_signature", id="alg"),
        pytest.param(changed("authorization", "Signature=", "Signature=0"), "incomplete_signature", id="long"),
    ],
)
def test_one_changed_part_refuses_a_signature(head: Head, expected: str) -> None:
    assert verdict(head) == expected


def test_a_path_is_signed_as_it_was_sent() -> None:
    good = signed()
    lower = Head(good.method, good.raw_path.replace(b"%3A", b"%3a"), good.query, good.headers)
    assert verdict(lower) == "bad_signature_v4"


def test_a_declared_hash_does_not_stand_for_the_body() -> None:
    good = signed()
    declared = ("x-amz-content-sha256", hashlib.sha256(b"{}").hexdigest())
    auth = dict(good.headers)["authorization"].replace("host;", "host;x-amz-content-sha256;")
    headers = (*good.headers[:2], declared, ("authorization", auth))
    assert verdict(Head(good.method, good.raw_path, good.query, headers), b"other") == "bad_signature_v4"


@pytest.mark.parametrize("key", ["", "test", "000000000000"])
def test_a_short_cut_cannot_be_the_root_key(key: str) -> None:
    with pytest.raises(ValueError, match="short-cuts"):
        Callers(key, "secret", REGION)
