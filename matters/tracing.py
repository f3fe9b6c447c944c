"""Traces by OpenTelemetry, from the POST to the last chunk; without an endpoint nothing is imported here, or spent.

A matter's trace id is its own id, so the spans of all processes meet without anything being carried along, and whoever
has a matter finds its trace. No attribute has a word of content, and of an exception only its type is told.
"""

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

Attribute = str | int | float


@contextmanager
def span(name: str, matter: UUID, **attributes: Attribute) -> Iterator[None]:
    """What happens inside is a span of the matter's trace, and spans that it begins are its children."""
    tracer = _tracer()
    if tracer is None:
        yield
        return
    from opentelemetry.trace import Status, StatusCode

    with tracer.start_as_current_span(
        name,
        _context_in(matter),
        attributes=attributes,
        record_exception=False,  # what it says may be a founder's words
        set_status_on_exception=False,
    ) as running:
        try:
            yield
        except Exception as error:  # a reader who leaves cancels the stream: that is no error
            running.set_attribute("error.type", type(error).__name__)
            running.set_status(Status(StatusCode.ERROR))
            raise


def past_span(name: str, matter: UUID, seconds: float, **attributes: Attribute) -> None:
    """A span that ends now and began `seconds` ago."""
    if tracer := _tracer():
        now = time.time_ns()
        begun = tracer.start_span(name, _context_in(matter), start_time=now - int(seconds * 1e9), attributes=attributes)
        begun.end(now)


def _context_in(matter: UUID) -> "Context | None":
    """None (the current context) inside a span of the same trace, else one whose parent stands for the whole matter."""
    from opentelemetry.trace import (
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        get_current_span,
        set_span_in_context,
    )

    if get_current_span().get_span_context().trace_id == matter.int:
        return None
    whole = SpanContext(matter.int, (matter.int & (2**64 - 1)) or 1, is_remote=True, trace_flags=TraceFlags(1))
    return set_span_in_context(NonRecordingSpan(whole))


@functools.cache
def _tracer() -> "Tracer | None":
    """Of this process, made at the first span; spans are sent in the background, a few seconds later."""
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "matterstream"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    return provider.get_tracer("matterstream")
