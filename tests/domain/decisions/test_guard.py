"""The consent guard, at the edges of what it permits (R01-R07, R15, R52)."""

from dataclasses import replace

import pytest

from app.domain.consent import ConsentAnswer, Policy, TransferConsent
from app.domain.decisions.guard import is_resignation, refusal_reason
from app.domain.events import Event
from app.domain.person.contact import Contact
from app.domain.person.sale import NO_SALE
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.tags import MOST_TAGS
from tests.domain.event_kinds.every_event import EVERY_EVENT
from tests.support.builders import NOON, a_careful_shop, a_shop, an_order, at, cart_changed, somebody, tags_edited, unsubscribed

SINCE = TransferConsent().grant(at("2026-11-23T13:00"))
AFRESH = SINCE.withdraw(at("2026-11-23T12:30"))


@pytest.mark.parametrize(
    ("shop", "consent", "box", "reason"),
    [
        (a_shop(), TransferConsent(), ConsentAnswer.NOT_ASKED, None),
        (a_shop(), AFRESH, ConsentAnswer.NOT_ASKED, Reason.BEFORE_CONSENT),
        (a_shop(), AFRESH, ConsentAnswer.NOT_GIVEN, Reason.BEFORE_CONSENT),
        (a_shop(), AFRESH, ConsentAnswer.GIVEN, None),
        (a_careful_shop(), SINCE, ConsentAnswer.NOT_ASKED, Reason.BEFORE_CONSENT),
        (a_careful_shop(), SINCE, ConsentAnswer.GIVEN, None),
        (a_careful_shop(), SINCE, ConsentAnswer.NOT_GIVEN, Reason.ORDER_NOT_CONSENTED),
    ],
)
def test_r07_an_order_from_before_the_consent_stays_unless_its_own_box_was_ticked(
    shop: Shop, consent: TransferConsent, box: ConsentAnswer, reason: Reason | None
) -> None:
    assert refusal_reason(replace(an_order(NOON), box=box), shop, replace(somebody(), transfer=consent), NO_SALE) is reason


@pytest.mark.parametrize(
    ("placed", "reason"), [("2026-11-23T11:59:59", Reason.BEFORE_INTEGRATION), (NOON, None), ("2026-11-23T12:00:01", None)]
)
def test_r15_an_order_of_the_very_moment_of_the_start_is_sent(placed: str, reason: Reason | None) -> None:
    shop = a_shop(integration_started_at=at(NOON))
    assert refusal_reason(an_order(placed), shop, somebody(), NO_SALE) is reason


FULL = somebody().with_tags(tuple(f"tag{number}" for number in range(MOST_TAGS)), (), at(NOON))
BOUGHT = replace(somebody(), last_purchase_at=at(NOON))


@pytest.mark.parametrize(
    ("event", "settings", "contact", "reason"),
    [
        (unsubscribed(confirmed=False), {}, somebody(), Reason.UNCONFIRMED_REMOVAL),
        (unsubscribed(confirmed=True), {}, somebody(), None),
        (unsubscribed(confirmed=False), {"propagate_unconfirmed_removals": True}, somebody(), None),
        (unsubscribed(confirmed=True), {"propagate_unconfirmed_removals": True}, somebody(), None),
        (tags_edited(added=("vip",)), {}, somebody(), None),
        (tags_edited(added=("vip",)), {}, FULL, Reason.TOO_MANY_TAGS),
        (tags_edited(added=("tag1",)), {}, FULL, None),
        (cart_changed("2026-11-23T11:59"), {}, BOUGHT, Reason.CART_BOUGHT),
        (cart_changed(NOON), {}, BOUGHT, Reason.CART_BOUGHT),
        (cart_changed("2026-11-23T12:01"), {}, BOUGHT, None),
    ],
)
def test_what_has_nothing_to_tell_says_why(
    event: Event, settings: dict[str, object], contact: Contact, reason: Reason | None
) -> None:
    assert refusal_reason(event, a_shop(Policy.ALL_CUSTOMERS, **settings), contact, NO_SALE) is reason


@pytest.mark.parametrize("kind", EVERY_EVENT)
def test_r06a_of_all_events_an_unsubscription_alone_is_a_resignation(kind: str) -> None:
    assert is_resignation(EVERY_EVENT[kind], a_shop(propagate_unconfirmed_removals=True)) is (kind == "Unsubscribed")
