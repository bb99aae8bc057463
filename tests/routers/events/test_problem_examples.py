"""The example in a problem document is right for that field of that endpoint: put in place, it is taken (R93)."""

import asyncio
import copy
from itertools import count
from typing import Any

import pytest

from app.routers.events.endpoints import EVENTS, ShopEvent
from app.routers.events.examples import EXAMPLES
from tests.routers.events.suggestions import MISSING, Path, mended, paths_of, placed
from tests.support.gateways import Door

WRONG: tuple[Any, ...] = ("\u0000", "", " ", 7, -1, True, None, [], [7], {}, {"x": 1}, "x" * 5000, [[]], [{}], {"0": []})


@pytest.mark.parametrize("event", EVENTS, ids=[event.path for event in EVENTS])
async def test_r93_the_example_of_every_field_of_every_event_is_taken_in_its_place(door: Door, event: ShopEvent) -> None:
    right, refused, numbers = EXAMPLES[event.body.wire_type], [], count(1)

    async def is_taken(path: Path, wrong: Any) -> None:
        body = placed(copy.deepcopy(right), path, wrong)
        if path != ("event_id",):
            body["event_id"] = f"e{next(numbers)}"
        answer = await mended(door, event.path, body)
        if answer.status_code not in (202, 409):  # 409: the example of an id was taken before
            refused.append((path, wrong, answer.json()["errors"]))

    for path in paths_of(event.body):
        await asyncio.gather(*(is_taken(path, wrong) for wrong in (MISSING, *WRONG)))  # what comes together is stored together
    assert refused == []
