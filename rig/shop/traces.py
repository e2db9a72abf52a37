"""Traces of a shop service: every request, sent as OTLP over HTTP, with W3C trace context between services."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_EXPORT_EVERY_MS = 1000
_EXPORT_SECONDS = 2


def set_up_traces(service: str, otlp_url: str | None) -> TracerProvider:
    """Make spans for this process and export them to `otlp_url` (such as http://127.0.0.1:4318/v1/traces).

    Without an address spans are made but kept nowhere: logs still carry trace ids.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if otlp_url is not None:
        exporter = OTLPSpanExporter(endpoint=otlp_url, timeout=_EXPORT_SECONDS)
        provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                schedule_delay_millis=_EXPORT_EVERY_MS,
                export_timeout_millis=_EXPORT_SECONDS * 1000,
            )
        )
    trace.set_tracer_provider(provider)
    return provider
