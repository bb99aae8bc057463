"""What follows of an act beside its own commands: what is revoked, and what is said once more."""

from typing import Any

import pytest

from app.domain.commands import Command, DeleteContact, SetSubscription, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus, TransferConsent
from app.domain.decisions.follow_ups import (
    Channels,
    Revoked,
    opt_in_behind_opt_out,
    opt_ins_adopted,
    opt_ins_revoked_at_sibling,
    opt_outs_shown,
    repeated_in_shop,
    repeated_opt_out,
    revoked_by,
    status_changed,
)
from app.domain.delivery.revocation import Revocation
from app.domain.events import Event
from app.domain.person.contact import Contact
from app.domain.person.sides import KeptBack, Observed, ObservedStatus, SentState, ShopState
from app.domain.reasons import Reason
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned, whole
from tests.domain.event_kinds.every_event import EVERY_EVENT
from tests.support.builders import (
    EMAIL,
    account_changed,
    an_order,
    at,
    consent_withdrawn,
    erasure_requested,
    somebody,
    status_seen,
    unsubscribed,
)

for_both_channels = pytest.mark.parametrize("turned", channels.BOTH)
EARLIER, NOW = at("2026-11-23T11:00"), at("2026-11-23T12:00")
OUT, IN = TimedStatus(Status.OPT_OUT, NOW), TimedStatus(Status.OPT_IN, NOW)
OLD_OUT, OLD_IN = TimedStatus(Status.OPT_OUT, EARLIER), TimedStatus(Status.OPT_IN, EARLIER)
BEFORE = somebody()
RESIGNED = replace(BEFORE, email_news=Channel().opt_out(NOW))
BACK = replace(BEFORE, email_news=Channel(opted_in=NOW, opted_out=EARLIER))
WITHDRAWN = replace(BEFORE, transfer=TransferConsent().withdraw(NOW))
BUYER = replace(BEFORE, last_purchase_at=NOW)
ALL_OF_IT = Revocation(everything=True, at_shop=True, opt_outs=True)
EVERYTHING = Revocation(everything=True)
BY_EMAIL = Channels(email=True, phone=False)
NO_OPT_INS = Revocation(email_opt_in=True, email_until=NOW)
BOUGHT = Revocation(carts_until=NOW)


@pytest.mark.parametrize(
    ("event", "contact", "revoked"),
    [
        (erasure_requested(), replace(BEFORE, erased_at=NOW), [(ALL_OF_IT, Reason.ERASED)]),
        (erasure_requested(), BEFORE, []),
        (consent_withdrawn(), WITHDRAWN, [(EVERYTHING, Reason.CONSENT_WITHDRAWN)]),
        (consent_withdrawn(), BEFORE, []),
        (unsubscribed(), RESIGNED, [(NO_OPT_INS, Reason.CONSENT_WITHDRAWN)]),
        (status_seen(), RESIGNED, [(NO_OPT_INS, Reason.CONSENT_WITHDRAWN)]),
        (unsubscribed(), BACK, [(Revocation(), Reason.CONSENT_WITHDRAWN)]),
        (an_order(), BUYER, [(BOUGHT, Reason.CART_BOUGHT)]),
        (an_order(), BEFORE, []),
        (account_changed(), BUYER, [(BOUGHT, Reason.CART_BOUGHT)]),
    ],
)
@for_both_channels
def test_an_act_revokes_what_it_takes_away(event: Event, contact: Contact, revoked: list[Any], turned: Turned) -> None:
    assert revoked_by(event, BEFORE, turned(contact), is_joined=False, has_cart=True) == turned(revoked)


def test_r41_an_order_of_somebody_without_a_cart_revokes_nothing() -> None:
    assert revoked_by(an_order(), BEFORE, BUYER, is_joined=False, has_cart=False) == []


REVOKING = {"ErasureRequested", "TransferConsentWithdrawn", "Unsubscribed", "StatusObserved", "OrderPlaced"}
MOVING = {"AccountChanged", "AccountListed"}


@pytest.mark.parametrize("kind", sorted(EVERY_EVENT.keys() - REVOKING - MOVING))
def test_an_event_that_takes_nothing_away_revokes_nothing(kind: str) -> None:
    event = EVERY_EVENT[kind]
    contact = replace(RESIGNED, transfer=WITHDRAWN.transfer, last_purchase_at=NOW)
    assert revoked_by(event, BEFORE, contact, is_joined=False, has_cart=True) == []


@for_both_channels
def test_r72_what_stands_for_the_one_that_took_over_is_revoked_of_the_other_as_well(turned: Turned) -> None:
    contact = turned(replace(RESIGNED, transfer=WITHDRAWN.transfer, last_purchase_at=NOW))
    opt_ins = Revoked(turned(Revocation(email_opt_in=True)), Reason.CONSENT_WITHDRAWN)
    with_cart = [(EVERYTHING, Reason.CONSENT_WITHDRAWN), opt_ins, (BOUGHT, Reason.CART_BOUGHT)]
    assert revoked_by(account_changed(), BEFORE, contact, is_joined=True, has_cart=True) == with_cart
    assert revoked_by(account_changed(), BEFORE, contact, is_joined=True, has_cart=False) == with_cart[:-1]


@pytest.mark.parametrize(
    ("former", "told", "shown"),
    [
        (OLD_IN, OUT, BY_EMAIL),
        (None, OUT, BY_EMAIL),
        (OUT, OUT, None),
        (OLD_OUT, IN, None),
    ],
)
@for_both_channels
def test_i6_an_opt_out_counts_as_shown_if_it_is_new(
    former: TimedStatus | None, told: TimedStatus, shown: Channels | None, turned: Turned
) -> None:
    before, contact = (turned(replace(BEFORE, sent_state=SentState(email=EMAIL, email_news=one))) for one in (former, told))
    assert opt_outs_shown(before, contact) == turned(shown)


def test_i6_no_opt_out_was_shown_of_somebody_who_was_never_sent() -> None:
    assert opt_outs_shown(BEFORE, replace(BEFORE, sent_state=SentState(email_news=OUT))) is None


@pytest.mark.parametrize(
    ("arrived", "repeated"),
    [
        ([UpsertContact(email=EMAIL, email_status=Status.OPT_IN)], True),
        ([None], True),
        ([UpsertContact(email=EMAIL, phone_status=Status.OPT_IN)], False),
        ([UpsertContact(email=EMAIL, email_status=Status.OPT_OUT), DeleteContact(email=EMAIL)], False),
        ([], False),
    ],
    ids=["an opt-in", "what cannot be read", "another channel", "no opt-in", "nothing"],
)
@for_both_channels
def test_i6_a_shown_opt_out_is_repeated_only_if_an_opt_in_of_its_channel_arrived(
    arrived: list[Command | None], repeated: bool, turned: Turned
) -> None:
    contact = turned(replace(BEFORE, sent_state=SentState(email=EMAIL, email_news=OUT)))
    again = turned(UpsertContact(email=EMAIL, email_status=Status.OPT_OUT, repeats=True))
    assert whole(repeated_opt_out(contact, turned(BY_EMAIL), turned(arrived))) == (whole(again) if repeated else None)


def test_i6_nothing_is_repeated_for_somebody_whom_salesmanago_does_not_know() -> None:
    assert repeated_opt_out(replace(BEFORE, sent_state=SentState(email_news=OUT)), BY_EMAIL, [None]) is None


@pytest.mark.parametrize(
    ("event", "former", "repeated"),
    [
        (unsubscribed(), OLD_IN, True),
        (unsubscribed(), OLD_OUT, False),
        (unsubscribed(), None, False),
        (status_seen(), OLD_IN, False),
    ],
    ids=["the opposite", "the same", "nothing before", "not an act in the shop"],
)
@for_both_channels
def test_r55_an_act_in_the_shop_is_written_again_where_the_opposite_was_on_its_way(
    event: Event, former: TimedStatus | None, repeated: bool, turned: Turned
) -> None:
    before, contact = (turned(replace(BEFORE, customer_id="1234", shop_state=ShopState(email_news=one))) for one in (former, OUT))
    again = turned(SetSubscription(email=EMAIL, email_news=OUT, customer_id="1234"))
    assert repeated_in_shop(event, before, contact) == (again if repeated else None)


@for_both_channels
def test_r55_an_act_in_the_shop_after_which_the_shop_knows_nothing_is_not_written_again(turned: Turned) -> None:
    before = turned(replace(BEFORE, shop_state=ShopState(email_news=OLD_IN)))
    assert repeated_in_shop(unsubscribed(), before, replace(before, shop_state=ShopState())) is None


@for_both_channels
def test_r06_siblings_learn_what_was_sent_what_was_shown_and_what_was_kept_back(turned: Turned) -> None:
    shown = Observed(email_news=ObservedStatus(Status.OPT_OUT, NOW, NOW))
    assert status_changed(BEFORE, turned(replace(BEFORE, sent_state=SentState(email_news=OUT))))
    assert status_changed(BEFORE, turned(replace(BEFORE, observed=shown)))
    assert status_changed(BEFORE, turned(replace(BEFORE, observed=Observed(email_kept_back=KeptBack(IN, OLD_OUT, NOW)))))
    assert not status_changed(BEFORE, replace(BEFORE, sent_state=SentState(tags={"vip": True})))


@pytest.mark.parametrize(
    ("told", "adopted", "revoked"),
    [(OLD_IN, OUT, Revocation(email_opt_in=True)), (OUT, OUT, Revocation()), (OLD_OUT, IN, Revocation())],
)
@for_both_channels
def test_r06_an_opt_out_of_one_shop_revokes_the_older_opt_in_of_another(
    told: TimedStatus, adopted: TimedStatus, revoked: Revocation, turned: Turned
) -> None:
    there = opt_ins_revoked_at_sibling(turned(SentState(email_news=told)), turned(SentState(email_news=adopted)))
    assert there == turned(revoked)


@for_both_channels
def test_r06_an_adopted_opt_in_follows_the_opt_out_that_still_waits_in_the_other_shop(turned: Turned) -> None:
    told = turned(SentState(email=EMAIL, email_news=OLD_OUT))
    adopted = SentState(email=EMAIL, email_news=IN, phone_news=IN)
    shown = ObservedStatus(Status.OPT_IN, NOW, NOW)
    sibling = replace(BEFORE, sent_state=told, observed=Observed(email_news=shown, phone_news=shown))
    channels_ = opt_ins_adopted(told, adopted)
    assert channels_ == turned(BY_EMAIL)
    follows = opt_in_behind_opt_out(sibling, adopted, channels_, [turned(UpsertContact(email=EMAIL, email_status=Status.OPT_OUT))])
    assert whole(follows) == whole(
        turned(UpsertContact(email=EMAIL, email_status=Status.OPT_IN, email_stood=IN, email_acted_at=NOW, repeats=True))
    )


@pytest.mark.parametrize("waiting", [[], [UpsertContact(email=EMAIL, phone_status=Status.OPT_OUT)]])
@for_both_channels
def test_r06_an_adopted_opt_in_follows_nothing_where_no_opt_out_of_its_channel_waits(
    waiting: list[UpsertContact], turned: Turned
) -> None:
    told, adopted = (turned(SentState(email=EMAIL, email_news=said)) for said in (OLD_OUT, IN))
    sibling = replace(BEFORE, sent_state=told)
    assert opt_in_behind_opt_out(sibling, adopted, turned(BY_EMAIL), turned(waiting)) is None


def test_r06_an_opt_in_adopted_by_one_that_salesmanago_does_not_know_follows_nothing() -> None:
    waiting = [UpsertContact(email=EMAIL, email_status=Status.OPT_OUT)]
    assert opt_in_behind_opt_out(BEFORE, SentState(email_news=IN), BY_EMAIL, waiting) is None


@pytest.mark.parametrize(("told", "adopted"), [(OLD_IN, OUT), (None, IN), (OUT, OUT)])
@for_both_channels
def test_r06_an_opt_in_is_adopted_only_over_an_opt_out_that_was_sent(
    told: TimedStatus | None, adopted: TimedStatus, turned: Turned
) -> None:
    before, after = (turned(SentState(email=EMAIL, email_news=said)) for said in (told, adopted))
    assert opt_ins_adopted(before, after) is None


def test_r06_no_opt_in_is_adopted_by_one_that_salesmanago_does_not_know() -> None:
    assert opt_ins_adopted(SentState(email_news=OUT), SentState(email_news=IN)) is None
