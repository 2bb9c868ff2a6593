import pytest

from agentcore_local.calls import read_session
from agentcore_local.data import read_target
from agentcore_local.edge import Head
from agentcore_local.wire import SESSION_ID, Refused

REGION, ACCOUNT = "us-east-1", "000000000000"
ARN = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/a-0123456789"
ESCAPED = ARN.replace("/", "%2F")


def head(path: str, query: str = "", method: str = "POST") -> Head:
    return Head(method, path.encode(), query.encode(), ())


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        pytest.param(ESCAPED, "", ("a-0123456789", "DEFAULT"), id="arn"),
        pytest.param(ESCAPED.replace(":", "%3a"), "qualifier=stage", ("a-0123456789", "stage"), id="lower-hex"),
        pytest.param(ESCAPED, f"accountId={ACCOUNT}", ("a-0123456789", "DEFAULT"), id="arn-and-account"),
        pytest.param("a-0123456789", f"accountId={ACCOUNT}", ("a-0123456789", "DEFAULT"), id="id"),
        pytest.param(ESCAPED, "accountId=111111111111", (None, "DEFAULT"), id="other-account-asked"),
        pytest.param("a-0123456789", "accountId=111111111111", (None, "DEFAULT"), id="id-of-other-account"),
        pytest.param(ESCAPED.replace(REGION, "eu-west-1"), "", (None, "DEFAULT"), id="other-region"),
        pytest.param(ESCAPED.replace(ACCOUNT, "1" * 12), "", (None, "DEFAULT"), id="other-account"),
        pytest.param(ESCAPED + "%20", "", (None, "DEFAULT"), id="trailing-space"),
        pytest.param(ESCAPED + "%00", "", (None, "DEFAULT"), id="nul"),
        pytest.param(ESCAPED.replace("aws", "%D0%B0ws"), "", (None, "DEFAULT"), id="homoglyph"),
        pytest.param(ESCAPED.replace("%", "%25"), "", (None, "DEFAULT"), id="encoded-twice"),
    ],
)
def test_a_runtime_is_found_by_its_exact_name_only(path: str, query: str, expected: tuple[str | None, str]) -> None:
    target = read_target(head(f"/runtimes/{path}/invocations", query), REGION, ACCOUNT)
    assert (target.runtime_id, target.qualifier) == expected


@pytest.mark.parametrize(
    ("path", "query", "method", "slug"),
    [
        pytest.param(f"/runtimes/{ARN}/invocations", "", "POST", "unknown_operation", id="unencoded"),
        pytest.param(f"/runtimes/{ESCAPED}/invocations", "", "GET", "unknown_operation", id="method"),
        pytest.param(f"//runtimes/{ESCAPED}/invocations", "", "POST", "unknown_operation", id="two-slashes"),
        pytest.param(f"/x/../runtimes/{ESCAPED}/invocations", "", "POST", "unknown_operation", id="dots"),
        pytest.param(f"/runtimes/{ESCAPED}%2Finvocations", "", "POST", "unknown_operation", id="encoded-slash"),
        pytest.param(f"/runtimes/{ESCAPED}%2/invocations", "", "POST", "validation", id="half-encoded"),
        pytest.param(f"/runtimes/{ESCAPED}%ff/invocations", "", "POST", "validation", id="not-utf-8"),
        pytest.param("/runtimes/a-0123456789/invocations", "", "POST", "validation", id="id-without-account"),
        pytest.param(f"/runtimes/{ESCAPED}/invocations", "accountId=12", "POST", "validation", id="account"),
        pytest.param(f"/runtimes/{ESCAPED}/invocations", "qualifier=a&qualifier=b", "POST", "validation", id="twice"),
    ],
)
def test_an_odd_target_is_refused(path: str, query: str, method: str, slug: str) -> None:
    with pytest.raises(Refused) as e:
        read_target(head(path, query, method), REGION, ACCOUNT)
    assert e.value.slug == slug


@pytest.mark.parametrize("session", ["s" * 33, "s" * 256])
def test_a_session_id_of_33_to_256_passes(session: str) -> None:
    assert read_session(Head("POST", b"/", b"", ((SESSION_ID, session),))) == session


@pytest.mark.parametrize("session", ["", "s" * 32, "s" * 257, "s" * 33 + "\x01", "ü" * 33])
def test_another_session_id_is_refused(session: str) -> None:
    with pytest.raises(Refused):
        read_session(Head("POST", b"/", b"", ((SESSION_ID, session),)))
