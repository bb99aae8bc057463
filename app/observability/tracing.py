"""OpenTelemetry, for those who installed the extra `otel` and set `GATEWAY_TRACES`: one trace from a request to its calls.

Where it goes and how much of it: the variables of OpenTelemetry itself (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER` …).
No personal data is in a span: shops, kinds, destinations, outcomes, addresses of hosts and paths.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any

import httpx
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import BadConfiguration

NAME = "shop-gateway"
_FAILED = 500
_FOREIGN_APIS = "/api/"
"""How paths at SALESmanago and at panels begin."""
_w3c = TraceContextTextMapPropagator()
_others: ContextVar[Sequence[Span]] = ContextVar("others", default=())
"""Spans of the events that travel in the same call."""


def provider() -> TracerProvider:
    """Exports to the collector that OpenTelemetry's own variables name. Raises `BadConfiguration` without the extra."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # type: ignore[import-not-found,unused-ignore]
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider as Exporting
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        missing = "GATEWAY_TRACES is set, and the extra `otel` is missing: pip install 'WHEEL[otel]', with the gateway's own wheel."
        raise BadConfiguration([missing]) from None
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": NAME}
    made = Exporting(resource=Resource.create({**named, "service.version": version(NAME)}))
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


class Tracing:
    """Spans of one process."""

    def __init__(self, made: TracerProvider) -> None:
        self._provider = made
        self.tracer: Tracer = made.get_tracer(NAME)

    def close(self) -> None:
        """Export what is left."""
        shutdown = getattr(self._provider, "shutdown", None)
        if shutdown is not None:
            shutdown()

    def current(self) -> str:
        """The span that is open here, as it is written down; empty if there is none."""
        headers: dict[str, str] = {}
        _w3c.inject(headers)
        return headers.get("traceparent", "")

    @contextmanager
    def request(self, name: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """Of a caller, in the caller's trace if it names one."""
        caller = _w3c.extract(dict(headers))
        with self.tracer.start_as_current_span(name, caller, SpanKind.SERVER) as span:
            yield span

    def decided(self, shop: str, kind: str, parent: str, began: int, state: str, reason: str) -> None:
        """What came of an event, in the trace of the request that brought it. `began`: nanoseconds since 1970."""
        attributes = {"gateway.shop": shop, "gateway.event.type": kind, "gateway.event.state": state, "gateway.reason": reason}
        context = _w3c.extract({"traceparent": parent}) if parent else Context()
        said = {name: value for name, value in attributes.items() if value}
        self.tracer.start_span("decide", context, SpanKind.INTERNAL, said, start_time=began).end()

    @contextmanager
    def delivery(self, destination: str, written: Sequence[tuple[str, str, str]]) -> Iterator[list[Span]]:
        """A span for each event that something is sent for, in the trace of the request that brought it.

        `written`: (shop, kind of event, span of its request) each. Calls made meanwhile stand in the first of them and are linked
        with the others, for one call may carry all of them.
        """
        spans = [
            self.tracer.start_span(
                f"deliver {destination.partition(':')[0]}",
                _w3c.extract({"traceparent": parent}) if parent else Context(),
                SpanKind.CLIENT,
                {"gateway.destination": destination, "gateway.shop": shop, "gateway.event.type": kind},
            )
            for shop, kind, parent in written
        ]
        try:
            if not spans:
                yield spans
                return
            with trace.use_span(spans[0]):
                token = _others.set(spans[1:])
                try:
                    yield spans
                finally:
                    _others.reset(token)
        finally:
            for span in spans:
                span.end()


class TracedClient(httpx.AsyncClient):
    """A span for each call. No trace header is sent: SALESmanago and the panel have no use for it."""

    def __init__(self, tracing: Tracing, **options: Any) -> None:
        super().__init__(**options)
        self._tracing = tracing

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        path = request.url.path
        attributes = {"http.request.method": request.method, "server.address": request.url.host}
        name = f"{request.method} {request.url.host}"
        if path.startswith(_FOREIGN_APIS):  # elsewhere a path may be a secret
            name, attributes = f"{request.method} {path}", {**attributes, "url.path": path}
        links = [Link(span.get_span_context()) for span in _others.get()]
        with self._tracing.tracer.start_as_current_span(name, None, SpanKind.CLIENT, attributes, links) as span:
            answer = await super().send(request, **options)
            span.set_attribute("http.response.status_code", answer.status_code)
            if answer.status_code >= _FAILED:
                span.set_status(StatusCode.ERROR)
            return answer


class TracedDoor:
    """The application with a span for each request under `/v1`, callbacks and sources."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(("/v1/", "/callbacks/", "/sources/")):
            await self._app(scope, receive, send)
            return
        # Of the path only what names a resource: behind it may stand an id in which somebody is named.
        name = f"{scope['method']} {'/'.join(scope['path'].split('/')[:5])}"
        with self._tracing.request(name, Headers(scope=scope)) as span:

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= _FAILED:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self._app(scope, receive, sent)
