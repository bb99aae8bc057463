"""What a poll of a contact comes to: an event, something to remember, or nothing (R30, R32, R55)."""

from datetime import datetime, timedelta

import pytest

from app.domain.consent import Status, TimedStatus
from app.domain.decisions.observations.polls import Polled, polled
from app.domain.delivery.verify import RemoteContact
from app.domain.event_parts import Origin
from app.domain.events import StatusObserved, TagsObserved
from app.domain.person.contact import Contact
from app.domain.shops.shop import Panel, PanelKind, Shop
from app.domain.values import replace
from tests.support.builders import EMAIL, a_shop, at, life, registered, somebody, status_seen, subscribed, unsubscribed

SHOP = a_shop(panel=Panel(kind=PanelKind.IDOSELL))
TEN = at("2026-11-23T10:00")
NO_PATIENCE = (timedelta(0), timedelta(0))
GRACE = (timedelta(minutes=10), timedelta(0))
IN = TimedStatus(Status.OPT_IN, TEN)


def minute(number: int) -> datetime:
    return TEN + timedelta(minutes=number)


def subscriber(shop: Shop = SHOP) -> Contact:
    """Transferred, opted in, and seen to be opted in at the second minute."""
    return life(shop, registered(TEN), subscribed(minute(1)), status_seen(minute(2), email_out=False)).contact


def poll(
    contact: Contact, number: int, *, shop: Shop = SHOP, patience: tuple[timedelta, timedelta] = NO_PATIENCE, **shown: object
) -> Polled:
    concerned, with_tags = bool(shown.pop("concerned", True)), bool(shown.pop("with_tags", True))
    there = RemoteContact(email=EMAIL, **shown)  # type: ignore[arg-type]
    return polled(contact, shop, there, minute(number), patience, concerned=concerned, with_tags=with_tags)


def test_a_resignation_that_no_callback_reported_is_an_act_at_once_without_a_grace() -> None:
    came_to = poll(subscriber(), 30, opted_out=True, with_tags=False)
    assert [(type(one), one.at) for one in came_to.events] == [(StatusObserved, minute(30))]
    (act,) = came_to.events
    assert isinstance(act, StatusObserved)
    assert act.email_out is True
    assert act.acted


def test_r53_a_resignation_waits_for_its_callback_where_one_may_say_for_which_shop_it_was() -> None:
    first = poll(subscriber(), 30, patience=GRACE, opted_out=True, with_tags=False)
    assert first.events == ()
    assert first.contact is not None
    assert first.contact.observed.email_unexplained_since == minute(30)
    (act,) = poll(first.contact, 41, patience=GRACE, opted_out=True, with_tags=False).events
    assert isinstance(act, StatusObserved)
    assert act.at == minute(30)


def test_r53_a_status_that_does_not_concern_the_shop_is_no_event() -> None:
    assert poll(subscriber(), 30, opted_out=True, concerned=False, with_tags=False).events == ()


def test_a_poll_that_shows_what_was_known_comes_to_nothing() -> None:
    assert poll(subscriber(), 30, opted_out=False, with_tags=False) == Polled()


def test_r30_tags_that_the_panel_lacks_become_an_event_and_only_if_they_may_be_judged() -> None:
    (seen,) = poll(subscriber(), 30, tags={"VIP": 3}).events
    assert isinstance(seen, TagsObserved)
    assert seen.tags == (("VIP", 3),)
    assert poll(subscriber(), 30, tags={"VIP": 3}, with_tags=False).events == ()


def test_in_the_shadow_tags_are_remembered_and_bring_no_event() -> None:
    shop = replace(SHOP, shadow=True)
    came_to = poll(subscriber(), 30, shop=shop, tags={"VIP": 3})
    assert came_to.events == ()
    assert came_to.contact is not None
    assert came_to.contact.observed.tags_at == minute(30)


@pytest.mark.parametrize("out", [True, False])
def test_r72_a_contact_made_since_is_another_and_its_status_is_nobodys_act(out: bool) -> None:
    shown = poll(subscriber(), 30, created_at=TEN, opted_out=False, with_tags=False).contact
    assert shown is not None
    came_to = poll(shown, 60, created_at=minute(50), opted_out=out)
    assert came_to.events == ()
    assert came_to.contact is not None
    assert not came_to.contact.is_transferred
    assert came_to.contact.observed.created_at == minute(50)


@pytest.mark.parametrize(
    ("shown", "channels", "origin"),
    [
        ({"opted_out": True}, (True, None), Origin.NOT_SHOWN),
        ({"opted_out": True, "is_invalid": True}, (True, None), Origin.INVALID_ADDRESS),
        ({"opted_out_phone": True, "is_invalid": True}, (None, True), Origin.NOT_SHOWN),
    ],
)
def test_h12_a_poll_names_a_bounce_where_the_address_is_marked_as_invalid(
    shown: dict[str, object], channels: tuple[bool | None, bool | None], origin: Origin
) -> None:
    known = replace(subscriber(), phone_news=subscriber().email_news, sent_state=replace(subscriber().sent_state, phone_news=IN))
    (act,) = poll(known, 30, with_tags=False, **shown).events
    assert isinstance(act, StatusObserved)
    assert ((act.email_out, act.phone_out), act.origin) == (channels, origin)


def test_h12_an_opt_in_of_an_address_that_is_marked_as_invalid_is_nobodys_bounce() -> None:
    resigned = life(SHOP, registered(TEN), subscribed(minute(1)), status_seen(minute(2), email_out=True, acted=True)).contact
    (act,) = poll(resigned, 30, opted_out=False, is_invalid=True, with_tags=False).events
    assert isinstance(act, StatusObserved)
    assert act.origin is Origin.NOT_SHOWN


@pytest.mark.parametrize("shadow", [False, True])
def test_an_opt_out_that_salesmanago_did_not_apply_is_an_event_unless_the_shop_is_in_the_shadow(shadow: bool) -> None:
    resigned = life(SHOP, registered(TEN), subscribed(minute(1)), unsubscribed(minute(2))).contact
    came_to = poll(resigned, 30, shop=replace(SHOP, shadow=shadow), opted_out=False, with_tags=False)
    if shadow:
        assert came_to.events == ()
    else:
        (seen,) = came_to.events
        assert isinstance(seen, StatusObserved)
        assert (seen.email_out, seen.acted, seen.at) == (False, False, minute(30))


def test_tags_of_somebody_who_was_never_transferred_are_no_event() -> None:
    assert poll(somebody(), 30, tags={"VIP": 3}).events == ()


def test_tags_are_sent_in_the_order_of_their_names() -> None:
    (seen,) = poll(subscriber(), 30, tags={"VIP": 3, "GOLD": 1}).events
    assert isinstance(seen, TagsObserved)
    assert seen.tags == (("GOLD", 1), ("VIP", 3))


def test_the_day_a_contact_was_made_is_remembered_though_a_later_poll_does_not_show_it() -> None:
    first = poll(subscriber(), 30, created_at=TEN, opted_out=False, with_tags=False).contact
    assert first is not None
    assert first.observed.created_at == TEN
    later = poll(first, 40, opted_out=True, patience=GRACE, with_tags=False).contact
    assert later is not None
    assert later.observed.created_at == TEN


def test_tags_that_have_nowhere_to_go_are_remembered_and_bring_no_event() -> None:
    plain = a_shop()
    came_to = poll(subscriber(plain), 30, shop=plain, tags={"VIP": 3})
    assert came_to.events == ()
    assert came_to.contact is not None
    assert set(came_to.contact.observed.tags) == {"vip"}
