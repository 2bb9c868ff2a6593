import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bedrock_agentcore.runtime import BedrockAgentCoreApp
from botocore.exceptions import ClientError
from mortgage.assistant import Assistant
from mortgage.failures import describe
from mortgage.scripted_model import ScriptedModel
from mortgage.service import build_app
from starlette.testclient import TestClient

pytestmark = pytest.mark.usefixtures("socket_enabled")  # an event loop needs a socket pair

SECRET = "customer 1234 earns 90000"


class Failing(ScriptedModel):
    async def stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": SECRET}}, "ConverseStream")
        yield  # makes this a generator


class Lines(logging.Handler):
    """Formats as the SDK's own handler does: exception text included."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += self.format(record) + "\n"


@pytest.fixture
def lines() -> Any:
    handler, loggers = Lines(), (logging.getLogger(), logging.getLogger("bedrock_agentcore.app"))
    for logger in loggers:
        logger.addHandler(handler)
    yield handler
    for logger in loggers:
        logger.removeHandler(handler)


def failing_app() -> BedrockAgentCoreApp:
    return build_app(Assistant(Failing(), []), new_reference=lambda: "ref-1")


@pytest.mark.parametrize(("stream", "status"), [(False, 500), (True, 200)])
def test_a_failure_tells_the_caller_a_reference_and_the_log_the_place(stream: bool, status: int, lines: Lines) -> None:
    with TestClient(failing_app()) as client:
        reply = client.post("/invocations", json={"prompt": SECRET, "stream": stream})
    assert reply.status_code == status
    assert '"error":"internalerror","reference":"ref-1"' in reply.text.replace(" ", "")
    assert "ref-1" in lines.text
    assert "ClientError[AccessDeniedException] at " in lines.text
    assert "test_service.py" in lines.text
    assert SECRET not in lines.text + reply.text.replace("\\", "")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"1" * 6000, b"{", b"", b"\xff", b"[]", b'{"prompt": "\\ud800"}'], ids=range(7)
)
def test_an_unreadable_body_is_the_callers_fault(body: bytes) -> None:
    with TestClient(failing_app()) as client:
        reply = client.post("/invocations", content=body)
    assert reply.status_code == 400
    assert reply.json()["error"]


def test_a_failure_is_described_without_its_words() -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as e:
            raise ValueError(SECRET) from e
    except ValueError as e:
        text = describe(e)
    assert text.startswith("ValueError at test_service.py:")
    assert "caused by KeyError at test_service.py:" in text
    assert SECRET not in text
