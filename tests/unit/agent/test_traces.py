import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from mortgage.scripted_model import ScriptedModel
from mortgage.traces import KEPT, Discreet
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from tests.fakes.agent import assistant, collect


class Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[Any] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += [json.loads(span.to_json()) for span in spans]
        return SpanExportResult.SUCCESS


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def provider(kept: Kept) -> TracerProvider:
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(Discreet(kept)))
    return made


def test_a_span_keeps_its_name_time_and_what_is_listed(provider: TracerProvider, kept: Kept) -> None:
    with provider.get_tracer("t").start_as_current_span(
        "work", attributes={"gen_ai.tool.name": "x", "prompt": "secret"}
    ):
        pass
    (span,) = kept.spans
    assert span["name"] == "work"
    assert span["attributes"] == {"gen_ai.tool.name": "x"}
    assert span["start_time"] <= span["end_time"]


def test_a_failure_is_exported_without_its_words(provider: TracerProvider, kept: Kept) -> None:
    with pytest.raises(ValueError), provider.get_tracer("t").start_as_current_span("work"):
        raise ValueError("secret")
    (span,) = kept.spans
    assert span["status"] == {"status_code": StatusCode.ERROR.name}
    assert span["events"] == []
    assert "secret" not in json.dumps(span)


def test_nothing_that_is_kept_can_hold_what_was_said() -> None:
    said = ("content", "message", "arguments", "result", "prompt", "instructions", "description")
    assert [name for name in KEPT if any(word in name for word in said)] == []


@pytest.mark.usefixtures("socket_enabled")
def test_a_question_leaves_spans_of_supervisor_specialist_and_tool_that_quote_nothing(
    provider: TracerProvider, kept: Kept
) -> None:
    from strands.telemetry.tracer import get_tracer

    tracer = get_tracer()
    before, tracer.tracer = tracer.tracer, provider.get_tracer("strands")
    try:
        asyncio.run(collect(assistant(ScriptedModel()), "what is my credit score? my name is Guinevere"))
    finally:
        tracer.tracer = before
    tools = {span["attributes"].get("gen_ai.tool.name") for span in kept.spans}
    assert {"ask_credit_specialist", "get_credit_score"} <= tools
    # Ids and times are figures of their own, in which anything can be found.
    said = [
        {name: span[name] for name in span if name not in ("context", "parent_id", "start_time", "end_time")}
        for span in kept.spans
    ]
    text = json.dumps(said)
    assert [word for word in ("Guinevere", "742", "1234", "mortgage assistant") if word in text] == []
