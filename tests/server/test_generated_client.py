"""The client that is generated from openapi.yaml posts every event and reads the receipt."""

import importlib
import sys
from typing import Any

import httpx
import pytest

from app.routers.events.endpoints import EVENTS
from app.routers.events.examples import EXAMPLES, in_batch
from app.routers.events.schemas import BATCHABLE
from app.server.application import openapi
from tests.support.gateways import Door
from tools.clients import PYTHON_CLIENT, typescript_check

pytestmark = pytest.mark.skipif(not PYTHON_CLIENT.is_dir(), reason="no client was generated: python -m tools.clients")


def part(name: str) -> Any:
    if str(PYTHON_CLIENT.parent) not in sys.path:
        sys.path.insert(0, str(PYTHON_CLIENT.parent))
    return importlib.import_module(f"{PYTHON_CLIENT.name}{name}")


def test_the_generated_client_has_every_operation() -> None:
    named = {operation["operationId"] for operations in openapi()["paths"].values() for operation in operations.values()}
    assert named - {path.stem for path in (PYTHON_CLIENT / "api").rglob("*.py")} == set()


def client_of(door: Door, key: str) -> Any:
    client = part("").AuthenticatedClient(base_url="http://gateway.test", token=key)
    transport = httpx.ASGITransport(door.app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    return client.set_async_httpx_client(httpx.AsyncClient(transport=transport, base_url="http://gateway.test", headers=headers))


async def test_the_generated_client_posts_every_event_and_reads_its_receipt(door: Door) -> None:
    for event in EVENTS:
        operation = part(f".api.shop_events.{event.name}")
        model = getattr(part(".models"), event.body.__name__.removesuffix("In"))
        example = EXAMPLES[event.body.wire_type]
        answer = await operation.asyncio_detailed(
            "shop1", client=client_of(door, door.keys["shop1"]), body=model.from_dict(example)
        )
        assert answer.status_code == 202, answer.content
        assert (answer.parsed.event_id, answer.parsed.result) == (example["event_id"], "accepted")
        assert answer.parsed.warnings == []


async def test_the_generated_client_posts_a_batch_of_all_kinds(door: Door) -> None:
    models = part(".models")
    items = [
        getattr(models, f"Batched{BATCHABLE[item['type']].__name__.removesuffix('In')}").from_dict(item)
        for item in in_batch(*BATCHABLE)
    ]
    operation = part(".api.shop_events.events_batch")
    answer = await operation.asyncio_detailed("shop1", client=client_of(door, door.keys["shop1"]), body=items)
    assert answer.status_code == 202, answer.content
    assert answer.parsed.accepted == len(BATCHABLE)


async def test_the_generated_client_posts_a_list_of_subscribers(door: Door) -> None:
    operation, file = part(".api.shop_first_transfer.import_subscribers"), part(".types").File
    lines = b"email;email_consent_at\newa.nowak@example.com;2025-03-18 18:49:21\n"
    answer = await operation.asyncio_detailed("shop1", client=client_of(door, door.keys["shop1"]), body=file(payload=lines))
    assert (answer.status_code, answer.parsed.accepted, answer.parsed.rejected) == (202, 1, 0), answer.content


async def test_the_generated_client_reads_a_problem(door: Door) -> None:
    operation, model = part(".api.shop_events.erasure_requested"), part(".models").Erasure
    answer = await operation.asyncio_detailed("shop1", client=client_of(door, "nobody"), body=model.from_dict(EXAMPLES["erasure"]))
    assert (answer.status_code, answer.parsed.status, answer.parsed.type_) == (401, 401, "/problems/unknown-caller")


def test_the_program_in_typescript_has_every_event() -> None:
    program = typescript_check()
    assert all(f"const {event.name}:" in program for event in EVENTS)
