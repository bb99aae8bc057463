"""What is sent about an order, and why something of it stays (R13, R17-R19)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain.person.contact import Contact
from app.domain.person.order_events import order_event, order_stays
from app.domain.person.sale import NO_SALE, Sale
from app.domain.reasons import Reason
from tests.support.builders import EMAIL, a_shop, an_order, at, cancelled, returned

NOON, LATER = at("2026-11-23T12:00"), at("2026-11-23T13:00")
SOLD = Sale(purchase_sent=True, placed_at=NOON, as_of=NOON, value=Decimal("50.00"), currency="PLN", carried_by=(3, 5))
SHOP, JAN = a_shop(), Contact(email=EMAIL)


@pytest.mark.parametrize(
    ("event", "sale", "reason"),
    [
        (cancelled(NOON), NO_SALE, Reason.PURCHASE_NOT_SENT),
        (returned(NOON), NO_SALE, Reason.PURCHASE_NOT_SENT),
        (cancelled(NOON), SOLD, None),
        (cancelled(NOON), replace(SOLD, renewed_at=LATER), Reason.ORDER_REPLACED),
        (cancelled(LATER), replace(SOLD, renewed_at=LATER), None),
        (cancelled(NOON), replace(SOLD, cancelled=True, cancelled_at=NOON), Reason.NOTHING_NEW),
        (cancelled(LATER), replace(SOLD, cancelled=True, cancelled_at=NOON), None),
    ],
    ids=[
        "cancellation of an unsent order",
        "return of an unsent order",
        "first cancellation",
        "from before the order was placed again",
        "of the moment in which the order was placed again",
        "said again",
        "a later cancellation that was never sent",
    ],
)
def test_r17_what_undoes_an_order_is_sent_unless_the_order_was_not_or_stands_again(
    event: Any, sale: Sale, reason: Reason | None
) -> None:
    assert order_stays(event, sale) is reason


@pytest.mark.parametrize(("sale", "is_update", "newer_than"), [(NO_SALE, False, ()), (SOLD, True, (3, 5))])
def test_r18_a_newer_version_names_the_events_that_brought_the_order_there(
    sale: Sale, is_update: bool, newer_than: tuple[int, ...]
) -> None:
    sent = order_event(an_order(LATER), SHOP, JAN, sale)
    assert (sent.is_update, sent.newer_than) == (is_update, newer_than)


@pytest.mark.parametrize(("said", "sent"), [(None, Decimal("50.00")), ("20.00", Decimal("20.00")), ("0.00", Decimal("0.00"))])
def test_r19_a_return_without_a_value_of_its_own_has_that_of_its_order(said: str | None, sent: Decimal) -> None:
    assert order_event(returned(LATER, value=said), SHOP, JAN, SOLD).value == sent
