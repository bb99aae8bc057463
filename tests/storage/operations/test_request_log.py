"""Requests that the door remembers, in both stores."""

from datetime import timedelta

from app.domain.operations.request_log import DoorRequest, RequestOutcome
from app.storage.unit_of_work import Store
from tests.support.builders import NOON, a_door_request, at


async def add(store: Store, *requests: DoorRequest) -> None:
    async with store.work() as work:
        await work.requests.add(requests)
        await work.commit()


async def recent(store: Store, shop: str | None, *outcomes: RequestOutcome, after: int | None = None, limit: int = 10) -> list[str]:
    async with store.work() as work:
        return [one.id for _, one in await work.requests.recent(shop, outcomes, after, limit)]


async def test_r93_the_newest_requests_come_back_whole_and_oldest_first(store: Store) -> None:
    await add(store, *(a_door_request(number) for number in range(5)))
    async with store.work() as work:
        found = await work.requests.recent("shop1", (), None, 3)
    assert [one for _, one in found] == [a_door_request(number) for number in (2, 3, 4)]


async def test_requests_that_follow_a_number_are_found_without_gap(store: Store) -> None:
    await add(store, *(a_door_request(number) for number in range(5)))
    async with store.work() as work:
        first = await work.requests.recent(None, (), 0, 2)
    assert [one.id for _, one in first] == ["r0", "r1"]
    assert await recent(store, None, after=first[-1][0]) == ["r2", "r3", "r4"]


async def test_a_shop_sees_its_own_requests_of_the_outcomes_asked_for(store: Store) -> None:
    taken = RequestOutcome.TAKEN
    await add(
        store, a_door_request(1), a_door_request(2, outcome=taken), a_door_request(3, shop="shop2"), a_door_request(4, shop=None)
    )
    assert await recent(store, "shop1") == ["r1", "r2"]
    assert await recent(store, "shop1", taken) == ["r2"]
    assert await recent(store, None) == ["r1", "r2", "r3", "r4"]


async def test_of_an_outcome_only_the_newest_ones_stay_and_others_are_left_alone(store: Store) -> None:
    others = a_door_request(8, shop="shop2"), a_door_request(9, outcome=RequestOutcome.TAKEN)
    await add(store, *others, *(a_door_request(number) for number in range(5)))
    async with store.work() as work:
        await work.requests.keep("shop1", RequestOutcome.REFUSED, 2)
        await work.requests.keep("shop2", RequestOutcome.REFUSED, 2)
        await work.commit()
    assert await recent(store, None) == ["r8", "r9", "r3", "r4"]


async def test_a_request_is_found_by_its_id(store: Store) -> None:
    await add(store, a_door_request(1), a_door_request(2))
    async with store.work() as work:
        assert await work.requests.find("r2") == a_door_request(2)
        assert await work.requests.find("r3") is None


async def test_requests_older_than_a_time_are_removed_and_younger_ones_stay(store: Store) -> None:
    await add(store, *(a_door_request(number) for number in range(4)))
    async with store.work() as work:
        assert await work.cleaning.requests(at(NOON) + timedelta(seconds=2)) == 2
        await work.commit()
    assert await recent(store, None) == ["r2", "r3"]
