"""Whose a sent order is, and what becomes of what takes back an order of nobody: tables of every case."""

from dataclasses import replace

import pytest

from app.domain.decisions.orders import Buyer, buyer_of, decide_without_buyer, holder_of
from app.domain.decisions.plan import Defer, Plan, Send, Supersede, Withhold, is_deferred, is_sent, sent_by
from app.domain.person.contact import Contact
from app.domain.person.sale import NO_SALE, Holder, OrderTakenBack, Sale
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from tests.support.builders import EMAIL, NOON, a_careful_shop, a_shop, an_event, at, cancelled, returned, somebody

SENT = Sale(purchase_sent=True)
WITHHELD = Sale(withheld=Reason.NO_CONSENT)
OF_JAN, JANS_HEIR, GONE = Buyer("jan", "jan"), Buyer("jan", "ola"), Buyer[str]("jan", None)


@pytest.mark.parametrize(
    ("sale", "buyer", "whose"),
    [
        (NO_SALE, None, None),
        (NO_SALE, OF_JAN, None),
        (WITHHELD, OF_JAN, None),
        (SENT, OF_JAN, "jan"),
        (SENT, JANS_HEIR, "ola"),
        (SENT, GONE, None),
        (SENT, None, "whoever had the address"),
    ],
)
def test_r17_a_sent_order_is_taken_back_for_its_buyer_whatever_address_is_named(
    sale: Sale, buyer: Buyer[str] | None, whose: str | None
) -> None:
    assert buyer_of(sale, buyer, "whoever had the address") == whose


@pytest.mark.parametrize(
    ("sale", "buyer", "holder"),
    [
        (NO_SALE, OF_JAN, Holder.SAME),
        (WITHHELD, JANS_HEIR, Holder.SAME),
        (SENT, None, Holder.SAME),
        (SENT, Buyer("ola", "ola"), Holder.SAME),
        (SENT, JANS_HEIR, Holder.MERGED),
        (SENT, OF_JAN, Holder.ANOTHER),
        (SENT, GONE, Holder.ANOTHER),
    ],
)
def test_r13_a_newer_version_of_an_order_finds_the_contact_at_which_it_stands(
    sale: Sale, buyer: Buyer[str] | None, holder: Holder
) -> None:
    assert holder_of(sale, buyer, "ola") is holder


ERASED = replace(somebody(), erased=True)
ERASED_AT_NOON = Contact(email=EMAIL, erased_at=at(NOON))


@pytest.mark.parametrize(
    ("sale", "named", "plan"),
    [
        (NO_SALE, None, Defer(Reason.WAITS_FOR_ORDER)),
        (NO_SALE, somebody(), Defer(Reason.WAITS_FOR_ORDER)),
        (WITHHELD, None, Withhold(Reason.PURCHASE_NOT_SENT)),
        (SENT, None, Withhold(Reason.ADDRESS_UNKNOWN)),
        (SENT, somebody(), Withhold(Reason.ADDRESS_UNKNOWN)),
        *((sale, erased, Withhold(Reason.ERASED)) for sale in (NO_SALE, WITHHELD, SENT) for erased in (ERASED, ERASED_AT_NOON)),
    ],
)
def test_r19_what_takes_back_an_order_of_nobody_waits_only_for_an_order_that_may_come(
    sale: Sale, named: Contact | None, plan: Plan
) -> None:
    for event in (cancelled(NOON), returned(NOON)):
        assert decide_without_buyer(event, a_shop(), sale, named) == plan


def test_m3_what_happened_after_an_erasure_waits_for_its_order_as_ever() -> None:
    later = cancelled("2026-11-23T12:01")
    assert decide_without_buyer(later, a_shop(), NO_SALE, ERASED_AT_NOON) == Defer(Reason.WAITS_FOR_ORDER)


@pytest.mark.parametrize("shop", [a_shop(), a_careful_shop(), a_shop(shadow=True), a_shop(blocked_email_domains=("example.com",))])
@pytest.mark.parametrize("event", [cancelled(), returned(value="10.00", return_id="r1")])
def test_r17_of_an_order_that_was_sent_without_a_known_buyer_nobody_can_be_named(event: OrderTakenBack, shop: Shop) -> None:
    sent = Sale(purchase_sent=True, cancelled=True, placed_at=at(NOON))
    assert decide_without_buyer(event, shop, SENT, None) == Withhold(Reason.ADDRESS_UNKNOWN)
    assert decide_without_buyer(event, shop, sent, somebody()) == Withhold(Reason.ADDRESS_UNKNOWN)


PLANS: list[Plan] = [Send(an_event()), Withhold(Reason.NO_CONSENT), Supersede(Reason.NOTHING_NEW), Defer(Reason.CART_WAITS)]


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_says_whether_it_is_sent_or_deferred_and_what_leaves(plan: Plan) -> None:
    assert (is_sent(plan), is_deferred(plan)) == (plan is PLANS[0], plan is PLANS[3])
    assert sent_by(plan) == ((an_event(),) if plan is PLANS[0] else ())
