import base64

import pytest

from agentcore_local.gateway.functions import _outcome, _path

ARN = "arn:aws:lambda:us-east-1:000000000000:function:credit"
NUMBER = "0b1e6f6a-0000-4000-8000-000000000000"
TAIL = base64.b64encode(f"START RequestId: {NUMBER} Version: $LATEST".encode()).decode()


@pytest.mark.parametrize(
    ("arn", "path"),
    [
        (ARN, "/2015-03-31/functions/credit/invocations"),
        (f"{ARN}:live", "/2015-03-31/functions/credit/invocations?Qualifier=live"),
        (f"{ARN}:$LATEST", "/2015-03-31/functions/credit/invocations?Qualifier=%24LATEST"),
    ],
)
def test_a_function_is_called_by_name_and_qualifier(arn: str, path: str) -> None:
    assert _path(arn) == path


@pytest.mark.parametrize(
    ("status", "headers", "slug"),
    [
        pytest.param(200, {}, "ok", id="ok"),
        pytest.param(200, {"X-Amz-Function-Error": "Unhandled"}, "function_error", id="function-error"),
        pytest.param(403, {}, "access_denied", id="denied"),
        pytest.param(404, {}, "unreachable", id="no-function"),
        pytest.param(429, {}, "unreachable", id="throttled"),
    ],
)
def test_only_an_answer_of_the_function_is_handed_on(status: int, headers: dict[str, str], slug: str) -> None:
    outcome = _outcome(status, headers | {"X-Amz-Log-Result": TAIL}, "said", ARN)
    assert (outcome.slug, outcome.text, outcome.request_id) == (slug, "said" if slug == "ok" else "", NUMBER)


@pytest.mark.parametrize(
    "line",
    [f"END RequestId: {NUMBER}", f'{{"event": "credit_checked", "request": "{NUMBER}"}}'],
    ids=["of-the-service", "of-the-function"],
)
def test_a_call_is_known_by_the_number_that_the_function_logs(line: str) -> None:
    headers = {"x-amzn-requestid": "of the answer", "X-Amz-Log-Result": base64.b64encode(line.encode()).decode()}
    assert _outcome(200, headers, "", ARN).request_id == NUMBER
    assert _outcome(200, headers | {"X-Amz-Log-Result": ""}, "", ARN).request_id == "of the answer"
