"""Decisions beside the usual way: claims, refusals, losses, two accounts of one address, repeated erasures, and the shadow."""

from typing import Any

import pytest

from app.domain.commands import ConfirmOptIn, ConfirmOptOut, DeleteContact, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus, TransferConsent
from app.domain.decisions.changes.sent_state import digest_of_sent_state
from app.domain.decisions.decide import contested, decide
from app.domain.decisions.from_salesmanago import decide_claim
from app.domain.decisions.plan import Defer, Send, Supersede, Withhold, unsent
from app.domain.event_parts import NewsletterBox, Origin
from app.domain.events import AccountListed, DriftFound, OptInClaimed, OptOutClaimed, StatusObserved, StatusRejected
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedFlag
from app.domain.person.sale import NO_SALE
from app.domain.person.sides import SentState
from app.domain.reasons import Reason
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned
from tests.support.builders import (
    EMAIL,
    a_careful_shop,
    a_customer,
    a_shop,
    account_changed,
    an_order,
    an_upsert,
    at,
    cart_changed,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    subscribed,
    tags_edited,
    unsubscribed,
    viewed,
)

OPEN, CAREFUL, SHADOW = a_shop(), a_careful_shop(), a_shop(shadow=True)
EARLIER, THEN, NOW = at("2026-11-23T10:00"), at("2026-11-23T11:00"), at("2026-11-23T12:00")
IN, OUT = TimedStatus(Status.OPT_IN, THEN), TimedStatus(Status.OPT_OUT, THEN)
SENT = SentState(email=EMAIL, email_news=IN)
RESIGNED = Channel(opted_out=EARLIER)
BACK = Contact(email=EMAIL, email_news=Channel(opted_in=THEN, opted_out=EARLIER), sent_state=SENT)
CLAIM = OptOutClaimed(at=NOW, email=EMAIL)
CLICK = StatusObserved(at=NOW, email=EMAIL, email_out=True, acted=True, origin=Origin.CLICK_OR_STAFF)


@pytest.mark.parametrize(
    ("contact", "opt_in_waits", "act"),
    [
        (BACK, False, CLAIM),
        (BACK, True, CLICK),
        (replace(BACK, sent_state=SentState(email=EMAIL)), False, CLICK),
        (replace(BACK, email_news=Channel(opted_in=THEN)), False, CLICK),
        (replace(BACK, email_news=Channel(opted_in=EARLIER, opted_out=THEN)), False, CLICK),
        (replace(BACK, erased=True), True, CLAIM),
        (Contact(email=EMAIL, erased=True), False, CLAIM),
    ],
)
def test_r55_a_callback_about_an_opt_out_counts_at_once_except_of_somebody_who_came_back(
    contact: Contact, opt_in_waits: bool, act: Any
) -> None:
    assert decide_claim(CLAIM, contact, opt_in_waits=opt_in_waits) == act


def test_r72_an_opt_out_that_must_be_confirmed_is_asked_about_also_in_the_shadow() -> None:
    for shop in (OPEN, SHADOW):
        assert decide(CLAIM, shop, BACK).plan == Send(ConfirmOptOut(email=EMAIL, at=NOW))


@pytest.mark.parametrize(
    ("channel", "sent", "is_asked"),
    [
        (Channel(), None, True),
        (Channel(opted_in=THEN), IN, True),
        (Channel(opted_out=THEN), OUT, True),
        (Channel(opted_out=EARLIER), IN, True),  # a later act, of another shop, was sent
        (Channel(opted_out=THEN), None, False),
        (Channel(opted_out=THEN), IN, False),
        (Channel(opted_out=NOW), IN, False),
    ],
)
def test_r55_an_opt_in_is_asked_about_unless_the_opt_out_before_it_was_never_sent(
    channel: Channel, sent: TimedStatus | None, is_asked: bool
) -> None:
    contact = Contact(email=EMAIL, email_news=channel, sent_state=SentState(email=EMAIL, email_news=sent))
    plan = decide(OptInClaimed(at=NOW, email=EMAIL), OPEN, contact).plan
    assert plan == (Send(ConfirmOptIn(email=EMAIL, at=NOW)) if is_asked else Withhold(Reason.OPT_IN_NOT_CONFIRMED))


# -- refused -------------------------------------------------------------------------------------------------------------

REJECTED = StatusRejected(at=NOW, email=EMAIL, by_email=True, shown_out=True, email_stood=IN)
"""An opt-in was not sent because an opt-out was shown, of which is known that it was there before the person acted."""
OPTED_IN = Contact(email=EMAIL, email_news=Channel(opted_in=NOW), sent_state=replace(SENT, email_news=OUT))


@pytest.mark.parametrize(
    ("event", "contact", "plan"),
    [
        (REJECTED, OPTED_IN, Send(an_upsert(email_status=Status.OPT_IN))),
        (replace(REJECTED, email_stood=None), OPTED_IN, Withhold(Reason.OPTED_OUT_THERE)),
        (REJECTED, replace(OPTED_IN, sent_state=SENT), Withhold(Reason.OPTED_OUT_THERE)),
        (REJECTED, replace(OPTED_IN, sent_state=SentState(email=EMAIL)), Withhold(Reason.OPTED_OUT_THERE)),
        (REJECTED, replace(OPTED_IN, email_news=RESIGNED), Withhold(Reason.OPTED_OUT_THERE)),
        (replace(REJECTED, shown_out=False, email_stood=None), OPTED_IN, Withhold(Reason.REFUSED)),
        (replace(REJECTED, by_email=False), OPTED_IN, Withhold(Reason.OPTED_OUT_THERE)),
    ],
)
@pytest.mark.parametrize("turned", channels.BOTH)
def test_r06_an_opt_in_that_did_not_get_there_is_sent_again_only_where_the_opt_out_was_older(
    event: StatusRejected, contact: Contact, plan: Any, turned: Turned
) -> None:
    expected = Send(*map(turned, plan.commands)) if isinstance(plan, Send) else plan
    assert decide(turned(event), OPEN, turned(contact)).plan == expected


def test_r72_after_a_refused_rename_the_person_is_sent_under_the_former_address() -> None:
    story = life(OPEN, registered(EARLIER))
    renamed = replace(story.contact, email="new@example.com", sent_state=replace(story.contact.sent_state, email="new@example.com"))
    plan = decide(StatusRejected(at=NOW, email=EMAIL, still_as=EMAIL), OPEN, renamed).plan
    assert isinstance(plan, Send)
    (upsert,) = plan.commands
    assert isinstance(upsert, UpsertContact)
    assert (upsert.email, upsert.new_email, upsert.profile["first_name"]) == (EMAIL, None, "Jan")


# -- repaired ------------------------------------------------------------------------------------------------------------

TAGGED = life(OPEN, registered(EARLIER), tags_edited(THEN, added=["vip"])).contact
DRIFT = DriftFound(at=NOW, email=EMAIL, known_as=EMAIL, missing=("idosell_vip",), sent_digest=digest_of_sent_state(TAGGED))


@pytest.mark.parametrize(
    ("event", "contact", "plan"),
    [
        (DRIFT, TAGGED, Send(an_upsert(add_tags=("idosell_vip",)))),
        (replace(DRIFT, sent_digest=""), TAGGED, Send(an_upsert(add_tags=("idosell_vip",)))),
        (replace(DRIFT, sent_digest="of an older state"), TAGGED, Supersede(Reason.NOTHING_NEW)),
        (replace(DRIFT, missing=()), TAGGED, Supersede(Reason.NOTHING_NEW)),
        (replace(DRIFT, sent_digest=""), replace(TAGGED, sent_state=SentState()), Supersede(Reason.NOTHING_NEW)),
    ],
)
def test_r26_what_was_sent_and_is_gone_is_sent_again_once_and_introduces_nobody(
    event: DriftFound, contact: Contact, plan: Any
) -> None:
    decision = decide(event, OPEN, contact)
    assert decision.plan == plan
    assert decision.contact.sent_state == contact.sent_state
    assert decide(DRIFT, SHADOW, TAGGED).plan == Withhold(Reason.SHADOW, (an_upsert(add_tags=("idosell_vip",)),))


# -- two accounts of one address -----------------------------------------------------------------------------------------

ACCOUNT = replace(life(OPEN, registered(EARLIER)).contact, registered=True)
BOXED = a_customer("new@example.com", first_name="Janina", newsletter_email=NewsletterBox(ticked=True, since=THEN))
OWN, OF_ANOTHER = account_changed(NOW, customer=BOXED), account_changed(NOW, customer=replace(BOXED, id="9"))
LISTED = AccountListed(at=NOW, customer=a_customer(id="9"))


@pytest.mark.parametrize(
    ("event", "contact", "reason", "contested_at"),
    [
        (LISTED, ACCOUNT, Reason.SHARED_ADDRESS, None),
        (OF_ANOTHER, ACCOUNT, Reason.ADDRESS_OF_ANOTHER_ACCOUNT, NOW),
        (registered(NOW, id="9"), ACCOUNT, Reason.ADDRESS_OF_ANOTHER_ACCOUNT, NOW),
        (OWN, replace(ACCOUNT, email=""), Reason.ADDRESS_OF_ANOTHER_ACCOUNT, NOW),
        (OF_ANOTHER, replace(ACCOUNT, address_contested_at=at("2026-11-24T12:00")), Reason.ADDRESS_OF_ANOTHER_ACCOUNT, None),
    ],
)
def test_r72_where_two_accounts_claim_an_address_nothing_is_learned_and_a_person_decides(
    event: Any, contact: Contact, reason: Reason, contested_at: Any
) -> None:
    decision = contested(event, OPEN, contact, NO_SALE)
    assert decision.plan == Withhold(reason)
    assert decision.contact == replace(contact, address_contested_at=contested_at or contact.address_contested_at)


@pytest.mark.parametrize("event", [LISTED, OF_ANOTHER, registered(NOW, id="9")], ids=["listed", "changed", "registered"])
def test_r72_another_account_of_a_known_address_is_contested(event: Any) -> None:
    assert decide(event, OPEN, ACCOUNT) == contested(event, OPEN, ACCOUNT, NO_SALE)


def test_r72_what_else_an_account_says_is_learned_under_the_address_it_had() -> None:
    decision = contested(OWN, OPEN, replace(ACCOUNT, registered=False), NO_SALE)
    assert (decision.contact.email, decision.contact.registered, decision.contact.email_news) == (EMAIL, True, Channel())
    assert decision.plan == Send(
        an_upsert(profile={"first_name": "Janina", "last_name": "Kowalski"}), withholding=Reason.ADDRESS_OF_ANOTHER_ACCOUNT
    )
    same = account_changed(NOW, customer=a_customer("new@example.com"))
    assert contested(same, OPEN, ACCOUNT, NO_SALE).plan == Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT)
    refused = contested(OWN, CAREFUL, ACCOUNT, NO_SALE)
    assert refused.plan == Withhold(Reason.NO_CONSENT)
    assert not any(fact.value for fact in refused.contact.profile.values()), "nor is a profile kept"


def test_r72_in_the_shadow_a_contested_address_sends_nothing_either() -> None:
    shown = contested(OWN, SHADOW, ACCOUNT, NO_SALE)
    assert shown.plan == Withhold(Reason.SHADOW, (an_upsert(profile={"first_name": "Janina", "last_name": "Kowalski"}),))
    assert shown.contact.sent_state == ACCOUNT.sent_state
    left = replace(ACCOUNT, sent_state=SentState(), email_news=RESIGNED)
    for known_there, plan in (
        (False, Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT)),
        (True, Send(an_upsert(email_status=Status.OPT_OUT), withholding=Reason.ADDRESS_OF_ANOTHER_ACCOUNT)),
    ):
        assert contested(OWN, a_shop(blocked_email_domains=("example.org",)), left, NO_SALE, known_there=known_there).plan == plan
    assert contested(OWN, OPEN, left, NO_SALE).plan == Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT)


# -- nothing to send -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"added": ["vip"]}, Reason.NOTHING_NEW),
        ({"added": ["salesmanago_shop1_x"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"removed": ["salesmanago_shop1_x"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"added": ["vip"], "removed": ["salesmanago_shop1_x"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"all_tags": ["vip"]}, Reason.NOTHING_NEW),
        ({"all_tags": ["vip", "salesmanago_shop1_x"]}, Reason.NOTHING_NEW),
    ],
)
def test_r29_tags_that_may_not_travel_are_not_said_to_be_sent(edit: Any, reason: Reason) -> None:
    tagged = replace(TAGGED, panel_tags={"vip": TimedFlag(value=True, at=THEN)})
    assert decide(tags_edited(NOW, **edit), OPEN, tagged).plan == unsent(reason)


@pytest.mark.parametrize(("all_tags", "reason"), [([], Reason.NOTHING_NEW), (["salesmanago_shop1_x"], Reason.TAGS_MAY_NOT_TRAVEL)])
def test_r29_a_full_set_of_tags_that_all_stay_says_so_and_an_empty_one_brings_nothing_new(
    all_tags: list[str], reason: Reason
) -> None:
    known = life(OPEN, registered(EARLIER)).contact
    assert decide(tags_edited(NOW, all_tags=all_tags), OPEN, known).plan == unsent(reason)


# -- erased --------------------------------------------------------------------------------------------------------------


def test_m1_an_erasure_deletes_under_every_address_and_only_a_newer_one_does_so_again() -> None:
    renamed = Contact(email="new@example.com", sent_state=SentState(email=EMAIL))
    erased = decide(erasure_requested(THEN), OPEN, renamed)
    assert erased.plan == Send(DeleteContact(email="new@example.com"), DeleteContact(email=EMAIL))
    assert erased.contact == Contact(email="new@example.com", erased=True, erased_at=THEN)
    for when, plan in ((EARLIER, False), (THEN, False), (NOW, True)):
        again = decide(erasure_requested(when), OPEN, erased.contact)
        assert (again.plan != Supersede(Reason.NOTHING_NEW)) == plan
    assert decide(erasure_requested(), OPEN, Contact()).contact.email == EMAIL


def test_m3_an_erasure_keeps_what_took_permission_away_as_bare_times() -> None:
    contact = Contact(
        email=EMAIL,
        transfer=TransferConsent(granted_first=EARLIER, granted_last=EARLIER, withdrawn=THEN),
        email_news=Channel(opted_in=EARLIER, opted_out=THEN),
        phone_news=Channel(opted_in=NOW, opted_out=THEN),
    )
    forgotten = decide(erasure_requested(THEN), OPEN, contact).contact
    assert forgotten.transfer == TransferConsent(withdrawn=THEN)
    assert (forgotten.email_news, forgotten.phone_news) == (Channel(opted_out=THEN), Channel(opted_in=NOW, opted_out=THEN))


# -- in the shadow -------------------------------------------------------------------------------------------------------


def test_r06a_in_the_shadow_only_an_opt_out_is_sent_and_the_event_that_brought_it_along_stays() -> None:
    unheard = replace(life(OPEN, subscribed(EARLIER)).contact, email_news=Channel(opted_in=EARLIER, opted_out=THEN))
    decision = decide(viewed(NOW), SHADOW, unheard)
    assert decision.plan == Send(an_upsert(email_status=Status.OPT_OUT), withholding=Reason.SHADOW)
    assert decision.contact.sent_state.email_news == TimedStatus(Status.OPT_OUT, THEN)
    assert decision.learned == unheard
    assert decide(cart_changed(NOW), SHADOW, BACK).plan == Defer(Reason.CART_WAITS)


def test_what_is_learned_is_told_apart_from_what_counts_as_sent() -> None:
    decision = decide(an_order(NOW), OPEN, Contact())
    assert decision.contact.is_transferred
    assert not decision.learned.is_transferred
    assert decision.learned == replace(decision.contact, sent_state=SentState(), shop_state=decision.learned.shop_state)


def test_r06a_the_withheld_event_is_named_unless_it_is_the_resignation_itself() -> None:
    withdrawn = life(OPEN, subscribed(EARLIER), consent_withdrawn(THEN)).contact
    out = an_upsert(email_status=Status.OPT_OUT)
    assert decide(unsubscribed(NOW), OPEN, withdrawn).plan == Send(out)
    unheard = replace(withdrawn, email_news=Channel(opted_in=EARLIER, opted_out=THEN))
    assert decide(viewed(NOW), OPEN, unheard).plan == Send(out, withholding=Reason.CONSENT_WITHDRAWN)
    open_door = replace(unheard, transfer=TransferConsent())
    unconfirmed = unsubscribed(NOW, confirmed=False)
    assert decide(unconfirmed, OPEN, open_door).plan == Send(out, withholding=Reason.UNCONFIRMED_REMOVAL)
