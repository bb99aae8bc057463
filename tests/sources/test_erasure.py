"""Pushes that nobody could read, and somebody who is erased (M1-M3), on both databases."""

from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest

from app.domain.event_parts import Customer
from app.domain.events import AccountChanged, CustomerRegistered, ErasureRequested
from app.domain.intake.inbox import NewEvent
from app.domain.intake.pushes import NAMES_ERASED, PushState
from app.services.planning.planner import Planner
from tests.sources.stage import Stage, source_shop
from tests.support.builders import an_order, at
from tests.support.world import UNHURRIED

ANNA, FORMER, OLA = "anna@example.com", "anna.kowalska@example.com", "ola@example.com"
PHONE = "+48600100200"
UNREADABLE = [
    f"email={quote(ANNA)}&nothing=known".encode(),
    f'{{"results": [{{"mail": "{FORMER.upper()}"}}]}}'.encode(),
    b'{"results": [{"tel": "600 100 200"}]}',
    b'{"wrong": [{"clientId": 7}]}',
    b'{"wrong": [{"orderSerialNumber": 5501}]}',
]


async def happened(stage: Stage, *events: Any) -> None:
    for number, event in enumerate(events):
        name = f"{type(event).__name__}-{number}"
        await stage.intake.accept([NewEvent(stage.shops[0].id, name, name, event, name)])
    planner = Planner(stage.store, stage.directory, stage.clock, stage.pseudonym, lambda: None, limits=UNHURRIED)
    while await planner.plan_due():
        pass


def anna_is_known() -> list[Any]:
    registered = CustomerRegistered(at=at("2026-01-02T10:00"), customer=Customer(email=FORMER, id="7", phone=PHONE))
    renamed = AccountChanged(at=at("2026-01-02T11:00"), customer=Customer(email=ANNA, id="7"), previous_email=FORMER)
    return [registered, renamed, an_order("2026-01-02T12:00", order_id="5501", customer=Customer(email=ANNA, id="7"))]


def erasure() -> Any:
    return ErasureRequested(at=at("2026-01-03T10:00"), email=ANNA)


async def kept(stage: Stage) -> list[str | None]:
    """What the bodies are that are kept, the oldest first."""
    lines = reversed(await stage.pushes.lines(state=PushState.NOT_UNDERSTOOD))
    async with stage.store.work() as work:
        bodies = [await work.pushes.body(line.id) for line in lines]
    return [body.decode() if body is not None else None for body in bodies]


async def test_m1_unreadable_pushes_that_name_somebody_lose_their_bodies_when_they_are_erased(stage: Stage) -> None:
    await happened(stage, *anna_is_known())
    others = [b'{"mail": "joanna@example.com"}', b'{"tel": "600 100 201"}', b'{"wrong": [{"clientId": 71}]}']
    for body in [*UNREADABLE, *others]:
        await stage.push("clientUpdated", body)
    await stage.translated()
    assert None not in await kept(stage)
    await happened(stage, erasure())
    assert await kept(stage) == [None, None, None, None, None, *(body.decode() for body in others)]
    words = [one.words for one in reversed(await stage.pushes.lines())]
    assert words[:5] == [NAMES_ERASED] * 5
    assert NAMES_ERASED not in words[5:]


@pytest.mark.parametrize("body", UNREADABLE[:2])
async def test_m3_an_unreadable_push_that_comes_after_the_erasure_is_not_kept_either(stage: Stage, body: bytes) -> None:
    await happened(stage, *anna_is_known(), erasure())
    await stage.push("clientUpdated", body)
    await stage.push("clientUpdated", f'{{"mail": "{OLA}"}}'.encode())
    (first, second) = await stage.translated()
    assert (first.state, first.words) == (PushState.NOT_UNDERSTOOD, NAMES_ERASED)
    assert second.words != NAMES_ERASED
    assert await kept(stage) == [None, f'{{"mail": "{OLA}"}}']


async def test_m1_a_push_of_another_panel_is_looked_through_by_its_own_shops_alone(stage: Stage) -> None:
    await stage.push("clientUpdated", UNREADABLE[0])
    await stage.translated()
    elsewhere = source_shop().source.__class__(kind=source_shop().source.kind, name="999")
    await stage.configure(source_shop(source=elsewhere))
    await happened(stage, erasure())
    assert None not in await kept(stage)


async def remembered(stage: Stage) -> list[str]:
    """Keys of what was seen of newsletters and baskets."""
    ids = [shop.id for shop in stage.shops]
    async with stage.store.work() as work:
        return [key for prefix in ("news:", "basket:") for _, key in await work.pushes.keys_after(ids, prefix, "", 100)]


async def test_m1_what_is_remembered_of_a_guest_cannot_be_guessed_and_is_forgotten_with_them(stage: Stage) -> None:
    at_, items = "2026-01-02 10:00:00", [{"id": "1", "quantity": 1, "price": "5.00"}]
    for email in (ANNA, OLA):
        await stage.webhooki({"event": "newsletter_email", "email": email, "state": "y", "date": at_, "shop_id": 1})
        await stage.webhooki({"event": "basket", "email": email, "items": items, "date": at_, "shop_id": 1})
    assert {line.state for line in await stage.translated()} == {PushState.TRANSLATED}
    keys, told = await remembered(stage), await stage.events()
    assert (len(keys), len(told)) == (4, 4)
    unkeyed = [sha256(text.encode()).hexdigest()[:16] for email in (ANNA, OLA) for text in (email, repr((email,)))]
    stored = [*keys, *(one.event_id for one in told), *(str(getattr(one.event, "cart_id", "")) for one in told)]
    assert not [text for text in stored if any(part in text for part in unkeyed)]
    await happened(stage, erasure())
    left = await remembered(stage)
    assert len(left) == 2
    assert set(left) < set(keys)
