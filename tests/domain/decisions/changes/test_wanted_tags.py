"""Which tags a person should have in SALESmanago, and what is added and removed there (R20-R28)."""

from typing import Any

import pytest

from app.domain import tags
from app.domain.consent import Channel
from app.domain.decisions.changes.wanted_tags import leave_to_siblings, tag_difference, wanted_tags
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedFlag
from app.domain.person.sides import SentState
from app.domain.values import replace
from tests.support.builders import EMAIL, at

THEN, NOW = at("2026-11-23T11:00"), at("2026-11-23T12:00")
YES, NO = TimedFlag(value=True, at=THEN), TimedFlag(value=False, at=THEN)
UNKNOWN = Contact(email=EMAIL)
KNOWN = replace(UNKNOWN, sent_state=SentState(email=EMAIL))


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, {}),
        ({"earned_tags": ("Obuwie Męskie",)}, {"obuwie_meskie": "Obuwie Męskie"}),
        ({"panel_tags": {"vip": YES, "dawny": NO}}, {"idosell_vip": "idosell_vip", "idosell_dawny": None}),
        ({"panel_tags": {"żółw": NO, "zolw": YES}}, {"idosell_zolw": "idosell_zolw"}),
        ({"panel_tags": {"żółw": YES, "zolw": NO}}, {"idosell_zolw": "idosell_żółw"}),
        ({"panel_tags": {"salesmanago_shop1_x": YES}}, {}),
        ({"wholesaler": YES}, {tags.WHOLESALER: tags.WHOLESALER}),
        ({"wholesaler": NO}, {tags.WHOLESALER: None}),
        ({"registered": True}, {tags.REGISTERED: tags.REGISTERED}),
        ({"subscriber": True, "email_news": Channel(opted_in=NOW)}, {tags.NEWSLETTER: tags.NEWSLETTER}),
        ({"subscriber": True, "phone_news": Channel(opted_in=NOW)}, {tags.NEWSLETTER: tags.NEWSLETTER}),
        ({"subscriber": True, "email_news": Channel(opted_out=NOW)}, {}),
        ({"subscriber": False, "email_news": Channel(opted_in=NOW)}, {}),
    ],
)
def test_r20_the_facts_say_which_tags_should_be_there_and_which_should_not(facts: Any, wanted: dict[str, str | None]) -> None:
    assert wanted_tags(replace(UNKNOWN, **facts)) == wanted


@pytest.mark.parametrize(
    ("contact", "sent", "added", "removed"),
    [
        (replace(KNOWN, panel_tags={"vip": YES}), {}, ("idosell_vip",), ()),
        (replace(KNOWN, panel_tags={"vip": YES}), {"idosell_vip": True}, (), ()),
        (replace(KNOWN, panel_tags={"vip": YES}), {"idosell_vip": False}, ("idosell_vip",), ()),
        (replace(KNOWN, panel_tags={"vip": NO}), {"idosell_vip": True}, (), ("idosell_vip",)),
        (replace(KNOWN, panel_tags={"vip": NO}), {"idosell_vip": False}, (), ()),
        (replace(KNOWN, panel_tags={"vip": NO}), {}, (), ("idosell_vip",)),  # from before our time
        (replace(UNKNOWN, panel_tags={"vip": NO}), {}, (), ()),
        (replace(KNOWN, wholesaler=NO), {}, (), ()),  # without the prefix only our own
        (replace(KNOWN, wholesaler=NO), {tags.WHOLESALER: True}, (), (tags.WHOLESALER,)),
        (replace(KNOWN, panel_tags={"Żółw": NO}), {"idosell_zolw": True}, (), ("idosell_Żółw",)),
        (replace(KNOWN, panel_tags={"Żółw": NO, "zolw": NO}), {"idosell_zolw": True}, (), ("idosell_Żółw",)),
        (replace(KNOWN, panel_tags={"salesmanago_x": NO, "vip": NO}), {"idosell_vip": True}, (), ("idosell_vip",)),  # R29
        (
            replace(KNOWN, panel_tags={"Żółw": NO, "Łoś": NO}),
            {"idosell_zolw": True, "idosell_los": True},
            (),
            ("idosell_Żółw", "idosell_Łoś"),
        ),
    ],
)
def test_r23_a_tag_is_removed_only_where_it_may_stand_by_our_doing(
    contact: Contact, sent: dict[str, bool], added: tuple[str, ...], removed: tuple[str, ...]
) -> None:
    contact = replace(contact, sent_state=replace(contact.sent_state, tags=sent))
    assert tag_difference(contact) == (added, removed)


# -- several shops of one account ------------------------------------------------------------------------------------------


TAGGED = replace(KNOWN, panel_tags={"vip": YES}, sent_state=SentState(email=EMAIL, tags={"idosell_vip": True}))
UNTAGGED = replace(TAGGED, panel_tags={"vip": NO})


@pytest.mark.parametrize(
    ("siblings", "removed"),
    [
        ((), ("idosell_vip",)),
        ((TAGGED,), ()),
        ((UNTAGGED, TAGGED), ()),
        ((UNTAGGED,), ("idosell_vip",)),
        ((KNOWN,), ("idosell_vip",)),
        ((replace(TAGGED, sent_state=SentState(email=EMAIL)),), ("idosell_vip",)),  # it never arrived from there
        ((replace(TAGGED, sent_state=SentState(tags={"idosell_vip": True})),), ("idosell_vip",)),  # SALESmanago does not know them
        ((replace(TAGGED, erased=True),), ("idosell_vip",)),
        ((replace(TAGGED, panel_tags={"inny": YES}),), ("idosell_vip",)),
    ],
)
def test_a_tag_that_another_shop_still_has_is_left_to_it(siblings: tuple[Contact, ...], removed: tuple[str, ...]) -> None:
    left = leave_to_siblings(UNTAGGED, siblings)
    assert tag_difference(left) == ((), removed)
    assert left.sent_state.tags == {"idosell_vip": bool(removed)}


def test_a_tag_of_before_our_time_is_left_to_the_shop_that_has_it_and_a_wanted_one_is_no_matter_of_siblings() -> None:
    never_sent = replace(UNTAGGED, sent_state=SentState(email=EMAIL))
    assert tag_difference(never_sent) == ((), ("idosell_vip",))
    assert tag_difference(leave_to_siblings(never_sent, (TAGGED,))) == ((), ())
    assert leave_to_siblings(TAGGED, (TAGGED,)) is TAGGED
