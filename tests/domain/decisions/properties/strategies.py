"""Strategies: whole events of one person."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from app.domain.consent import Policy
from app.domain.decisions.learn import learn
from app.domain.event_parts import NewsletterBox
from app.domain.events import Event
from app.domain.person.contact import Contact
from app.domain.shops.shop import Shop
from tests.support.builders import (
    EMAIL,
    a_customer,
    a_shop,
    account_changed,
    an_order,
    at,
    cancelled,
    cart_changed,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    registered,
    returned,
    somebody,
    subscribed,
    tags_edited,
    unsubscribed,
    viewed,
)

DAWN = at("2026-11-23T00:00")
QUICK = settings(max_examples=100, deadline=None)
THOROUGH = settings(max_examples=250, deadline=None)

# -- strategies: whole events of one person -------------------------------------------------------------------------------

moments = st.integers(0, 12).map(lambda hour: DAWN + timedelta(hours=hour))
ticks = st.builds(NewsletterBox, ticked=st.booleans(), since=st.none() | moments)
panel_tags = st.lists(st.sampled_from(["vip", "VIP", "hurt", "Żółty", "salesmanago_x"]), max_size=2, unique=True)
shops = st.sampled_from([a_shop(policy, **more) for policy in Policy for more in ({}, {"propagate_unconfirmed_removals": True})])


@st.composite
def customers(draw: st.DrawFn, email: str = EMAIL) -> Any:
    said = {name: draw(st.sampled_from([None, "x", "y"])) for name in ("first_name", "company", "phone")}
    return a_customer(
        email,
        wholesaler=draw(st.sampled_from([None, True, False])),
        newsletter_email=draw(ticks),
        newsletter_sms=draw(ticks),
        **said,
    )


orders = st.builds(
    an_order,
    moments,
    order_id=st.sampled_from(["1", "2"]),
    consent=st.sampled_from([True, False, None]),
    customer=customers(),
    categories=st.sampled_from([(), ("Obuwie/Sportowe",), ("Wyprzedaże",)]),
    source=st.sampled_from([None, "allegro"]),
)
undone = st.builds(cancelled, moments, order_id=st.sampled_from(["1", "2"])) | st.builds(
    returned, moments, order_id=st.sampled_from(["1", "2"])
)
moves = st.sampled_from([EMAIL, EMAIL, "jan@new.example.com"]).flatmap(
    lambda email: st.builds(account_changed, moments, customer=customers(email))
)
states = (
    st.builds(registered, moments, customer=customers())
    | moves
    | st.builds(subscribed, moments, by_email=st.booleans(), by_sms=st.booleans(), has_account=st.booleans())
    | st.builds(unsubscribed, moments, by_email=st.booleans(), by_sms=st.booleans(), confirmed=st.booleans())
    | st.builds(tags_edited, moments, added=panel_tags, removed=panel_tags)
    | st.builds(tags_edited, moments, all_tags=panel_tags)
    | st.builds(consent_granted, moments, customer=st.none() | customers())
    | st.builds(consent_withdrawn, moments)
)
occurrences = st.builds(cart_changed, moments) | st.builds(viewed, moments) | orders
living = states | occurrences
everything = living | undone | st.builds(erasure_requested, moments)


@st.composite
def shuffled_with_repetitions(draw: st.DrawFn, events: st.SearchStrategy[Event]) -> list[Event]:
    told = draw(st.lists(events, min_size=1, max_size=8))
    again = draw(st.lists(st.sampled_from(told), max_size=3))
    return draw(st.permutations([*told, *again]))


def learned(shop: Shop, events: Iterable[Event], contact: Contact | None = None) -> Contact:
    contact = contact or somebody()
    for event in events:
        contact = learn(event, shop, contact)
    return contact
