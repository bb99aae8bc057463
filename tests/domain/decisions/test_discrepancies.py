"""Each disagreement between the two sides is shown to a person, and nothing else is (R26, R27, R72, B6)."""

from typing import Any

import pytest

from app.domain.consent import Status
from app.domain.decisions.discrepancies import (
    ConflictKind,
    conflicts,
    conflicts_of,
    has_seen_conflicts,
    is_disputed,
    marked_as_seen,
    what_to_do,
)
from app.domain.decisions.observations.tags import READD_LIMIT
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedFlag
from app.domain.person.sides import Lost, Observed, ObservedStatus, SentState, ShopState, TakenOff
from app.domain.person.stored import StoredContact
from app.domain.shops.shop import TagConflicts
from app.domain.values import replace
from tests.support.builders import EMAIL, a_shop, at

THEN, NOW = at("2026-11-23T11:00"), at("2026-11-23T12:00")


def there(*tags: str, value: bool = True) -> dict[str, TimedFlag]:
    return {tag: TimedFlag(value, THEN) for tag in tags}


def known(**facts: Any) -> Contact:
    return Contact(email=EMAIL, **facts)


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        (known(), []),
        (known(observed=Observed(lost={"idosell_vip": Lost(THEN)})), [(ConflictKind.TAG_LOST, ("idosell_vip",), THEN)]),
        (known(observed=Observed(lost={"idosell_vip": Lost(THEN, back=True)})), []),
        (
            known(observed=Observed(lost={"idosell_a": Lost(THEN, back=True), "idosell_b": Lost(NOW)})),
            [(ConflictKind.TAG_LOST, ("idosell_b",), NOW)],
        ),
        (known(shop_state=ShopState(taken_off={"vip": TakenOff(THEN, put_back_at=THEN)})), []),
        (known(shop_state=ShopState(taken_off={"vip": TakenOff(THEN, left_off=True, accepted=True)})), []),
        (
            known(shop_state=ShopState(taken_off={"vip": TakenOff(NOW, left_off=True)})),
            [(ConflictKind.TAG_TAKEN_OFF, ("vip",), NOW)],
        ),
        (known(panel_tags=there("żółw", "zolw")), [(ConflictKind.TAGS_COLLIDE, ("zolw", "żółw"), THEN)]),
        (known(panel_tags=there("żółw") | there("zolw", value=False)), []),
        (known(observed=Observed(email_disputed=True)), [(ConflictKind.STATUS_KEPT, ("email",), None)]),
        (known(observed=Observed(phone_disputed=True)), [(ConflictKind.STATUS_KEPT, ("sms",), None)]),
        (known(address_contested_at=THEN), [(ConflictKind.ADDRESS_CONTESTED, (), THEN)]),
        (known(rename_refused_at=THEN), [(ConflictKind.RENAME_REFUSED, (), THEN)]),
    ],
)
def test_a_person_is_shown_what_the_two_sides_disagree_about(contact: Contact, shown: list[Any]) -> None:
    found = [(one.kind, tuple(sorted(one.about)), one.since) for one in conflicts(contact, a_shop())]
    assert found == shown
    assert is_disputed(contact) == bool(shown)


@pytest.mark.parametrize(
    ("setting", "readded", "said"),
    [
        (TagConflicts.READD, READD_LIMIT - 1, "it is added again."),
        (TagConflicts.READD, READD_LIMIT, "three times"),
        (TagConflicts.READD, READD_LIMIT + 1, "three times"),
        (TagConflicts.ACCEPT, READD_LIMIT, "the loss is accepted"),
        (TagConflicts.REPORT, READD_LIMIT, "nothing is done"),
    ],
)
def test_r26_of_a_lost_tag_is_said_what_is_done_about_it(setting: TagConflicts, readded: int, said: str) -> None:
    contact = known(observed=Observed(lost={"idosell_vip": Lost(THEN, readded=readded)}))
    (conflict,) = conflicts(contact, a_shop(tag_conflicts=setting))
    assert said in conflict.words


@pytest.mark.parametrize(
    ("put_back_at", "said", "said_pl"), [(None, "stays off", "nie przywraca"), (THEN, "had been put back", "został przywrócony")]
)
def test_r30_of_a_tag_taken_off_is_said_whether_it_was_put_back_and_what_to_do(put_back_at: Any, said: str, said_pl: str) -> None:
    contact = known(shop_state=ShopState(taken_off={"vip": TakenOff(NOW, put_back_at, left_off=True)}))
    (conflict,) = conflicts(contact, a_shop())
    assert said in conflict.words
    assert said_pl in conflict.words_pl
    assert "Remove it in SALESmanago" in conflict.what_to_do
    assert "Usuń go w SALESmanago" in conflict.what_to_do_pl


@pytest.mark.parametrize(("sent_at", "was_asked"), [(None, False), (THEN, False), (NOW, True)])
def test_b6_a_subscription_that_waits_is_shown_with_whether_the_person_was_asked(sent_at: Any, was_asked: bool) -> None:
    contact = known(email_asked_at=NOW, sent_state=SentState(email_asked_at=sent_at))
    (waits,) = conflicts(contact, a_shop())
    assert (waits.kind, waits.about, waits.since) == (ConflictKind.UNCONFIRMED, ("email",), NOW)
    assert ("was not asked yet" in waits.words) == (not was_asked)
    assert not is_disputed(contact), "nobody disagrees"


# -- seen by somebody (R91) ----------------------------------------------------------------------------------------------------

LATER = at("2026-11-23T13:00")
OUT = ObservedStatus(Status.OPT_OUT, since=THEN, at=THEN)
STANDING = {
    ConflictKind.TAG_LOST: known(observed=Observed(lost={"idosell_vip": Lost(THEN)})),
    ConflictKind.TAG_TAKEN_OFF: known(shop_state=ShopState(taken_off={"vip": TakenOff(THEN, left_off=True)})),
    ConflictKind.TAGS_COLLIDE: known(panel_tags=there("żółw", "zolw")),
    ConflictKind.STATUS_KEPT: known(observed=Observed(email_disputed=True, email_news=OUT)),
    ConflictKind.ADDRESS_CONTESTED: known(address_contested_at=THEN),
    ConflictKind.RENAME_REFUSED: known(rename_refused_at=THEN),
}
ANEW = {
    ConflictKind.TAG_LOST: {"observed": Observed(lost={"idosell_vip": Lost(LATER)})},
    ConflictKind.TAG_TAKEN_OFF: {"shop_state": ShopState(taken_off={"vip": TakenOff(LATER, left_off=True)})},
    ConflictKind.TAGS_COLLIDE: {"panel_tags": {"żółw": TimedFlag(True, LATER), "zolw": TimedFlag(True, THEN)}},
    ConflictKind.STATUS_KEPT: {"observed": Observed(email_disputed=True, email_news=replace(OUT, since=LATER))},
    ConflictKind.ADDRESS_CONTESTED: {"address_contested_at": LATER},
    ConflictKind.RENAME_REFUSED: {"rename_refused_at": LATER},
}
"""The same conflict, after it ended and came back."""


def stored(contact: Contact, merged_into: int | None = None) -> StoredContact:
    return StoredContact(7, "shop1", contact, None, merged_into)


def test_every_disagreement_stands_in_the_tables() -> None:
    assert {*STANDING} == {*ANEW} == {*ConflictKind} - {ConflictKind.LEFT_BEHIND, ConflictKind.UNCONFIRMED}


@pytest.mark.parametrize("kind", STANDING)
def test_r91_a_conflict_that_somebody_saw_stays_listed_and_is_open_no_more(kind: ConflictKind) -> None:
    contact, marked = marked_as_seen(stored(STANDING[kind]), None, NOW)
    assert marked == (kind,)
    (conflict,) = conflicts(contact, a_shop())
    assert (conflict.kind, conflict.seen_at) == (kind, NOW)
    assert contact.seen_conflicts == {conflict.key: NOW}
    assert (is_disputed(contact), has_seen_conflicts(contact)) == (False, True)
    assert replace(contact, seen_conflicts={}) == STANDING[kind], "nothing else is changed"
    assert marked_as_seen(stored(contact), None, LATER) == (contact, ()), "there is nothing more to see"


@pytest.mark.parametrize("kind", STANDING)
def test_r91_a_conflict_that_comes_back_is_open_again(kind: ConflictKind) -> None:
    contact, _ = marked_as_seen(stored(STANDING[kind]), None, NOW)
    again = replace(contact, **ANEW[kind])
    assert [one.seen_at for one in conflicts(again, a_shop())] == [None]
    assert (is_disputed(again), has_seen_conflicts(again)) == (True, False)


def test_a_conflict_of_another_thing_is_open_though_its_like_was_seen() -> None:
    contact, _ = marked_as_seen(stored(STANDING[ConflictKind.TAG_LOST]), None, NOW)
    two = replace(contact, observed=Observed(lost={"idosell_vip": Lost(THEN), "idosell_vip2": Lost(THEN)}))
    assert [(one.about, one.seen_at) for one in conflicts(two, a_shop())] == [(("idosell_vip",), NOW), (("idosell_vip2",), None)]
    assert (is_disputed(two), has_seen_conflicts(two)) == (True, True)


def test_only_conflicts_of_the_wanted_kind_are_marked_and_what_ended_is_forgotten() -> None:
    both = replace(STANDING[ConflictKind.TAG_LOST], rename_refused_at=THEN, seen_conflicts={"tag_lost idosell_old": THEN})
    contact, marked = marked_as_seen(stored(both), ConflictKind.RENAME_REFUSED, NOW)
    assert marked == (ConflictKind.RENAME_REFUSED,)
    assert contact.seen_conflicts == {"rename_refused": NOW}
    assert is_disputed(contact)


def test_a_conflict_dated_ahead_of_the_clock_is_seen_all_the_same() -> None:
    contact, _ = marked_as_seen(stored(known(rename_refused_at=LATER)), None, NOW)
    assert not is_disputed(contact)


def test_r72_a_contact_that_was_left_behind_is_shown_by_its_address_until_it_is_seen() -> None:
    left = stored(known(sent_state=SentState(email=EMAIL)), merged_into=8)
    (conflict,) = conflicts_of(left, a_shop())
    assert (conflict.kind, conflict.about, conflict.seen_at) == (ConflictKind.LEFT_BEHIND, (EMAIL,), None)
    contact, marked = marked_as_seen(left, None, NOW)
    assert marked == (ConflictKind.LEFT_BEHIND,)
    assert [one.seen_at for one in conflicts_of(stored(contact, merged_into=8), a_shop())] == [NOW]


@pytest.mark.parametrize(
    ("contact", "about"),
    [
        (known(sent_state=SentState(email="old@example.com")), ("old@example.com",)),  # the name it stands there by
        (known(), (EMAIL,)),
        (Contact(), ()),
    ],
)
def test_r72_a_contact_that_was_left_behind_is_named_as_salesmanago_knows_it(contact: Contact, about: tuple[str, ...]) -> None:
    assert [one.about for one in conflicts_of(stored(contact, merged_into=8), a_shop())] == [about]


def test_of_somebody_who_is_listed_everything_is_shown_that_is_shown_of_the_contact() -> None:
    contact = replace(STANDING[ConflictKind.RENAME_REFUSED], email_asked_at=NOW)
    found = conflicts_of(stored(contact), a_shop())
    assert found == conflicts(contact, a_shop())
    assert [one.kind for one in found] == [ConflictKind.RENAME_REFUSED, ConflictKind.UNCONFIRMED]


def test_r91_where_there_is_nothing_to_be_seen_the_contact_stays_as_it_is() -> None:
    contact = known(rename_refused_at=THEN, seen_conflicts={"tag_lost idosell_old": THEN})
    assert marked_as_seen(stored(contact), ConflictKind.TAG_LOST, NOW) == (contact, ())


def test_a_newsletter_status_that_is_kept_is_dated_by_what_salesmanago_shows_of_its_channel() -> None:
    email, phone = OUT, replace(OUT, since=NOW)
    contact = known(observed=Observed(email_disputed=True, email_news=email, phone_disputed=True, phone_news=phone))
    assert [(one.about, one.since) for one in conflicts(contact, a_shop())] == [(("email",), THEN), (("sms",), NOW)]


@pytest.mark.parametrize("kind", ConflictKind)
def test_r91_every_conflict_says_what_to_do_in_both_languages(kind: ConflictKind) -> None:
    english, polish = what_to_do(kind)
    assert english != polish
    assert min(len(english), len(polish)) > 20
