"""OpenTelemetry traces: what ran, how long and how it ended; never what was said.

Strands puts prompts, answers and tool results into its spans. They are taken out here, by a list of what may stay, so
that a new attribute of a later version cannot carry them out either.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace import Status, set_tracer_provider

from mortgage.settings import Traces

KEPT = frozenset(
    {
        "gen_ai.agent.name",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.system",
        "gen_ai.tool.name",
        "gen_ai.tool.status",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.total_tokens",
        "http.request.method",
        "http.response.status_code",
        "session.id",
    }
)


class Discreet(SpanExporter):
    """Exports spans without their events, without the words of a failure, and with the attributes of KEPT alone."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def start_traces(kind: Traces) -> TracerProvider:
    """Make and set the process's tracer provider; endpoint, headers and service name are OpenTelemetry's variables."""
    provider = TracerProvider()
    if kind == "console":
        provider.add_span_processor(SimpleSpanProcessor(Discreet(ConsoleSpanExporter())))
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(Discreet(OTLPSpanExporter())))
    set_tracer_provider(provider)
    return provider


def _discreet(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name in KEPT},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
