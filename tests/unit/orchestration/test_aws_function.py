"""The adapter of the function behind the gateway against botocore's own service model; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from orchestration.aws import AccessKey, BotoFunctions, Clients
from orchestration.gateway import FunctionSpec
from tests.fakes.gateway import asked
from tests.fakes.orchestration import LOCAL_ENDPOINTS

ASKED, ARN = asked().function, asked().target.function_arn
FUNCTION = {"FunctionName": ARN}
LIVE = {"CodeSha256": ASKED.code_sha256, "Handler": ASKED.handler, "Role": ASKED.role_arn, "Runtime": ASKED.runtime}
MORE = {"Layers": [{"Arn": "layer"}], "Environment": {"Variables": {"PYTHONPATH": "/x"}}}
OPEN = {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction"}
URL: dict[str, Any] = {"FunctionUrl": "https://u.example/" + "x" * 40, "AuthType": "NONE", "FunctionArn": ARN}
URL |= {"CreationTime": "2026-01-01T00:00:00Z", "LastModifiedTime": "2026-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def adapter() -> BotoFunctions:
    return BotoFunctions(Clients("us-east-1", LOCAL_ENDPOINTS, AccessKey("AKIAEXAMPLE", "secret")))


@pytest.fixture
def stub(adapter: BotoFunctions) -> Iterator[Stubber]:
    with Stubber(adapter._lambda) as made:
        yield made
        made.assert_no_pending_responses()


def absent(stub: Stubber, call: str, params: dict[str, str]) -> None:
    stub.add_client_error(call, "ResourceNotFoundException", http_status_code=404, expected_params=params)


def test_a_function_that_only_its_role_may_call_is_as_it_was_made(adapter: BotoFunctions, stub: Stubber) -> None:
    stub.add_response("get_function", {"Configuration": LIVE}, FUNCTION)
    stub.add_response("list_aliases", {"Aliases": []}, FUNCTION)
    stub.add_response("list_versions_by_function", {"Versions": [{"Version": "$LATEST"}]}, FUNCTION)
    absent(stub, "get_policy", FUNCTION)
    absent(stub, "get_function_url_config", FUNCTION)
    assert adapter.get(ARN) == ASKED


def test_every_other_way_to_it_is_seen(adapter: BotoFunctions, stub: Stubber) -> None:
    """The local cloud says of the URL of an alias that it calls the function."""
    alias, version = {**FUNCTION, "Qualifier": "live"}, {**FUNCTION, "Qualifier": "1"}
    stub.add_response("get_function", {"Configuration": {**LIVE, **MORE}}, FUNCTION)
    stub.add_response("list_aliases", {"Aliases": [], "NextMarker": "m"}, FUNCTION)
    stub.add_response("list_aliases", {"Aliases": [{"Name": "live"}]}, {**FUNCTION, "Marker": "m"})
    versions = [{"Version": "$LATEST"}, {"Version": "1"}]
    stub.add_response("list_versions_by_function", {"Versions": versions}, FUNCTION)
    absent(stub, "get_policy", FUNCTION)
    for qualified in (alias, version):
        stub.add_response("get_policy", {"Policy": json.dumps({"Statement": [OPEN]})}, qualified)
    stub.add_response("get_function_url_config", URL, FUNCTION)
    stub.add_response("get_function_url_config", URL, alias)
    found = adapter.get(ARN)
    assert found == FunctionSpec(
        ASKED.code_sha256,
        ASKED.handler,
        ASKED.role_arn,
        ASKED.runtime,
        ("layer",),
        ("PYTHONPATH",),
        {"live:open": "Allow * lambda:InvokeFunction", "1:open": "Allow * lambda:InvokeFunction"},
        {ARN: "NONE", f"{ARN}:live": "NONE"},
    )


def test_a_way_is_taken_away_also_at_an_alias_and_one_that_is_gone_is_no_error(
    adapter: BotoFunctions, stub: Stubber
) -> None:
    stub.add_response("remove_permission", {}, {**FUNCTION, "StatementId": "open"})
    stub.add_response("remove_permission", {}, {**FUNCTION, "StatementId": "open", "Qualifier": "live"})
    stub.add_response("delete_function_url_config", {}, {**FUNCTION, "Qualifier": "live"})
    stub.add_response("delete_function_url_config", {}, FUNCTION)
    for call in ("remove_permission", "delete_function_url_config", "get_function"):
        stub.add_client_error(call, "ResourceNotFoundException", http_status_code=404)
    adapter.remove_permission(ARN, "open")
    adapter.remove_permission(ARN, "live:open")
    adapter.remove_url(f"{ARN}:live")
    adapter.remove_url(ARN)
    adapter.remove_permission(ARN, "open")
    adapter.remove_url(ARN)
    assert adapter.get(ARN) is None
