from datetime import timedelta
from typing import Any

import pytest

from app.domain.decisions.carts import FRESH, GRACE, QUIET, WINDOW, Cart, cart_of, decide_cart, newer_state
from app.domain.decisions.plan import Send, Supersede, Withhold
from app.domain.reasons import Reason
from app.domain.values import replace
from tests.support.builders import (
    a_careful_shop,
    a_shop,
    an_item,
    an_order,
    at,
    cart_changed,
    commands_of,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    somebody,
    subscribed,
    the_event,
    the_upsert,
)

OPEN, CAREFUL = a_shop(), a_careful_shop()
FILLED = cart_of(cart_changed("2026-11-23T10:00"))
BUYER = life(CAREFUL, an_order("2026-11-23T09:00")).contact


def test_the_window_is_sixty_to_a_hundred_and_twenty_minutes() -> None:
    assert (timedelta(minutes=60), timedelta(minutes=120)) == (QUIET, WINDOW)
    assert timedelta(0) < GRACE <= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (cart_changed("2026-11-23T09:59", items=(an_item("9"),)), Reason.CART_REPLACED),
        (cart_changed("2026-11-23T10:00"), Reason.CART_UNCHANGED),
        (cart_changed("2026-11-23T10:59"), Reason.CART_UNCHANGED),
    ],
)
def test_what_is_older_or_the_same_changes_nothing(event: Any, state: Reason) -> None:
    assert newer_state(FILLED, event) is state


@pytest.mark.parametrize("items", [(an_item("9"),), (an_item(quantity=2),), ()])
def test_other_goods_or_quantities_are_a_change(items: tuple) -> None:
    state = newer_state(FILLED, cart_changed("2026-11-23T10:30", items=items))
    assert isinstance(state, Cart)
    assert (state.items, state.due_at) == (items, at("2026-11-23T11:30"))
    assert newer_state(None, cart_changed("2026-11-23T10:30", items=items)) == state


def test_r41_the_same_goods_leave_the_idle_hour_alone_and_the_report_tells_the_newest_of_them() -> None:
    event = cart_changed(
        "2026-11-23T10:30", value="45.00", currency="EUR", items=(an_item(name="Buty 42"),), recovery_url="https://x/new"
    )
    assert newer_state(FILLED, event) is Reason.CART_UNCHANGED
    cart = FILLED.refreshed(event)
    assert (cart.changed_at, cart.due_at) == (FILLED.changed_at, FILLED.due_at)
    (report,) = commands_of(decide_cart(cart, CAREFUL, BUYER, cart.due_at))
    assert (str(report.value), report.currency, report.link, report.lines[0].name) == ("45.00", "EUR", "https://x/new", "Buty 42")


@pytest.mark.parametrize(
    ("said", "value", "currency", "link"),
    [
        ({"value": None, "items": (an_item(),)}, "99.50", "PLN", FILLED.recovery_url),  # one at 99.50
        ({"value": None, "items": (an_item(unit_price="0"),)}, "99.50", "PLN", FILLED.recovery_url),
        ({"value": None, "currency": None, "items": (an_item(unit_price="0"),)}, "99.50", "PLN", FILLED.recovery_url),
        ({"value": None, "currency": "EUR", "items": (an_item(unit_price="0"),)}, "None", "EUR", FILLED.recovery_url),
        ({"value": None, "currency": "EUR", "items": (an_item(unit_price="10.05"),)}, "10.05", "EUR", FILLED.recovery_url),
        ({"recovery_url": None}, "99.50", "PLN", FILLED.recovery_url),
        ({"recovery_url": "https://x/renewed"}, "99.50", "PLN", "https://x/renewed"),
    ],
)
def test_r41_what_the_shop_does_not_say_of_the_same_goods_stays(said: Any, value: str, currency: str, link: str) -> None:
    cart = FILLED.refreshed(cart_changed("2026-11-23T10:30", **said))
    assert (str(cart.value), cart.currency, cart.recovery_url) == (value, currency, link)


@pytest.mark.parametrize(
    ("items", "value"),
    [
        ((an_item(quantity=3, unit_price="33.335"),), "100.00"),
        ((an_item(unit_price="10"), an_item("2", unit_price="0")), "10.00"),
        ((an_item(unit_price="0"),), "None"),
        ((), "None"),
    ],
)
def test_r40_a_cart_without_value_is_worth_its_priced_goods(items: tuple, value: str) -> None:
    assert str(cart_of(cart_changed(items=items, value=None)).value) == value
    assert str(cart_of(cart_changed(items=items, value="5.00")).value) == "5.00"


@pytest.mark.parametrize(
    ("contact", "shop", "minutes", "plan"),
    [
        (somebody(), CAREFUL, 60, Withhold(Reason.NO_CONSENT)),
        (life(OPEN, consent_withdrawn()).contact, OPEN, 60, Withhold(Reason.CONSENT_WITHDRAWN)),
        (life(OPEN, erasure_requested()).contact, OPEN, 60, Withhold(Reason.ERASED)),
        (life(OPEN, an_order("2026-11-23T10:00")).contact, OPEN, 60, Supersede(Reason.CART_BOUGHT)),
        (life(OPEN, an_order("2026-11-23T11:59")).contact, OPEN, 120, Supersede(Reason.CART_BOUGHT)),
        (BUYER, CAREFUL, 130, Supersede(Reason.CART_STALE)),
    ],
)
def test_a_ripe_cart_that_stays_says_why(contact: Any, shop: Any, minutes: int, plan: Any) -> None:
    assert decide_cart(FILLED, shop, contact, FILLED.changed_at + timedelta(minutes=minutes)) == plan


@pytest.mark.parametrize("minutes", [60, 119, 120, 129])
def test_a_ripe_cart_of_a_known_person_is_one_report(minutes: int) -> None:
    plan = decide_cart(FILLED, CAREFUL, BUYER, FILLED.changed_at + timedelta(minutes=minutes))
    assert isinstance(plan, Send)
    assert len(plan.commands) == 1


def test_what_is_still_to_be_sent_goes_before_the_report() -> None:
    plan = decide_cart(FILLED, OPEN, somebody(), FILLED.due_at)
    assert len(commands_of(plan)) == 2
    assert the_upsert(plan) == commands_of(plan)[0]
    told = life(OPEN, registered(), subscribed()).contact
    assert len(commands_of(decide_cart(FILLED, OPEN, told, FILLED.due_at))) == 1


def test_a_cart_from_before_a_withdrawal_is_not_reported_after_a_new_consent() -> None:
    back = life(
        CAREFUL,
        an_order("2026-11-23T09:00", order_id="1"),
        consent_withdrawn("2026-11-23T10:10"),
        an_order("2026-11-23T09:30", order_id="2"),
    ).contact
    assert decide_cart(FILLED, CAREFUL, back, FILLED.due_at) == Withhold(Reason.CONSENT_WITHDRAWN)


# -- limits --------------------------------------------------------------------------------------------------------------

TEN, A_SECOND = FILLED.changed_at, timedelta(seconds=1)
REPORTED = FILLED.reported(at("2026-11-23T11:00"), 7)


@pytest.mark.parametrize(
    ("cart", "since_the_report", "bought_at", "can_be"),
    [
        (REPORTED, timedelta(0), None, True),
        (REPORTED, FRESH - A_SECOND, None, True),
        (REPORTED, FRESH, None, False),
        (REPORTED, timedelta(0), TEN - A_SECOND, True),
        (REPORTED, timedelta(0), TEN, False),
        (REPORTED, timedelta(0), TEN + A_SECOND, False),
        (FILLED, timedelta(0), None, False),
        (REPORTED.unreported(), timedelta(0), None, False),
    ],
)
def test_a_reported_cart_can_be_overwritten_for_twelve_hours_unless_it_was_bought(
    cart: Cart, since_the_report: timedelta, bought_at: Any, can_be: bool
) -> None:
    assert timedelta(hours=12) == FRESH
    assert cart.can_be_overwritten(at("2026-11-23T11:00") + since_the_report, bought_at) is can_be
    assert REPORTED.unreported() == FILLED


@pytest.mark.parametrize(("bought_at", "is_new"), [(TEN - A_SECOND, False), (TEN, True), (TEN + A_SECOND, True)])
def test_r40_the_same_goods_after_a_purchase_are_a_new_cart(bought_at: Any, is_new: bool) -> None:
    event = cart_changed("2026-11-23T10:30")
    assert newer_state(REPORTED, event, bought_at) == (cart_of(event) if is_new else Reason.CART_UNCHANGED)
    other = cart_changed("2026-11-23T10:30", items=(an_item("9"),))
    changed = newer_state(REPORTED, other, bought_at)
    assert isinstance(changed, Cart)
    assert (changed.reported_by is None) is is_new


@pytest.mark.parametrize(
    ("facts", "plan"),
    [
        ({"erased_at": TEN - A_SECOND}, None),
        ({"erased_at": TEN}, Withhold(Reason.ERASED)),
        ({"erased": True, "erased_at": TEN - A_SECOND}, Withhold(Reason.ERASED)),
        ({"last_purchase_at": TEN - A_SECOND}, None),
        ({"last_purchase_at": TEN}, Supersede(Reason.CART_BOUGHT)),
        ({"email": "x1@allegromail.pl"}, Withhold(Reason.BLOCKED_ADDRESS)),
    ],
)
def test_a_cart_of_the_moment_of_an_erasure_or_a_purchase_is_not_reported(facts: Any, plan: Any) -> None:
    contact = replace(somebody(), **facts)
    decided = decide_cart(FILLED, OPEN, contact, FILLED.due_at)
    assert isinstance(decided, Send) if plan is None else decided == plan


def test_r07_a_cart_from_before_the_consent_is_not_reported() -> None:
    later = life(CAREFUL, an_order("2026-11-23T10:30")).contact
    assert decide_cart(FILLED, CAREFUL, later, FILLED.due_at) == Withhold(Reason.BEFORE_CONSENT)


def test_a_report_says_which_event_it_overwrites_and_when_it_would_be_too_late() -> None:
    emptied = replace(FILLED, items=())
    assert decide_cart(emptied, OPEN, somebody(), FILLED.due_at) == Supersede(Reason.CART_EMPTIED)
    without_link = replace(REPORTED, recovery_url=None)
    report = the_event(decide_cart(without_link, OPEN, somebody(), FILLED.due_at, link="https://x/mine", overwrites="e7"))
    assert (report.overwrites, report.link, report.expires_at) == ("e7", "https://x/mine", TEN + WINDOW + GRACE)
    assert (report.at, report.cart_id, report.external_id) == (TEN, "basket-77", "")
    first = the_event(decide_cart(FILLED, OPEN, somebody(), FILLED.due_at, link="https://x/mine", overwrites="e7"))
    assert (first.overwrites, first.link) == (None, FILLED.recovery_url)
