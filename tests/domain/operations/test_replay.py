"""What is left of a parked command when it is tried again: what is true by then, and nothing else (R71)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.commands import AddEvent, Command, ConfirmOptIn, DeleteContact, EventKind, SetSubscription, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import mark_sent
from app.domain.delivery.revocation import opt_outs_of
from app.domain.events import Event
from app.domain.operations.replay import Again, again
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.reasons import Reason
from tests.support.builders import (
    EMAIL,
    Story,
    a_shop,
    account_changed,
    an_event,
    an_order,
    an_upsert,
    at,
    cart_changed,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    subscribed,
    tags_edited,
    the_upsert,
    unsubscribed,
)

SHOP = a_shop()
NOW = at("2026-11-24T12:00")
MORNING, EVENING = "2026-11-23T08:00", "2026-11-23T20:00"
NEW = "jan@new.example.com"


def replayed(command: Command, contact: Contact, known_as: str | None = None) -> Again:
    heir = Contact(email=known_as, sent_state=SentState(email=known_as)) if known_as is not None else None
    return again(command, contact, SHOP, NOW, heir)


def the_sent(outcome: Again) -> UpsertContact:
    assert isinstance(outcome.command, UpsertContact)
    return outcome.command


def parked_with(*events: Event) -> tuple[UpsertContact, Story]:
    """The upsert of the last event, which is parked, and what was known by then."""
    story = life(SHOP, *events)
    return the_upsert(story.plan), story


# -- who is not told of any more -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [an_upsert(), an_event(), an_upsert(email_status=Status.OPT_IN)])
def test_nothing_is_left_of_a_person_who_was_erased_or_withdrew(command: Command) -> None:
    erased = life(SHOP, registered(MORNING), erasure_requested(EVENING)).contact
    outcome = replayed(command, erased)
    assert (outcome.command, outcome.reason, outcome.contact) == (None, Reason.ERASED, erased)
    withdrawn = life(SHOP, registered(MORNING), consent_withdrawn(EVENING)).contact
    outcome = replayed(command, withdrawn)
    assert (outcome.command, outcome.reason, outcome.contact) == (None, Reason.CONSENT_WITHDRAWN, withdrawn)


def test_a_deletion_is_repeated_as_long_as_the_person_is_gone() -> None:
    erased = life(SHOP, registered(MORNING), erasure_requested(EVENING)).contact
    assert replayed(DeleteContact(email=EMAIL), erased).command == DeleteContact(email=EMAIL)


def test_what_goes_to_the_shop_is_for_the_shop_to_compare_also_when_the_transfer_was_withdrawn() -> None:
    withdrawn = life(SHOP, registered(MORNING), consent_withdrawn(EVENING)).contact
    home = SetSubscription(email=EMAIL, email_news=TimedStatus(Status.OPT_OUT, at(MORNING)))
    for command in (home, ConfirmOptIn(email=EMAIL, at=at(MORNING))):
        assert replayed(command, withdrawn) == Again(command, withdrawn)
        assert replayed(command, replace(withdrawn, erased=True)).command is None


def test_a_consent_that_was_given_again_counts() -> None:
    upsert, story = parked_with(registered(MORNING))
    back = story.goes_on(SHOP, consent_withdrawn("2026-11-23T12:00"), consent_granted(EVENING)).contact
    assert replayed(upsert, back).command is not None


def test_a_deletion_is_replaced_where_the_person_is_there_again_under_the_same_address() -> None:
    back = life(SHOP, registered(MORNING)).contact
    outcome = replayed(DeleteContact(email=EMAIL), back)
    assert (outcome.command, outcome.reason, outcome.contact) == (None, Reason.REPLACED, back)
    assert replayed(DeleteContact(email=NEW), back) == Again(DeleteContact(email=NEW), back)


def test_nothing_is_left_for_an_heir_who_was_erased_or_of_an_order_that_a_newer_word_replaced() -> None:
    known = life(SHOP, registered(MORNING)).contact
    gone = again(an_event(), known, SHOP, NOW, replace(Contact(email=NEW), erased=True))
    assert (gone.command, gone.reason, gone.contact) == (None, Reason.ERASED, known)
    replaced = again(an_event(), known, SHOP, NOW, replaced=True)
    assert (replaced.command, replaced.reason, replaced.contact) == (None, Reason.ORDER_REPLACED, known)
    assert again(an_event(), known, SHOP, NOW).reason is None


def test_a_cart_is_closed_by_the_purchase_of_who_took_the_contact_over() -> None:
    buyer = replace(life(SHOP, registered(EVENING)).contact, last_purchase_at=at(EVENING))
    outcome = again(an_event(EventKind.CART, MORNING), life(SHOP, registered(MORNING)).contact, SHOP, NOW, buyer)
    assert (outcome.command, outcome.reason) == (None, Reason.CART_BOUGHT)


# -- upserts -------------------------------------------------------------------------------------------------------------


def test_without_news_an_upsert_is_sent_as_it_was_meant_and_remembered_as_before() -> None:
    upsert, story = parked_with(registered(MORNING))
    outcome = replayed(upsert, story.contact)
    assert the_sent(outcome) == upsert
    assert the_sent(outcome).introduces
    assert outcome.contact == story.contact


def test_of_a_contact_that_is_gone_in_salesmanago_everything_is_sent_and_remembered_as_sent() -> None:
    """A look had shown that SALESmanago does not hold the person any more."""
    upsert, story = parked_with(registered(MORNING, first_name="Jan"), tags_edited("2026-11-23T09:00", added=("vip",)))
    outcome = replayed(upsert, replace(story.contact, sent_state=SentState()))
    sent = the_sent(outcome)
    assert (sent.profile["first_name"], set(sent.add_tags)) == ("Jan", {"rejestracja", "idosell_vip"})
    assert outcome.contact.sent_state.email == EMAIL
    assert difference(outcome.contact, SHOP) is None


def test_a_name_and_tags_are_sent_as_they_are_now() -> None:
    upsert, story = parked_with(registered(MORNING), tags_edited("2026-11-23T09:00", added=("vip", "gold")))
    later = story.goes_on(SHOP, tags_edited(EVENING, removed=("vip",)), account_changed(EVENING, last_name="Nowak"))
    outcome = replayed(upsert, later.contact)
    assert the_sent(outcome).add_tags == ("idosell_gold",)
    assert "idosell_vip" not in the_sent(outcome).add_tags
    first, since = parked_with(registered(MORNING))
    named = since.goes_on(SHOP, account_changed(EVENING, last_name="Nowak"))
    assert the_sent(replayed(first, named.contact)).profile["last_name"] == "Nowak"


def test_the_person_is_called_as_now_and_renamed_in_salesmanago_if_that_was_parked() -> None:
    upsert, story = parked_with(registered(MORNING), account_changed(EVENING, email=NEW, previous_email=EMAIL))
    sent = the_sent(replayed(upsert, story.contact))
    assert (sent.email, sent.new_email) == (EMAIL, NEW)


def test_nothing_is_left_of_an_upsert_whose_content_is_no_news_any_more() -> None:
    upsert = an_upsert(remove_tags=("idosell_x",))
    contact = life(SHOP, registered(MORNING)).contact
    outcome = replayed(upsert, contact)
    assert (outcome.command, outcome.reason) == (None, Reason.REPLACED)


def test_an_opt_in_gives_way_to_a_newer_opt_out_of_the_same_shop() -> None:
    upsert, story = parked_with(registered(MORNING), subscribed("2026-11-23T09:00"))
    assert upsert.email_status is Status.OPT_IN
    out = story.goes_on(SHOP, unsubscribed(EVENING)).contact
    outcome = replayed(upsert, out)
    assert outcome.command is None or the_sent(outcome).email_status is not Status.OPT_IN


def test_an_opt_in_gives_way_to_an_opt_out_that_another_shop_sent() -> None:
    upsert, story = parked_with(registered(MORNING), subscribed("2026-11-23T09:00"))
    elsewhere = TimedStatus(Status.OPT_OUT, at(EVENING))
    contact = replace(story.contact, sent_state=replace(story.contact.sent_state, email_news=elsewhere))
    outcome = replayed(upsert, contact)
    assert outcome.command is None or the_sent(outcome).email_status is None
    assert outcome.contact.sent_state.email_news == elsewhere


def test_an_opt_in_after_all_that_is_sent_again_and_as_an_old_one_if_it_has_grown_old() -> None:
    upsert, story = parked_with(registered(MORNING), subscribed("2026-11-23T09:00"))
    sent = the_sent(replayed(upsert, story.contact))
    assert (sent.email_status, sent.old_email_opt_in) == (Status.OPT_IN, True)
    fresh = again(upsert, story.contact, SHOP, at("2026-11-23T10:00"))
    assert (the_sent(fresh).email_status, the_sent(fresh).old_email_opt_in) == (Status.OPT_IN, False)


@pytest.mark.parametrize("quiet", [True, False])
def test_what_must_set_nothing_off_sets_nothing_off_later_either(quiet: bool) -> None:
    upsert, story = parked_with(registered(MORNING))
    assert the_sent(replayed(replace(upsert, quiet=quiet), story.contact)).quiet is quiet


def test_an_opt_out_that_was_to_be_sent_once_more_is_still_sent() -> None:
    """The person opted out elsewhere; after an opt-in of ours had crossed it, the opt-out was to be repeated (I6)."""
    contact = life(SHOP, registered(MORNING)).contact
    contact = replace(contact, sent_state=replace(contact.sent_state, email_news=TimedStatus(Status.OPT_OUT, at(EVENING))))
    outcome = replayed(an_upsert(email_status=Status.OPT_OUT, repeats=True), contact)
    assert the_sent(outcome).email_status is Status.OPT_OUT


def test_of_a_contact_that_another_took_over_the_upsert_is_left_to_that_other() -> None:
    upsert, story = parked_with(registered(MORNING))
    assert replayed(upsert, story.contact, known_as=NEW).reason is Reason.REPLACED


def test_what_was_sent_of_both_newsletters_is_not_sent_again_with_an_upsert_about_something_else() -> None:
    upsert, story = parked_with(
        registered(MORNING), subscribed("2026-11-23T09:00", by_sms=True), tags_edited(EVENING, added=("vip",))
    )
    assert (upsert.email_status, upsert.phone_status) == (None, None)
    assert the_sent(replayed(upsert, story.contact)) == upsert


@pytest.mark.parametrize("channel", ["email_news", "phone_news"])
def test_an_opt_in_by_either_channel_gives_way_to_an_opt_out_that_another_shop_sent(channel: str) -> None:
    upsert, story = parked_with(registered(MORNING), subscribed("2026-11-23T09:00", by_sms=True))
    elsewhere = TimedStatus(Status.OPT_OUT, at(EVENING))
    contact = replace(story.contact, sent_state=replace(story.contact.sent_state, **{channel: elsewhere}))
    outcome = replayed(upsert, contact)
    assert getattr(outcome.contact.sent_state, channel) == elsewhere
    assert getattr(the_sent(outcome), channel.replace("news", "status")) is None


@pytest.mark.parametrize("by_sms", [False, True])
def test_r06a_after_a_withdrawal_a_parked_resignation_is_sent_and_nothing_else_of_its_command(by_sms: bool) -> None:
    start = (registered(MORNING), subscribed("2026-11-23T09:00", by_sms=by_sms))
    upsert, story = parked_with(*start, unsubscribed("2026-11-23T12:00", by_sms=by_sms))
    outcome = replayed(upsert, story.goes_on(SHOP, account_changed(EVENING, last_name="Nowak"), consent_withdrawn(EVENING)).contact)
    sent = the_sent(outcome)
    assert sent == an_upsert(
        email_status=Status.OPT_OUT, phone_status=Status.OPT_OUT if by_sms else None, agreements=sent.agreements
    )


def test_r06a_a_resignation_of_somebody_who_never_arrived_is_not_sent_after_a_withdrawal() -> None:
    upsert, story = parked_with(unsubscribed(MORNING))
    assert (upsert.introduces, upsert.email_status) == (True, Status.OPT_OUT)
    withdrawn = story.goes_on(SHOP, consent_withdrawn(EVENING)).contact
    assert replayed(upsert, withdrawn) == Again(None, withdrawn, Reason.CONSENT_WITHDRAWN)


def test_a_resignation_that_is_repeated_is_repeated_again_as_long_as_it_stands() -> None:
    story = life(SHOP, registered(MORNING), subscribed("2026-11-23T09:00"), unsubscribed("2026-11-23T12:00"))
    repeated = an_upsert(email_status=Status.OPT_OUT, repeats=True)
    assert replayed(repeated, story.contact) == Again(repeated, story.contact)
    subscribes = story.goes_on(SHOP, subscribed(EVENING)).contact
    assert replayed(repeated, subscribes) == Again(None, subscribes, Reason.REPLACED)


# -- what happened -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "told_as", "known_as", "address"),
    [
        (EMAIL, EMAIL, None, EMAIL),
        (NEW, EMAIL, None, EMAIL),
        (NEW, NEW, None, NEW),
        (NEW, None, None, NEW),
        (EMAIL, EMAIL, "other@example.com", "other@example.com"),
    ],
)
def test_what_happened_is_sent_under_the_address_by_which_the_person_is_known_there(
    email: str, told_as: str | None, known_as: str | None, address: str
) -> None:
    event = an_event()
    outcome = replayed(event, Contact(email=email, sent_state=SentState(email=told_as)), known_as)
    assert outcome.command == replace(event, email=address)


def test_of_a_person_without_any_address_nothing_can_be_sent() -> None:
    assert replayed(an_event(), Contact(customer_id="1234")).reason is Reason.REPLACED


@pytest.mark.parametrize(
    ("kind", "cart_at", "left"),
    [
        (EventKind.CART, MORNING, False),
        (EventKind.CART, EVENING, True),
        (EventKind.PURCHASE, MORNING, True),
        (EventKind.VISIT, MORNING, True),
    ],
)
def test_a_cart_that_a_later_purchase_closed_is_not_sent(kind: EventKind, cart_at: str, left: bool) -> None:
    buyer = life(SHOP, registered(MORNING), an_order("2026-11-23T12:00")).contact
    outcome = replayed(an_event(kind, cart_at), buyer)
    assert (outcome.command is not None) is left
    assert outcome.reason is (None if left else Reason.CART_BOUGHT)


def test_a_person_who_only_filled_a_cart_has_bought_nothing() -> None:
    contact = life(SHOP, registered(MORNING), cart_changed("2026-11-23T12:00")).contact
    assert replayed(an_event(EventKind.CART, MORNING), contact).command is not None


# -- whatever happened ---------------------------------------------------------------------------------------------------

_HAPPENINGS = (
    lambda when: registered(when, first_name="A"),
    lambda when: account_changed(when, last_name="B"),
    subscribed,
    unsubscribed,
    lambda when: tags_edited(when, added=("vip",)),
    lambda when: tags_edited(when, removed=("vip",)),
    lambda when: tags_edited(when, all_tags=("gold",)),
    an_order,
    consent_withdrawn,
    consent_granted,
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[UpsertContact, Contact]:
    """Somebody's life, one of its upserts parked."""
    chosen = draw(st.lists(st.sampled_from(_HAPPENINGS), min_size=1, max_size=8))
    start = at(MORNING)
    events = [registered(start), *(make(start + timedelta(minutes=number)) for number, make in enumerate(chosen, start=1))]
    story = life(SHOP, *events)
    upserts = [command for command in story.commands if isinstance(command, UpsertContact)]
    return draw(st.sampled_from(upserts)), story.contact


@given(stories())
def test_a_replay_sends_what_is_true_and_leaves_nothing_to_be_sent(story: tuple[UpsertContact, Contact]) -> None:
    parked, contact = story
    outcome = replayed(parked, contact)
    if contact.transfer.is_withdrawn:
        assert outcome.command is None or opt_outs_of(outcome.command) == outcome.command  # a resignation travels (R06a)
        return
    assert difference(outcome.contact, SHOP) == difference(contact, SHOP), "no more and no less is left to be told"
    if outcome.command is None:
        assert outcome.contact == contact
        return
    sent = the_sent(outcome)
    panel = {tag for tag, flag in contact.panel_tags.items() if flag.value}
    wanted = {f"idosell_{tag}" for tag in panel}
    assert {tag for tag in sent.add_tags if tag.startswith("idosell_")} <= wanted
    assert not set(sent.remove_tags) & wanted
    assert sent.email_status in (None, contact.email_news.status)
    assert all(contact.profile[name].value == text for name, text in sent.profile.items())


@given(stories())
def test_a_command_replayed_twice_is_the_same_command(story: tuple[UpsertContact, Contact]) -> None:
    parked, contact = story
    first = replayed(parked, contact)
    if isinstance(first.command, UpsertContact):
        second = replayed(first.command, first.contact)
        assert second.command == first.command
        assert second.contact == first.contact


@given(stories())
def test_what_a_replay_remembers_is_what_it_sends(story: tuple[UpsertContact, Contact]) -> None:
    parked, contact = story
    outcome = replayed(parked, contact)
    if isinstance(outcome.command, UpsertContact):
        assert mark_sent(outcome.contact, [outcome.command]) == outcome.contact


@given(st.sampled_from(list(EventKind)), st.booleans())
def test_an_event_changes_in_nothing_but_its_address(kind: EventKind, renamed: bool) -> None:
    event = an_event(kind, EVENING, link="https://x.example/1", overwrites="77")
    outcome = replayed(event, Contact(email=NEW, sent_state=SentState(email=NEW if renamed else EMAIL)))
    assert isinstance(outcome.command, AddEvent)
    assert replace(outcome.command, email=event.email) == event
