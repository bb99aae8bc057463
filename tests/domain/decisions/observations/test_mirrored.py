"""Tags of SALESmanago that staff took off in the panel: put back once, then a conflict (R30)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from app.domain.commands import MirrorTags
from app.domain.decisions.discrepancies import ConflictKind, conflicts, is_disputed
from app.domain.decisions.observations.mirrored import (
    PUT_BACK_REMEMBERED,
    disputed,
    is_news_of_mirrored,
    missing,
    put_back,
    returned,
)
from app.domain.events import DriftFound, TagsEdited
from app.domain.panel_tags import PanelTag, changes
from app.domain.person.contact import Contact
from app.domain.shops.shop import Panel, PanelKind, Shop, TagConflicts
from app.domain.values import replace
from tests.domain.decisions.observations.looking import minute
from tests.support.builders import (
    EMAIL,
    Story,
    a_shop,
    an_order,
    commands_of,
    life,
    registered,
    somebody,
    tags_edited,
    tags_seen,
)

PANEL = Panel(kind=PanelKind.IDOSELL)
SHOP = a_shop(panel=PANEL)
LONG, SHORT = "salesmanago_shop1_koszyk", "salesmanago_obuwie"


def mirrored(shop: Shop = SHOP) -> Story:
    """`koszyk` was given in SALESmanago, `obuwie` was earned by an order; both were written to the panel."""
    return life(
        shop, registered(minute(0)), an_order(minute(1), categories=["Obuwie"]), tags_seen(minute(2), {"KOSZYK": 3, "OBUWIE": 1})
    )


def reading(at: int, *names: str) -> TagsEdited:
    """A scan read all tags of the customer."""
    own = tuple(name for name in names if not name.lower().startswith("salesmanago_"))
    return replace(tags_edited(minute(at), all_tags=own), mirrored=tuple(name for name in names if name not in own))


def settled(event: TagsEdited, contact: Contact, shop: Shop = SHOP) -> TagsEdited:
    """As it is planned when everything that was queued for the panel has arrived there."""
    return replace(event, taken_off=missing(event, contact, shop))


def goes_on(story: Story, *events: TagsEdited, shop: Shop = SHOP) -> Story:
    for event in events:
        story = story.goes_on(shop, settled(event, story.contact, shop))
    return story


def written(story: Story) -> list[MirrorTags]:
    return [one for one in commands_of(story.plan) if isinstance(one, MirrorTags)]


def shown(story: Story, shop: Shop = SHOP) -> list[tuple[str, ...]]:
    return [one.about for one in conflicts(story.contact, shop) if one.kind is ConflictKind.TAG_TAKEN_OFF]


# -- what is missing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (reading(5, LONG, SHORT), ()),
        (reading(5, LONG.upper(), SHORT), ()),
        (reading(5, "salesmanago_koszyk", SHORT), ()),
        (reading(5, LONG, "vip"), ("obuwie",)),
        (reading(5, SHORT), ("koszyk",)),
        (reading(5, "salesmanago_shop2_koszyk", SHORT), ("koszyk",)),
        (reading(5), ("koszyk", "obuwie")),
        (tags_edited(minute(5), all_tags=["vip", LONG]), ("obuwie",)),
        (tags_edited(minute(5), removed=[LONG]), ("koszyk",)),
        (tags_edited(minute(5), removed=[LONG], added=[LONG.upper()]), ()),
        (tags_edited(minute(5), removed=["vip"]), ()),
        (tags_edited(minute(5), added=["vip"]), ()),
    ],
)
def test_r30_a_tag_that_was_written_and_does_not_stand_there_is_missing(event: TagsEdited, names: Sequence[str]) -> None:
    contact = mirrored().contact
    assert missing(event, contact, SHOP) == tuple(names)
    assert is_news_of_mirrored(event, contact, SHOP) == bool(names)


def test_r30_a_full_set_that_names_no_tag_of_salesmanago_counts_only_where_one_named_some_before() -> None:
    bare = tags_edited(minute(5), all_tags=["vip"])
    assert missing(bare, mirrored().contact, SHOP) == ()
    named = goes_on(mirrored(), tags_edited(minute(4), all_tags=["vip", LONG, SHORT]))
    assert missing(bare, named.contact, SHOP) == ("koszyk", "obuwie")


def test_r30_of_somebody_for_whom_nothing_was_written_nothing_is_missing() -> None:
    assert missing(reading(5), somebody(), SHOP) == ()


def test_r30_a_tag_that_salesmanago_shows_no_more_is_not_missing_and_no_conflict() -> None:
    story = goes_on(mirrored(), reading(5, SHORT), reading(7, SHORT))
    assert shown(story) == [("koszyk",)]
    gone = story.goes_on(SHOP, tags_seen(minute(8), {"OBUWIE": 1}))
    assert missing(reading(9, SHORT), gone.contact, SHOP) == ()
    assert (shown(gone), is_disputed(gone.contact), gone.contact.shop_state.taken_off) == ([], False, {})
    again = gone.goes_on(SHOP, tags_seen(minute(9), {"OBUWIE": 1, "KOSZYK": 3}))
    assert changes([PanelTag(1, SHORT, 1)], written(again)[-1].tags, 1).add == {LONG: 3}, "given anew, it is written anew"


# -- what is done about it ---------------------------------------------------------------------------------------------------


def test_r30_a_tag_that_staff_took_off_is_put_back_once_and_then_shown() -> None:
    first = goes_on(mirrored(), reading(5, SHORT))
    (command,) = written(first)
    assert changes([PanelTag(1, SHORT, 1)], command.tags, 1).add == {LONG: 3}
    assert (shown(first), is_disputed(first.contact)) == ([], False)
    second = goes_on(first, reading(7, SHORT))
    assert written(second) == []
    assert (shown(second), is_disputed(second.contact)) == ([("koszyk",)], True)
    assert conflicts(second.contact, SHOP)[0].since == minute(7)
    third = goes_on(second, reading(9, SHORT), reading(11, SHORT))
    assert (written(third), shown(third)) == ([], [("koszyk",)])


@pytest.mark.parametrize(
    ("setting", "is_written", "conflict"),
    [(TagConflicts.READD, True, []), (TagConflicts.ACCEPT, False, []), (TagConflicts.REPORT, False, [("koszyk",)])],
)
def test_r30_what_is_done_about_the_first_removal_the_shop_says(setting: TagConflicts, is_written: bool, conflict: Any) -> None:
    shop = a_shop(panel=PANEL, mirror_conflicts=setting)
    story = goes_on(mirrored(shop), reading(5, SHORT), shop=shop)
    assert (bool(written(story)), shown(story, shop), is_disputed(story.contact)) == (is_written, conflict, bool(conflict))


@pytest.mark.parametrize("setting", [TagConflicts.ACCEPT, TagConflicts.REPORT])
def test_r32_a_tag_left_off_does_not_come_back_with_the_next_points(setting: TagConflicts) -> None:
    shop = a_shop(panel=PANEL, mirror_conflicts=setting)
    story = goes_on(mirrored(shop), reading(5, SHORT), shop=shop)
    later = story.goes_on(shop, tags_seen(minute(6), {"KOSZYK": 9, "OBUWIE": 1, "MENU1": 2}))
    (command,) = written(later)
    assert changes([PanelTag(1, SHORT, 1)], command.tags, 1).add == {"salesmanago_shop1_menu1": 2}
    assert missing(reading(7, SHORT, "salesmanago_shop1_menu1"), later.contact, shop) == ()


def test_r32_a_tag_left_off_that_stands_in_the_panel_again_keeps_its_place_and_follows_its_points() -> None:
    off = goes_on(mirrored(), reading(5, SHORT), reading(7, SHORT)).goes_on(SHOP, tags_seen(minute(8), {"KOSZYK": 9, "OBUWIE": 1}))
    standing = [PanelTag(1, SHORT, 1), PanelTag(2, LONG, 1)]
    change = changes(standing, written(off)[-1].tags, 1)
    assert (change.add, change.set, change.remove) == ({}, {2: 9}, ()), "even before anybody noticed that it is back"
    back = reading(9, LONG, SHORT)
    assert returned(back, off.contact, SHOP) == ("koszyk",)
    assert is_news_of_mirrored(back, off.contact, SHOP)
    again = goes_on(off, back)
    assert (shown(again), again.contact.shop_state.taken_off) == ([], {})
    assert changes(standing, written(again)[-1].tags, 1).set == {2: 9}


def test_r30_an_older_reading_does_not_bring_a_tag_back() -> None:
    story = goes_on(mirrored(), reading(5, SHORT), reading(7, SHORT))
    assert returned(reading(6, LONG, SHORT), story.contact, SHOP) == ()
    assert returned(tags_edited(minute(8), added=[LONG]), story.contact, SHOP) == ("koszyk",)


def test_r30_what_says_nothing_of_a_tag_or_was_read_when_it_went_does_not_bring_it_back() -> None:
    off = goes_on(mirrored(), reading(5, SHORT), reading(7, SHORT)).contact
    for event in (tags_edited(minute(8), all_tags=["vip"]), tags_edited(minute(8), added=["vip"]), reading(7, LONG, SHORT)):
        assert returned(event, off, SHOP) == ()
        assert not is_news_of_mirrored(event, off, SHOP)


def test_r30_each_tag_has_a_removal_of_its_own() -> None:
    one_back = goes_on(mirrored(), reading(5, SHORT), reading(6, LONG, SHORT))
    both_off = goes_on(one_back, reading(7))
    assert written(both_off) != [], "the other one was taken off for the first time"
    assert shown(both_off) == [("koszyk",)]
    assert returned(reading(8, LONG, SHORT), both_off.contact, SHOP) == ("koszyk",)


@pytest.mark.parametrize(
    ("after", "is_put_back"), [(PUT_BACK_REMEMBERED - timedelta(seconds=1), False), (PUT_BACK_REMEMBERED, True)]
)
def test_r30_long_after_it_was_put_back_a_removal_is_the_first_again(after: timedelta, is_put_back: bool) -> None:
    story = goes_on(mirrored(), reading(5, SHORT), reading(6, LONG, SHORT))
    later = replace(reading(5, SHORT), at=minute(5) + after)
    assert bool(written(goes_on(story, later))) == is_put_back


def test_r30_a_tag_is_put_back_although_nothing_of_the_person_may_leave_the_shop() -> None:
    """It leaves SALESmanago, not the shop."""
    story = mirrored()
    blocked = replace(SHOP, blocked_email_domains=("example.com",))
    assert written(goes_on(story, reading(5, SHORT), shop=blocked)) != []


def test_r30_what_says_nothing_of_the_panels_tags_does_not_write_them() -> None:
    """The shop got its panel after SALESmanago showed the tags."""
    story = mirrored(a_shop())
    gone = DriftFound(at=minute(5), email=EMAIL, known_as=EMAIL, missing=("rejestracja",))
    repaired = story.goes_on(SHOP, gone)
    assert (len(commands_of(repaired.plan)), written(repaired)) == (1, [])
    blocked = replace(SHOP, blocked_email_domains=("example.com",))
    assert written(story.goes_on(blocked, an_order(minute(5), order_id="5502"))) == []


def test_r30_a_person_may_ask_for_it_whatever_became_of_it_before() -> None:
    off = goes_on(mirrored(), reading(5, SHORT), reading(7, SHORT)).contact
    again = put_back(off, list(disputed(off)), minute(8))
    assert (disputed(again), again.shop_state.tags) == ({}, None)
    assert put_back(off, ["never heard of"], minute(8)) == off


def test_r30_a_shop_without_a_panel_is_not_written_to() -> None:
    shop = a_shop()
    assert written(goes_on(mirrored(shop), reading(5), shop=shop)) == []
