"""Every row of the table of refusals, as boto3 reads it: the exception class that the service's model names."""

from __future__ import annotations

import io
from collections.abc import Callable
from string import Formatter
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from agentcore_local.wire import ERROR_TYPE, ROWS, Refused

ARN = "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/a-0123456789"
CALLS: dict[str, Callable[[Any], Any]] = {
    "bedrock-agentcore": lambda c: c.invoke_agent_runtime(agentRuntimeArn=ARN, payload=b"{}"),
    "bedrock-agentcore-control": lambda c: c.get_agent_runtime(agentRuntimeId="a-0123456789"),
}


class Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


class Caller:
    """A boto3 client whose every request is answered by `refused`, without a network."""

    def __init__(self, service: str) -> None:
        self.refused = Refused("internal")
        self._call = CALLS[service]
        self.client = boto3.client(
            service,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.meta.events.register("before-send", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        headers = {"Content-Type": "application/json", ERROR_TYPE: self.refused.row.kind}
        return AWSResponse(request.url, self.refused.row.status, headers, Raw(self.refused.body()))

    def error(self, refused: Refused) -> ClientError:
        self.refused = refused
        with pytest.raises(ClientError) as caught:
            self._call(self.client)
        return caught.value


@pytest.fixture(scope="module", params=CALLS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


@pytest.mark.parametrize("slug", ROWS)
def test_boto3_raises_the_class_of_the_row(slug: str, caller: Caller) -> None:
    words = {name: "x" for _, name, _, _ in Formatter().parse(ROWS[slug].message) if name}
    refused = Refused(slug, **words)  # type: ignore[arg-type]
    error, kind, known = caller.error(refused), refused.row.kind, caller.client.exceptions
    assert type(error) is (getattr(known, kind) if kind in dir(known) else ClientError)
    assert error.response["Error"]["Code"] == kind
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == refused.row.status
    if refused.row.shape == "aws":
        assert error.response["Error"]["Message"] == refused.message


def test_the_common_refusal_has_a_class_of_its_own(caller: Caller) -> None:
    assert isinstance(caller.error(Refused("method_mismatch")), caller.client.exceptions.AccessDeniedException)
