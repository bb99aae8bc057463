"""Each shop of an account in its turn."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.domain.commands import AddEvent, UpsertContact
from app.domain.delivery.outbox import BACKGROUND_PER_CLAIM
from app.domain.delivery.outcomes import Delivered, Throttled, Unknown, Unreachable
from app.services.delivery.loop import CLAIMS_IN_FLIGHT, CLAIMS_OF_ONE_PROCESS
from app.storage.engine.database import Database
from app.storage.engine.tables import attempts, contact_queues
from tests.conftest import Clock
from tests.services.delivery.workers.many import MAIN, a_worker, claimed
from tests.support.gate import Gate
from tests.support.world import World, a_shop, orders, registers, scripted, tags

# -- each shop in its turn -----------------------------------------------------------------------------------------------


@pytest.fixture
async def three(database: Database, clock: Clock) -> World:
    """Three shops on one account; the second has a long backlog."""
    world = World(database, clock)
    await world.configure(*(a_shop(f"shop{n}", number=n, host=f"s{n}.example", location=f"s{n}_example") for n in (1, 2, 3)))
    return world


async def test_the_backlog_of_one_shop_does_not_stand_before_the_few_of_another(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(30)), shop="shop2")
    await three.post(registers("late1@example.pl"), shop="shop1")
    await three.post(*(registers(f"late3-{n}@example.pl") for n in range(3)), shop="shop3")
    await three.plan()
    claims = await claimed(three, 10)
    assert Counter(one.shop_id for one in claims) == Counter({"shop2": 6, "shop3": 3, "shop1": 1})
    assert [one.shop_id for one in claims[:6]] == ["shop1", "shop2", "shop3", "shop2", "shop3", "shop2"]


async def test_within_a_shop_who_is_due_first_comes_first(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(5)), shop="shop2")
    await three.plan()
    async with three.database.transaction() as connection:
        ids = list((await connection.execute(select(contact_queues.c.contact_id).order_by(contact_queues.c.contact_id))).scalars())
        for seconds, number in enumerate(reversed(ids)):
            earlier = three.clock() - timedelta(seconds=60 - seconds)
            await connection.execute(update(contact_queues).where(contact_queues.c.contact_id == number).values(due_at=earlier))
        await connection.commit()
    assert [one.contact_id for one in await claimed(three, 3)] == list(reversed(ids))[:3]


async def test_a_disabled_shop_is_not_served_and_costs_the_others_nothing(three: World) -> None:
    for shop in ("shop1", "shop2", "shop3"):
        await three.post(*(registers(f"{shop}-{n}@example.pl") for n in range(4)), shop=shop)
    await three.plan()
    claims = await claimed(three, 6, shops=["shop2"])
    assert Counter(one.shop_id for one in claims) == Counter({"shop1": 3, "shop3": 3})


@pytest.mark.parametrize("places", [CLAIMS_IN_FLIGHT, CLAIMS_OF_ONE_PROCESS])
async def test_r63_a_live_contact_does_not_wait_for_jobs_of_a_list(world: World, places: int) -> None:
    """They may take SALESmanago minutes. Whoever comes now needs one call."""
    people = [f"c{n:04}@example.pl" for n in range(places * BACKGROUND_PER_CLAIM + 1)]
    await world.post(*(registers(email) for email in people))
    await world.plan()
    async with world.database.transaction() as connection:
        await connection.execute(update(contact_queues).values(priority=1))
        await connection.commit()
    gate, worker = Gate(world), a_worker(world, claims_in_flight=places)
    listed = [asyncio.create_task(worker.deliver_due(MAIN)) for _ in range(places - 1)]
    for _ in listed:
        await asyncio.wait_for(gate.entered.acquire(), 10)
    assert await worker.deliver_due(MAIN) == 0
    await world.post(registers("live@example.pl"))
    await world.plan()
    live = asyncio.create_task(worker.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    assert [one.email for one in world.upstream.calls[-1][1]] == ["live@example.pl"]
    gate.go.set()
    assert sum(await asyncio.gather(*listed, live)) == len(listed) * BACKGROUND_PER_CLAIM + 1
    await world.deliver()
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter([*people, "live@example.pl"])
    await world.at_rest()


async def test_a_live_contact_of_any_shop_comes_before_the_background_of_every_other(three: World) -> None:
    for shop in ("shop1", "shop3"):
        await three.post(*(registers(f"{shop}-{n}@example.pl") for n in range(BACKGROUND_PER_CLAIM)), shop=shop)
    await three.plan()
    async with three.database.transaction() as connection:
        await connection.execute(update(contact_queues).values(priority=1))
        await connection.commit()
    await three.post(registers("live@example.pl"), shop="shop2")
    await three.plan()
    assert [one.shop_id for one in await claimed(three)] == ["shop2"]
    background = await claimed(three)
    assert Counter(one.shop_id for one in background) == Counter(
        {"shop1": BACKGROUND_PER_CLAIM // 2, "shop3": BACKGROUND_PER_CLAIM // 2}
    )


async def test_what_is_not_due_yet_takes_no_place_of_what_is(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(5)), shop="shop1")
    await three.plan()
    async with three.database.transaction() as connection:
        await connection.execute(update(contact_queues).values(due_at=three.clock() + timedelta(hours=1)))
        await connection.commit()
    await three.post(registers("now@example.pl"), shop="shop3")
    await three.plan()
    assert [one.shop_id for one in await claimed(three, 1)] == ["shop3"]
    assert await claimed(three) == []


async def test_a_shop_claimed_by_another_worker_is_passed_over_and_the_round_robin_goes_on(three: World) -> None:
    for shop in ("shop1", "shop2", "shop3"):
        await three.post(*(registers(f"{shop}-{n}@example.pl") for n in range(4)), shop=shop)
    await three.plan()
    first, second = await claimed(three, 6), await claimed(three, 6)
    assert not {one.contact_id for one in first} & {one.contact_id for one in second}
    for claims in (first, second):
        assert Counter(one.shop_id for one in claims) == Counter({"shop1": 2, "shop2": 2, "shop3": 2})
    assert await claimed(three) == []


async def test_claims_of_two_workers_at_the_same_moment_share_nobody(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(40)), shop="shop2")
    await three.plan()
    found = await asyncio.gather(*(a_worker(three).claims.claim(MAIN) for _ in range(4)))
    people = [claim.contact_id for claims, _ in found for claim in claims]
    assert len(people) == len(set(people)) == 40
    assert sum(1 for claims, _ in found if claims) <= CLAIMS_IN_FLIGHT


async def test_all_shops_arrive_whole_whatever_fails_on_the_way(three: World) -> None:
    expected = Counter[str]()
    for number in range(20):
        for shop in ("shop1", "shop2", "shop3"):
            if shop == "shop2" or number % 5 == 0:
                email = f"{shop}-{number}@example.pl"
                await three.post(registers(email), tags(1, email=email, added=("vip",)), shop=shop)
                expected[email] += 1
    await three.plan()
    three.upstream.respond = scripted(
        Throttled(5.0), Delivered(), Unreachable("down"), Unknown("timeout"), Delivered(), Throttled()
    )
    workers = [a_worker(three) for _ in range(3)]
    for _ in range(60):
        await asyncio.gather(*(worker.deliver_due(MAIN) for worker in workers))
        three.clock.advance(seconds=20)
    assert {email: tags for email, tags in three.upstream.contacts.items() if "idosell_vip" not in tags} == {}
    assert set(three.upstream.contacts) == set(expected)
    await three.at_rest()


async def test_every_attempt_of_many_workers_stands_in_the_trace_once(world: World) -> None:
    await world.post(*(orders(f"o{n}", f"c{n}@example.pl") for n in range(30)))
    await world.plan()
    world.upstream.respond = scripted(Unknown("timeout"), method="add_events")
    workers = [a_worker(world) for _ in range(4)]
    for _ in range(10):
        await asyncio.gather(*(worker.deliver_due(MAIN) for worker in workers))
        world.clock.advance(seconds=30)
    assert Counter(one.external_id for one in world.upstream.sent(AddEvent)) == Counter({f"o{n}": 1 for n in range(30)})
    async with world.database.transaction() as connection:
        rows = [tuple(row) for row in await connection.execute(select(attempts.c.command_id, attempts.c.number))]
    assert len(rows) == len(set(rows))
    await world.at_rest()
