"""What raises an alarm beside each shop's health (L5)."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from app.domain.delivery.outcomes import Delivered, Unreachable
from app.domain.operations.request_log import RequestOutcome
from app.domain.runs.reconciliation import Phase, Reconciliation, ReconciliationMode
from app.domain.shops.configuration import READER_ROLE
from app.domain.values import replace
from app.services.health.alarm_raising import LAST_REQUESTS, TroubleWatch, alarms_of
from app.services.health.health import Report
from app.services.health.problems import ShopHealth
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from tests.support.builders import a_door_request
from tests.support.world import JAN, World, a_shop, registers, subscribes
from tests.support.worlds.changes import resigned


def watch(world: World, requests: RequestLog | None = None) -> TroubleWatch:
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    return TroubleWatch(world.store, operations, requests or RequestLog(world.store), world.directory, world.clock)


async def test_a_quiet_gateway_raises_nothing(world: World) -> None:
    assert await watch(world).alarms() == set()


WELL = ShopHealth("shop1", 0.0, False, False, True, False, {}, 0, 0, 0.0, False, 0)
RAISED = {
    "late": "events_late",
    "receipt_missing": "receipt_missing",
    "consent_box_seems_hidden": "consent_box_seems_hidden",
    "manual_tasks": "hand_work_waits",
}
"""What is measured of a shop -> the alarm it is by itself."""
NO_ALARM = {
    "shop_id": "whose health it is",
    "oldest_waiting_seconds": "`late` says whether it is too long",
    "oldest_receipt_seconds": "`receipt_missing` says whether it is too long",
    "enabled": "a person decided it",
    "shadow": "a person decided it",
    "events": "a count",
    "conflicts": "a person may look at any time: nothing waits for it",
    "differences": "`sides_differ` is raised of the last comparison",
    "transfer_waits": "whoever began the transfer looks at it",
}


@pytest.mark.parametrize("measure", [one.name for one in dataclasses.fields(ShopHealth)])
def test_every_measure_of_a_shop_is_an_alarm_or_is_named_here_as_none(measure: str) -> None:
    was = getattr(WELL, measure)
    worse: Any = {str: "shop2", float: 99.0, bool: not was, int: 3, dict: {"received": 9}}[type(was)]
    raised = {what for _, what in alarms_of(Report(True, (), (dataclasses.replace(WELL, **{measure: worse}),)))}
    assert raised == {RAISED[measure]} if measure in RAISED else measure in NO_ALARM and not raised


async def test_a_destination_that_takes_nothing_is_an_alarm_after_five_minutes(world: World) -> None:
    await world.post(registers())
    world.upstream.respond = lambda method, items: Unreachable("ConnectError")
    await world.run()
    assert await watch(world).alarms() == set()
    world.clock.advance(minutes=5)
    assert await watch(world).alarms() == {("account:main", "takes_nothing")}
    world.upstream.respond = lambda method, items: Delivered()
    await world.run()
    assert await watch(world).alarms() == set()


async def test_a_destination_for_which_nothing_waits_any_more_is_no_alarm_though_it_never_answered(world: World) -> None:
    """The person went back to what the shop shows, before that could be asked."""
    await world.post(registers(), subscribes(JAN))
    await world.run()
    world.side.respond = lambda command: Unreachable("ConnectError")
    await world.post(resigned(1))
    await world.run()
    world.clock.advance(minutes=6)
    assert await watch(world).alarms() == {("newsletter:shop1", "takes_nothing")}
    await world.post(subscribes(JAN, 3))
    await world.run_for(hours=0.1)
    assert (await world.breaker("newsletter:shop1")).is_down
    assert await watch(world).alarms() == set()


async def test_r91_a_disabled_shop_whose_panel_was_down_is_no_alarm_and_what_waits_is_not_said_to_be_on_its_way(
    world: World,
) -> None:
    await world.post(registers(), subscribes(JAN))
    await world.run()
    world.side.respond = lambda command: Unreachable("ConnectError")
    await world.post(resigned(1))
    await world.run()
    world.clock.advance(minutes=6)
    await world.configure(a_shop(enabled=False))
    assert await watch(world).alarms() == set()
    lines = await Operations(world.store, world.directory, world.clock, lambda: None).lines()
    (line,) = [one for one in lines if one.waiting]
    assert (line.destination, line.is_disabled, line.takes_nothing) == ("newsletter:shop1", True, False)
    await world.configure(a_shop())
    world.side.respond = lambda command: Delivered()
    await world.run_for(hours=0.05, steps=3)
    assert [one for one in await Operations(world.store, world.directory, world.clock, lambda: None).lines() if one.waiting] == []


async def test_a_shop_of_which_every_request_is_refused_is_an_alarm_and_one_taken_request_ends_it(world: World) -> None:
    requests = RequestLog(world.store)
    for number in range(LAST_REQUESTS):
        assert await watch(world, requests).alarms() == set()
        requests.note(replace(a_door_request(number), at=world.clock()))
    assert await watch(world, requests).alarms() == {("shop1", "requests_all_refused")}
    requests.note(replace(a_door_request(99, outcome=RequestOutcome.TAKEN), at=world.clock()))
    assert await watch(world, requests).alarms() == set()


async def test_refusals_of_long_ago_are_no_alarm(world: World) -> None:
    requests = RequestLog(world.store)
    for number in range(LAST_REQUESTS):
        requests.note(replace(a_door_request(number), at=world.clock() - timedelta(hours=2)))
    assert await watch(world, requests).alarms() == set()


async def test_webhooks_that_are_taken_hide_no_refused_requests_of_the_shop_nor_the_reverse(world: World) -> None:
    for doors in (("/v1/shops/shop1/orders", "/sources/idosell/1234"), ("/sources/idosell/1234", "/v1/shops/shop1/orders")):
        requests, (wrong, right) = RequestLog(world.store), doors
        watching = watch(world, requests)
        for number in range(LAST_REQUESTS):
            refused = a_door_request(number, outcome=RequestOutcome.UNKNOWN_KEY)
            requests.note(replace(refused, at=world.clock(), path=wrong))
            requests.note(replace(a_door_request(number, outcome=RequestOutcome.TAKEN), at=world.clock(), path=right))
            world.clock.advance(seconds=1)
            await requests.write()
        assert await watching.alarms() == {("shop1", "requests_all_refused")}
        assert await watching.alarms() == {("shop1", "requests_all_refused")}, "it lasts while nothing new comes"
        requests.note(replace(a_door_request(99, outcome=RequestOutcome.TAKEN), at=world.clock(), path=wrong))
        assert await watching.alarms() == set()


async def test_a_key_is_an_alarm_two_weeks_before_its_end_and_not_after_it(world: World) -> None:
    key = await world.directory.issue_key(None, READER_ROLE, expires_at=world.clock() + timedelta(days=15))
    assert await watch(world).alarms() == set()
    world.clock.advance(days=2)
    assert await watch(world).alarms() == {(key.split("_")[1], "key_ends_soon")}
    world.clock.advance(days=14)
    assert await watch(world).alarms() == set()


async def test_differences_of_the_last_comparison_are_an_alarm_until_one_finds_none(world: World) -> None:
    await compared(world, {"our_tag_missing": 2})
    assert await watch(world).alarms() == {("shop1", "sides_differ")}
    await compared(world, {})
    assert await watch(world).alarms() == set()


async def compared(world: World, causes: dict[str, int]) -> None:
    now = world.clock()
    run = Reconciliation(
        shop_id="shop1",
        mode=ReconciliationMode.PREVIEW,
        token="t",
        started_at=now,
        due_at=now,
        accounts_since=None,
        phase=Phase.FINISHED,
        causes=causes,
        finished_at=now,
    )
    async with world.store.work() as work:
        await work.reconciliations.add(run)
        await work.commit()
