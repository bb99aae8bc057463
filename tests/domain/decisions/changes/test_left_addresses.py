"""Opt-outs for contacts that the person left behind, and for those of the name a refused rename wanted (R06a, R72)."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.changes.left_addresses import (
    StatusesSaid,
    opt_outs_for_left_addresses,
    opt_outs_for_named_address,
    resign_left_address,
    resign_named_address,
)
from app.domain.events import Event
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned, whole
from tests.support.builders import (
    EMAIL,
    account_changed,
    at,
    erasure_requested,
    somebody,
    subscribed,
    unsubscribed,
)

for_both_channels = pytest.mark.parametrize("turned", channels.BOTH)
EARLIER, NOW, LATER = at("2026-11-23T11:00"), at("2026-11-23T12:00"), at("2026-11-23T13:00")
OUT, IN = TimedStatus(Status.OPT_OUT, NOW), TimedStatus(Status.OPT_IN, NOW)
OLD_OUT, OLD_IN = TimedStatus(Status.OPT_OUT, EARLIER), TimedStatus(Status.OPT_IN, EARLIER)
NEW_IN = TimedStatus(Status.OPT_IN, LATER)
BEFORE = somebody()
RESIGNED = replace(BEFORE, email_news=Channel().opt_out(NOW))


@pytest.mark.parametrize(
    ("event", "before", "is_joined", "said"),
    [
        (unsubscribed(), BEFORE, False, StatusesSaid(OUT, None)),
        (unsubscribed(), RESIGNED, False, None),
        (account_changed(), RESIGNED, True, StatusesSaid(OUT, None)),
        (erasure_requested(), BEFORE, True, None),
    ],
    ids=["new", "known", "known, and joined", "erasure"],
)
@for_both_channels
def test_r72_an_opt_out_holds_for_left_addresses_when_it_is_new_or_somebody_joined(
    event: Event, before: Contact, is_joined: bool, said: StatusesSaid | None, turned: Turned
) -> None:
    assert opt_outs_for_left_addresses(event, turned(before), turned(RESIGNED), is_joined=is_joined) == turned(said)


@for_both_channels
def test_r72_an_opt_in_holds_for_no_left_address(turned: Turned) -> None:
    subscriber = turned(replace(BEFORE, email_news=Channel().opt_in(NOW)))
    assert opt_outs_for_left_addresses(subscribed(), BEFORE, subscriber, is_joined=True) is None


@for_both_channels
def test_r72_the_opt_out_is_sent_for_a_left_address_for_which_an_opt_in_was_sent(turned: Turned) -> None:
    told = SentState(email="old@example.com", email_news=OLD_IN, phone_news=OLD_IN)
    command, held = resign_left_address(told, turned(StatusesSaid(OUT, None))) or (None, None)
    assert whole(command) == whole(turned(UpsertContact(email="old@example.com", email_status=Status.OPT_OUT, repeats=True)))
    assert held == turned(replace(told, email_news=OUT))


@pytest.mark.parametrize("told", [SentState(email_news=OLD_IN), SentState(email="old@example.com", email_news=OLD_OUT)])
@for_both_channels
def test_r72_nothing_is_sent_for_a_left_address_that_is_not_there_or_resigned_already(told: SentState, turned: Turned) -> None:
    assert resign_left_address(turned(told), turned(StatusesSaid(OUT, None))) is None


@for_both_channels
def test_r72_no_opt_in_is_sent_for_a_left_address(turned: Turned) -> None:
    told = turned(SentState(email="old@example.com", email_news=OLD_IN))
    assert resign_left_address(told, turned(StatusesSaid(IN, None))) is None


# -- the name that a refused rename wanted ---------------------------------------------------------------------------------

MOVED = replace(BEFORE, sent_state=SentState(email="old@example.com"), moved_at=EARLIER)
REFUSED = replace(MOVED, rename_refused_at=NOW)


def resigns(contact: Contact) -> Contact:
    return replace(contact, email_news=Channel().opt_out(NOW))


@pytest.mark.parametrize(
    ("event", "before", "contact", "said"),
    [
        (unsubscribed(), REFUSED, resigns(REFUSED), OUT),
        (account_changed(), resigns(MOVED), resigns(REFUSED), OUT),  # any event by which the refusal is learned
        (unsubscribed(), replace(REFUSED, moved_at=NOW), replace(resigns(REFUSED), moved_at=NOW), OUT),
        (account_changed(), MOVED, REFUSED, None),
        (unsubscribed(email="old@example.com"), REFUSED, resigns(REFUSED), None),
        (unsubscribed(), resigns(REFUSED), resigns(REFUSED), None),
        (unsubscribed(), MOVED, resigns(MOVED), None),
        (account_changed(), resigns(MOVED), replace(resigns(REFUSED), moved_at=LATER), None),
        (unsubscribed(), REFUSED, replace(resigns(REFUSED), sent_state=SentState(email=EMAIL)), None),
        (unsubscribed(), REFUSED, replace(resigns(REFUSED), sent_state=SentState()), None),
        (subscribed(), REFUSED, replace(REFUSED, email_news=Channel().opt_in(NOW)), None),
    ],
    ids=[
        "by the new name", "before the refusal was known", "in the moment of the move", "nobody resigned", "by the old name",
        "known", "not refused", "before the move", "one name", "never sent", "an opt-in",
    ],
)  # fmt: skip
@for_both_channels
def test_r72_who_resigns_by_the_name_that_a_refused_rename_wanted_resigns_there_too(
    event: Event, before: Contact, contact: Contact, said: TimedStatus | None, turned: Turned
) -> None:
    wanted = None if said is None else turned(StatusesSaid(said, None))
    assert opt_outs_for_named_address(event, turned(before), turned(contact)) == wanted


@pytest.mark.parametrize("sent", [OLD_IN, IN, OUT])
@for_both_channels
def test_r72_the_opt_out_is_sent_for_the_contact_of_that_name(sent: TimedStatus, turned: Turned) -> None:
    there = SentState(email=EMAIL, email_news=sent, phone_news=OLD_IN)
    command, held = resign_named_address(turned(there), turned(StatusesSaid(OUT, None))) or (None, None)
    assert whole(command) == whole(turned(UpsertContact(email=EMAIL, email_status=Status.OPT_OUT, repeats=True)))
    assert held == turned(replace(there, email_news=OUT))


@pytest.mark.parametrize("sent", [NEW_IN, OLD_OUT, None])
@for_both_channels
def test_r72_nothing_is_sent_for_a_contact_of_that_name_that_resigned_before_or_subscribed_since(
    sent: TimedStatus | None, turned: Turned
) -> None:
    said = turned(StatusesSaid(OUT, None))
    assert resign_named_address(turned(SentState(email=EMAIL, email_news=sent)), said) is None
    assert resign_named_address(turned(SentState(email_news=OLD_IN)), said) is None
