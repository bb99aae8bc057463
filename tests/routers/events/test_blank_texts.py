"""A blank text says no more than an empty one, in whichever field it stands (R10)."""

import copy

import pytest

from app.routers.events.endpoints import EVENTS, ShopEvent
from app.routers.events.examples import EXAMPLES
from tests.routers.events.suggestions import paths_of, placed, posted
from tests.support.gateways import Door


@pytest.mark.parametrize("event", EVENTS, ids=[event.path for event in EVENTS])
async def test_r10_a_blank_text_is_an_empty_one_in_every_field(door: Door, event: ShopEvent) -> None:
    right, differing, number = EXAMPLES[event.body.wire_type], [], 0
    for path in paths_of(event.body):
        found = []
        for text in ("", " ", "\t\u00a0\u2003"):
            body = placed(copy.deepcopy(right), path, text)
            number += 1
            if path != ("event_id",):
                body["event_id"] = f"e{number}"
            answer = await posted(door, event.path, body)
            said = answer.json()
            found.append((answer.status_code, said.get("warnings"), [one["field"] for one in said.get("errors", ())]))
        if found[1:] != found[:1] * 2:
            differing.append((path, found))
    assert differing == []
