"""R40 and R41: abandoned carts."""

import pytest

from app.clients.salesmanago import payloads
from app.domain.commands import (
    EventKind,
)
from app.domain.decisions.carts import cart_of, decide_cart, newer_state
from app.domain.decisions.plan import Send, Supersede, Withhold
from app.domain.reasons import Reason
from tests.support.builders import (
    an_item,
    an_order,
    at,
    cart_changed,
    consent_withdrawn,
    life,
    registered,
    somebody,
    the_event,
)
from tests.support.rows import CAREFUL, OPEN

FILLED = cart_changed("2026-11-23T10:00")

SHOPPER = life(OPEN, registered("2026-11-23T09:00"), FILLED).contact


def test_r40_a_cart_is_due_after_sixty_quiet_minutes_and_not_a_second_earlier() -> None:
    due = cart_of(FILLED).due_at
    assert due > at("2026-11-23T10:59:59")
    assert due == at("2026-11-23T11:00:00")
    assert the_event(decide_cart(cart_of(FILLED), OPEN, SHOPPER, due)).kind is EventKind.CART


def test_r40_the_report_carries_goods_value_recovery_link_and_the_time_of_the_change() -> None:
    report = the_event(decide_cart(cart_of(FILLED), OPEN, SHOPPER, at("2026-11-23T11:00")))
    assert report.at == at("2026-11-23T10:00")
    sent = payloads.event(report)
    assert (sent["products"], sent["detail3"], sent["value"]) == ("101", "1", 99.5)
    assert sent["description"] == "https://sklep.example.com/basket/77"


def test_r40_every_real_change_starts_the_hour_anew() -> None:
    changed = cart_changed("2026-11-23T10:30", items=(an_item("101"), an_item("102")))
    state = newer_state(cart_of(FILLED), changed)
    assert not isinstance(state, Reason)
    assert state.due_at == at("2026-11-23T11:30")


@pytest.mark.parametrize("now", ["2026-11-23T11:59:59", "2026-11-23T12:00:00", "2026-11-23T12:09:59"])
def test_r40_up_to_the_end_of_the_window_and_its_grace_a_cart_is_reported(now: str) -> None:
    assert isinstance(decide_cart(cart_of(FILLED), OPEN, SHOPPER, at(now)), Send)


def test_r41_after_the_window_and_its_grace_a_cart_is_dropped_as_stale() -> None:
    assert decide_cart(cart_of(FILLED), OPEN, SHOPPER, at("2026-11-23T12:10:00")) == Supersede(Reason.CART_STALE)


def test_r41_a_purchase_one_second_before_the_report_closes_the_cart() -> None:
    bought = life(OPEN, registered("2026-11-23T09:00"), FILLED, an_order("2026-11-23T10:59:59"))
    assert decide_cart(cart_of(FILLED), OPEN, bought.contact, at("2026-11-23T11:00")) == Supersede(Reason.CART_BOUGHT)
    before = life(OPEN, registered("2026-11-23T09:00"), an_order("2026-11-23T09:59:59"), FILLED)
    assert isinstance(decide_cart(cart_of(FILLED), OPEN, before.contact, at("2026-11-23T11:00")), Send)


def test_r41_a_cart_that_arrives_after_a_newer_purchase_is_closed_already() -> None:
    assert life(OPEN, an_order("2026-11-23T10:30"), FILLED).plan == Supersede(Reason.CART_BOUGHT)


def test_r41_the_same_content_again_is_no_change() -> None:
    assert newer_state(cart_of(FILLED), cart_changed("2026-11-23T10:30")) is Reason.CART_UNCHANGED


def test_r41_a_late_older_state_changes_nothing() -> None:
    older = cart_changed("2026-11-23T09:30", items=(an_item("9"),))
    assert newer_state(cart_of(FILLED), older) is Reason.CART_REPLACED


def test_r41_consent_is_judged_again_when_the_cart_is_due() -> None:
    gone = life(OPEN, registered("2026-11-23T09:00"), FILLED, consent_withdrawn("2026-11-23T10:30"))
    assert decide_cart(cart_of(FILLED), OPEN, gone.contact, at("2026-11-23T11:00")) == Withhold(Reason.CONSENT_WITHDRAWN)
    guest = cart_of(cart_changed("2026-11-23T10:00", email=None))
    assert decide_cart(guest, CAREFUL, somebody(), at("2026-11-23T11:00")) == Withhold(Reason.NO_CONSENT)
