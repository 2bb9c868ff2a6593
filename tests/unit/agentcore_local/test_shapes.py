import json
from typing import Any

import pytest

from agentcore_local.shapes import load_routes, read_request
from agentcore_local.wire import Refused

[CREATE] = load_routes(["CreateAgentRuntime"])
[GET] = load_routes(["GetAgentRuntime"])
[LIST] = load_routes(["ListAgentRuntimes"])
CODE = {"code": {"s3": {"bucket": "code", "prefix": "a.zip"}}, "runtime": "PYTHON_3_11", "entryPoint": ["main.py"]}
GOOD: dict[str, Any] = {
    "agentRuntimeName": "agent",
    "agentRuntimeArtifact": {"codeConfiguration": CODE},
    "roleArn": "arn:aws:iam::000000000000:role/a",
}


def create(body: object) -> dict[str, Any]:
    match = CREATE.pattern.fullmatch(b"/runtimes/")
    assert match
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(CREATE, match, {}, content)


def test_a_good_request_passes_and_null_means_absent() -> None:
    assert create(GOOD | {"description": None}) == GOOD


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        pytest.param({"agentRuntimeName": "a-b"}, ["agentRuntimeName"], id="pattern"),
        pytest.param({"agentRuntimeName": "é"}, ["agentRuntimeName"], id="non-ascii"),
        pytest.param({"agentRuntimeName": "a" * 49}, ["agentRuntimeName"], id="too-long"),
        pytest.param({"agentRuntimeName": ["a"]}, ["agentRuntimeName"], id="type"),
        pytest.param({"agentRuntimeName": None}, ["agentRuntimeName"], id="required"),
        pytest.param({"roleArn": 1, "agentRuntimeName": ""}, ["agentRuntimeName", "roleArn"], id="all-at-once"),
        pytest.param({"tags": {"": "a"}}, ["tags.1.key"], id="map-key"),
        pytest.param({"environmentVariables": {"A": 1}}, ["environmentVariables.1.value"], id="map-value"),
        pytest.param({"agentRuntimeArtifact": {}}, ["agentRuntimeArtifact"], id="empty-union"),
        pytest.param(
            {"agentRuntimeArtifact": {"codeConfiguration": CODE, "containerConfiguration": {"containerUri": "x"}}},
            ["agentRuntimeArtifact", "agentRuntimeArtifact.containerConfiguration.containerUri"],
            id="two-of-a-union",
        ),
        pytest.param(
            {"lifecycleConfiguration": {"maxLifetime": True}}, ["lifecycleConfiguration.maxLifetime"], id="bool"
        ),
        pytest.param({"lifecycleConfiguration": {"maxLifetime": 59}}, ["lifecycleConfiguration.maxLifetime"], id="min"),
        pytest.param(
            {"authorizerConfiguration": {"customJwtAuthorizer": {}}},
            ["authorizerConfiguration.customJwtAuthorizer"],
            id="misspelt-authorizer",
        ),
        pytest.param({"authorizerConfigration": {}}, ["authorizerConfigration"], id="misspelt-member"),
    ],
)
def test_one_change_is_named_by_its_field(change: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(Refused) as e:
        create(GOOD | change)
    assert [name for name, _ in e.value.fields] == fields
    assert e.value.reason == "FieldValidationFailed"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"a":1,"a":2}', b"\xff", b"[" * 100_000, b"NaN"])
def test_what_is_no_json_object_cannot_be_parsed(body: bytes) -> None:
    with pytest.raises(Refused) as e:
        create(body)
    assert e.value.reason == "CannotParse"


def test_a_value_never_appears_in_the_message() -> None:
    with pytest.raises(Refused) as e:
        create(GOOD | {"environmentVariables": {"A": "hush" * 2000}})
    assert "hush" not in e.value.body().decode()


def test_an_id_is_decoded_once_and_checked() -> None:
    match = GET.pattern.fullmatch(b"/runtimes/agent%2D0123456789/")
    assert match
    assert read_request(GET, match, {}, b"") == {"agentRuntimeId": "agent-0123456789"}
    assert GET.pattern.fullmatch(b"/runtimes/a/b/") is None
    match = GET.pattern.fullmatch(b"/runtimes/a%252F/")
    assert match
    with pytest.raises(Refused):
        read_request(GET, match, {}, b"")


@pytest.mark.parametrize("value", ["0", "101", "x", "1.5", "١"])
def test_a_page_size_must_be_1_to_100(value: str) -> None:
    match = LIST.pattern.fullmatch(b"/runtimes/")
    assert match
    with pytest.raises(Refused):
        read_request(LIST, match, {"maxResults": [value]}, b"")
    assert read_request(LIST, match, {"maxResults": ["100"]}, b"") == {"maxResults": 100}
