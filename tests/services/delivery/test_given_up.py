"""Claims in a row that do nothing: counted, noted where it goes on, and over once something is done."""

import pytest

from app.observability.metrics import registry
from app.services.delivery.given_up import FORGOTTEN_AFTER, IN_A_ROW, GivenUp
from app.services.health.alarm_raising import TroubleWatch
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from tests.support.world import World, orders

MAIN = "account:main"
ALARM = {(MAIN, "claims_given_up")}


def alarms(world: World) -> TroubleWatch:
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    return TroubleWatch(world.store, operations, RequestLog(world.store), world.directory, world.clock)


async def give_up(given_up: GivenUp, world: World, times: int, seconds: float) -> None:
    for _ in range(times):
        await given_up.ended(MAIN, anything_done=False)
        world.clock.advance(seconds=seconds)


async def test_claims_that_do_nothing_for_a_minute_are_an_alarm_until_one_does_something(world: World) -> None:
    given_up, watch = GivenUp(world.store, world.clock), alarms(world)
    await give_up(given_up, world, IN_A_ROW + 2, 15)
    assert await watch.alarms() == ALARM
    await given_up.ended(MAIN, anything_done=True)
    assert await watch.alarms() == set()


@pytest.mark.parametrize(("times", "seconds"), [(IN_A_ROW - 1, 60), (20, 1)])
async def test_a_few_of_them_or_many_within_a_moment_are_none(world: World, times: int, seconds: float) -> None:
    await give_up(GivenUp(world.store, world.clock), world, times, seconds)
    assert await alarms(world).alarms() == set()


async def test_one_that_does_something_in_between_begins_the_count_anew(world: World) -> None:
    given_up = GivenUp(world.store, world.clock)
    for _ in range(5):
        await give_up(given_up, world, IN_A_ROW - 1, 30)
        await given_up.ended(MAIN, anything_done=True)
    assert await alarms(world).alarms() == set()


async def test_the_alarm_ends_by_itself_when_the_process_is_gone_or_nothing_waits_any_more(world: World) -> None:
    await give_up(GivenUp(world.store, world.clock), world, IN_A_ROW + 2, 15)
    world.clock.advance(seconds=FORGOTTEN_AFTER.total_seconds())
    assert await alarms(world).alarms() == set()


async def test_a_delivery_whose_slot_is_late_every_time_counts_its_claims_and_one_that_sends_ends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.post(orders("o1"))
    await world.plan()

    async def too_late(*_: object, **__: object) -> None:
        """Nothing is sent: as where every slot is lost."""

    before = counted()
    with monkeypatch.context() as patched:
        patched.setattr("app.services.delivery.senders.salesmanago_sender.send", too_late)
        for _ in range(IN_A_ROW + 2):
            assert await world.delivery.deliver_due(MAIN) == 1
            world.clock.advance(seconds=15)
    assert counted() - before == IN_A_ROW + 2
    assert await alarms(world).alarms() == ALARM
    assert world.upstream.calls == []
    await world.run()
    assert await alarms(world).alarms() == set()
    assert [event.external_id for event in world.upstream.events] == ["o1"]


def counted() -> float:
    return registry.get_sample_value("gateway_claims_given_up_total", {"destination": MAIN}) or 0.0
