"""Which fields travel, and under which names of the shop's own (M5, C8)."""

from dataclasses import fields

import pytest

from app.clients.salesmanago import payloads
from app.domain.commands import AddEvent, UpsertContact
from app.domain.decisions.changes.mapping import as_it_travels, fields_carried, mapped
from app.domain.decisions.changes.sent_state import CLEARABLE
from app.domain.event_parts import Address, Customer
from app.domain.events import Event, OrderPlaced
from app.domain.person.contact import ADDRESS, profile_of
from app.domain.shops.shop import CLEARABLE_FIELDS, EVENT_FIELDS, FIELDS, FREE_DETAILS, PERSON_FIELDS, Shop
from app.domain.values import replace
from app.routers.events.common_schemas import NOT_CLEARABLE
from tests.support.builders import (
    a_customer,
    a_shop,
    account_changed,
    an_event,
    an_order,
    an_upsert,
    commands_of,
    life,
    registered,
    the_event,
    the_upsert,
    viewed,
)

WHOLE = a_customer(
    company="Kowalski sp. z o.o.",
    gender="M",
    phone="+48600100200",
    language="pl",
    birth_date="19710203",
    address=Address(street="Polna 1", postal_code="00-001", city="Warszawa", country="PL"),
)
ORDER = an_order(customer=WHOLE, pickup_point="WAW01A", source="allegro")


def sent(shop: Shop) -> tuple[UpsertContact, AddEvent]:
    plan = life(shop, ORDER).plan
    return the_upsert(plan), the_event(plan)


NO_FIELDS = {"email", "phone_assumed", "wholesaler", "newsletter_email", "newsletter_sms"}
"""Of a customer: the address they are known by, and what becomes tags and statuses. Nothing of it is a field to keep back."""


def test_m5_whatever_a_customer_is_made_of_can_be_kept_back_or_is_named_here_as_no_field() -> None:
    parts = {part.name for part in fields(Address)}
    names = {one.name for one in fields(Customer)} - NO_FIELDS - {"address", "id"} | parts | {"customer_id"}
    assert names == set(PERSON_FIELDS) == profile_of(WHOLE).keys()
    assert set(ADDRESS) == parts


def test_r10_whatever_an_account_change_can_clear_is_a_field_of_a_person() -> None:
    assert set(PERSON_FIELDS) - CLEARABLE - set(NOT_CLEARABLE) == {"customer_id"}
    assert set(PERSON_FIELDS) >= CLEARABLE >= set(CLEARABLE_FIELDS)


def test_m5_without_a_list_every_field_travels() -> None:
    upsert, purchase = sent(a_shop())
    assert set(upsert.profile) == set(PERSON_FIELDS)
    assert (purchase.language, purchase.pickup_point) == ("pl", "WAW01A")


def test_m5_each_field_travels_only_if_the_shop_lets_it() -> None:
    for name in FIELDS:
        upsert, purchase = sent(a_shop(fields=tuple(one for one in FIELDS if one != name)))
        assert set(upsert.profile) == set(PERSON_FIELDS) - {name}
        assert (purchase.language is None) == (name == "language")
        assert (purchase.pickup_point is None) == (name == "pickup_point")


@pytest.mark.parametrize("name", FIELDS)
def test_m5_nothing_that_is_made_of_a_field_travels_if_the_field_is_kept_back(name: str) -> None:
    """No tag, property or detail either: SALESmanago hears the same of who has the field and of who has none."""
    shop = a_shop(
        fields=tuple(one for one in FIELDS if one != name),
        properties=(("own", name),) if name in PERSON_FIELDS else (),
        event_details=(("detail5", name),) if name in EVENT_FIELDS else (),
    )
    assert said_of(shop, ORDER) == said_of(shop, without(name))


@pytest.mark.parametrize("name", FIELDS)
def test_m5_no_tag_is_made_of_a_field_so_what_waits_discloses_none_by_a_tag(name: str) -> None:
    """A tag that is made of one needs an answer in `fields_carried` and in `without_revoked`: they take no tag from what waits."""
    with_it, without_it = (tags_of(said_of(a_shop(), order)) for order in (ORDER, without(name)))
    assert with_it == without_it


def tags_of(commands: list[UpsertContact | AddEvent]) -> list[str]:
    upserts = [one for one in commands if isinstance(one, UpsertContact)]
    return sorted(tag for one in upserts for tag in (*one.add_tags, *one.remove_tags))


def said_of(shop: Shop, order: OrderPlaced) -> list[UpsertContact | AddEvent]:
    """What SALESmanago hears of somebody who registers, changes the account and orders."""
    who = order.customer
    plans = life(shop, registered(customer=who), account_changed("2026-11-23T13:00", customer=who), order).plans
    return [command for plan in plans for command in commands_of(plan) if isinstance(command, UpsertContact | AddEvent)]


def without(name: str) -> OrderPlaced:
    """`ORDER`, which says everything a person and an order can say, but for one field."""
    if name in ADDRESS:
        return replace(ORDER, customer=replace(WHOLE, address=replace(WHOLE.address, **{name: None})))
    if name == "pickup_point":
        return replace(ORDER, pickup_point=None)
    return replace(ORDER, customer=replace(WHOLE, **{"id" if name == "customer_id" else name: None}))


def test_m5_with_an_empty_list_the_address_and_the_event_travel_and_nothing_else() -> None:
    upsert, purchase = sent(a_shop(fields=()))
    assert upsert.profile == {}
    assert payloads.upsert(upsert)["contact"] == {"email": upsert.email}
    assert (purchase.language, purchase.pickup_point, purchase.external_id) == (None, None, "5501")


def test_c8_fields_arrive_as_properties_of_the_shops_own_and_only_once() -> None:
    shop = a_shop(properties=(("numer_klienta", "customer_id"), ("miasto", "city")))
    upsert, _ = sent(shop)
    assert payloads.upsert(upsert)["properties"] == {"gender": "M", "numer_klienta": "1234", "miasto": "Warszawa"}
    moved = account_changed("2026-11-24T12:00", customer=a_customer(address=Address(city="Gdynia")))
    assert payloads.upsert(the_upsert(life(shop, ORDER).goes_on(shop, moved).plan))["properties"] == {"miasto": "Gdynia"}


def test_c8_details_of_events_hold_what_the_shop_wants_there() -> None:
    _, purchase = sent(a_shop(event_details=(("detail5", "order_source"), ("detail11", "pickup_point"), ("detail12", "host"))))
    body = payloads.event(purchase)
    assert (body["detail5"], body["detail11"], body["detail12"]) == ("allegro", "WAW01A", "sklep.example.com")
    assert (body["detail1"], body["detail9"], body["detail10"]) == ("Buty", "PLN", "WAW01A")


@pytest.mark.parametrize("event", [None, viewed()], ids=["a waiting command", "a view"])
def test_c8_what_an_order_alone_knows_stays_out_of_other_events(event: Event | None) -> None:
    shop = a_shop(event_details=(("detail5", "order_source"), ("detail12", "host")))
    assert mapped(the_event(life(a_shop(), ORDER).plan), shop, event).details == (("detail12", "sklep.example.com"),)


def test_c8_no_detail_of_the_plugins_conventions_is_free() -> None:
    taken = {name for name in payloads.event(sent(a_shop())[1]) if name.startswith("detail")}
    assert taken.isdisjoint(FREE_DETAILS)


def test_m5_what_tags_are_made_of_is_what_travels() -> None:
    contact = life(a_shop(), ORDER).contact
    assert as_it_travels(contact, a_shop()) is contact
    without_city = as_it_travels(contact, a_shop(fields=("first_name",)))
    assert without_city == replace(contact, profile={"first_name": contact.profile["first_name"]})


def test_m5_a_command_carries_the_fields_that_it_names() -> None:
    assert fields_carried(an_upsert(profile={"phone": "", "property:nip": "x"})) == ("phone", "property:nip")
    assert fields_carried(an_event()) == ()
    assert fields_carried(replace(an_event(), language="PL")) == ("language",)
    assert fields_carried(replace(an_event(), pickup_point="WAW01A", language="PL")) == ("pickup_point", "language")
