import pytest

from agentcore_local.edge import Head
from agentcore_local.headers import RESTRICTED, allowlist_faults, for_agent
from agentcore_local.wire import Refused

CUSTOM = "X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant"


def delivered(allowed: list[str], *headers: tuple[str, str]) -> list[tuple[str, str]]:
    head = Head("POST", b"/", b"", tuple((n.lower(), v) for n, v in headers))
    return for_agent(head, {"requestHeaderConfiguration": {"requestHeaderAllowlist": allowed}})


@pytest.mark.parametrize("name", ["X-Tenant", CUSTOM, "Authorization"])
def test_a_header_is_delivered_only_when_it_is_listed(name: str) -> None:
    assert delivered([name], (name, "1")) == [(name.lower(), "1")]
    assert delivered(["X-Other"], (name, "1")) == []


@pytest.mark.parametrize("name", ["Cookie", "Connection", "Transfer-Encoding", "X-Forwarded-For", "Host"])
def test_without_an_entry_nothing_of_the_transport_is_delivered(name: str) -> None:
    assert delivered([], (name, "1"), ("Content-Type", "a/b")) == [("content-type", "a/b")]


@pytest.mark.parametrize(("size", "fits"), [(4096, True), (4097, False)])
def test_a_listed_value_is_bounded(size: int, fits: bool) -> None:
    if fits:
        assert delivered(["X-Tenant"], ("X-Tenant", "v" * size))
    else:
        with pytest.raises(Refused):
            delivered(["X-Tenant"], ("X-Tenant", "v" * size))


def test_a_listed_header_sent_twice_is_refused() -> None:
    with pytest.raises(Refused):
        delivered(["X-Tenant"], ("X-Tenant", "a"), ("x-tenant", "b"))


@pytest.mark.parametrize(
    ("names", "has_jwt", "good"),
    [
        (["X-Tenant", CUSTOM], False, True),
        (["Authorization"], True, True),
        (["authorization"], False, False),
        (["A", "a"], True, False),
        (["Cookie"], True, False),
        (["X-Amz-Date"], True, False),
        (["X-Amzn-Bedrock-AgentCore-Runtime-User-Id"], True, False),
        (["WorkloadAccessToken"], True, False),
        (["baggage"], True, False),
    ],
)
def test_what_may_be_listed(names: list[str], has_jwt: bool, good: bool) -> None:
    assert (not list(allowlist_faults(names, has_jwt))) is good


def test_the_restricted_names_are_those_of_the_runtime_library() -> None:
    models = pytest.importorskip("bedrock_agentcore.runtime.models")
    published = {n for n in models.RESTRICTED_HEADERS if not n.startswith(":")}
    assert published == RESTRICTED
