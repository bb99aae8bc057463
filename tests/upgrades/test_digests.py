"""Digests of values that are stored stay equal from version to version: otherwise an upgrade makes everything look changed."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from app.domain.consent import Status, TimedStatus
from app.domain.decisions.changes.sent_state import digest_of_sent_state
from app.domain.event_parts import Address, Customer, Item, NewsletterBox
from app.domain.events import SubscriberListed
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.values import added, replace, value
from app.sources.findings import fingerprint
from tests.support.builders import a_customer

SHOWN = {
    Address: "street postal_code city country",
    Customer: "email id first_name last_name company gender phone address wholesaler newsletter_email newsletter_sms "
    "language birth_date",
    Item: "product_id name quantity unit_price menu_paths",
    NewsletterBox: "ticked since",
    SentState: "email profile tags email_news phone_news email_asked_at",
    SubscriberListed: "at email email_since sms_since phone language evidence",
    TimedStatus: "status at",
}
"""Classes of which a digest is stored (of accounts, carts, sent states, imports), with the fields it was made of at first."""


@pytest.mark.parametrize(("kind", "names"), SHOWN.items())
def test_a_field_that_such_a_class_gets_later_is_declared_by_added(kind: type, names: str) -> None:
    """If this is red, you added a field: declare it by `values.added`, or every account looks changed after the upgrade."""
    assert [one.name for one in fields(kind) if one.repr and not one.metadata.get("added")] == names.split()


def test_the_digest_of_an_account_is_that_of_the_version_before() -> None:
    assert (
        fingerprint(a_customer(address=Address(city="Gdynia"), newsletter_email=NewsletterBox(ticked=True))) == "2853aae326af1089"
    )


def test_the_digest_of_a_sent_state_is_that_of_the_version_before() -> None:
    news = TimedStatus(Status.OPT_IN, datetime(2026, 1, 2, tzinfo=UTC))
    state = SentState("jan@example.com", {"first_name": "Jan"}, {"rejestracja": True}, news)
    assert digest_of_sent_state(Contact(sent_state=state)) == "ca54fc6772e1fdcf"


@value(kw_only=True)
class Before:
    name: str
    size: int = 1


@value(kw_only=True)
class After:
    name: str
    size: int = 1
    colour: str | None = added(default=None)


After.__qualname__ = "Before"


def test_a_field_that_was_added_shows_only_where_it_says_something() -> None:
    assert repr(After(name="a")) == repr(Before(name="a"))
    assert fingerprint((After(name="a"),)) == fingerprint((Before(name="a"),))
    assert repr(After(name="a", colour="red")) == "Before(name='a', size=1, colour='red')"
    assert After(name="a") != replace(After(name="a"), colour="red")
    assert fingerprint(After(name="a", colour="red")) != fingerprint(After(name="a"))
