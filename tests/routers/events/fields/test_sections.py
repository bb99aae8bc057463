"""Menu paths as shops really write them: what becomes a section, what is left out or cut, and that it is said (R10, R22, R27)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.salesmanago_limits import MAX_TAG_CHARS
from app.domain.tags import MOST_SECTIONS, section_tags
from app.routers.events.examples import EXAMPLES
from app.routers.events.fields.sections import MAX_PATHS, MAX_SEGMENTS, SectionReader, are_plain, paths_of
from tests.support.gateways import Door


def read(said: object) -> tuple[tuple[tuple[str, ...], ...], list[str]]:
    reader = SectionReader()
    return reader.read(paths_of(said), "order.items[0]"), reader.said()


@pytest.mark.parametrize(
    ("written", "segments"),
    [
        ("Obuwie/Męskie/Sportowe", ("Obuwie", "Męskie", "Sportowe")),
        ("Wyprzedaże / Wiosna 2015", ("Wyprzedaże", "Wiosna 2015")),
        ("/Obuwie//Męskie/", ("Obuwie", "Męskie")),
        ("Kobiety\\Buty\\Sneakersy", ("Kobiety", "Buty", "Sneakersy")),
        ("Kobiety\\Bluzki/Koszule", ("Kobiety", "Bluzki/Koszule")),
        ("Dom > Kuchnia > Noże", ("Dom", "Kuchnia", "Noże")),
        ("Dom>Kuchnia", ("Dom", "Kuchnia")),
        ("Dom » Kuchnia", ("Dom", "Kuchnia")),
        ("Dom›Kuchnia", ("Dom", "Kuchnia")),
        ("Dom → Kuchnia", ("Dom", "Kuchnia")),
        ("Dom | Kuchnia", ("Dom", "Kuchnia")),
        ("Dom|Kuchnia", ("Dom", "Kuchnia")),
        ("TV/AV > Soundbary", ("TV/AV", "Soundbary")),
        ("Laptopy >15 cali", ("Laptopy >15 cali",)),
        ("Buty, klapki", ("Buty, klapki",)),
        ("Взуття/Чоловіче", ("Взуття", "Чоловіче")),
        (["TV/AV", "A > B"], ("TV/AV", "A > B")),
        ([2015, "Lato"], ("2015", "Lato")),
        ({"0": "Obuwie", "2": "Męskie"}, ("Obuwie", "Męskie")),
    ],
)
def test_r22_a_path_is_split_at_the_separator_its_shop_uses_and_a_list_is_not_split(
    written: Any, segments: tuple[str, ...]
) -> None:
    assert read([written])[0] == (segments,)


@pytest.mark.parametrize(
    ("said", "sections", "warning"),
    [
        (None, (), None),
        ([], (), None),
        ("Obuwie/Męskie", ("Obuwie", "Męskie"), None),
        (["***"], (), "left out, a section needs letters or digits"),
        ([""], (), "left out, a section needs letters or digits"),
        ([["Obuwie", " "]], ("Obuwie",), "left out, a section needs letters or digits"),
        ([[None, True, 2.5, [], "Obuwie"]], ("Obuwie",), "4 sections left out"),
        (True, (), "left out, a section needs letters or digits"),
        (["salesmanago_obuwie/Buty"], ("Buty",), "`salesmanago_`"),
        (["idosell_x"], (), "`idosell_`"),
        (["Obu\x00wie"], ("Obuwie",), None),
        (["A" * 65], (None,), "1 section longer than 64 characters, cut"),
        (["A" * 3_000], (None,), "longer than 64 characters, cut"),
        ([["A > B"]], ("A > B",), "taken as one name"),
        ([["A\\B"]], ("A\\B",), "taken as one name"),
        (
            ["/".join(f"s{number}" for number in range(60))],
            tuple(f"s{number}" for number in range(50)),
            "left out, an order may name 500",
        ),
        ([f"s{number}" for number in range(150)], tuple(f"s{number}" for number in range(100)), "left out, an order may name 500"),
    ],
)
def test_r10_no_odd_section_refuses_an_order_and_what_is_cut_or_left_out_is_said(
    said: Any, sections: tuple[str | None, ...], warning: str | None
) -> None:
    paths, warnings = read(said)
    found = section_tags(paths)
    assert [name for name, right in zip(found, sections, strict=True) if right is not None and name != right] == []
    assert all(len(name) <= MAX_TAG_CHARS for name in found)
    assert [warning is not None and warning in one and one.startswith("order.items[0]") for one in warnings] == [True] * bool(
        warning
    )


def test_two_long_sections_stay_two_and_one_is_the_same_here_and_in_the_tag() -> None:
    paths, _ = read(["A" * 70, "A" * 69 + "B", "a" * 70])
    assert len(section_tags(paths)) == 2


def test_an_order_names_five_hundred_sections_at_most_and_says_how_many_are_left_out() -> None:
    reader = SectionReader()
    found = [reader.read([f"{item}-{number}" for number in range(100)], f"order.items[{item}]") for item in range(7)]
    assert len({segment for paths in found for path in paths for segment in path}) == MOST_SECTIONS
    (said,) = reader.said()
    assert said.startswith("order.items[5]: 200 sections left out")
    assert reader.read(["0-0"], "order.items[8]") == (("0-0",),), "what is named already stands"


def test_no_more_of_an_order_is_looked_at_than_its_limits_allow() -> None:
    reader = SectionReader()
    for item in range(500):
        reader.read([["a"] * MAX_SEGMENTS] * MAX_PATHS, f"order.items[{item}]")
    assert reader._looked_at <= 2_500 + MAX_SEGMENTS + 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_whatever_stands_for_menu_paths_is_read(said: Any) -> None:
    paths = paths_of(said)
    assert paths_of(paths) == paths
    assert are_plain(paths[:MAX_PATHS]) or any(not isinstance(path, str) and len(path) > MAX_SEGMENTS for path in paths)
    found, warnings = read(said)
    assert all(segment and len(segment) <= MAX_TAG_CHARS for path in found for segment in path)
    assert len(warnings) <= 5


def with_paths(paths: Any) -> dict[str, Any]:
    order = EXAMPLES["order"]
    return {**order, "order": {**order["order"], "items": [{"product_id": "101", "name": "Buty", "menu_paths": paths}]}}


@pytest.mark.parametrize(
    "paths", [[["Obuwie", "***"]], [[1] * 40_000], ["x/" * 400_000], ["ﷺ" * 300_000], "Obuwie", [{"a": 1}], [["\u0000"]]]
)
async def test_an_order_with_odd_sections_is_accepted(door: Door, paths: Any) -> None:
    answer = await door.post("orders", with_paths(paths))
    assert answer.status_code == 202
    assert len(answer.content) < 2_000
    assert (await door.post("orders", with_paths(paths))).json()["result"] == "duplicate"


async def test_the_receipt_names_what_was_cut(door: Door) -> None:
    answer = await door.post("orders", with_paths(["Obuwie/" + "x" * 80]))
    assert answer.json()["warnings"] == ["order.items[0].menu_paths[0]: 1 section longer than 64 characters, cut"]


@pytest.mark.parametrize(
    ("edit", "warnings"),
    [
        ({"added": ["vip"]}, []),
        ({"added": ["x" * 300]}, ["added: tags longer than 56 characters were cut"]),
        ({"added": ["", "vip"]}, ["added: a tag without letters and digits is not sent"]),
        ({"removed": ["***"]}, ["removed: a tag without letters and digits is not sent"]),
        ({"added": ["salesmanago_x"]}, ["added: tags that begin with salesmanago_ came from SALESmanago and are not sent back"]),
        ({"tags": ["salesmanago_x", "vip"]}, []),
        ({"tags": [2015, "a\u0000b"]}, []),
        ({"tags": [f"t{number}" for number in range(1_200)]}, ["tags: only the first 1000 tags were read"]),
        (
            {"renamed": [{"from": "salesmanago_x", "to": ""}]},
            [
                "added: a tag without letters and digits is not sent",
                "removed: tags that begin with salesmanago_ came from SALESmanago and are not sent back",
            ],
        ),
    ],
)
async def test_r29_a_tag_that_does_not_travel_or_not_whole_is_said(door: Door, edit: dict[str, Any], warnings: list[str]) -> None:
    body = {"event_id": "t", "occurred_at": "2026-11-23T10:00:00Z", "email": "a@example.com", **edit}
    answer = await door.post("tag-edits", body)
    assert (answer.status_code, answer.json()["warnings"]) == (202, warnings)
