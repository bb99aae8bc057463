"""Two contacts turn out to be one person: of each fact the newer stands, and a resignation of either for both (R06, R72)."""

from datetime import datetime
from typing import Any

import pytest

from app.domain import tags
from app.domain.consent import Channel, Status, TimedStatus, TransferConsent
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import Acts, TimedFlag, TimedText
from app.domain.person.merge import absorb, taken_in
from app.domain.person.sides import Observed, SentState, ShopState
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned
from tests.support.builders import at

A, B = "a@example.com", "b@example.com"
FIRST, THEN, NOW = at("2026-11-23T10:00"), at("2026-11-23T11:00"), at("2026-11-23T12:00")


def text(value: str, when: datetime) -> TimedText:
    return TimedText(value, when)


def flag(value: bool, when: datetime) -> TimedFlag:
    return TimedFlag(value=value, at=when)


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "joined"),
    [
        ("customer_id", "1", "2", "1"),
        ("customer_id", None, "2", "2"),
        *(("registered", ours, theirs, ours or theirs) for ours in (True, False) for theirs in (True, False)),
        *(("subscriber", ours, theirs, ours or theirs) for ours in (True, False) for theirs in (True, False)),
        ("wholesaler", flag(True, THEN), flag(False, NOW), flag(False, NOW)),
        ("wholesaler", flag(True, NOW), flag(False, THEN), flag(True, NOW)),
        ("wholesaler", None, flag(False, THEN), flag(False, THEN)),
        ("wholesaler", None, None, None),
        *((name, THEN, NOW, NOW) for name in ("moved_at", "email_asked_at", "last_purchase_at", "erased_at")),
        *((name, NOW, THEN, NOW) for name in ("moved_at", "email_asked_at", "last_purchase_at", "erased_at")),
        ("panel_tags_complete_at", THEN, NOW, NOW),
        ("earned_tags", ("Buty", "Torby"), ("BUTY", "Paski"), ("Buty", "Torby", "Paski")),
        ("profile", {"company": text("A", THEN)}, {"company": text("B", NOW)}, {"company": text("B", NOW)}),
        ("profile", {"company": text("A", NOW)}, {"company": text("B", THEN)}, {"company": text("A", NOW)}),
        ("profile", {"company": text("A", NOW)}, {"company": text("B", NOW)}, {"company": text("A", NOW)}),
        ("profile", {"company": text("A", NOW)}, {"phone": text("1", THEN)}, {"company": text("A", NOW), "phone": text("1", THEN)}),
        ("sent_state", SentState(email=A), SentState(email=B), SentState(email=A)),
        ("observed", Observed(tags_at=THEN), Observed(tags_at=NOW), Observed(tags_at=THEN)),
    ],
)
def test_of_one_address_each_fact_is_the_newer_of_the_two(name: str, ours: Any, theirs: Any, joined: Any) -> None:
    one, other = Contact(email=A, **{name: ours}), Contact(email=A, **{name: theirs})
    assert absorb(one, other) == Contact(email=A, **{name: joined})


@pytest.mark.parametrize(
    ("ours", "theirs", "is_ours"),
    [
        ({"street": THEN, "city": THEN}, {"city": NOW}, False),
        ({"street": NOW, "city": NOW}, {"city": THEN}, True),
        ({"city": NOW}, {"street": THEN, "country": THEN}, True),
        ({"city": NOW}, {"street": NOW}, True),
        ({"city": THEN}, {}, True),
        ({}, {"city": THEN}, False),
        ({"street": FIRST, "city": NOW}, {"street": THEN, "city": THEN}, True),
    ],
)
def test_r10_the_newer_address_stands_as_a_whole(ours: dict[str, datetime], theirs: dict[str, datetime], is_ours: bool) -> None:
    one, other = (
        Contact(email=A, profile={name: text(whose, when) for name, when in parts.items()})
        for whose, parts in (("ours", ours), ("theirs", theirs))
    )
    assert absorb(one, other).profile == (one if is_ours else other).profile


@pytest.mark.parametrize(
    ("ours", "theirs", "joined"),
    [
        ({"x": flag(True, THEN)}, {"x": flag(False, NOW)}, {"x": flag(False, NOW)}),
        ({"x": flag(False, NOW)}, {"X": flag(True, THEN)}, {"x": flag(False, NOW)}),
        ({"x": flag(True, THEN)}, {}, {"x": flag(True, THEN)}),
        ({}, {"x": flag(True, THEN)}, {"x": flag(True, THEN)}),
        ({"x": flag(True, THEN)}, {"y": flag(False, NOW)}, {"x": flag(True, THEN), "y": flag(False, NOW)}),
    ],
)
def test_the_newer_word_on_every_tag_stands(ours: Any, theirs: Any, joined: Any) -> None:
    assert absorb(Contact(email=A, panel_tags=ours), Contact(email=A, panel_tags=theirs)).panel_tags == joined


@pytest.mark.parametrize(("listed_at", "is_there"), [(FIRST, True), (THEN, False), (NOW, False)])
@pytest.mark.parametrize("turned_round", [False, True])
def test_a_tag_that_a_later_full_list_does_not_name_is_gone(listed_at: datetime, is_there: bool, turned_round: bool) -> None:
    tagged = Contact(email=A, panel_tags={"x": flag(True, THEN)})
    listed = Contact(email=A, panel_tags_complete_at=listed_at)
    joined = absorb(listed, tagged) if turned_round else absorb(tagged, listed)
    assert joined.panel_tags == {"x": flag(True, THEN) if is_there else flag(False, listed_at)}


def test_of_very_many_earned_tags_the_newest_are_kept() -> None:
    one, other = (Contact(email=A, earned_tags=tuple(f"{who}{number}" for number in range(600))) for who in "ab")
    joined = absorb(one, other).earned_tags
    assert (len(joined), joined[0], joined[-1]) == (tags.MOST_TAGS, "a200", "b599")


@pytest.mark.parametrize("turned", channels.BOTH)
def test_r06_of_one_address_the_acts_join_and_the_newest_decides(turned: Turned) -> None:
    one, other = Contact(email=A, email_news=Channel(opted_in=NOW)), Contact(email=A, email_news=Channel(opted_out=THEN))
    assert absorb(turned(one), turned(other)) == turned(Contact(email=A, email_news=Channel(opted_in=NOW, opted_out=THEN)))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Channel(opted_out=THEN), Channel(opted_in=NOW)),
        (Channel(opted_in=THEN), Channel(opted_out=NOW)),
    ],
)
@pytest.mark.parametrize("turned", channels.BOTH)
def test_r06_of_two_addresses_an_opt_out_of_either_stands(ours: Channel, theirs: Channel, turned: Turned) -> None:
    one, other = turned(Contact(email=A, email_news=ours)), turned(Contact(email=B, email_news=theirs))
    assert turned(absorb(one, other, NOW)).email_news.status is Status.OPT_OUT


@pytest.mark.parametrize("turned", channels.BOTH)
def test_r55_the_shop_knows_the_newer_status_of_the_two(turned: Turned) -> None:
    older, newer = TimedStatus(Status.OPT_IN, THEN), TimedStatus(Status.OPT_OUT, NOW)
    one, other = (turned(Contact(email=A, shop_state=ShopState(email_news=said))) for said in (older, newer))
    assert absorb(one, other).shop_state == absorb(other, one).shop_state == other.shop_state


def test_r01_of_one_address_both_consents_join() -> None:
    one = Contact(email=A, transfer=TransferConsent(THEN, THEN, FIRST))
    other = Contact(email=A, transfer=TransferConsent(FIRST, NOW, THEN))
    joined = TransferConsent(FIRST, NOW, THEN)
    assert absorb(one, other).transfer == absorb(other, one).transfer == joined
    assert absorb(Contact(email=A), Contact(email=A)).transfer == TransferConsent()


def test_r72_a_withdrawal_for_the_address_stands_whatever_was_granted_for_the_other() -> None:
    withdrawn = Contact(email=A, transfer=TransferConsent(FIRST, FIRST, THEN))
    granted = Contact(email=B, transfer=TransferConsent(NOW, NOW))
    assert absorb(withdrawn, granted, NOW).transfer.is_withdrawn
    assert not absorb(replace(withdrawn, email=B), granted, NOW).transfer.is_withdrawn, "of one address the newest act decides"


def test_r72_what_was_said_for_left_addresses_is_kept_but_for_the_present_one() -> None:
    said, acts = Channel(opted_out=THEN), Acts(email_news=Channel(opted_out=THEN))
    one = Contact(email=A, left={"c@example.com": Acts(phone_news=said)})
    other = Contact(email=B, email_news=said, left={"c@example.com": acts, A: acts})
    joined = absorb(one, other, NOW)
    assert joined.left == {"c@example.com": Acts(email_news=said, phone_news=said), B: acts}
    assert joined.email_news.opted_out == THEN, "who comes back to an address has resigned there"
    assert absorb(one, replace(other, left={}), NOW).email_news.opted_out is None
    assert absorb(Contact(email=A), Contact(email=A, left={A: acts})).email_news == Channel(), "nobody moved"


@pytest.mark.parametrize(
    ("ours", "theirs", "moved_at"), [(A, B, NOW), (A, A, None), (A, "", None), ("", B, None)], ids=["moved", "same", "none", "new"]
)
def test_r72_a_move_is_dated_by_when_the_address_was_taken(ours: str, theirs: str, moved_at: datetime | None) -> None:
    assert absorb(Contact(email=ours), Contact(email=theirs), NOW).moved_at == moved_at
    dated = absorb(Contact(email=ours), Contact(email=theirs, moved_at=FIRST), NOW).moved_at
    assert dated == (moved_at or FIRST)


def test_r72_who_takes_the_address_of_one_that_was_never_sent_keeps_what_was_sent() -> None:
    mover = Contact(email=B, sent_state=SentState(email=B), observed=Observed(tags_at=THEN))
    taken = taken_in(mover, Contact(email=A, registered=True), NOW)
    assert (taken.email, taken.registered, taken.sent_state, taken.observed) == (A, True, mover.sent_state, mover.observed)
    assert taken.moved_at == NOW
