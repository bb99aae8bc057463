"""Whom and what each kind of event names."""

from collections.abc import Callable
from typing import get_args

import pytest

from app.domain.event_kinds.subjects import (
    cart_id_of,
    customer_id_of,
    email_of,
    order_id_of,
    placed_order,
    previous_email_of,
    tag_edit,
)
from app.domain.events import Event
from tests.domain.event_kinds.every_event import EVERY_EVENT
from tests.support.builders import EMAIL, consent_granted

NAMES: list[tuple[Callable[[Event], str | None], str, set[str]]] = [
    (email_of, EMAIL, set(EVERY_EVENT)),
    (
        customer_id_of,
        "1234",
        {"CustomerRegistered", "AccountChanged", "AccountListed", "OrderPlaced", "TransferConsentGranted", "TagsEdited"},
    ),
    (order_id_of, "5501", {"OrderPlaced", "OrderCancelled", "OrderReturned"}),
    (previous_email_of, "old@example.com", {"AccountChanged"}),
    (cart_id_of, "basket-77", {"CartChanged"}),
]


def test_there_is_an_example_of_every_kind() -> None:
    assert EVERY_EVENT.keys() == {kind.__name__ for kind in get_args(Event)}


@pytest.mark.parametrize(("named", "name", "kinds"), NAMES, ids=lambda one: getattr(one, "__name__", None))
def test_an_event_names_what_events_of_its_kind_can_name(named: Callable[[Event], str | None], name: str, kinds: set[str]) -> None:
    assert {kind: named(event) for kind, event in EVERY_EVENT.items() if named(event) is not None} == dict.fromkeys(kinds, name)


def test_a_consent_without_a_description_of_the_person_names_no_account() -> None:
    assert customer_id_of(consent_granted()) is None


@pytest.mark.parametrize(("asked", "kind"), [(placed_order, "OrderPlaced"), (tag_edit, "TagsEdited")])
def test_an_event_of_one_kind_is_found_among_all(asked: Callable[[Event], Event | None], kind: str) -> None:
    assert {name: found for name, event in EVERY_EVENT.items() if (found := asked(event)) is not None} == {kind: EVERY_EVENT[kind]}
