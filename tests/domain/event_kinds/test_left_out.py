"""What an event, and what it is made of, says of whatever its sender left out."""

from decimal import Decimal

from app.domain.event_parts import NO_EVIDENCE, Customer, Item, NewsletterBox
from app.domain.events import DriftFound, StatusObserved, StatusRejected, Subscribed, SubscriberListed, Unsubscribed
from tests.conftest import NOON

EMAIL = "a@example.pl"


def test_a_newsletter_is_that_by_email_unless_another_is_named() -> None:
    subscribed, unsubscribed = Subscribed(at=NOON, email=EMAIL), Unsubscribed(at=NOON, email=EMAIL, confirmed=True)
    assert (subscribed.by_email, subscribed.by_sms, subscribed.has_account) == (True, False, False)
    assert (unsubscribed.by_email, unsubscribed.by_sms) == (True, False)


def test_nobody_ticked_confirmed_or_did_what_is_not_said() -> None:
    assert not NewsletterBox().ticked
    assert not NO_EVIDENCE.confirmed
    assert not StatusObserved(at=NOON, email=EMAIL).acted
    rejected = StatusRejected(at=NOON, email=EMAIL)
    assert (rejected.by_email, rejected.by_phone, rejected.shown_out) == (False, False, False)
    assert not DriftFound(at=NOON, email=EMAIL).needed


def test_goods_are_one_piece_for_nothing_unless_it_is_said() -> None:
    item = Item(product_id="7", name="Buty")
    assert (item.quantity, item.unit_price) == (Decimal(1), Decimal(0))


def test_that_a_number_was_read_as_one_of_the_shops_country_makes_no_other_event_and_is_not_printed() -> None:
    for plain, assumed in (
        (Customer(email=EMAIL, phone="+48600100200"), Customer(email=EMAIL, phone="+48600100200", phone_assumed=True)),
        (Subscribed(at=NOON, email=EMAIL), Subscribed(at=NOON, email=EMAIL, phone_assumed=True)),
        (SubscriberListed(at=NOON, email=EMAIL), SubscriberListed(at=NOON, email=EMAIL, phone_assumed=True)),
    ):
        assert not plain.phone_assumed
        assert plain == assumed
        assert repr(plain) == repr(assumed)


def test_two_findings_of_drift_are_equal_whatever_was_sent_when_they_were_made() -> None:
    assert DriftFound(at=NOON, email=EMAIL) == DriftFound(at=NOON, email=EMAIL, sent_digest="abc")
