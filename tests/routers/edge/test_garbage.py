"""What a request leaves behind goes by itself: a search for cycles walks through everything that is young, and all wait for it."""

import gc
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from app.routers.events.examples import EXAMPLES
from app.server.application import application_of
from tests.support.gateways import Door

ORDER = EXAMPLES["order"]
REQUESTS = 10


@pytest.fixture
def unsearched() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def _order(number: int) -> dict[str, Any]:
    return {**deepcopy(ORDER), "event_id": f"order-{number}"}


@pytest.mark.usefixtures("unsearched")
@pytest.mark.parametrize(
    ("path", "body_of"),
    [("orders", _order), ("events", lambda number: [{"type": "order", **_order(number * 10 + at)} for at in range(10)])],
)
async def test_an_accepted_event_leaves_no_cycles(door: Door, path: str, body_of: Any) -> None:
    app, key = application_of(door.gateway), door.auth("shop1")["Authorization"].encode()

    async def post(number: int) -> None:
        body = json.dumps(body_of(number)).encode()
        headers = [(b"authorization", key), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        scope = {"type": "http", "method": "POST", "path": f"/v1/shops/shop1/{path}", "query_string": b"", "headers": headers}
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await app(scope, receive, send)
        assert statuses == [202]

    for number in range(20):  # what is made once is made now
        await post(number)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    for number in range(20, 20 + REQUESTS):
        await post(number)
    gc.collect()
    assert len(gc.garbage) < REQUESTS, [type(one) for one in gc.garbage]
