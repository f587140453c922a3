"""Traces of requests for OpenTelemetry: made only where an endpoint is configured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pullcord.base import InvalidInput

from .reply import Scope, request_headers


class Span:
    """One request under way."""

    def __init__(self, span: Any) -> None:
        self._span = span

    def ended(self, route: str | None, status: int) -> None:
        """Say what it was and how it ended."""
        if route:
            self._span.set_attribute("http.route", route)
            self._span.update_name(route)
        self._span.set_attribute("http.response.status_code", status)


class Tracer:
    """Sends one span for each request; a `traceparent` of the caller is carried on."""

    def __init__(self, tracer: Any, provider: Any, propagator: Any) -> None:
        self._tracer = tracer
        self._provider = provider
        self._propagator = propagator

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Span]:
        """The span of one request, for as long as the block lasts."""
        parent = request_headers(scope).get(b"traceparent")
        carried = self._propagator.extract({"traceparent": parent.decode("latin-1")}) if parent else None
        with self._tracer.start_as_current_span(
            "request", context=carried, attributes={"http.request.method": scope["method"]}
        ) as span:
            yield Span(span)

    def flush(self) -> None:
        """Send what is waiting."""
        self._provider.force_flush()


def tracer(endpoint: str, exporter: Any = None) -> Tracer:
    """A tracer that sends to `endpoint` by OTLP over HTTP. Raises InvalidInput where the `telemetry` extra is missing.

    `exporter` takes the place of the network's.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        raise InvalidInput(
            "traces were asked for, and OpenTelemetry is not installed",
            "install `pullcord[telemetry]`, or unset PULLCORD_OTLP_ENDPOINT",
        ) from None
    target = endpoint.rstrip("/")
    if not target.endswith("/v1/traces"):
        target += "/v1/traces"  # of a collector that was named by its address alone
    provider = TracerProvider(resource=Resource.create({"service.name": "pullcord"}))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=target)) if exporter is None else SimpleSpanProcessor(exporter)
    )
    return Tracer(provider.get_tracer("pullcord"), provider, TraceContextTextMapPropagator())
