"""What SALESmanago lost of our tags, and what its tags teach (R26, R30)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.domain.commands import UpsertContact
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import mark_sent
from app.domain.decisions.changes.shop_changes import panel_tags
from app.domain.decisions.discrepancies import conflicts, is_disputed
from app.domain.decisions.observations.tags import GONE_REMEMBERED, READD_LIMIT, READD_WINDOW, bought_again, saw_tags
from app.domain.panel_tags import PanelTag, changes, short_name
from app.domain.person.contact import Contact
from app.domain.shops.shop import Panel, PanelKind, TagConflicts
from app.domain.tags import MOST_TAGS, outgoing_text
from app.sandbox.salesmanago.memory.tags import fold
from tests.domain.decisions.observations.looking import OPEN, minute
from tests.support.builders import a_shop, an_order, commands_of, life, lost_tags, registered, somebody, tags_edited, tags_seen

# -- tags -----------------------------------------------------------------------------------------------------------------


def tagged(shop: Any) -> Contact:
    return life(shop, registered(minute(0)), tags_edited(minute(1), added=["vip"])).contact


def told_again(contact: Contact, shop: Any) -> Contact:
    upsert = difference(contact, shop)
    return contact if upsert is None else mark_sent(contact, [upsert])


@pytest.mark.parametrize(
    ("setting", "added_again"),
    [(TagConflicts.READD, ("idosell_vip",)), (TagConflicts.ACCEPT, ()), (TagConflicts.REPORT, ())],
)
def test_a_lost_tag_is_a_conflict_and_only_readd_adds_it_again(setting: TagConflicts, added_again: tuple[str, ...]) -> None:
    shop = a_shop(tag_conflicts=setting)
    contact = saw_tags(tags_seen(minute(2), {"REJESTRACJA": 1}), tagged(shop), shop)
    upsert = difference(contact, shop)
    assert (upsert.add_tags if upsert else ()) == added_again
    assert lost_tags(contact, shop) == ["idosell_vip"]
    assert is_disputed(contact)
    back = saw_tags(tags_seen(minute(3), {"IDOSELL_VIP": 1}), told_again(contact, shop), shop)
    assert lost_tags(back, shop) == []
    assert not is_disputed(back)
    assert difference(back, shop) is None


def test_a_tag_is_added_again_three_times_a_day_and_then_only_reported() -> None:
    contact, added = tagged(OPEN), []
    for number in range(2, 20):
        contact = saw_tags(tags_seen(minute(number)), contact, OPEN)
        upsert = difference(contact, OPEN)
        added.append(upsert is not None)
        contact = told_again(contact, OPEN)
        assert lost_tags(contact, OPEN) == ["idosell_vip"]
    assert added == [True] * READD_LIMIT + [False] * (18 - READD_LIMIT)
    assert "three times" in conflicts(contact, OPEN)[0].words
    next_day = saw_tags(tags_seen(minute(2) + READD_WINDOW), contact, OPEN)
    assert difference(next_day, OPEN) is not None


def test_a_tug_of_war_is_noticed_although_the_tag_comes_back_in_between() -> None:
    contact, added = tagged(OPEN), 0
    for number in range(2, 40, 2):
        contact = saw_tags(tags_seen(minute(number)), contact, OPEN)
        added += difference(contact, OPEN) is not None
        contact = saw_tags(tags_seen(minute(number + 1), {"IDOSELL_VIP": 1}), told_again(contact, OPEN), OPEN)
        assert lost_tags(contact, OPEN) == []
    assert added == READD_LIMIT


def test_a_tag_that_staff_took_off_as_well_is_no_conflict_any_more() -> None:
    lost = life(OPEN, registered(minute(0)), tags_edited(minute(1), added=["vip"]), tags_seen(minute(2)))
    assert is_disputed(lost.contact)
    gone = lost.goes_on(OPEN, tags_edited(minute(3), removed=["vip"]), tags_seen(minute(4)), tags_seen(minute(5)))
    assert not is_disputed(gone.contact)
    assert commands_of(gone.plan) == ()


@pytest.mark.parametrize("stores", [lambda tag: fold(tag), str.upper, str], ids=["base letters alone", "upper case", "as sent"])
def test_r27_tags_of_any_alphabet_are_known_again_however_salesmanago_stores_them(stores: Callable[[str], str]) -> None:
    """Told, shown, and at rest: nothing is lost, nothing told again, and each section keeps its own name in the panel."""
    shop = a_shop(panel=Panel(kind=PanelKind.IDOSELL))
    sections = ["Взуття", "Bluzy дитячі", "Bluzy жіночі", "Παπούτσια", "靴", "Obuwie męskie", "ą" * 70]
    staff = tags_edited(minute(1), added=["Постійний", "Оптовий", "żółw", "й" * 70])
    story = life(shop, registered(minute(0)), staff, an_order(minute(2), categories=sections))
    sent = [tag for one in story.commands if isinstance(one, UpsertContact) for tag in one.add_tags]
    shown = {stores(tag): 5 for tag in sent}
    looked = story.goes_on(shop, tags_seen(minute(3), shown))
    assert not [one for one in looked.commands if isinstance(one, UpsertContact)]
    assert looked.goes_on(shop, tags_seen(minute(4), shown)).commands == ()
    assert lost_tags(looked.contact, shop) == []
    assert panel_tags(looked.contact).gone == ()
    assert panel_tags(looked.contact).sections == panel_tags(story.contact).sections
    written = changes((), panel_tags(story.contact), shop.number).add
    assert set(written) == {short_name(outgoing_text(section).lower()) for section in sections}
    standing = [PanelTag(number, name, 1) for number, name in enumerate(written, start=1)]
    later = changes(standing, panel_tags(looked.contact), shop.number)
    assert (list(later.add), later.set, later.remove) == (
        ["salesmanago_shop1_rejestracja"],
        {tag.id: 5 for tag in standing},
        (),
    )


def test_r26_a_tag_in_other_letters_is_lost_when_nothing_stands_there_that_could_be_it() -> None:
    story = life(OPEN, registered(minute(0)), tags_edited(minute(1), added=["Взуття"]))
    lost = story.goes_on(OPEN, tags_seen(minute(2), {"REJESTRACJA": 1, "IDOSELL_____": 1}))
    assert [one.add_tags for one in lost.commands if isinstance(one, UpsertContact)] == [("idosell_Взуття",)]


def test_of_very_many_tags_that_salesmanago_shows_the_same_thousand_are_mirrored_whatever_their_order() -> None:
    many = {f"T{number}": 1 for number in range(3_000)}
    contact = saw_tags(tags_seen(minute(1), many), somebody(), OPEN)
    assert len(contact.observed.tags) == MOST_TAGS
    assert saw_tags(tags_seen(minute(1), dict(reversed(many.items()))), contact, OPEN) == contact


def test_tags_without_our_prefix_are_never_lost() -> None:
    story = life(OPEN, registered(minute(0)), an_order(minute(1), categories=["Obuwie"]), tags_seen(minute(2)))
    assert lost_tags(story.contact, OPEN) == []
    assert [one for one in commands_of(story.plan) if isinstance(one, UpsertContact)] == []


def test_an_older_list_of_tags_teaches_nothing() -> None:
    known = saw_tags(tags_seen(minute(5), {"KOSZYK": 3, "IDOSELL_VIP": 1}), tagged(OPEN), OPEN)
    assert saw_tags(tags_seen(minute(4), {"MENU1": 1}), known, OPEN) == known


@pytest.mark.parametrize("setting", [TagConflicts.ACCEPT, TagConflicts.REPORT])
def test_a_loss_that_lasts_keeps_the_day_it_began(setting: TagConflicts) -> None:
    shop = a_shop(tag_conflicts=setting)
    contact = tagged(shop)
    for day in range(4):
        contact = saw_tags(tags_seen(minute(2) + timedelta(days=day)), contact, shop)
    assert [one.since for one in conflicts(contact, shop)] == [minute(2)]


def test_of_two_lists_of_one_moment_the_later_one_counts() -> None:
    known = saw_tags(tags_seen(minute(5), {"KOSZYK": 3}), tagged(OPEN), OPEN)
    again = saw_tags(tags_seen(minute(5), {"MENU1": 1}), known, OPEN)
    assert {name: tag.here for name, tag in again.observed.tags.items()} == {"koszyk": False, "menu1": True}


def test_of_the_tags_that_are_gone_the_newest_hundred_are_remembered() -> None:
    contact = saw_tags(tags_seen(minute(1), {f"T{number:03}": 1 for number in range(101)}), somebody(), OPEN)
    gone = saw_tags(tags_seen(minute(2)), contact, OPEN).observed.tags
    assert list(gone) == [f"t{number:03}" for number in range(1, 101)]
    assert not any(tag.here for tag in gone.values())
    again = saw_tags(tags_seen(minute(2), {"T100": 1}), contact, OPEN).observed.tags
    assert [name for name, tag in again.items() if not tag.here] == [f"t{number:03}" for number in range(100)]
    assert (GONE_REMEMBERED, READD_LIMIT, timedelta(days=1)) == (100, 3, READD_WINDOW)


def test_r31_a_section_that_is_gone_before_anybody_looked_is_remembered_as_one_that_went() -> None:
    contact = life(OPEN, registered(minute(0)), an_order(minute(1), categories=["Obuwie"])).contact
    gone = saw_tags(tags_seen(minute(2)), contact, OPEN).observed.tags["obuwie"]
    assert (gone.text, gone.points, gone.here) == ("obuwie", 1, False)
    unsent = somebody().earning(("Obuwie",))
    assert not saw_tags(tags_seen(minute(2)), unsent, OPEN).observed.tags


def test_a_tag_that_came_back_is_remembered_as_added_again_for_a_day_and_not_longer() -> None:
    contact = told_again(saw_tags(tags_seen(minute(2)), tagged(OPEN), OPEN), OPEN)
    back = tags_seen(minute(2) + READD_WINDOW - timedelta(seconds=1), {"IDOSELL_VIP": 1})
    assert [(one.back, one.readded) for one in saw_tags(back, contact, OPEN).observed.lost.values()] == [(True, 1)]
    next_day = tags_seen(minute(2) + READD_WINDOW, {"IDOSELL_VIP": 1})
    assert not saw_tags(next_day, contact, OPEN).observed.lost


def test_r27_a_tag_of_signs_alone_is_a_section_only_where_that_was_sent_and_is_not_shown_itself() -> None:
    contact = life(OPEN, registered(minute(0)), an_order(minute(1), categories=["Взуття"])).contact
    shown = saw_tags(tags_seen(minute(2), {"ВЗУТТЯ": 5, "______": 2}), contact, OPEN).observed.tags
    assert {name: tag.points for name, tag in shown.items()} == {"взуття": 5}
    assert not saw_tags(tags_seen(minute(2), {"______": 2}), somebody().earning(("Взуття",)), OPEN).observed.tags


def test_r31_a_new_order_brings_back_only_sections_that_salesmanago_lost() -> None:
    contact = life(OPEN, registered(minute(0)), an_order(minute(1), categories=["Obuwie", "Torby"])).contact
    assert bought_again(contact, ("Obuwie",)) is contact, "nobody has looked yet"
    seen = saw_tags(tags_seen(minute(2), {"OBUWIE": 1}), contact, OPEN)
    assert bought_again(seen, ("Obuwie",)) is seen
    again = bought_again(seen, ("Torby", "Obuwie"))
    assert (again.sent_state.tags.get("torby"), again.sent_state.tags.get("obuwie")) == (None, True)
    assert set(again.observed.tags) == {"obuwie"}
