"""R30 to R33: tags and points towards the shop."""

from dataclasses import fields
from typing import Any

import pytest

from app.domain.commands import (
    AddEvent,
    DeleteContact,
    Line,
    MirrorTags,
    UpsertContact,
)
from app.domain.decisions.plan import Supersede
from app.domain.panel_tags import PanelTag, TagChanges, changes
from app.domain.reasons import Reason
from app.domain.shops.shop import Panel, PanelKind
from tests.support.builders import (
    a_shop,
    an_order,
    life,
    registered,
    tags_seen,
)
from tests.support.rows import OPEN

WITH_PANEL = a_shop(panel=Panel(kind=PanelKind.IDOSELL))


def test_r30_tags_in_salesmanago_appear_in_the_panel_with_prefix_and_shop_number_in_lower_case() -> None:
    mirrored = mirror_of(WITH_PANEL, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"MENU1": 1, "KOSZYK": 1}))
    assert changes((), mirrored.tags, 1).add == {"salesmanago_shop1_menu1": 1, "salesmanago_shop1_koszyk": 1}
    assert changes((), mirrored.tags, 2).add == {"salesmanago_shop2_menu1": 1, "salesmanago_shop2_koszyk": 1}


def test_r30_what_is_removed_in_salesmanago_is_removed_here_and_nothing_else() -> None:
    looks = [tags_seen("2026-11-23T11:00", {"MENU1": 1, "KOSZYK": 1}), tags_seen("2026-11-23T12:00", {"MENU1": 1})]
    mirrored = mirror_of(WITH_PANEL, registered("2026-11-23T10:00"), *looks)
    names = ["salesmanago_shop1_menu1", "salesmanago_shop1_koszyk", "salesmanago_shop2_koszyk", "koszyk", "vip"]
    present = [PanelTag(number, name, 1) for number, name in enumerate(names, start=1)]
    assert changes(present, mirrored.tags, 1) == TagChanges(remove=(2,))


def test_r30_nothing_is_sent_to_a_shop_without_a_panel_and_its_people_are_not_held_up() -> None:
    assert life(OPEN, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"KOSZYK": 1})).plan == Supersede(
        Reason.NOTHING_NEW
    )


def test_r31_the_sections_of_an_order_are_in_the_panel_at_once_under_the_short_name_in_lower_case() -> None:
    mirrored = mirror_of(WITH_PANEL, an_order(categories=["Obuwie"]))
    assert changes((), mirrored.tags, 1).add == {"salesmanago_obuwie": 1}


def test_r31_a_pulled_tag_that_stands_under_the_short_name_gets_its_points_there_and_no_second_tag() -> None:
    order = an_order("2026-11-23T10:00", categories=["Obuwie"])
    mirrored = mirror_of(WITH_PANEL, order, tags_seen("2026-11-23T11:00", {"OBUWIE": 5}))
    assert changes([PanelTag(31, "salesmanago_obuwie", 1)], mirrored.tags, 1) == TagChanges(set={31: 5})


def test_r31_a_section_earned_where_the_long_name_stands_leaves_one_tag_under_the_short_name() -> None:
    first = life(WITH_PANEL, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"OBUWIE": 5}))
    mirrored = mirror_of(WITH_PANEL, an_order("2026-11-23T12:00", categories=["Obuwie"]), story=first)
    change = changes([PanelTag(31, "salesmanago_shop1_obuwie", 5)], mirrored.tags, 1)
    assert change == TagChanges(add={"salesmanago_obuwie": 5}, remove=(31,))


@pytest.mark.parametrize(("points", "in_panel"), [(1, 1), (12, 12), (0, 1), (-4, 1), (2_000_000, 1_000_000)])
def test_r32_points_in_the_panel_follow_salesmanago_as_far_as_the_panel_can_hold_them(points: int, in_panel: int) -> None:
    mirrored = mirror_of(WITH_PANEL, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"KOSZYK": points}))
    assert changes([PanelTag(31, "salesmanago_shop1_koszyk", 7)], mirrored.tags, 1) == TagChanges(set={31: in_panel})
    assert changes([PanelTag(31, "salesmanago_shop1_koszyk", in_panel)], mirrored.tags, 1).is_empty


def test_r33_no_command_has_a_field_for_points() -> None:
    named = {field.name for command in (UpsertContact, AddEvent, DeleteContact, Line) for field in fields(command)}
    assert not [name for name in named if "score" in name or "point" in name.replace("pickup_point", "")]


def mirror_of(shop: Any, *events: Any, story: Any = None) -> MirrorTags:
    """The last word to the panel about a person's tags."""
    lived = life(shop, *events) if story is None else story.goes_on(shop, *events)
    return [one for one in lived.commands if isinstance(one, MirrorTags)][-1]
