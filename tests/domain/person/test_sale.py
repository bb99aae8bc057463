"""Versions of an order, what takes it back, and what waits for it (R17-R19)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.commands import AddEvent, EventKind, Line
from app.domain.decisions.decide import decide
from app.domain.decisions.plan import Defer, Send, Supersede, Withhold
from app.domain.delivery.coalesce import newest_versions
from app.domain.events import OrderPlaced
from app.domain.person.sale import (
    NO_SALE,
    VERSIONS_REMEMBERED,
    WAIT_FOR_ORDER,
    Holder,
    Sale,
    as_placed,
    carried,
    content_of_return,
    is_replaced,
    is_same,
    of_orders,
    reinstates,
    remembered,
    unsold,
)
from app.domain.reasons import Reason
from tests.domain.event_kinds.every_event import EVERY_EVENT
from tests.support.builders import (
    Story,
    a_careful_shop,
    a_customer,
    a_shop,
    an_event,
    an_item,
    an_order,
    an_upsert,
    at,
    cancelled,
    consent_withdrawn,
    life,
    returned,
    somebody,
    the_event,
    viewed,
)

OPEN, CAREFUL = a_shop(), a_careful_shop()
ORDER = an_order("2026-11-23T10:00", as_of="2026-11-23T10:00")
BEFORE_NOON, NOON_, AFTER_NOON = (at(f"2026-11-23T{hour}:00") for hour in ("11", "12", "13"))
SOLD = Sale(purchase_sent=True, placed_at=NOON_, as_of=NOON_)


def sent(story: Story) -> list[AddEvent]:
    return [one for one in story.commands if isinstance(one, AddEvent)]


def version(said: str, **other: Any) -> Any:
    return an_order("2026-11-23T10:00", as_of=said, **other)


# -- R18: versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        {"value": "149.00"},
        {"currency": "EUR"},
        {"items": (an_item("102"),)},
        {"items": (an_item(quantity=2),)},
        {"items": (an_item(name="Buty, nowe"),)},
        {"items": ()},
        {"pickup_point": "WAW01A"},
    ],
    ids=lambda other: next(iter(other)),
)
@pytest.mark.parametrize("said", ["2026-11-23T10:00", "2026-11-23T12:00"])
def test_r18_a_sent_order_that_is_reported_with_other_content_updates_its_event(other: Any, said: str) -> None:
    story = life(OPEN, ORDER, version(said, **other))
    first, second = sent(story)
    assert not first.is_update
    assert (second.is_update, second.kind, second.external_id, second.at) == (True, EventKind.PURCHASE, "5501", first.at)
    assert story.goes_on(OPEN, version(said, **other)).plan == Supersede(Reason.ORDER_ALREADY_SENT)
    assert story.goes_on(OPEN, version("2026-11-23T13:00", **other)).plan == Supersede(Reason.ORDER_ALREADY_SENT)
    if said > "2026-11-23T10:00":
        assert story.goes_on(OPEN, ORDER).plan == Supersede(Reason.ORDER_REPLACED)


@pytest.mark.parametrize("value", ["199.99", "199.990"])
def test_r18_the_same_order_again_is_known(value: str) -> None:
    assert life(OPEN, ORDER, version("2026-11-23T12:00", value=value)).plan == Supersede(Reason.ORDER_ALREADY_SENT)


def test_r18_an_older_version_that_comes_late_changes_nothing_also_between_two_equal_ones() -> None:
    again = life(OPEN, ORDER, version("2026-11-23T14:00"))
    assert again.goes_on(OPEN, version("2026-11-23T12:00", value="1.00")).plan == Supersede(Reason.ORDER_REPLACED)


def test_r18_an_order_without_a_time_of_its_own_was_placed_when_it_was_first_reported() -> None:
    """Its edit is no newer purchase, and no newer act: neither of the consent box nor of a newsletter box."""
    story = life(CAREFUL, an_order("2026-11-23T10:00"), consent_withdrawn("2026-11-23T11:00"))
    edited = story.goes_on(CAREFUL, an_order("2026-11-23T12:00", value="1.00"))
    assert edited.plan == Withhold(Reason.CONSENT_WITHDRAWN)
    (first, second) = sent(life(OPEN, an_order("2026-11-23T10:00"), an_order("2026-11-23T12:00", value="1.00")))
    assert first.at == second.at == at("2026-11-23T10:00")


def test_r18_a_newer_version_that_may_not_travel_stays_and_is_sent_when_it_may() -> None:
    newer = version("2026-11-23T12:00", value="1.00", consent=False)
    story = life(CAREFUL, ORDER, newer)
    assert story.plan == Withhold(Reason.ORDER_NOT_CONSENTED)
    assert story.goes_on(CAREFUL, version("2026-11-23T11:00", value="2.00")).plan == Supersede(Reason.ORDER_REPLACED)
    assert the_event(story.goes_on(CAREFUL, version("2026-11-23T12:00", value="1.00")).plan).value == Decimal("1.00")


def test_r18_of_an_order_that_was_never_sent_the_newest_version_decides_about_its_box() -> None:
    story = life(CAREFUL, an_order("2026-11-23T09:00", order_id="1"), version("2026-11-23T12:00", consent=False))
    assert story.goes_on(CAREFUL, version("2026-11-23T11:00")).plan == Withhold(Reason.ORDER_NOT_CONSENTED)
    assert isinstance(story.goes_on(CAREFUL, version("2026-11-23T13:00")).plan, Send)


@pytest.mark.parametrize(
    ("holder", "value", "plan"),
    [
        (Holder.ANOTHER, "199.99", Withhold(Reason.ORDER_OF_ANOTHER_ADDRESS)),
        (Holder.ANOTHER, "1.00", Withhold(Reason.ORDER_OF_ANOTHER_ADDRESS)),
        (Holder.MERGED, "199.99", Supersede(Reason.ORDER_ALREADY_SENT)),
        (Holder.MERGED, "1.00", Withhold(Reason.ORDER_NOT_UPDATABLE)),
    ],
)
def test_r18_an_event_cannot_move_to_another_contact(holder: Holder, value: str, plan: Any) -> None:
    story = life(OPEN, ORDER)
    decision = decide(version("2026-11-23T12:00", value=value), OPEN, story.contact, story.sales["5501"], holder)
    assert decision.plan == plan


def test_r18_facts_of_the_right_person_travel_though_the_order_stays_with_the_wrong_one() -> None:
    known = life(OPEN, ORDER).sales["5501"]
    corrected = version("2026-11-23T12:00", customer=a_customer("jan@right.example.com"))
    plan = decide(corrected, OPEN, somebody("jan@right.example.com"), known, Holder.ANOTHER).plan
    assert isinstance(plan, Withhold)  # who was never sent is not introduced by what cannot be told
    met = life(OPEN, viewed("2026-11-23T09:00")).contact
    plan = decide(version("2026-11-23T12:00", customer=a_customer(first_name="Janina")), OPEN, met, known, Holder.ANOTHER).plan
    assert isinstance(plan, Send)
    assert plan.withholding is Reason.ORDER_OF_ANOTHER_ADDRESS


def test_r18_an_order_from_before_contents_were_remembered_is_compared_by_what_was() -> None:
    lines = (Line(product_id="101", name="Buty", quantity=Decimal(1)),)
    known = Sale(purchase_sent=True, lines=lines, value=Decimal("199.99"), currency="PLN")
    assert decide(ORDER, OPEN, somebody(), known).plan == Supersede(Reason.ORDER_ALREADY_SENT)
    assert the_event(decide(version("2026-11-23T12:00", value="1.00"), OPEN, somebody(), known).plan).is_update


# -- R18: cancelled and placed again -----------------------------------------------------------------------------------------


def test_r18_a_cancelled_order_that_is_placed_again_updates_its_purchase_dated_after_the_cancellation() -> None:
    story = life(OPEN, ORDER, cancelled("2026-11-23T12:00"), version("2026-11-23T13:00"))
    told = [(one.kind, one.is_update, one.at) for one in sent(story)]
    assert told == [
        (EventKind.PURCHASE, False, at("2026-11-23T10:00")),
        (EventKind.CANCELLATION, False, at("2026-11-23T12:00")),
        (EventKind.PURCHASE, True, at("2026-11-23T13:00")),
    ]
    assert story.goes_on(OPEN, version("2026-11-23T13:00")).plan == Supersede(Reason.ORDER_ALREADY_SENT)
    assert story.goes_on(OPEN, cancelled("2026-11-23T12:00")).plan == Supersede(Reason.NOTHING_NEW)
    assert story.goes_on(OPEN, cancelled("2026-11-23T12:30")).plan == Supersede(Reason.ORDER_REPLACED)
    assert the_event(story.goes_on(OPEN, cancelled("2026-11-23T14:00")).plan).kind is EventKind.CANCELLATION
    edited = the_event(story.goes_on(OPEN, version("2026-11-23T15:00", value="1.00")).plan)
    assert (edited.is_update, edited.at) == (True, at("2026-11-23T13:00"))


@pytest.mark.parametrize("said", ["2026-11-23T10:00", "2026-11-23T11:00", "2026-11-23T12:00"])
def test_r18_the_same_order_reported_up_to_its_cancellation_does_not_place_it_again(said: str) -> None:
    assert life(OPEN, ORDER, cancelled("2026-11-23T12:00"), version(said)).plan == Supersede(Reason.ORDER_ALREADY_SENT)


def test_r18_the_newest_word_counts_where_a_cancelled_order_is_cancelled_again_before_a_late_placement_comes() -> None:
    story = life(OPEN, ORDER, cancelled("2026-11-23T12:00"), cancelled("2026-11-23T14:00"), version("2026-11-23T13:00"))
    assert story.plan == Supersede(Reason.ORDER_ALREADY_SENT)


def test_r18_an_edit_from_before_a_cancellation_still_follows() -> None:
    story = life(OPEN, ORDER, cancelled("2026-11-23T12:00"), version("2026-11-23T11:00", value="1.00"))
    told = the_event(story.plan)
    assert (told.is_update, told.at, told.value) == (True, at("2026-11-23T10:00"), Decimal("1.00"))
    assert story.sales["5501"].cancelled


def test_r18_an_order_that_was_withheld_for_its_cancellation_is_sent_once_it_is_placed_again() -> None:
    """As older versions of the gateway remembered it."""
    first = decide(ORDER, OPEN, somebody(), Sale(cancelled=True))
    assert first.plan == Withhold(Reason.ORDER_CANCELLED_FIRST)
    assert decide(ORDER, OPEN, somebody(), first.sale).plan == Withhold(Reason.ORDER_CANCELLED_FIRST)
    assert isinstance(decide(version("2026-11-23T12:00"), OPEN, somebody(), first.sale).plan, Send)


# -- R19: before the order -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("undone", [cancelled, returned])
def test_r19_what_comes_before_its_order_waits_and_follows_it(undone: Any) -> None:
    story = life(OPEN, undone("2026-11-23T12:00"))
    assert story.plan == Defer(Reason.WAITS_FOR_ORDER)
    follows = sent(story.goes_on(OPEN, ORDER))
    assert follows[0].kind is EventKind.PURCHASE
    assert [one.at for one in follows] == [at("2026-11-23T10:00"), at("2026-11-23T12:00")]
    assert follows[1].lines == follows[0].lines


@pytest.mark.parametrize(
    ("shop", "order"),
    [(OPEN, an_order("2025-12-31T10:00")), (CAREFUL, an_order(consent=False)), (CAREFUL, an_order(consent=None))],
    ids=["before integration", "not consented", "no consent"],
)
@pytest.mark.parametrize("undone", [cancelled("2026-11-23T13:00"), returned("2026-11-23T13:00")], ids=["cancellation", "return"])
@pytest.mark.parametrize("first", ["order", "undone"])
def test_r17_what_takes_back_a_withheld_order_stays_whichever_comes_first(shop: Any, order: Any, undone: Any, first: str) -> None:
    story = life(shop, order, undone) if first == "order" else life(shop, undone, order)
    assert story.plan == Withhold(Reason.PURCHASE_NOT_SENT)
    assert story.waiting == ()


def test_r19_what_waits_is_sent_in_its_order_of_time_and_each_return_once() -> None:
    late = returned("2026-11-23T14:00", items=(an_item("102"),))
    early = returned("2026-11-23T13:00", items=(an_item("101"),))
    story = life(OPEN, late, early, returned("2026-11-23T14:05", items=(an_item("102"),)), ORDER)
    assert [(one.kind, one.at.hour) for one in sent(story)] == [
        (EventKind.PURCHASE, 10),
        (EventKind.RETURN, 13),
        (EventKind.RETURN, 14),
    ]
    assert story.waiting == ()


def test_r17_a_cancellation_teaches_nobody_an_address() -> None:
    nameless = decide(cancelled(email="other@example.com"), OPEN, somebody("")).contact
    assert nameless.email == ""


# -- R19: which return it is -----------------------------------------------------------------------------------------------


def back(when: str = "2026-11-23T12:00", goods: str = "101", value: str | None = "99.50", return_id: str | None = None) -> Any:
    return returned(when, items=(an_item(goods),), value=value, return_id=return_id)


@pytest.mark.parametrize(
    ("one", "other", "plan"),
    [
        (back(), back("2026-11-23T12:01"), Supersede(Reason.NOTHING_NEW)),
        (back(), back(value="99.5"), Supersede(Reason.NOTHING_NEW)),
        (back(), back(goods="102"), None),
        (back(), back(value="10.00"), None),
        (back(return_id="r1"), back(return_id="r2"), None),
        (back(return_id="r1"), back("2026-11-23T12:01", return_id="r1"), Supersede(Reason.NOTHING_NEW)),
        (back(return_id="r1"), back(return_id="r1", value="1.00"), Supersede(Reason.RETURN_ALREADY_SENT)),
        (back(return_id="r1"), back("2026-11-23T12:01"), Supersede(Reason.NOTHING_NEW)),
        (back(), back("2026-11-23T12:01", return_id="r1"), Supersede(Reason.NOTHING_NEW)),
        (returned("2026-11-23T12:00"), returned("2026-11-23T12:01"), Supersede(Reason.NOTHING_NEW)),
    ],
)
def test_r19_a_return_is_distinguished_by_its_id_or_its_goods_and_value(one: Any, other: Any, plan: Any) -> None:
    story = life(OPEN, ORDER, one, other)
    assert story.plan == plan if plan is not None else isinstance(story.plan, Send)


def test_r19_a_return_that_gets_its_id_later_is_known_by_it_from_then_on() -> None:
    story = life(OPEN, ORDER, back(), back(return_id="r1"))
    assert story.plan == Supersede(Reason.NOTHING_NEW)
    assert isinstance(story.goes_on(OPEN, back(return_id="r2")).plan, Send)


def test_r19_returns_sent_before_they_had_ids_are_known_by_their_time() -> None:
    bought = life(OPEN, ORDER)
    old = bought.sales["5501"]
    seen = Sale(purchase_sent=True, lines=old.lines, value=old.value, returns=(at("2026-11-23T12:00"),))
    assert decide(back(), OPEN, bought.contact, seen).plan == Supersede(Reason.NOTHING_NEW)
    assert isinstance(decide(back("2026-11-23T12:01"), OPEN, bought.contact, seen).plan, Send)


def test_r19_the_order_of_goods_and_their_names_make_no_other_return() -> None:
    one = returned(items=(an_item("1"), an_item("2", quantity=2)))
    other = returned(items=(an_item("2", name="x", quantity=2), an_item("1")))
    assert content_of_return(one) == content_of_return(other)


# -- taken back before it left -----------------------------------------------------------------------------------------------


def told(kind: EventKind, when: str = "2026-11-23T12:00", **more: Any) -> AddEvent:
    return an_event(kind, when, **more)


def test_r17_what_was_revoked_before_it_left_was_never_sent() -> None:
    bought = life(OPEN, ORDER, cancelled("2026-11-23T12:00"), back("2026-11-23T13:00"), back("2026-11-23T14:00", goods="102"))
    sale = carried(bought.sales["5501"], 1)
    left = unsold(sale, [told(EventKind.CANCELLATION), told(EventKind.RETURN, "2026-11-23T13:00")], Reason.CONSENT_WITHDRAWN)
    assert (left.purchase_sent, left.cancelled, [one.at for one in left.returned]) == (True, False, [at("2026-11-23T14:00")])
    gone = unsold(sale, [told(EventKind.PURCHASE), told(EventKind.CANCELLATION)], Reason.CONSENT_WITHDRAWN)
    assert (gone.purchase_sent, gone.withheld, gone.cancelled) == (False, Reason.CONSENT_WITHDRAWN, False)


def test_r18_an_update_that_was_revoked_leaves_the_purchase_sent_and_is_sent_when_it_comes_again() -> None:
    newer = version("2026-11-23T12:00", value="1.00")
    story = life(OPEN, ORDER, newer)
    sale = carried(carried(story.sales["5501"], 1), 2)
    left = unsold(sale, [told(EventKind.PURCHASE, is_update=True)], Reason.CONSENT_WITHDRAWN)
    assert (left.purchase_sent, left.carried_by) == (True, (1,))
    assert the_event(decide(newer, OPEN, story.contact, left).plan).is_update
    both = unsold(sale, [told(EventKind.PURCHASE), told(EventKind.PURCHASE, is_update=True)], Reason.CONSENT_WITHDRAWN)
    assert not both.purchase_sent


def test_r18_the_first_and_the_newest_events_that_sent_an_order_are_remembered() -> None:
    sale = NO_SALE
    for number in range(1, 10):
        sale = carried(sale, number)
    assert sale.carried_by == (1, 6, 7, 8, 9)


def test_r18_a_first_version_that_was_revoked_after_a_newer_one_took_its_place_leaves_the_order_sent() -> None:
    sale = replace(SOLD, carried_by=(1, 2), content="x")
    assert unsold(sale, [told(EventKind.PURCHASE)], Reason.CONSENT_WITHDRAWN) == sale


def test_r17_a_cancellation_that_was_revoked_is_sent_when_it_comes_again() -> None:
    sale = replace(SOLD, cancelled=True, cancelled_at=NOON_, cancellation_sent=True)
    assert unsold(sale, [told(EventKind.CANCELLATION)], Reason.CONSENT_WITHDRAWN) == SOLD


@pytest.mark.parametrize(
    ("order", "placed_at", "is_edit"),
    [
        (an_order("2026-11-23T12:00"), "2026-11-23T12:00", False),
        (an_order("2026-11-23T11:00"), "2026-11-23T12:00", False),
        (an_order("2026-11-23T13:00"), "2026-11-23T12:00", True),
        (an_order("2026-11-23T13:00", as_of="2026-11-23T14:00"), "2026-11-23T12:00", False),
    ],
    ids=["said twice", "said to be older", "reported later", "with a time of its own"],
)
def test_r18_an_order_that_says_only_when_it_was_reported_again_is_an_edit_of_the_one_that_was_placed(
    order: OrderPlaced, placed_at: str, is_edit: bool
) -> None:
    edit = replace(order, at=at(placed_at), as_of=order.at)
    assert as_placed(order, replace(SOLD, placed_at=at(placed_at))) == (edit if is_edit else order)


def test_r18_an_order_that_an_earlier_version_of_the_gateway_sent_is_recognised_by_the_content_it_stored() -> None:
    stored = replace(SOLD, content="043777dbbe499fb43bb35e167f9c5a92", lines=())
    assert remembered(ORDER, NO_SALE, sent=True).content == "043777dbbe499fb43bb35e167f9c5a92"
    assert is_same(ORDER, stored)
    assert not is_same(version("2026-11-23T10:00", value="1.00"), stored)


# -- versions that wait together ---------------------------------------------------------------------------------------------

FIRST, NEWER, NEWEST = (an_event(value=Decimal(worth), is_update=worth > 1, newer_than=(1,) * (worth > 1)) for worth in (1, 2, 3))
GONE = an_event(EventKind.CANCELLATION)
OTHER = an_event(external_id="other")


@pytest.mark.parametrize(
    ("events", "unsure", "values", "carried_by"),
    [
        ([FIRST, NEWER], (), [2, 2], {1: 0}),
        ([FIRST, NEWER, NEWEST], (), [3, 2, 3], {1: 0, 2: 0}),
        ([FIRST, NEWER], (0,), [1, 2], {}),
        ([NEWER], (), [2], {}),
        ([FIRST, GONE, NEWER], (), [1, None, 2], {}),
        ([FIRST, OTHER, NEWER], (), [2, None, 2], {2: 0}),
    ],
)
def test_r18_a_purchase_that_has_not_left_leaves_in_its_newest_version(
    events: list, unsure: tuple, values: list, carried_by: dict
) -> None:
    newest, carries = newest_versions(events, unsure)
    assert [one.value for one in newest if one not in (GONE, OTHER)] == [worth for worth in values if worth is not None]
    assert carries == carried_by
    assert not newest[0].is_update or events[0].is_update


@pytest.mark.parametrize(
    ("kind", "sale", "replaced"),
    [
        (EventKind.PURCHASE, Sale(), False),
        (EventKind.PURCHASE, Sale(carried_by=(5, 7)), False),
        (EventKind.PURCHASE, Sale(carried_by=(7, 9)), True),
        (EventKind.CANCELLATION, Sale(purchase_sent=True), True),
        (EventKind.CANCELLATION, Sale(purchase_sent=True, cancelled=True), False),
        (EventKind.CANCELLATION, Sale(), False),
        (EventKind.RETURN, Sale(purchase_sent=True, carried_by=(9,)), False),
        (EventKind.CART, Sale(purchase_sent=True, carried_by=(9,)), False),
        (EventKind.VISIT, Sale(purchase_sent=True, carried_by=(9,)), False),
    ],
)
def test_r18_what_a_newer_word_of_the_shop_has_replaced_must_not_arrive_late(kind: EventKind, sale: Sale, replaced: bool) -> None:
    assert is_replaced(told(kind), 7, sale) is replaced


def test_commands_of_an_order_are_found_by_its_number() -> None:
    first, cart, upsert = told(EventKind.PURCHASE), told(EventKind.CART, external_id=""), an_upsert()
    other, undone = told(EventKind.PURCHASE, external_id="7"), told(EventKind.CANCELLATION)
    assert of_orders([first, cart, upsert, other, undone]) == {"5501": [first, undone], "7": [other]}


def test_r19_the_numbers_of_orders_are_those_of_the_design() -> None:
    assert (timedelta(days=7), 5) == (WAIT_FOR_ORDER, VERSIONS_REMEMBERED)
    assert (NO_SALE.purchase_sent, NO_SALE.cancelled, NO_SALE.cancellation_sent) == (False, False, False)


@pytest.mark.parametrize(
    ("when", "placed"), [("2026-11-23T11:00", BEFORE_NOON), ("2026-11-23T12:00", NOON_), ("2026-11-23T13:00", NOON_)]
)
@pytest.mark.parametrize("sent", [True, False])
def test_r18_an_order_was_placed_when_it_was_first_said_to_be(when: str, placed: datetime, sent: bool) -> None:
    assert remembered(an_order(when), SOLD, sent=sent, reason=Reason.NO_CONSENT).placed_at == placed
    assert remembered(an_order(when), NO_SALE, sent=sent, reason=Reason.NO_CONSENT).placed_at == at(when)


def test_r18_only_a_version_that_replaces_another_renews_an_order() -> None:
    assert remembered(an_order(), NO_SALE, sent=True).renewed_at is None
    assert remembered(an_order("2026-11-23T13:00"), SOLD, sent=True).renewed_at == AFTER_NOON


def test_r17_why_an_order_stays_is_remembered_only_while_it_was_never_sent() -> None:
    assert remembered(an_order(), NO_SALE, reason=Reason.NO_CONSENT).withheld is Reason.NO_CONSENT
    assert remembered(an_order(), SOLD, reason=Reason.NO_CONSENT).withheld is None


@pytest.mark.parametrize(
    ("sale", "sent", "after"),
    [
        (SOLD, True, replace(SOLD, cancelled=True, cancelled_at=NOON_, cancellation_sent=True)),
        (SOLD, False, SOLD),
        (NO_SALE, True, NO_SALE),
        (replace(NO_SALE, cancelled=True), False, replace(NO_SALE, cancelled=True)),
        (
            replace(SOLD, cancelled=True, cancelled_at=AFTER_NOON, cancellation_sent=True),
            False,
            replace(SOLD, cancelled=True, cancelled_at=AFTER_NOON, cancellation_sent=True),
        ),
        (
            replace(SOLD, cancelled=True, cancelled_at=BEFORE_NOON),
            False,
            replace(SOLD, cancelled=True, cancelled_at=NOON_),
        ),
    ],
    ids=["sent", "withheld", "of no order", "cancelled before it came", "known", "said again later"],
)
def test_r17_a_cancellation_is_remembered_of_an_order_that_is_there(sale: Sale, sent: bool, after: Sale) -> None:
    assert remembered(cancelled(), sale, sent=sent) == after


def test_r19_a_return_is_remembered_once_it_is_sent_and_gets_its_id_later() -> None:
    assert remembered(returned(), SOLD).returned == ()
    first = remembered(returned(), SOLD, sent=True)
    second = remembered(returned("2026-11-23T13:00", value="1", return_id="r2"), first, sent=True)
    assert [one.id for one in second.returned] == [None, "r2"]
    named = remembered(returned(return_id="r1"), second)
    assert [one.id for one in named.returned] == ["r1", "r2"]
    assert remembered(returned(return_id="r1"), named) is named
    assert remembered(returned(), named) is named


@pytest.mark.parametrize("kind", sorted(EVERY_EVENT.keys() - {"OrderPlaced", "OrderCancelled", "OrderReturned"}))
def test_other_events_say_nothing_of_an_order(kind: str) -> None:
    assert remembered(EVERY_EVENT[kind], SOLD, sent=True) is SOLD


def test_r18_the_event_that_sends_an_order_first_is_the_only_one_remembered() -> None:
    assert carried(NO_SALE, 7).carried_by == (7,)


@pytest.mark.parametrize(
    ("newest_message", "said_at", "stands_again"),
    [
        (None, AFTER_NOON, True),
        (None, NOON_, False),
        (BEFORE_NOON, AFTER_NOON, True),
        (BEFORE_NOON, BEFORE_NOON, False),
        (AFTER_NOON, AFTER_NOON, False),
        (AFTER_NOON, AFTER_NOON - timedelta(minutes=1), False),
    ],
)
def test_r18_a_cancelled_order_stands_again_by_a_message_newer_than_its_end_and_than_all_before(
    newest_message: datetime | None, said_at: datetime, stands_again: bool
) -> None:
    over = replace(SOLD, cancelled=True, cancelled_at=NOON_, as_of=newest_message)
    again = replace(ORDER, as_of=said_at)
    assert reinstates(again, over) == stands_again
    assert not reinstates(again, replace(over, cancelled=False))
