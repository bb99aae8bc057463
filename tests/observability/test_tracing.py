"""One trace from a request to the call it leads to, through the database; nothing of it where nobody asked (L5)."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from app.domain.delivery.outbox import to_account
from app.domain.errors import BadConfiguration
from app.observability import tracing
from app.routers.events.examples import EXAMPLES
from tests.support.gateways import ACCOUNT, Door, open_door

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()

    def provider() -> TracerProvider:
        made = TracerProvider()
        made.add_span_processor(SimpleSpanProcessor(exporter))
        return made

    monkeypatch.setattr(tracing, "provider", provider)
    return exporter


@asynccontextmanager
async def salesmanago() -> AsyncIterator[str]:
    """Takes everything."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        await reader.readexactly(length)
        body = json.dumps({"success": True, "message": [], "contactId": "c1", "eventId": "e1", "contactIds": {}}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(body))
        writer.write(b"connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def traced_door(folder: Path, traces: bool = True) -> AsyncIterator[Door]:
    async with salesmanago() as endpoint, open_door(folder, account={**ACCOUNT, "endpoint": endpoint}, traces=traces) as door:
        yield door


async def delivered(door: Door) -> None:
    await door.plan()
    while await door.gateway.delivery.deliver_due(to_account("main")):
        pass


def named(spans: InMemorySpanExporter, start: str) -> list[ReadableSpan]:
    return [one for one in spans.get_finished_spans() if one.name.startswith(start)]


async def test_one_trace_leads_from_the_callers_request_to_the_call_at_salesmanago(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with traced_door(tmp_path) as door:
        answer = await door.post("registrations", EXAMPLES["registration"], shop="shop2", traceparent=CALLER)
        assert answer.status_code == 202
        await delivered(door)
    (request,), (delivery,), calls = named(spans, "POST /v1"), named(spans, "deliver"), named(spans, "POST /api")
    (decision,) = named(spans, "decide")
    assert calls
    assert {one.context.trace_id for one in (request, decision, delivery, *calls)} == {int(CALLER.split("-")[1], 16)}
    assert request.parent.span_id == int(CALLER.split("-")[2], 16)
    assert delivery.parent.span_id == decision.parent.span_id == request.context.span_id
    assert request.start_time <= decision.start_time <= decision.end_time <= delivery.start_time
    assert decision.attributes["gateway.event.type"] == "registration"
    assert decision.attributes["gateway.event.state"] == "planned"
    assert {one.parent.span_id for one in calls} == {delivery.context.span_id}
    assert (request.kind, request.attributes["http.response.status_code"]) == (SpanKind.SERVER, 202)
    assert delivery.attributes["gateway.event.type"] == "registration"
    assert delivery.attributes["gateway.outcomes"] == ("delivered",)


async def test_a_call_that_carries_several_events_stands_in_one_trace_and_is_linked_with_the_others(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with traced_door(tmp_path) as door:
        for number in range(3):
            customer = {"id": f"{number}", "email": f"p{number}@example.com"}
            event = {**EXAMPLES["registration"], "event_id": f"e{number}", "customer": customer}
            assert (await door.post("registrations", event, shop="shop2")).status_code == 202
        await delivered(door)
    requests, deliveries = named(spans, "POST /v1"), named(spans, "deliver")
    assert len({one.context.trace_id for one in requests}) == 3
    assert {one.context.trace_id for one in deliveries} == {one.context.trace_id for one in requests}
    reached = {one.context.trace_id for one in named(spans, "POST /api")}
    reached |= {link.context.trace_id for one in named(spans, "POST /api") for link in one.links}
    assert reached == {one.context.trace_id for one in requests}


async def test_each_event_of_a_round_has_its_decision_in_its_own_trace_with_the_reason(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with traced_door(tmp_path) as door:
        for number in range(3):
            customer = {"id": f"{number}", "email": f"p{number}@example.com"}
            event = {**EXAMPLES["registration"], "event_id": f"e{number}", "customer": customer}
            assert (await door.post("registrations", event, shop="shop1")).status_code == 202
        await delivered(door)
    decisions = named(spans, "decide")
    assert {one.context.trace_id for one in decisions} == {one.context.trace_id for one in named(spans, "POST /v1")}
    assert {one.attributes["gateway.event.state"] for one in decisions} == {"withheld"}
    assert {one.attributes["gateway.reason"] for one in decisions} == {"no_consent"}


async def test_nobody_is_named_in_a_span(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    event = {**EXAMPLES["registration"], "event_id": "for-jan@example.com"}
    async with traced_door(tmp_path) as door:
        await door.post("registrations", event, shop="shop2")
        await delivered(door)
        await door.get("events/for-jan%40example.com", shop="shop2")
    said = " ".join(f"{one.name} {dict(one.attributes)}" for one in spans.get_finished_spans())
    assert said
    assert "jan" not in said
    assert "@" not in said


async def test_a_request_that_is_refused_has_its_status_and_a_call_that_fails_its_error(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with open_door(tmp_path, traces=True) as door:  # nobody answers at the account's address
        await door.post("registrations", {}, shop="shop2")
        await door.post("registrations", EXAMPLES["registration"], shop="shop2")
        await delivered(door)
    assert [one.attributes["http.response.status_code"] for one in named(spans, "POST /v1")] == [422, 202]
    assert {one.status.status_code for one in named(spans, "POST /api")} == {StatusCode.ERROR}


async def test_where_nobody_traces_nothing_is_stored(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    async with traced_door(tmp_path, traces=False) as door:
        await door.post("registrations", EXAMPLES["registration"], shop="shop2", traceparent=CALLER)
        async with door.gateway.delivery._store.work() as work:
            assert list((await work.traces.requests_of([1])).values()) == [("shop2", "registration", "")]
        await delivered(door)
    assert spans.get_finished_spans() == ()


def test_without_the_extra_the_setting_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(BadConfiguration, match="otel"):
        tracing.provider()
