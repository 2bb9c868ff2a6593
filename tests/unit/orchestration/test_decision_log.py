"""The record of decisions on AWS, against botocore's own service model; nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from orchestration.aws import AccessKey, Clients, DecisionLog
from orchestration.aws.auth_log import PATTERN
from orchestration.errors import Unfit
from tests.fakes.orchestration import LOCAL_ENDPOINTS

GROUP = "inbound-auth-dev/auth"


def stubbed() -> tuple[DecisionLog, Stubber]:
    log = DecisionLog(Clients("us-east-1", LOCAL_ENDPOINTS, AccessKey("AKIAEXAMPLE", "secret")))
    return log, Stubber(log._logs)


def test_the_groups_decisions_are_read_page_by_page_since_the_moment() -> None:
    log, stub = stubbed()
    asked: dict[str, Any] = {"logGroupName": GROUP, "startTime": 1_800_000_000_500, "filterPattern": PATTERN}
    stub.add_response("filter_log_events", {"events": [{"message": "one"}], "nextToken": "more"}, asked)
    stub.add_response("filter_log_events", {"events": [{"message": "two"}]}, asked | {"nextToken": "more"})
    with stub:
        assert log.lines("inbound-auth", "dev", 1_800_000_000.5) == ["one", "two"]


def test_a_group_that_is_not_there_names_itself() -> None:
    log, stub = stubbed()
    stub.add_client_error("filter_log_events", "ResourceNotFoundException", http_status_code=400)
    with stub, pytest.raises(Unfit, match=GROUP) as raised:
        log.lines("inbound-auth", "dev", 0)
    assert raised.value.code == "no_auth_log"
