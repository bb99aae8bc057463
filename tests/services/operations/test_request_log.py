"""The door remembers: a bounded number of requests, written together."""

import pytest

from app.domain.errors import NotFound, NotReady
from app.domain.operations.request_log import AT_ONCE, KEPT, RequestOutcome
from app.domain.values import replace
from app.services.operations.request_log import TRIM_EVERY, RequestLog
from app.storage.unit_of_work import Store
from tests.support.builders import a_door_request

REFUSED = RequestOutcome.REFUSED


def note(log: RequestLog, number: int, shop: str = "shop1") -> None:
    if log.has_room(shop, REFUSED):
        log.note(a_door_request(number, shop))


async def test_r93_what_was_not_written_yet_is_shown_as_well(store: Store) -> None:
    log = RequestLog(store)
    note(log, 1)
    assert [one.id for _, one in await log.recent("shop1")] == ["r1"]
    assert [one.id for _, one in await log.recent("shop1")] == ["r1"]


async def test_a_flood_is_counted_and_another_shop_loses_nothing(store: Store) -> None:
    log, kept = RequestLog(store), AT_ONCE[REFUSED]
    for number in range(kept + 7):
        note(log, number)
    note(log, 1000, "shop2")
    assert len(await log.recent("shop1", limit=500)) == kept
    assert len(await log.recent("shop2")) == 1
    note(log, 2000)
    newest = (await log.recent("shop1"))[-1][1]
    assert newest == replace(a_door_request(2000), not_kept=7)


async def test_of_every_outcome_a_bounded_number_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.operations.request_log.KEPT", {**KEPT, REFUSED: 5})
    log = RequestLog(store)
    for number in range(TRIM_EVERY + 1):
        note(log, number)
        await log.write()
    assert len(await log.recent("shop1")) == 5


async def test_requests_survive_a_store_that_takes_nothing_for_a_while(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = RequestLog(store)
    note(log, 1)
    with monkeypatch.context() as broken:
        broken.setattr(store, "work", _closed)
        with pytest.raises(NotReady):
            await log.write()
    assert [one.id for _, one in await log.recent("shop1")] == ["r1"]


def _closed() -> None:
    raise NotReady


async def test_a_shop_finds_its_own_request_and_no_other_shops(store: Store) -> None:
    log = RequestLog(store)
    note(log, 1)
    assert (await log.one("r1", "shop1")).id == "r1"
    with pytest.raises(NotFound):
        await log.one("r1", "shop2")
    with pytest.raises(NotFound):
        await log.one("r2")
