"""What earlier versions stored is read, and can be given what they did not know."""

import dataclasses
from typing import Any

import msgspec
import pytest

from app.domain.commands import AddEvent, EventKind, UpsertContact
from app.domain.consent import Channel, Policy, Status, TimedStatus, TransferConsent
from app.domain.decisions.carts import Cart
from app.domain.delivery.circuit_breaker import Breaker
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import DeferredRevocation
from app.domain.delivery.rate_limit import Pace
from app.domain.delivery.revocation import Revocation
from app.domain.event_parts import NO_ADDRESS, NO_EVIDENCE, Customer, NewsletterBox
from app.domain.events import (
    AccountChanged,
    CartChanged,
    CustomerRegistered,
    DriftFound,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    StatusObserved,
    StatusRejected,
    Subscribed,
    SubscriberListed,
    TagsEdited,
    TagsObserved,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.person.contact import Contact
from app.domain.person.sale import Sale
from app.domain.person.sides import KeptBack, Observed, SentState, ShopState
from app.domain.reasons import Reason
from app.domain.runs import reconciliation
from app.domain.runs.backfill import Backfill, BackfillMode, Phase
from app.domain.runs.reconciliation import Reconciliation
from app.domain.shops.shop import Account, Shop
from app.domain.values import replace
from app.storage.engine import codec
from app.storage.engine.stored_fields import RENAMED, WITH_FORMS
from tests.conftest import NOON

STORED = (
    *(
        Account,
        AddEvent,
        Backfill,
        Breaker,
        Channel,
        Contact,
        ShopState,
        DestinationState,
        Pace,
        Reconciliation,
        Sale,
        Observed,
        Shop,
        Revocation,
    ),
    *(SentState, TransferConsent, UpsertContact),
)


@pytest.mark.parametrize("kind", STORED)
def test_a_document_without_a_field_can_be_given_that_field(kind: Any) -> None:
    whole = an_example_of(kind)
    stored = msgspec.json.decode(codec.encode(whole))
    for one in dataclasses.fields(kind):
        if (one.default, one.default_factory) == _NONE:
            continue
        older = codec.decode(codec.encode({name: said for name, said in stored.items() if name != one.name}), kind)
        assert replace(older, **{one.name: getattr(whole, one.name)}) == whole
        assert codec.decode(codec.encode(older), kind) == older


def test_what_is_no_field_is_refused_of_an_older_document_too() -> None:
    with pytest.raises(TypeError, match="Breaker has no field rest"):
        replace(codec.decode(b"{}", Breaker), rest=None)


_TEXTS = "id endpoint client_id owner email external_id location shop_host shop_id token account host"
EXAMPLES: dict[str, Any] = {
    **{name: f"a {name}" for name in _TEXTS.split()},
    **dict.fromkeys(("at", "started_at", "due_at", "accounts_since", "integration_started_at"), NOON),
    "kind": EventKind.PURCHASE,
    "policy": Policy.ALL_CUSTOMERS,
    "phase": Phase.CANARY,
    "calls_per_second": 2.0,
    "number": 1,
}


def an_example_of(kind: Any) -> Any:
    """With its defaults, and something where there is none."""
    modes: dict[Any, Any] = {Backfill: BackfillMode.RUN, Reconciliation: reconciliation.ReconciliationMode.REPAIR}
    examples = {**EXAMPLES, "mode": modes.get(kind)}
    needed = (one.name for one in dataclasses.fields(kind) if (one.default, one.default_factory) == _NONE)
    return kind(**{name: examples[name] for name in needed})


_NONE = (dataclasses.MISSING, dataclasses.MISSING)


def test_renamed_fields_are_stored_under_the_names_that_earlier_versions_read() -> None:
    kept_back = KeptBack(sent=TimedStatus(Status.OPT_IN, NOON), stood=TimedStatus(Status.OPT_OUT, NOON), at=NOON)
    contact = Contact(
        sent_state=SentState(email="a@example.com"),
        shop_state=ShopState(email_news=kept_back.sent),
        observed=Observed(email_kept_back=kept_back),
    )
    stored = msgspec.json.decode(codec.encode(contact))
    assert {"told", "home", "seen"} <= stored.keys()
    assert not {"sent_state", "shop_state", "observed"} & stored.keys()
    assert stored["told"]["email"] == "a@example.com"
    assert stored["seen"]["email_kept_back"].keys() == {"told", "stood", "at"}
    drift = DriftFound(at=NOON, email="a@example.com", sent_digest="abc")
    assert msgspec.json.decode(codec.encode_tagged(drift))[1]["told"] == "abc"
    cart = Cart(id="c1", items=(), changed_at=NOON, confirmed_at=NOON)
    assert {"heard_at", "confirmed_at"} & msgspec.json.decode(codec.encode(cart)).keys() == {"heard_at"}
    assert codec.decode(codec.encode(cart), Cart) == cart
    deferred = DeferredRevocation(Revocation(at_shop=True), Reason.SHADOW, 7)
    assert msgspec.json.decode(codec.encode_all([deferred]))[0]["act"]["home"] is True


def test_what_was_stored_under_an_old_field_name_is_read_into_the_field_of_today() -> None:
    older = codec.decode(b'{"told": {"email": "a@example.com"}, "seen": {"email_disputed": true}}', Contact)
    assert older == Contact(sent_state=SentState(email="a@example.com"), observed=Observed(email_disputed=True))
    assert type(older) is Contact
    assert vars(older).keys() <= {one.name for one in dataclasses.fields(Contact)}


def test_values_with_renamed_fields_are_the_same_after_they_were_stored() -> None:
    kept_back = KeptBack(sent=TimedStatus(Status.OPT_IN, NOON), stood=TimedStatus(Status.OPT_OUT, NOON), at=NOON)
    contact = Contact(observed=Observed(email_kept_back=kept_back, phone_disputed=True), shop_state=ShopState())
    before = repr(contact)
    assert codec.decode(codec.encode(contact), Contact) == contact
    assert repr(contact) == before  # encoding leaves the value as it was
    deferred = (
        DeferredRevocation(Revocation(at_shop=True, cart_id="c"), Reason.SHADOW, 7),
        DeferredRevocation(Revocation(), Reason.SHADOW, 8),
    )
    assert codec.decode_all(codec.encode_all(deferred), DeferredRevocation) == deferred
    drift = DriftFound(at=NOON, email="a@example.com", sent_digest="abc", missing=("x",))
    read = codec.decode_event(codec.encode_tagged(drift))
    assert (read, vars(read)["sent_digest"]) == (drift, "abc")


def test_every_renamed_field_exists_and_no_stored_name_is_taken_twice() -> None:
    for kind, names in RENAMED.items():
        fields = {one.name for one in dataclasses.fields(kind)}
        assert names.keys() <= fields, kind
        assert not fields & set(names.values()), kind


def test_of_a_contact_only_what_differs_from_its_defaults_is_stored() -> None:
    contact = replace(Contact(email="a@example.com"), observed=Observed(phone_disputed=True), erased=False)
    stored = msgspec.json.decode(codec.encode(contact))
    assert {name: said for name, said in stored.items() if said != {}} == {
        "email": "a@example.com",
        "seen": {"phone_disputed": True, "tags": {}, "lost": {}},
    }
    assert codec.decode(codec.encode(contact), Contact) == contact


_NOT_KNOWN = {
    Customer: "id first_name last_name company gender phone wholesaler language birth_date",
    CustomerRegistered: "source",
    AccountChanged: "previous_email",
    Subscribed: "phone language",
    OrderPlaced: "pickup_point source as_of",
    OrderCancelled: "value currency",
    OrderReturned: "return_id value currency",
    CartChanged: "currency value recovery_url",
    ProductViewed: "url",
    TagsEdited: "email customer_id all_tags mirrored",
    TransferConsentGranted: "customer",
    SubscriberListed: "email_since sms_since phone language",
    StatusObserved: "email_out phone_out origin",
    StatusRejected: "still_as email_stood phone_stood",
    DriftFound: "known_as",
    UpsertContact: "new_email email_status phone_status asks_opt_in email_stood phone_stood email_acted_at phone_acted_at",
    Sale: "value currency withheld placed_at as_of renewed_at reinstated_at cancelled_at contact_id",
    Observed: "email_news phone_news tags_at email_unexplained_since email_refused phone_refused email_kept_back phone_kept_back"
    " created_at",
    Contact: "email_since customer_id address_contested_at rename_refused_at moved_at wholesaler email_asked_at"
    " panel_tags_complete_at last_purchase_at erased_at",
    Revocation: "email_until phone_until carts_until happened_before cart_id",
    Cart: "currency value recovery_url reported_at reported_by reported_change_at confirmed_at",
}
_NOT_SO = {
    Customer: "phone_assumed",
    Subscribed: "by_sms has_account phone_assumed",
    Unsubscribed: "by_sms",
    SubscriberListed: "phone_assumed",
    StatusObserved: "acted",
    StatusRejected: "by_email by_phone shown_out",
    DriftFound: "needed",
    UpsertContact: "old_email_opt_in old_phone_opt_in repeats introduces quiet",
    Sale: "purchase_sent cancelled cancellation_sent",
    Observed: "email_disputed phone_disputed",
    Contact: "registered subscriber erased",
    Revocation: "everything email_opt_in phone_opt_in at_shop opt_outs",
}
_NOTHING_SHOWN: dict[str, object] = {"evidence": NO_EVIDENCE}
_OTHERS: dict[type, dict[str, object]] = {
    Customer: {"address": NO_ADDRESS, "newsletter_email": NewsletterBox(), "newsletter_sms": NewsletterBox()},
    CustomerRegistered: _NOTHING_SHOWN,
    Subscribed: {"by_email": True, **_NOTHING_SHOWN},
    Unsubscribed: {"by_email": True, **_NOTHING_SHOWN},
    OrderPlaced: {"items": (), **_NOTHING_SHOWN},
    OrderCancelled: {"items": ()},
    OrderReturned: {"items": ()},
    CartChanged: {"items": ()},
    TagsEdited: {"added": (), "removed": (), "taken_off": ()},
    TransferConsentGranted: _NOTHING_SHOWN,
    TransferConsentWithdrawn: _NOTHING_SHOWN,
    SubscriberListed: _NOTHING_SHOWN,
    TagsObserved: {"tags": ()},
    DriftFound: {"sent_digest": "", "missing": (), "left": (), "put_back": ()},
    UpsertContact: {"add_tags": (), "remove_tags": (), "agreements": ()},
    Sale: {"returns": (), "lines": (), "content": "", "returned": (), "carried_by": (), "waits": ()},
    Contact: {
        "email": "",
        "transfer": TransferConsent(),
        "email_news": Channel(),
        "phone_news": Channel(),
        "earned_tags": (),
        "sent_state": SentState(),
        "shop_state": ShopState(),
        "observed": Observed(),
    },
    Revocation: {"kept_back": ()},
}


@pytest.mark.parametrize("kind", WITH_FORMS)
def test_what_is_left_out_means_the_same_to_every_version(kind: type) -> None:
    """The release before reads it too: a default stays as it is written here, and a new field's is added."""
    found = {one.name: one.default for one in dataclasses.fields(kind) if one.default is not dataclasses.MISSING}
    nothing = {**dict.fromkeys(_NOT_KNOWN.get(kind, "").split()), **dict.fromkeys(_NOT_SO.get(kind, "").split(), False)}
    assert sorted(map(repr, found.items())) == sorted(map(repr, {**nothing, **_OTHERS.get(kind, {})}.items()))
