"""What holds of each kind of event as such (R06, R07, R63, M3)."""

from dataclasses import fields
from typing import get_args

import pytest

from app.domain.event_kinds.traits import is_bulk, kind_of, revokes_permission
from app.domain.events import AboutThePerson, AtTheShop, Event, FromSalesmanago, Request
from app.domain.values import replace
from tests.domain.event_kinds.every_event import EVERY_EVENT
from tests.support.builders import status_seen

TRAITS = {
    "needs_consent_of_its_time": {"OrderPlaced", "CartChanged", "ProductViewed"},
    "is_bulk": {"AccountListed", "SubscriberListed", "DriftFound"},
    "takes_permission_away": {"Unsubscribed", "OptOutClaimed", "TransferConsentWithdrawn", "ErasureRequested"},
    "starts_afresh": {"CustomerRegistered", "Subscribed", "OrderPlaced", "TransferConsentGranted"},
    "is_history_before_integration": {"OrderPlaced"},
    "is_sent_in_shadow": {"OptOutClaimed", "ErasureRequested"},
    "erases": {"ErasureRequested"},
    "places_an_order": {"OrderPlaced"},
    "touches_carts": {"OrderPlaced", "CartChanged", "AccountChanged", "AccountListed"},
    "says_where_the_account_is": {"AccountChanged", "AccountListed"},
    "takes_the_address": {"CustomerRegistered"},
    "edits_tags": {"TagsEdited"},
    "is_from_salesmanago": {kind.__name__ for kind in get_args(FromSalesmanago)},
    "shows_a_status": {"StatusObserved"},
    "claims_an_opt_out": {"OptOutClaimed"},
    "is_done_at_the_shop": {"StatusObserved", "TagsObserved", "OptInClaimed", "OptOutClaimed", "TagsEdited", "DriftFound"},
}


@pytest.mark.parametrize(("trait", "kinds"), TRAITS.items())
def test_each_kind_has_the_traits_it_is_listed_for_and_no_other(trait: str, kinds: set[str]) -> None:
    assert {name for name, event in EVERY_EVENT.items() if getattr(kind_of(event), trait)} == kinds


def test_every_trait_is_listed() -> None:
    assert TRAITS.keys() == {trait.name for trait in fields(kind_of(EVERY_EVENT["OrderPlaced"]))}


def test_every_kind_is_of_exactly_one_group() -> None:
    grouped = [kind for group in (AboutThePerson, AtTheShop, FromSalesmanago, Request) for kind in get_args(group)]
    assert sorted(kind.__name__ for kind in grouped) == sorted(kind.__name__ for kind in get_args(Event))


def test_short_questions_say_the_same() -> None:
    assert {name for name, event in EVERY_EVENT.items() if is_bulk(event)} == TRAITS["is_bulk"]
    assert {name for name, event in EVERY_EVENT.items() if revokes_permission(event)} == TRAITS["takes_permission_away"]


def test_r72_a_loss_that_something_of_now_waits_for_is_no_bulk() -> None:
    assert not is_bulk(replace(EVERY_EVENT["DriftFound"], needed=True))


@pytest.mark.parametrize(
    ("email_out", "phone_out", "stops"),
    [(True, None, True), (None, True, True), (True, False, True), (False, False, False), (None, None, False)],
)
def test_r06_a_shown_opt_out_of_either_channel_overtakes(email_out: bool | None, phone_out: bool | None, stops: bool) -> None:
    assert revokes_permission(status_seen(email_out=email_out, phone_out=phone_out)) == stops
