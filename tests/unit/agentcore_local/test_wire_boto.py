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


def client(service: str, refused: Refused) -> Any:
    """A boto3 client whose every request is answered by that refusal, without a network."""
    made = boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )
    headers = {"Content-Type": "application/json", ERROR_TYPE: refused.row.kind}

    def answer(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, refused.row.status, headers, Raw(refused.body()))

    made.meta.events.register("before-send", answer)
    return made


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("slug", ROWS)
def test_boto3_raises_the_class_of_the_row(slug: str, service: str) -> None:
    words = {name: "x" for _, name, _, _ in Formatter().parse(ROWS[slug].message) if name}
    refused = Refused(slug, **words)  # type: ignore[arg-type]
    caller = client(service, refused)
    with pytest.raises(ClientError) as caught:
        CALLS[service](caller)
    kind = refused.row.kind
    modelled = getattr(caller.exceptions, kind, ClientError) if kind in dir(caller.exceptions) else ClientError
    assert type(caught.value) is modelled
    assert caught.value.response["Error"]["Code"] == kind
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == refused.row.status
    if refused.row.shape == "aws":
        assert caught.value.response["Error"]["Message"] == refused.message


def test_the_common_refusals_have_a_class_of_their_own() -> None:
    caller = client("bedrock-agentcore", Refused("method_mismatch"))
    with pytest.raises(caller.exceptions.AccessDeniedException):
        CALLS["bedrock-agentcore"](caller)
