"""A scan of the panel's stand-in, over its real API: what it finds, what it costs (R82)."""

from datetime import datetime, timedelta

import pytest

from app.domain.commands import MirrorTags
from app.domain.delivery.outbox import NewCommand, to_tags
from app.domain.delivery.outcomes import Throttled
from app.domain.events import (
    AccountChanged,
    CustomerRegistered,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    Subscribed,
    TagsEdited,
    Unsubscribed,
)
from app.domain.panel_tags import PanelTags
from app.domain.person.contact import Contact
from app.domain.person.sides import ShopState
from app.domain.values import replace
from app.sandbox.panel import Channel, Return
from app.sources.idosell.scans.scanning import Scanner
from app.sources.idosell.source import IdosellSource
from app.storage.unit_of_work import Store
from benchmarks import scan
from tests.conftest import Clock
from tests.sources.idosell.shopping import PAUSE, SOURCE, START, Shopping
from tests.sources.stage import Stage, source_shop
from tests.support.builders import at


async def test_r82_without_a_single_push_everything_is_found_by_the_scan(shopping: Shopping) -> None:
    anna = shopping.registers(1024)
    shopping.orders(12, anna)
    hurt = shopping.registers(1025, wholesaler=True)
    shopping.orders(13, hurt, type="t", source_type="price_comparer", source_name="Ceneo.pl")
    shopping.panel.say(anna, Channel.EMAIL, 1, True, shopping.now)
    shopping.panel.subscribe("ola@example.com", "", {(Channel.EMAIL, 1): True}, shopping.now)
    shopping.panel.staff_tags(anna, {"vip": 3, "salesmanago_shop1_menu": 5}, (), shopping.now)
    await shopping.scan()
    kinds = [type(one) for one in await shopping.told()]
    assert sorted(kinds, key=str) == sorted(
        [CustomerRegistered, CustomerRegistered, OrderPlaced, OrderPlaced, Subscribed, Subscribed, TagsEdited], key=str
    )
    orders = [one for one in await shopping.told() if isinstance(one, OrderPlaced)]
    assert [one.source for one in orders] == [None, "ceneo"]
    assert all(one.items[0].menu_paths == (("Obuwie", "Męskie"),) for one in orders)
    (tags,) = (one for one in await shopping.told() if isinstance(one, TagsEdited))
    assert tags.all_tags == ("vip",)


async def test_r82_what_was_found_is_not_stored_again_and_changes_are(shopping: Shopping) -> None:
    anna = shopping.registers(1024)
    order = shopping.orders(12, anna)
    await shopping.scan()
    before = len(await shopping.told())
    for _ in range(4):
        shopping.clock.advance(minutes=15)
        await shopping.scan()
    assert len(await shopping.told()) == before
    shopping.panel.edit(anna, {"email": "anna.nowak@example.com"}, shopping.now)
    order.status, order.changed_at = "canceled", shopping.now
    shopping.panel.say(anna, Channel.EMAIL, 1, True, shopping.now)
    shopping.panel.returns[1] = Return(1, 12, order.lines, shopping.now, 2, shopping.now, shopping.now)
    await shopping.scan_later()
    after = [type(one) for one in (await shopping.told())[before:]]
    assert sorted(after, key=str) == sorted([AccountChanged, OrderCancelled, OrderReturned, Subscribed], key=str)
    shopping.clock.advance(minutes=5)
    shopping.panel.say(anna, Channel.EMAIL, 1, False, shopping.now)
    await shopping.scan_later()
    last = (await shopping.told())[-1]
    assert isinstance(last, Unsubscribed)
    assert (last.email, last.confirmed) == ("anna.nowak@example.com", False)


async def test_r11_a_change_is_sent_within_twenty_minutes_by_the_scan_alone(shopping: Shopping) -> None:
    anna = shopping.registers(1024)
    await shopping.scan()
    shopping.clock.advance(minutes=1)
    shopping.panel.edit(anna, {"last_name": "Nowak"}, shopping.now)
    changed_at, before = shopping.clock(), len(await shopping.told())
    while len(await shopping.told()) == before:
        shopping.clock.advance(minutes=1)
        await shopping.scan()
    assert shopping.clock() - changed_at <= timedelta(minutes=20)


@pytest.mark.parametrize("accounts", [1, 2, 3])
async def test_r82_every_round_reads_the_tags_of_one_account_and_after_the_last_of_the_first(
    shopping: Shopping, accounts: int
) -> None:
    customers = [shopping.registers(1024 + number) for number in range(accounts)]
    await shopping.scan()
    read = []
    for number in range(3 * accounts):
        for customer in customers:
            shopping.panel.staff_tags(customer, {f"tag{number}": 1}, (), shopping.now)
        before = len(await shopping.told())
        await shopping.scan_later()
        (edit,) = (one for one in (await shopping.told())[before:] if isinstance(one, TagsEdited))
        read.append(edit.customer_id)
    assert sorted(read) == sorted(str(one.id) for one in customers for _ in range(3))
    assert read[accounts:] == read[:-accounts]


async def test_r30_a_reading_without_a_tag_that_was_written_is_news_each_time_though_staff_changed_nothing_of_their_own(
    shopping: Shopping,
) -> None:
    anna = shopping.registers(1024)
    await shopping.scan()
    known = Contact(email="c1024@example.com", customer_id="1024", shop_state=ShopState(tags=PanelTags(points={"koszyk": 2})))
    async with shopping.stage.store.work() as work:
        await work.contacts.add([("shop1", known, None)], shopping.clock())
        await work.commit()
    for names, mirrored in (({"salesmanago_shop1_koszyk": 2}, None), ({}, ()), ({}, ())):
        before = len(await shopping.told())
        shopping.panel.staff_tags(anna, names, () if names else ("salesmanago_shop1_koszyk",), shopping.now)
        await shopping.scan_later()
        told = [one.mirrored for one in (await shopping.told())[before:] if isinstance(one, TagsEdited)]
        assert told == ([] if mirrored is None else [mirrored])


async def test_r30_a_reading_from_while_a_tag_is_on_its_way_is_no_news(shopping: Shopping) -> None:
    shopping.registers(1024)
    await shopping.scan()
    wanted = PanelTags(points={"koszyk": 2})
    known = Contact(email="c1024@example.com", customer_id="1024", shop_state=ShopState(tags=wanted))
    async with shopping.stage.store.work() as work:
        (anna,) = await work.contacts.add([("shop1", known, None)], shopping.clock())
        mirror = MirrorTags(email=known.email, tags=wanted, customer_id="1024")
        await work.outbox.queue([NewCommand(to_tags("shop1"), "shop1", anna, 1, mirror)], shopping.clock())
        await work.commit()
    before = len(await shopping.told())
    await shopping.scan_later()
    await shopping.scan_later()
    assert not [one for one in (await shopping.told())[before:] if isinstance(one, TagsEdited)]


async def test_r15_orders_from_before_the_integration_are_not_asked_for(shopping: Shopping) -> None:
    anna = shopping.registers(1024)
    old = shopping.orders(1, anna)
    old.added_at = old.changed_at = "2026-11-01 10:00:00"
    await shopping.scan()
    assert not [one for one in await shopping.told() if isinstance(one, OrderPlaced)]


async def test_r82_the_calls_of_a_day_are_bounded(store: Store, clock: Clock) -> None:
    clock.now = at("2026-11-23T10:00")
    shopping = Shopping(store, clock)
    shopping.stage.shops = (source_shop(integration_started_at=START, source=shopping.shop.source.__class__(
        kind=shopping.shop.source.kind, name="1234", calls_per_day=9
    )),)  # fmt: skip
    await shopping.stage.open()
    for _ in range(20):
        await shopping.scan()
        clock.advance(minutes=15)
    assert 9 <= len(shopping.sandbox.ledger.entries) <= 10
    more = replace(shopping.shop.source, calls_per_day=12)
    await shopping.stage.configure(source_shop(integration_started_at=START, source=more))
    assert await shopping.scan() > 0, "more calls of a day hold from this day on"
    clock.now = datetime.fromisoformat("2026-11-24T00:01:00+01:00")
    assert await shopping.scan() > 0
    await shopping.http.aclose()


async def test_r82_a_panel_that_asks_for_years_of_rest_is_asked_again_after_half_a_day(store: Store, clock: Clock) -> None:
    clock.now = at("2026-11-23T10:00")
    stage = await Stage(store, clock, source_shop(integration_started_at=START)).open()
    source = IdosellSource(store, stage.panel, clock)
    scanner = Scanner(store, stage.directory, stage.panel, source, stage.teller, clock, PAUSE)
    stage.panel.outcome = Throttled(999_999_999.0)
    await scanner.step(SOURCE)
    clock.advance(hours=11, minutes=59)
    assert await scanner.step(SOURCE) == 0
    clock.advance(minutes=1)
    assert await scanner.step(SOURCE) == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # what is asked of the panel, no database has a say in
async def test_r82_three_hours_of_a_busy_shop_cost_their_share_of_1300_calls_a_day_and_miss_nothing(store: Store) -> None:
    """The whole day is a row of `make bench`."""
    hours, share = 3, 3 / 24
    cost = await scan.day(store, hours=hours, orders=round(300 * share), edits=round(200 * share), accounts=50)
    assert cost.calls <= 1_300 * share, cost
    assert cost.calls >= hours * 4 * 6, "every gate was asked in every round"
    assert (cost.orders_missed, cost.edits_missed, cost.trouble) == (0, 0, "")
