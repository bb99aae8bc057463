"""A quiet cart on its whole way: post, plan, sweep, deliver, what SALESmanago holds in the end (R40, R41, X21, X22, X24)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from app.domain.commands import AddEvent, EventKind
from app.domain.consent import ConsentAnswer, Policy
from app.domain.delivery.answers import Answer
from app.domain.delivery.circuit_breaker import Breaker, Circuit
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from app.domain.event_parts import Item
from app.domain.events import CartChanged, Event
from tests.conftest import NOON
from tests.support.world import (
    EWA,
    JAN,
    FakeUpstream,
    World,
    a_shop,
    at,
    erases,
    grants,
    orders,
    registers,
    renames,
    subscribes,
    views,
    withdraws,
)

NEW, THIRD = "new@example.pl", "third@example.pl"
DOWN, GONE = Unreachable("down"), Refused("no such event")


# -- a SALESmanago that remembers its events by id -------------------------------------------------------------------------


@dataclass
class Remembering(FakeUpstream):
    """Gives every event an id and overwrites by it, wherever the event is; an id it does not know is refused."""

    held: dict[str, AddEvent] = field(default_factory=dict)
    forgets: bool = False

    async def add_event(self, event: AddEvent) -> Answer:
        answer = await self._call("add_event", [event])
        return replace(answer, outcome=Delivered(list(self.held)[-1])) if answer.outcome == Delivered() else answer

    async def update_event(self, event: AddEvent) -> Answer:
        respond = self.respond
        if event.overwrites not in self.held or self.forgets:
            self.respond = lambda method, items: GONE
        answer = await self._call("update_event", [event])
        self.respond = respond
        return replace(answer, outcome=Delivered(event.overwrites)) if answer.outcome == Delivered() else answer

    def _do(self, item: object) -> None:
        if isinstance(item, AddEvent) and item.overwrites is not None:
            # No contact selector: the event stays with whoever it was of (contract 2.11).
            now = replace(item, email=self.held[item.overwrites].email)
            self.events = [now if one is self.held[item.overwrites] else one for one in self.events]
            self.held[item.overwrites] = now
            return
        super()._do(item)
        if isinstance(item, AddEvent):
            self.held[f"event-{len(self.held) + 1}"] = item


@pytest.fixture
async def world(world: World) -> World:
    world.upstream = Remembering(world.clock)
    return world


def carts_sent(world: World) -> list[AddEvent]:
    """Every attempt to report a cart."""
    return [event for event in world.upstream.sent(AddEvent) if event.kind is EventKind.CART]


def carts_there(world: World) -> list[tuple[str, tuple[str, ...]]]:
    """(whose, goods) of every CART that SALESmanago holds."""
    found = [event for event in world.upstream.events if event.kind is EventKind.CART]
    return [(event.email, tuple(line.product_id for line in event.lines)) for event in found]


async def at_minute(world: World, minutes: float = 0, *events: Event, shop: str = "shop1") -> None:
    """Time passes; then something happens in the shop, is told and decided."""
    world.clock.now = max(world.clock.now, at(minutes))
    await world.post(*events, shop=shop)
    await world.plan()


async def fire(world: World, minutes: float) -> None:
    """The sweep as the worker makes it: what the inbox holds is decided first. Then everything is delivered."""
    world.clock.now = max(world.clock.now, at(minutes))
    await world.plan()
    await world.carts.report_quiet()
    await world.run()


async def restarted(world: World) -> World:
    """Another process on the same database and the same SALESmanago."""
    again = World(world.database, world.clock)
    again.ring, again.upstream, again.accepted = world.ring, world.upstream, world.accepted
    await again.directory.apply(*await _configuration(world))
    return again


async def _configuration(world: World):  # type: ignore[no-untyped-def]
    async with world.store.work() as work:
        return await work.registry.accounts(), await work.registry.shops()


def filled(minutes: float, *goods: str, email: str | None = JAN, cart_id: str = "c1", **more: object) -> CartChanged:
    """`101x2` is two of 101."""
    items = []
    for one in goods:
        product, _, quantity = one.partition("x")
        items.append(Item(product_id=product, name=f"n{product}", quantity=Decimal(quantity or 1)))
    made = CartChanged(at=at(minutes), email=email, cart_id=cart_id, currency="PLN", value=Decimal("9.00"), items=tuple(items))
    return replace(made, **more)  # type: ignore[arg-type]


def fails_for(method: str, outcome: Outcome) -> Callable[[str, list], Outcome]:
    return lambda called, items: outcome if called == method else Delivered()


# -- when ----------------------------------------------------------------------------------------------------------------

MICROSECOND, SECOND = timedelta(microseconds=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("quiet", "reports", "state"),
    [
        (timedelta(minutes=59, seconds=59), 0, ("planned", "cart_waits")),
        (timedelta(minutes=60) - MICROSECOND, 0, ("planned", "cart_waits")),
        (timedelta(minutes=60), 1, ("sent", None)),
        (timedelta(minutes=60, seconds=1), 1, ("sent", None)),
        (timedelta(minutes=119, seconds=59), 1, ("sent", None)),
        (timedelta(minutes=120), 1, ("sent", None)),
        (timedelta(minutes=129, seconds=59), 1, ("sent", None)),
        (timedelta(minutes=130), 0, ("superseded", "cart_stale")),
        (timedelta(days=3), 0, ("superseded", "cart_stale")),
    ],
)
async def test_a_cart_is_reported_within_its_window_to_the_second(
    world: World, quiet: timedelta, reports: int, state: tuple[str, str | None]
) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = NOON + quiet
    await world.carts.report_quiet()
    await world.run()
    assert len(carts_sent(world)) == reports
    assert await world.states() == {"e1": state}


@pytest.mark.parametrize("heard_after", [0, 59, 60, 119])
async def test_the_window_runs_on_the_time_of_the_change_and_not_of_its_arrival(world: World, heard_after: int) -> None:
    """A shop may tell us late; the person has been away for as long as they have."""
    await at_minute(world, heard_after, filled(0, "101"))
    await fire(world, 59.9)
    assert len(carts_sent(world)) == (heard_after >= 60)
    await fire(world, 120)
    (event,) = carts_sent(world)
    assert event.at == at(0)
    await world.at_rest()


async def test_a_cart_heard_of_after_its_window_is_stale_at_once(world: World) -> None:
    await at_minute(world, 131, filled(0, "101"))
    await fire(world, 131)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_stale")}


@pytest.mark.parametrize(
    "changed",
    [
        "2026-03-29T01:30:00+01:00",  # the hour that does not exist follows
        "2026-03-29T03:00:00+02:00",
        "2026-10-25T01:45:00+02:00",
        "2026-10-25T02:30:00+02:00",  # the hour that comes twice, first time
        "2026-10-25T02:30:00+01:00",  # second time
    ],
)
async def test_an_hour_is_an_hour_in_the_nights_when_the_clocks_change(world: World, changed: str) -> None:
    moment = datetime.fromisoformat(changed)
    world.clock.now = moment
    await world.post(replace(filled(0, "101"), at=moment))
    for seconds, reports in ((3599, 0), (3600, 1)):
        # In UTC: what the wall clock shows in between must not matter.
        world.clock.now = datetime.fromtimestamp(moment.timestamp() + seconds, NOON.tzinfo)
        await world.plan()
        await world.carts.report_quiet()
        await world.run()
        assert len(carts_sent(world)) == reports


async def test_a_stalled_sweep_drops_what_is_late_and_reports_what_is_in_time(world: World) -> None:
    """E10: after downtime there is no burst."""
    people = [f"p{number}@example.pl" for number in range(10)]
    await at_minute(world, 0, *(filled(number, "101", email=email, cart_id=email) for number, email in enumerate(people)))
    await fire(world, 135)
    assert sorted(event.email for event in carts_sent(world)) == people[6:]
    states = await world.at_rest()
    assert [states[f"e{number}"][0] for number in range(1, 11)] == ["superseded"] * 6 + ["sent"] * 4


async def test_the_sweep_is_idempotent_and_survives_a_restart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(61)
    assert await world.carts.report_quiet() == 1
    assert await world.carts.report_quiet() == 0
    again = await restarted(world)
    assert await again.carts.report_quiet() == 0
    await again.run()
    await fire(again, 62)
    assert len(carts_sent(world)) == 1
    assert await again.at_rest() == {"e1": ("sent", None)}


# -- purchases -----------------------------------------------------------------------------------------------------------


async def test_an_order_one_second_before_the_sweep_closes_the_cart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 60 - 1 / 60, orders(minutes=60 - 1 / 60))
    await fire(world, 60)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_bought"), "e2": ("sent", None)}


async def test_an_order_that_is_accepted_and_not_decided_holds_the_cart_back(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"), filled(0, "102", email=EWA, cart_id="c2"))
    world.clock.now = at(60)
    await world.post(orders(minutes=60))
    await world.carts.report_quiet()  # before the planner came to it
    await world.deliver()
    assert [event.email for event in carts_sent(world)] == [EWA]
    await fire(world, 61)
    assert [event.email for event in carts_sent(world)] == [EWA]
    assert (await world.at_rest())["e1"] == ("superseded", "cart_bought")


async def test_an_undecided_event_that_buys_nothing_only_delays_the_cart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(60)
    await world.post(views(minutes=60))
    await world.carts.report_quiet()
    await fire(world, 61)
    assert len(carts_sent(world)) == 1
    await world.at_rest()


async def test_an_order_told_late_closes_the_cart_that_was_filled_before_it(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 50, orders(minutes=5))
    await fire(world, 61)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_cart_told_after_its_purchase_is_not_reported(world: World) -> None:
    await at_minute(world, 20, orders(minutes=10))
    await at_minute(world, 21, filled(0, "101"), filled(10, "102", cart_id="c2"))
    await fire(world, 90)
    assert carts_sent(world) == []
    assert (await world.at_rest())["e2"] == ("superseded", "cart_bought")


async def test_a_purchase_before_the_cart_was_filled_closes_nothing(world: World) -> None:
    await at_minute(world, 0, orders(minutes=0))
    await at_minute(world, 1, filled(1 / 60, "101"))
    await fire(world, 62)
    assert len(carts_sent(world)) == 1
    await world.at_rest()


@pytest.mark.parametrize("box", [ConsentAnswer.NOT_GIVEN, ConsentAnswer.NOT_ASKED])
async def test_a_purchase_that_may_not_travel_itself_closes_the_cart(world: World, box: ConsentAnswer) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await at_minute(world, 0, grants(JAN, 0), filled(1, "101"))
    await at_minute(world, 30, orders(minutes=30, box=box))
    await fire(world, 62)
    assert carts_sent(world) == []
    assert (await world.at_rest())["e2"] == ("superseded", "cart_bought")


async def test_one_purchase_closes_every_cart_of_the_person_and_nobody_elses(world: World) -> None:
    await at_minute(
        world, 0, *(filled(0, "101", cart_id=f"c{number}") for number in range(5)), filled(0, "1", email=EWA, cart_id="e")
    )
    await at_minute(world, 30, orders(minutes=30))
    await fire(world, 61)
    assert [event.email for event in carts_sent(world)] == [EWA]
    await world.at_rest()


# -- guests and accounts ---------------------------------------------------------------------------------------------------


async def test_a_guests_order_under_the_address_of_the_cart_closes_it(world: World) -> None:
    """The account has an id and the guest's order has none: it is one person."""
    await at_minute(world, 0, registers(id="7"), filled(0, "101", email=None))
    await at_minute(world, 10, filled(10, "101"))
    await at_minute(world, 20, orders(minutes=20))
    await fire(world, 71)
    assert carts_sent(world) == []
    await world.at_rest()


@pytest.mark.parametrize("known_at", [20, 59, 60, 90, 129])
async def test_a_guests_cart_counts_from_when_it_was_filled_once_the_address_is_known(world: World, known_at: int) -> None:
    await at_minute(world, 0, filled(0, "101", email=None))
    await fire(world, min(known_at, 60))
    assert carts_sent(world) == []
    await at_minute(world, known_at, filled(known_at, "101"))
    await fire(world, max(known_at, 60))
    assert carts_there(world) == [(JAN, ("101",))]
    assert carts_sent(world)[0].at == at(0)
    await world.at_rest()


async def test_a_guest_known_too_late_is_not_reported(world: World) -> None:
    await at_minute(world, 0, filled(0, "101", email=None))
    await fire(world, 130)
    await at_minute(world, 131, filled(131, "101"))
    await fire(world, 200)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("withheld", "address_unknown"), "e2": ("superseded", "cart_unchanged")}


async def test_a_guests_emptied_cart_is_not_reported_once_the_address_is_known(world: World) -> None:
    await at_minute(world, 0, filled(0, "101", email=None))
    await at_minute(world, 10, filled(10, email=None))
    await at_minute(world, 20, filled(20))
    await fire(world, 75)
    await fire(world, 145)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_cart_follows_its_person_through_a_rename_and_the_purchase_under_the_new_address_closes_it(world: World) -> None:
    await at_minute(world, 0, registers(), filled(0, "101"))
    await at_minute(world, 10, renames(JAN, NEW, 10))
    await at_minute(world, 20, orders(email=NEW, minutes=20))
    await fire(world, 61)
    assert carts_sent(world) == []
    await world.at_rest()


@pytest.mark.parametrize("buyer", [JAN, NEW])
async def test_a_purchase_of_either_of_two_contacts_that_became_one_closes_the_cart(world: World, buyer: str) -> None:
    """Guest -> account: the cart was one's, the purchase the other's, and they turned out to be one person."""
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    await at_minute(world, 10, orders(email=buyer, minutes=10))
    await at_minute(world, 20, renames(JAN, NEW, 20))
    await fire(world, 61)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_cart_survives_two_merges_of_its_person(world: World) -> None:
    await at_minute(world, 0, registers(JAN), registers(NEW), registers(THIRD), filled(0, "101"))
    await at_minute(world, 10, renames(JAN, NEW, 10))
    await at_minute(world, 20, renames(NEW, THIRD, 20))
    await fire(world, 61)
    await fire(world, 131)
    assert carts_there(world) == [(THIRD, ("101",))]
    await world.at_rest()


async def test_the_cart_of_the_next_person_at_the_same_computer_never_shows_at_the_first(world: World) -> None:
    """One basket id, two people after each other: the event of the first must not be overwritten with the goods of the second."""
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, filled(90, "intimate", email=EWA))
    await fire(world, 151)
    assert carts_there(world) == [(JAN, ("101",)), (EWA, ("intimate",))]
    await world.at_rest()


async def test_the_next_person_at_the_same_computer_has_another_cart_though_nobody_decided_in_between(world: World) -> None:
    """Both carts come into one round: the first is of somebody all the same."""
    await world.post(registers(JAN), registers(EWA), filled(0, "101"), filled(1, "101", email=EWA))
    await world.plan()
    await fire(world, 60)
    assert carts_there(world) == []  # the second one's hour began with the second one
    await fire(world, 62)
    assert carts_there(world) == [(EWA, ("101",))]
    await world.at_rest()


async def test_a_reported_cart_that_changes_after_a_merge_is_reported_to_the_contact_that_stayed(world: World) -> None:
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 70, renames(JAN, NEW, 70))
    await at_minute(world, 80, filled(80, "101", "102", email=NEW))
    await fire(world, 141)
    assert (NEW, ("101", "102")) in carts_there(world)
    await world.at_rest()


# -- the same content --------------------------------------------------------------------------------------------------------

SAME = {
    "the same": filled(0, "101", "102x2").items,
    "another order": filled(0, "102x2", "101").items,
    "other names": tuple(replace(item, name="renamed") for item in filled(0, "101", "102x2").items),
    "other prices": tuple(replace(item, unit_price=Decimal("0.01")) for item in filled(0, "101", "102x2").items),
    "another scale": tuple(replace(item, quantity=item.quantity + Decimal("0.000")) for item in filled(0, "101", "102x2").items),
}


@pytest.mark.parametrize("items", SAME.values(), ids=SAME.keys())
@pytest.mark.parametrize("again_at", [30, 90])
async def test_the_same_content_again_is_no_event_before_or_after_the_report(
    world: World, items: tuple[Item, ...], again_at: int
) -> None:
    await at_minute(world, 0, filled(0, "101", "102x2"))
    await fire(world, min(again_at, 60))
    await at_minute(world, again_at, filled(again_at, items=items, value=Decimal("7.77")))
    await fire(world, 60)
    assert len(carts_sent(world)) == 1
    await fire(world, again_at + 61)
    await fire(world, again_at + 125)
    assert len(carts_sent(world)) == 1
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("superseded", "cart_unchanged")}


@pytest.mark.parametrize("email", [JAN, None], ids=["known", "guest"])
async def test_r41_the_report_tells_the_newest_value_currency_link_and_names_of_the_same_goods(
    world: World, email: str | None
) -> None:
    await at_minute(world, 0, filled(0, "101", email=email, value=Decimal("200.00")))
    newest = filled(50, "101", email=email, value=Decimal("45.00"), currency="EUR", recovery_url="https://sklep.example/b/2")
    newest = replace(newest, items=(replace(newest.items[0], name="n101, rozmiar 42"),))
    await at_minute(world, 50, newest)
    await at_minute(world, 55, filled(55, "101", email=JAN, value=Decimal("45.00"), currency="EUR", items=newest.items))
    await fire(world, 59)
    assert carts_sent(world) == []
    await fire(world, 60)
    (report,) = carts_sent(world)
    assert (report.value, report.currency, report.link) == (Decimal("45.00"), "EUR", "https://sklep.example/b/2")
    assert (report.at, report.lines[0].name) == (at(0), "n101, rozmiar 42")
    assert [state for state, _ in (await world.at_rest()).values()] == ["sent", "superseded", "superseded"]


@pytest.mark.parametrize("goods", [("101x2",), ("101", "101"), ("102",), ("101", "102"), ("1011",)])
async def test_other_content_starts_the_quiet_hour_again(world: World, goods: tuple[str, ...]) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 59, filled(59, *goods))
    await fire(world, 118)
    assert carts_sent(world) == []
    await fire(world, 119)
    assert len(carts_sent(world)) == 1
    await world.at_rest()


async def test_a_change_and_back_again_is_a_new_spell_of_quiet(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 30, filled(30, "102"))
    await at_minute(world, 40, filled(40, "101"))
    await fire(world, 99)
    assert carts_sent(world) == []
    await fire(world, 100)
    assert carts_there(world) == [(JAN, ("101",))]
    await world.at_rest()


async def test_older_states_that_come_late_change_nothing(world: World) -> None:
    await at_minute(world, 31, filled(30, "102"))
    await at_minute(world, 32, filled(0, "101"))
    await fire(world, 90)
    assert carts_there(world) == [(JAN, ("102",))]
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("superseded", "cart_replaced")}


async def test_a_state_older_than_a_repetition_of_the_newest_changes_nothing(world: World) -> None:
    """101 at 0, 102 at 30, 101 at 40; the middle one comes last. What lies in the basket is 101."""
    await at_minute(world, 41, filled(0, "101"), filled(40, "101"))
    await at_minute(world, 42, filled(30, "102"))
    await fire(world, 101)
    assert carts_there(world) == [(JAN, ("101",))]


# -- after the report --------------------------------------------------------------------------------------------------------


async def test_a_late_change_overwrites_the_same_event_while_it_is_fresh(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, filled(90, "101", "102"))
    await fire(world, 149)
    assert len(carts_sent(world)) == 1
    world = await restarted(world)
    await fire(world, 150)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1"]
    assert carts_there(world) == [(JAN, ("101", "102"))]
    assert world.upstream.events[-1].at == at(90)
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("sent", None)}


@pytest.mark.parametrize(
    ("fires_at", "events"),
    [(60 + 12 * 60 - 1 / 60, 1), (60 + 12 * 60, 2), (60 + 30 * 60, 2)],
    ids=["11:59:59", "12:00:00", "30 h"],
)
async def test_twelve_hours_after_the_report_a_change_becomes_a_new_event(world: World, fires_at: float, events: int) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, fires_at - 60, filled(fires_at - 60, "102"))
    await fire(world, fires_at)
    assert len(carts_sent(world)) == 2
    assert len(carts_there(world)) == events
    await world.at_rest()


async def test_each_change_of_a_long_day_overwrites_the_event_of_the_one_before(world: World) -> None:
    await at_minute(world, 0, filled(0, "0"))
    await fire(world, 60)
    for turn in range(1, 4):
        await at_minute(world, turn * 120, filled(turn * 120, str(turn)))
        await fire(world, turn * 120 + 60)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1", "event-1", "event-1"]
    assert carts_there(world) == [(JAN, ("3",))]
    await world.at_rest()


async def test_an_event_that_stands_in_for_one_that_is_gone_is_overwritten_from_then_on(world: World) -> None:
    await at_minute(world, 0, filled(0, "1"))
    await fire(world, 60)
    world.upstream.forgets = True
    await at_minute(world, 100, filled(100, "2"))
    await fire(world, 160)
    world.upstream.forgets = False
    await at_minute(world, 200, filled(200, "3"))
    await fire(world, 260)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1", None, "event-2"]
    assert carts_there(world) == [(JAN, ("1",)), (JAN, ("3",))]
    await world.at_rest()


@pytest.mark.parametrize("comes", [orders(minutes=155), withdraws(minutes=155)], ids=["bought", "withdrawn"])
async def test_what_comes_while_an_update_is_refused_keeps_the_stand_in_from_leaving(world: World, comes: Event) -> None:
    await at_minute(world, 0, filled(0, "1"))
    await fire(world, 60)
    world.upstream.forgets = True
    await at_minute(world, 100, filled(100, "2"))

    async def refused(method: str, items: list) -> None:
        if method == "update_event":
            world.upstream.before_return = None
            await world.post(comes)
            await world.plan()

    world.upstream.before_return = refused
    await fire(world, 160)
    await world.run_for(hours=3)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1"]
    assert carts_there(world) == [(JAN, ("1",))]
    assert (await world.at_rest())["e2"][0] in {"superseded", "withheld"}


async def test_a_stand_in_waits_for_its_turn_like_any_call(world: World) -> None:
    await at_minute(world, 0, filled(0, "1"))
    await fire(world, 60)
    world.upstream.forgets = True
    await at_minute(world, 100, filled(100, "2"))
    turns = iter([True, True, False])

    async def ready() -> bool:
        return next(turns, True)

    world.upstream.ready = ready  # type: ignore[method-assign]
    await fire(world, 160)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1", "event-1", None]  # refused, given up, again
    assert carts_there(world) == [(JAN, ("1",)), (JAN, ("2",))]
    await world.at_rest()


async def test_a_purchase_in_between_makes_the_next_cart_a_new_event(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, orders(minutes=90))
    await at_minute(world, 100, filled(100, "101", "102"))
    await fire(world, 160)
    assert [event.overwrites for event in carts_sent(world)] == [None, None]
    await world.at_rest()


async def test_a_purchase_in_between_that_is_told_late_makes_the_next_cart_a_new_event_too(world: World) -> None:
    """Contract 3.5: with the order the stored id is forgotten, or the cart that was bought would never have been."""
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 100, filled(100, "101", "102"))
    await at_minute(world, 110, orders(minutes=90))
    await fire(world, 160)
    assert carts_there(world) == [(JAN, ("101",)), (JAN, ("101", "102"))]
    await world.at_rest()


async def test_the_same_goods_after_a_purchase_are_a_new_cart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, orders(minutes=90))
    await at_minute(world, 100, filled(100, "101"))
    await fire(world, 160)
    assert [(event.at, event.overwrites) for event in carts_sent(world)] == [(at(0), None), (at(100), None)]
    await world.at_rest()


async def test_an_emptied_cart_that_was_reported_is_silent_and_filled_again_overwrites(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 70, filled(70))
    await fire(world, 135)
    assert len(carts_sent(world)) == 1
    await at_minute(world, 140, filled(140, "101"))
    await fire(world, 201)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1"]
    assert (await world.at_rest())["e2"] == ("superseded", "cart_emptied")


# -- a report on its way ------------------------------------------------------------------------------------------------------

STILL_OUT = {"down": DOWN, "throttled": Throttled(60.0), "unknown": Unknown("timeout")}


@pytest.mark.parametrize("outcome", STILL_OUT.values(), ids=STILL_OUT.keys())
@pytest.mark.parametrize("restart", [False, True])
async def test_a_purchase_takes_back_a_report_that_waits_in_the_outbox(world: World, outcome: Outcome, restart: bool) -> None:
    world.upstream.respond, world.upstream.applied = fails_for("add_event", outcome), False
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    assert len(carts_sent(world)) == 1
    world = await restarted(world) if restart else world
    world.upstream.respond = lambda method, items: Delivered()
    await at_minute(world, 61, orders(minutes=61))
    await world.run_for(hours=3)
    assert len(carts_sent(world)) == 1
    assert carts_there(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_bought"), "e2": ("sent", None)}


async def test_a_purchase_told_late_takes_back_the_report_too(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, orders(minutes=1))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_purchase_of_before_the_cart_takes_nothing_back(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, orders(minutes=-1))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_there(world) == [(JAN, ("101",))]
    await world.at_rest()


@pytest.mark.parametrize("outcome", STILL_OUT.values(), ids=STILL_OUT.keys())
async def test_a_purchase_while_the_report_is_at_the_wire_keeps_it_from_being_tried_again(world: World, outcome: Outcome) -> None:
    await at_minute(world, 0, registers(), filled(0, "101"))
    await world.run()

    async def bought(method: str, items: list) -> None:
        if method == "add_event":
            world.upstream.before_answer = None
            await world.post(orders(minutes=60))
            await world.plan()

    world.upstream.before_answer = bought
    world.upstream.respond, world.upstream.applied = fails_for("add_event", outcome), False
    await fire(world, 60)
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=3)
    assert len(carts_sent(world)) == 1
    assert carts_there(world) == []
    assert (await world.at_rest())["e2"] == ("superseded", "cart_bought")


async def test_a_purchase_while_the_report_arrives_leaves_it_and_the_next_cart_is_new(world: World) -> None:
    await at_minute(world, 0, registers(), filled(0, "101"))
    await world.run()

    async def bought(method: str, items: list) -> None:
        if method == "add_event":
            world.upstream.before_answer = None
            await world.post(orders(minutes=60))
            await world.plan()

    world.upstream.before_answer = bought
    await fire(world, 60)
    assert (await world.at_rest())["e2"] == ("sent", None)
    await at_minute(world, 70, filled(70, "102"))
    await fire(world, 131)
    assert [event.overwrites for event in carts_sent(world)] == [None, None]
    await world.at_rest()


@pytest.mark.parametrize("merged_at", [10, 65], ids=["before the report", "while the report waits"])
async def test_a_purchase_after_a_merge_takes_back_the_report_of_the_former_contact(world: World, merged_at: int) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    if merged_at < 60:
        await at_minute(world, merged_at, renames(JAN, NEW, merged_at))
    await fire(world, 60)
    await at_minute(world, 66, *([renames(JAN, NEW, merged_at)] if merged_at > 60 else []))
    await at_minute(world, 70, orders(email=NEW, minutes=70))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_merge_with_somebody_who_bought_takes_back_the_waiting_report(world: World) -> None:
    """Guest -> account while SALESmanago is down: the guest had bought what the account's cart held."""
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    await at_minute(world, 30, orders(email=NEW, minutes=30))
    await fire(world, 60)
    await at_minute(world, 66, renames(JAN, NEW, 66))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    await world.at_rest()


@pytest.mark.parametrize("goods", [(), ("102",)], ids=["emptied", "changed"])
async def test_a_cart_touched_while_its_report_waits_is_not_reported_as_it_was(world: World, goods: tuple[str, ...]) -> None:
    """R40: never before 60 minutes without change. At the moment of sending it was changed a minute ago."""
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, filled(65, *goods))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=0.5)
    assert carts_sent(world) == []


async def test_a_report_salesmanago_could_not_take_in_time_is_dropped_and_the_rest_still_goes(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 100)
    await at_minute(world, 101, views(minutes=101), subscribes(minutes=101))
    world.clock.now = at(130)
    await world.run()
    assert carts_sent(world) == []
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_stale"), "e2": ("sent", None), "e3": ("sent", None)}
    assert [event.kind for event in world.upstream.events] == [EventKind.VISIT]
    assert list(world.upstream.contacts) == [JAN]


async def test_a_report_is_still_sent_in_the_last_second_of_its_window(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(60)
    await world.carts.report_quiet()
    world.clock.now = at(130) - SECOND
    await world.run()
    assert len(carts_there(world)) == 1


async def test_a_dropped_report_is_nothing_to_overwrite(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    world.clock.now = at(131)
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    await at_minute(world, 200, filled(200, "102"))
    await fire(world, 261)
    assert [event.overwrites for event in carts_sent(world)] == [None]
    assert carts_there(world) == [(JAN, ("102",))]
    await world.at_rest()


async def test_a_report_that_came_too_late_proves_nothing_of_salesmanago(world: World) -> None:
    """It is dropped here, so that the probe it was sent out as never asked."""
    await at_minute(world, 0, registers(), filled(0, "101"))
    await world.run()
    world.upstream.respond = lambda method, items: DOWN
    await fire(world, 60)
    before = await breaker(world)
    world.clock.now = at(131)
    assert before.state(at(131)) is Circuit.HALF_OPEN
    await world.deliver()
    assert await breaker(world) == before
    assert (await world.at_rest())["e2"] == ("superseded", "cart_stale")


async def breaker(world: World) -> Breaker:
    async with world.store.work() as work:
        return (await work.destinations.all())[to_account("main")].breaker


async def test_an_unknown_outcome_is_looked_up_and_the_cart_is_there_once(world: World) -> None:
    answers = [Unknown("timeout")]
    world.upstream.respond = lambda method, items: answers.pop() if method == "add_event" and answers else Delivered()
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await world.run_for(hours=0.5)
    assert len(carts_there(world)) == len(carts_sent(world)) == 1
    await at_minute(world, 100, filled(100, "102"))
    await fire(world, 160)
    assert carts_there(world)[-1] == (JAN, ("102",))
    await world.at_rest()


async def test_two_carts_of_one_moment_are_both_reported_though_the_outcome_of_one_was_unknown(world: World) -> None:
    """A shop that tells whole seconds may well fill two baskets in one: what arrived of one says nothing of the other."""
    answers = [Unknown("timeout")]
    world.upstream.respond = lambda method, items: answers.pop() if method == "add_event" and answers else Delivered()
    await at_minute(world, 0, filled(0, "101"), filled(0, "102", cart_id="c2"))
    await fire(world, 60)
    await world.run_for(hours=0.5)
    assert sorted(carts_there(world)) == [(JAN, ("101",)), (JAN, ("102",))]
    await world.at_rest()


# -- permission, shops -----------------------------------------------------------------------------------------------------------


async def test_a_withdrawal_keeps_a_waiting_cart_and_a_waiting_report_here(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"), filled(50, "102", cart_id="c2"))
    await fire(world, 60)
    await at_minute(world, 65, withdraws(minutes=65))
    world.upstream.respond = lambda method, items: Delivered()
    await fire(world, 111)
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    assert world.upstream.contacts == {}
    states = await world.at_rest()
    assert [states["e1"], states["e2"]] == [("withheld", "consent_withdrawn")] * 2


async def test_carts_from_before_the_consent_stay_here_and_later_ones_go(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 10, grants(JAN, 10))
    await at_minute(world, 20, filled(20, "101"), filled(20, "102", cart_id="c2"))
    await fire(world, 81)
    assert carts_there(world) == [(JAN, ("102",))]
    assert (await world.at_rest())["e1"] == ("withheld", "no_consent")


async def test_an_erased_persons_carts_are_gone_reported_or_not(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"), filled(50, "102", cart_id="c2"))
    await fire(world, 60)
    await at_minute(world, 65, erases(minutes=65))
    await fire(world, 111)
    await world.run_for(hours=2)
    assert len(carts_sent(world)) == 1
    assert world.upstream.contacts == {}
    assert carts_there(world) == []
    assert (await world.at_rest())["e2"] == ("withheld", "erased")
    assert await world.tables_naming(JAN) == []


async def test_what_an_erased_person_puts_in_later_overwrites_nothing(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, erases(minutes=65))
    await world.run()
    await at_minute(world, 70, registers(minutes=70), filled(71, "102"))
    await fire(world, 132)
    assert [event.overwrites for event in carts_sent(world)] == [None, None]
    await world.at_rest()


async def test_a_shop_in_shadow_reports_nothing_and_says_what_it_would_have_done(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 61)
    assert world.upstream.calls == []
    assert await world.at_rest() == {"e1": ("withheld", "shadow")}
    await world.configure(a_shop())
    await at_minute(world, 70, filled(70, "102"))
    await fire(world, 131)
    assert carts_there(world) == [(JAN, ("102",))]
    assert [event.overwrites for event in carts_sent(world)] == [None]


@pytest.mark.parametrize(("back_at", "reports"), [(100, 1), (131, 0)])
async def test_a_disabled_shops_report_waits_for_it_and_not_longer_than_its_window(
    world: World, back_at: int, reports: int
) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(60)
    await world.carts.report_quiet()
    await world.configure(a_shop(enabled=False))
    await fire(world, 70)
    assert carts_sent(world) == []
    world.clock.now = at(back_at)
    await world.configure(a_shop())
    await fire(world, back_at)
    assert len(carts_there(world)) == reports
    await world.at_rest()


async def test_an_order_held_while_the_shop_was_disabled_closes_the_cart_when_it_is_back(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await world.configure(a_shop(enabled=False))
    await at_minute(world, 30, orders(minutes=30))
    await fire(world, 61)
    await world.configure(a_shop())
    await fire(world, 62)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_the_same_cart_id_in_two_shops_is_two_carts(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 1, filled(1, "202"), shop="shop2")
    await fire(world, 59.9)
    assert carts_sent(world) == []
    await fire(world, 62)
    found = sorted((event.location, event.shop_host, event.lines[0].product_id) for event in carts_sent(world))
    assert found == [("hurt_example", "hurt.example", "202"), ("sklep_example", "sklep.example", "101")]
    await at_minute(world, 70, filled(70, "203"), shop="shop2")
    await fire(world, 131)
    assert [event.overwrites for event in carts_sent(world)][-1] == "event-2"
    assert sorted(carts_there(world)) == [(JAN, ("101",)), (JAN, ("203",))]


async def test_one_shop_that_is_closed_does_not_keep_another_ones_cart(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 0, filled(0, "202", email=EWA), shop="shop2")
    await world.configure(a_shop(enabled=False), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await fire(world, 61)
    assert carts_there(world) == [(EWA, ("202",))]


async def test_many_carts_of_one_person_each_keep_their_own_event(world: World) -> None:
    await at_minute(world, 0, *(filled(number / 60, str(number), cart_id=f"c{number}") for number in range(6)))
    await fire(world, 61)
    assert len(carts_there(world)) == 6
    await at_minute(world, 80, filled(80, "30", cart_id="c3"))
    await fire(world, 141)
    assert sorted(goods for _, (goods,) in carts_there(world)) == ["0", "1", "2", "30", "4", "5"]
    await world.at_rest()
