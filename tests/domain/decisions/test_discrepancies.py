"""Each disagreement between the two sides is shown to a person, and nothing else is (R26, R27, R72, B6)."""

from typing import Any

import pytest

from app.domain.decisions.discrepancies import ConflictKind, conflicts, is_disputed
from app.domain.decisions.observations.tags import READD_LIMIT
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedFlag
from app.domain.person.sides import Lost, Observed, SentState
from app.domain.shops.shop import TagConflicts
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
        (known(panel_tags=there("żółw", "zolw")), [(ConflictKind.TAGS_COLLIDE, ("zolw", "żółw"), None)]),
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


@pytest.mark.parametrize(("sent_at", "was_asked"), [(None, False), (THEN, False), (NOW, True)])
def test_b6_a_subscription_that_waits_is_shown_with_whether_the_person_was_asked(sent_at: Any, was_asked: bool) -> None:
    contact = known(email_asked_at=NOW, sent_state=SentState(email_asked_at=sent_at))
    (waits,) = conflicts(contact, a_shop())
    assert (waits.kind, waits.about, waits.since) == (ConflictKind.UNCONFIRMED, ("email",), NOW)
    assert ("was not asked yet" in waits.words) == (not was_asked)
    assert not is_disputed(contact), "nobody disagrees"
