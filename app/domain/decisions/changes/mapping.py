"""Which fields of a person and of an event a shop lets travel, and under which names of its own (M5, C8).

Both are differences like everything else: what a shop begins to send goes with the next event of the person, and what it no longer
sends stays in SALESmanago as it was.
"""

from collections.abc import Mapping
from typing import assert_never

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
)
from app.domain.event_kinds.subjects import placed_order
from app.domain.events import Event
from app.domain.person.contact import Contact
from app.domain.shops.shop import Shop
from app.domain.values import replace

PROPERTY = "property:"
"""Marks a profile entry that SALESmanago gets as a property of the shop's own."""


def travelling(profile: Mapping[str, str], shop: Shop) -> dict[str, str]:
    """The profile as the shop lets it travel, with its properties. An empty text clears a field; of a property nothing says so.

    A property of a field that is kept back is kept back too, whatever the shop's configuration says.
    """
    kept = {name: text for name, text in profile.items() if shop.lets_travel(name)}
    properties = {f"{PROPERTY}{name}": text for name, source in shop.properties if (text := kept.get(source))}
    return {**kept, **properties}


def may_travel(name: str, shop: Shop) -> bool:
    """Of a field, or of a property by the field that it is made of; one that is configured no more travels no more."""
    if not name.startswith(PROPERTY):
        return shop.lets_travel(name)
    made_of = dict(shop.properties).get(name.removeprefix(PROPERTY))
    return made_of is not None and shop.lets_travel(made_of)


def fields_carried(command: Command) -> tuple[str, ...]:
    """Names of what a command tells of a person or an order: fields, and properties of the shop's own."""
    match command:
        case UpsertContact():
            return tuple(command.profile)
        case AddEvent():
            texts = {"pickup_point": command.pickup_point, "language": command.language}
            return tuple(name for name, text in texts.items() if text is not None)
        case DeleteContact() | ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags() | ReportErasure():
            return ()
        case _:
            assert_never(command)


def as_it_travels(contact: Contact, shop: Shop) -> Contact:
    """The contact without the fields that are kept back: what tags are made of, so that none discloses such a field (M5)."""
    if shop.fields is None:
        return contact
    return replace(contact, profile={name: fact for name, fact in contact.profile.items() if shop.lets_travel(name)})


def mapped(command: AddEvent, shop: Shop, event: Event | None = None) -> AddEvent:
    """The event with what the shop wants in details of its own, and without what may not travel."""
    if shop.fields is None and not shop.event_details:
        return command
    order = None if event is None else placed_order(event)
    said: Mapping[str, str | None] = {
        "order_id": command.external_id,
        "order_source": None if order is None else order.source,
        "pickup_point": command.pickup_point if shop.lets_travel("pickup_point") else None,
        "currency": command.currency,
        "language": command.language if shop.lets_travel("language") else None,
        "location": command.location,
        "host": command.shop_host,
    }
    return replace(
        command,
        language=said["language"],
        pickup_point=said["pickup_point"],
        details=tuple((detail, text) for detail, source in shop.event_details if (text := said.get(source))),
    )
