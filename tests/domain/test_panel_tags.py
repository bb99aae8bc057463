"""Which change makes a customer in the panel carry what SALESmanago shows (R30-R32)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.panel_tags import (
    MAX_NAME_CHARS,
    MAX_POINTS,
    PanelTag,
    PanelTags,
    TagChanges,
    changes,
    long_name,
    plain_name,
    short_name,
)
from app.domain.tags import canonical

NOTHING = TagChanges()
LONG_SECTION = "odzież damska i męska na wiosnę i lato w rozmiarach xxl"
"""55 signs: with the prefix more than a name may have. SALESmanago shows it folded."""


def carries(*names: str, **points: int) -> list[PanelTag]:
    """Tags by name with one point each, or `name=points`; ids count from 1."""
    worth = dict.fromkeys(names, 1) | points
    return [PanelTag(number, name, value) for number, (name, value) in enumerate(worth.items(), start=1)]


def shown(*sections: str, gone: Iterable[str] = (), complete: bool = True, **points: int) -> PanelTags:
    return PanelTags(points=points, sections=sections, gone=tuple(gone), complete=complete)


# -- R30: tags come and go -------------------------------------------------------------------------------------------------

PULLED: dict[str, tuple[list[PanelTag], PanelTags, TagChanges]] = {
    "tags appear with the shop's prefix and their points": (
        [],
        shown(menu1=1, koszyk=7),
        TagChanges(add={"salesmanago_shop1_menu1": 1, "salesmanago_shop1_koszyk": 7}),
    ),
    "what stands there already needs no call": (carries(salesmanago_shop1_koszyk=7), shown(koszyk=7), NOTHING),
    "points follow": (carries(salesmanago_shop1_koszyk=7), shown(koszyk=9), TagChanges(set={1: 9})),
    "points follow downwards too": (carries(salesmanago_shop1_koszyk=9), shown(koszyk=2), TagChanges(set={1: 2})),
    "gone there, gone here": (carries("salesmanago_shop1_koszyk"), shown(gone=["koszyk"]), TagChanges(remove=(1,))),
    "gone there, never here": ([], shown(gone=["koszyk"]), NOTHING),
    "gone once and back again": (carries("salesmanago_shop1_koszyk"), shown(koszyk=1), NOTHING),
    "under our own prefix what SALESmanago does not show does not belong": (
        carries("salesmanago_shop1_menu1", "salesmanago_shop1_dawny"),
        shown(menu1=1),
        TagChanges(remove=(2,)),
    ),
    "unless we never saw all tags": (
        carries("salesmanago_shop1_dawny"),
        shown(menu1=1, complete=False),
        TagChanges(add={"salesmanago_shop1_menu1": 1}),
    ),
    "letter cases do not make a second tag": (carries("SALESmanago_shop1_KOSZYK"), shown(koszyk=1), NOTHING),
    "nor do Polish letters": (carries(**{"salesmanago_shop1_żółty koń": 3}), shown(zolty_kon=3), NOTHING),
    "no points are one point: zero would take the tag away": ([], shown(koszyk=0), TagChanges(add={"salesmanago_shop1_koszyk": 1})),
    "nor less than nothing": (carries(salesmanago_shop1_koszyk=4), shown(koszyk=-3), TagChanges(set={1: 1})),
    "zero points do not write every time": (carries(salesmanago_shop1_koszyk=1), shown(koszyk=0), NOTHING),
    "a million at most": (
        carries(salesmanago_shop1_koszyk=4),
        shown(koszyk=MAX_POINTS + 5),
        TagChanges(set={1: MAX_POINTS}),
    ),
    "a million does not write every time": (carries(salesmanago_shop1_koszyk=MAX_POINTS), shown(koszyk=MAX_POINTS + 5), NOTHING),
}


@pytest.mark.parametrize(("present", "wanted", "change"), PULLED.values(), ids=PULLED)
def test_pulled_tags(present: list[PanelTag], wanted: PanelTags, change: TagChanges) -> None:
    assert changes(present, wanted, 1) == change


UNTOUCHED = [
    "vip",
    "brak_aktywności",
    "shop1_koszyk",
    "koszyk",
    "idosell_vip",
    "salesmanago",
    "salesmanagoo_shop1_x",
    "salesmanago_obuwie",
    "salesmanago_shop2_koszyk",
    "salesmanago_shop11_koszyk",
    "salesmanago_shop10_koszyk",
    "salesmanago_shop01_koszyk",
    "salesmanago_shop_koszyk",
    "salesmanago_shop1",
    "salesmanago_shop1koszyk",
    "xsalesmanago_shop1_koszyk",
]


@pytest.mark.parametrize("name", UNTOUCHED)
def test_other_peoples_tags_and_other_shops_tags_are_left_alone(name: str) -> None:
    wanted = shown("obuwie2", menu1=3, gone=["dawny"])
    made = changes([PanelTag(7, name, 5)], wanted, 1)
    assert (made.set, made.remove) == ({}, ())
    assert made.add == {"salesmanago_shop1_menu1": 3, "salesmanago_obuwie2": 1}


@pytest.mark.parametrize(("number", "other"), [(1, 11), (11, 1), (1, 2), (2, 12)])
def test_shop_1_and_shop_11_never_touch_each_others_tags(number: int, other: int) -> None:
    both = [PanelTag(1, f"salesmanago_shop{number}_koszyk", 5), PanelTag(2, f"salesmanago_shop{other}_koszyk", 5)]
    assert changes(both, shown(), number).remove == (1,)
    assert changes(both, shown(gone=["koszyk"], complete=False), number).remove == (1,)
    assert changes(both, shown(koszyk=9), number) == TagChanges(set={1: 9})


# -- R31: the short name -----------------------------------------------------------------------------------------------------

SECTIONS: dict[str, tuple[list[PanelTag], PanelTags, TagChanges]] = {
    "a section is written at once, under the short name": ([], shown("obuwie"), TagChanges(add={"salesmanago_obuwie": 1})),
    "before we ever looked too": ([], shown("obuwie", complete=False), TagChanges(add={"salesmanago_obuwie": 1})),
    "it keeps the points it has": (carries(salesmanago_obuwie=5), shown("obuwie"), NOTHING),
    "a pulled tag that stands under the short name gets its points there": (
        carries(salesmanago_obuwie=1),
        shown("obuwie", obuwie=4),
        TagChanges(set={1: 4}),
    ),
    "also where no order of ours brought it": (carries(salesmanago_obuwie=1), shown(obuwie=4), TagChanges(set={1: 4})),
    "a section shown before it was ever written": ([], shown("obuwie", obuwie=4), TagChanges(add={"salesmanago_obuwie": 4})),
    "a section earned where the long name stands moves to the short one, with its points": (
        carries(salesmanago_shop1_obuwie=4),
        shown("obuwie", obuwie=4),
        TagChanges(add={"salesmanago_obuwie": 4}, remove=(1,)),
    ),
    "where both stand only the short one stays": (
        carries(salesmanago_shop1_obuwie=4, salesmanago_obuwie=2),
        shown("obuwie", obuwie=4),
        TagChanges(set={2: 4}, remove=(1,)),
    ),
    "a section that SALESmanago lost goes": (carries("salesmanago_obuwie"), shown(gone=["obuwie"]), TagChanges(remove=(1,))),
    "another shop's long name of the same section stays": (
        carries("salesmanago_shop2_obuwie"),
        shown("obuwie", obuwie=1),
        TagChanges(add={"salesmanago_obuwie": 1}),
    ),
    "a section and its folded spelling are one tag": (
        carries(**{"salesmanago_męskie buty": 1}),
        shown("męskie buty", meskie_buty=6),
        TagChanges(set={1: 6}),
    ),
}


@pytest.mark.parametrize(("present", "wanted", "change"), SECTIONS.values(), ids=SECTIONS)
def test_sections(present: list[PanelTag], wanted: PanelTags, change: TagChanges) -> None:
    assert changes(present, wanted, 1) == change


def test_a_tag_called_like_another_shops_tag_never_takes_its_name() -> None:
    theirs = PanelTag(1, "salesmanago_shop2_vip", 5)
    assert changes([theirs], shown(shop2_vip=9), 1) == TagChanges(add={"salesmanago_shop1_shop2_vip": 9})
    assert changes([theirs], shown("shop2_vip"), 1) == NOTHING
    assert changes([theirs], shown(gone=["shop2_vip"]), 1) == NOTHING
    assert changes([PanelTag(2, "salesmanago_shop1_shop2_vip", 9)], shown(gone=["shop2_vip"]), 1) == TagChanges(remove=(2,))


# -- long names --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name_of", [lambda tag: long_name(tag, 1), short_name], ids=["long", "short"])
def test_names_keep_within_the_limit_and_stay_different(name_of: Any) -> None:
    texts = ["x" * 64, "x" * 63 + "y", "x" * 60, "x" * 50 + "z" * 10]
    names = [name_of(text) for text in texts]
    assert all(len(name) <= MAX_NAME_CHARS for name in names)
    assert len({canonical(name) for name in names}) == len(texts)
    assert name_of("koszyk").endswith("_koszyk")


def test_a_tag_with_a_long_name_is_found_again() -> None:
    tag = "bardzo_dlugi_tag_" * 3
    first = changes([], shown(**{tag: 3}), 1)
    (name,) = first.add
    assert changes([PanelTag(1, name, 3)], shown(**{tag: 3}), 1) == NOTHING
    assert changes([PanelTag(1, name, 3)], shown(**{tag: 4}), 1) == TagChanges(set={1: 4})
    assert changes([PanelTag(1, name, 3)], shown(gone=[tag]), 1) == TagChanges(remove=(1,))


# -- names in other alphabets, in a panel that takes none but plain letters --------------------------------------------------

SHOES, SLEEVES = "взуття", "рукави"
"""Their plain forms are as long as each other."""


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("salesmanago_shop1_koszyk", "salesmanago_shop1_koszyk"),
        ("salesmanago_Żółty koń", "salesmanago_zolty_kon"),
        (f"salesmanago_{SHOES}", "salesmanago________e52f7a30"),
    ],
)
def test_a_plain_name_has_base_letters_and_a_digest_where_those_would_not_tell_it_apart(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_plain_names_of_other_alphabets_stay_apart_and_within_the_limit() -> None:
    names = [plain_name(long_name(tag, 1)) for tag in (SHOES, SHOES[::-1], "я" * 46, "ю" * 46)]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and len(name) <= MAX_NAME_CHARS for name in names)


IN_PLAIN_LETTERS: dict[str, tuple[list[PanelTag], PanelTags, TagChanges]] = {
    "it stands there already": (carries(**{plain_name(long_name(SHOES, 1)): 3}), shown(взуття=3), NOTHING),
    "points follow": (carries(**{plain_name(long_name(SHOES, 1)): 3}), shown(взуття=4), TagChanges(set={1: 4})),
    "gone there, gone here": (
        carries(plain_name(long_name(SHOES, 1))),
        shown(gone=[SHOES], complete=False),
        TagChanges(remove=(1,)),
    ),
    "a section stands under the short name": (carries(plain_name(short_name(SHOES))), shown(SHOES), NOTHING),
    "a pulled tag that stands under the short name gets its points there": (
        carries(plain_name(short_name(SHOES))),
        shown(взуття=4),
        TagChanges(set={1: 4}),
    ),
    "another one of the same length is added beside it": (
        carries(**{plain_name(long_name(SHOES, 1)): 3}),
        shown(взуття=3, рукави=1),
        TagChanges(add={long_name(SLEEVES, 1): 1}),
    ),
    "where it stands in its own letters too, those stay": (
        [PanelTag(1, plain_name(long_name(SHOES, 1)), 3), PanelTag(2, long_name(SHOES, 1), 3)],
        shown(взуття=3),
        TagChanges(remove=(1,)),
    ),
}


@pytest.mark.parametrize(("present", "wanted", "change"), IN_PLAIN_LETTERS.values(), ids=IN_PLAIN_LETTERS)
def test_a_name_in_another_alphabet_is_found_where_the_panel_wrote_it_in_plain_letters(
    present: list[PanelTag], wanted: PanelTags, change: TagChanges
) -> None:
    assert changes(present, wanted, 1) == change


def test_a_long_section_and_its_folded_spelling_are_one_tag() -> None:
    """The order wrote it as the shop spells it; SALESmanago shows it folded."""
    standing = PanelTag(1, short_name(LONG_SECTION), 1)
    assert changes([standing], shown(LONG_SECTION, **{canonical(LONG_SECTION): 3}), 1) == TagChanges(set={1: 3})


def test_a_long_section_that_salesmanago_lost_goes() -> None:
    standing = PanelTag(1, short_name(LONG_SECTION), 1)
    assert changes([standing], shown(gone=[canonical(LONG_SECTION)]), 1) == TagChanges(remove=(1,))


# -- one application is enough ----------------------------------------------------------------------------------------------


@dataclass
class Customer:
    """A customer of a panel that tells letter cases apart or does not."""

    tags: list[PanelTag]
    folds: bool = False

    def apply(self, change: TagChanges) -> None:
        held = {tag.id: tag for tag in self.tags if tag.id not in change.remove}
        for tag_id, points in change.set.items():
            held[tag_id] = PanelTag(tag_id, held[tag_id].name, points)
        self.tags = list(held.values())
        for name, points in change.add.items():
            same = [tag for tag in self.tags if (tag.name.lower() == name.lower() if self.folds else tag.name == name)]
            assert not same, "a tag is added only where it does not stand"
            self.tags.append(PanelTag(max([0, *held, *(tag.id for tag in self.tags)]) + 1, name, points))


words = st.sampled_from(
    ["koszyk", "menu1", "obuwie", "męskie buty", "meskie_buty", "shop2_vip", "shop11_x", "vip", "a" * 60, "zażółć"]
)
names = words.flatmap(
    lambda word: st.sampled_from(
        [word, f"salesmanago_{word}", f"salesmanago_shop1_{word}", f"salesmanago_shop2_{word}", f"SALESMANAGO_SHOP1_{word.upper()}"]
    )
) | st.text(max_size=20)
upstream_words = words.map(canonical)


@st.composite
def customers(draw: st.DrawFn) -> list[PanelTag]:
    """No two tags of one folded form: a panel that tells cases apart has such only where a person made them."""
    found = draw(st.lists(names, max_size=8, unique_by=canonical))
    return [PanelTag(number, name, draw(st.integers(1, 5))) for number, name in enumerate(found, start=1)]


@st.composite
def wants(draw: st.DrawFn) -> PanelTags:
    points = draw(st.dictionaries(upstream_words, st.integers(-1, 12), max_size=5))
    gone = [word for word in draw(st.lists(upstream_words, max_size=3, unique=True)) if word not in points]
    sections = draw(st.lists(words, max_size=4, unique_by=canonical))
    left = tuple(section for section in sections if canonical(section) not in gone)
    return PanelTags(points=points, sections=left, gone=tuple(gone), complete=draw(st.booleans()))


@settings(max_examples=150, deadline=None)
@given(customers(), wants(), st.sampled_from([1, 2, 11]), st.booleans())
def test_after_one_application_nothing_is_left_to_change(
    present: list[PanelTag], wanted: PanelTags, number: int, folds: bool
) -> None:
    customer = Customer(list(present), folds)
    customer.apply(changes(present, wanted, number))
    assert changes(customer.tags, wanted, number).is_empty
    assert all(tag.points >= 1 for tag in customer.tags)


@settings(max_examples=120, deadline=None)
@given(customers(), wants(), st.sampled_from([1, 2, 11]))
def test_what_is_not_ours_is_never_touched(present: list[PanelTag], wanted: PanelTags, number: int) -> None:
    change = changes(present, wanted, number)
    touched = [tag for tag in present if tag.id in change.remove or tag.id in change.set]
    spoken = {canonical(text) for text in (*wanted.points, *wanted.gone, *wanted.sections)}
    for tag in touched:
        key = canonical(tag.name)
        own = key.startswith(f"salesmanago_shop{number}_")
        assert own or key in {canonical(short_name(text)) for text in spoken}
        others = [other for other in (1, 2, 11) if other != number]
        assert not any(key.startswith(f"salesmanago_shop{other}_") for other in others)
    for name in change.add:
        assert name == name.lower()
        assert len(name) <= MAX_NAME_CHARS
        assert name.startswith("salesmanago_")
        assert not name.startswith(("salesmanago_salesmanago_", f"salesmanago_shop{number}_salesmanago_"))


@settings(max_examples=100, deadline=None)
@given(customers(), wants(), wants())
def test_two_shops_of_one_customer_come_to_rest(present: list[PanelTag], one: PanelTags, other: PanelTags) -> None:
    """Both mirror one account, so both see the same tags; their orders differ."""
    both: Mapping[int, PanelTags] = {
        number: PanelTags(points=one.points, sections=wanted.sections, gone=_not_earned(one, one, other), complete=True)
        for number, wanted in ((1, one), (2, other))
    }
    customer = Customer(list(present))
    for _ in range(3):
        for number, wanted in both.items():
            customer.apply(changes(customer.tags, wanted, number))
    assert all(changes(customer.tags, wanted, number).is_empty for number, wanted in both.items())


def _not_earned(wanted: PanelTags, *shops: PanelTags) -> tuple[str, ...]:
    """What SALESmanago shows no more it shows no more to either shop."""
    earned = {canonical(section) for shop in shops for section in shop.sections}
    return tuple(tag for tag in wanted.gone if tag not in earned)


@pytest.mark.parametrize("wanted", [shown(koszyk=5), shown(gone=["koszyk"]), shown()], ids=["wanted", "gone", "not shown"])
def test_two_spellings_of_one_tag_of_ours_become_one(wanted: PanelTags) -> None:
    present = [PanelTag(1, "salesmanago_shop1_koszyk", 5), PanelTag(2, "salesmanago_shop1_KOSZYK", 1)]
    customer = Customer(list(present))
    customer.apply(changes(present, wanted, 1))
    assert [tag.points for tag in customer.tags] == list(wanted.points.values())


@pytest.mark.parametrize("first", ["koszyk", "KOSZYK"])
def test_of_two_spellings_of_one_tag_the_one_that_we_write_stays(first: str) -> None:
    other = "KOSZYK" if first == "koszyk" else "koszyk"
    present = [PanelTag(number, f"salesmanago_shop1_{text}", 5) for number, text in enumerate((first, other), start=1)]
    (odd,) = [tag.id for tag in present if not tag.name.islower()]
    assert changes(present, shown(koszyk=5), 1) == TagChanges(remove=(odd,))


@pytest.mark.parametrize("change", [TagChanges(add={"x": 1}), TagChanges(set={1: 2}), TagChanges(remove=(1,))])
def test_a_change_of_any_one_kind_needs_a_call(change: TagChanges) -> None:
    assert not change.is_empty
    assert NOTHING.is_empty


def test_r31_the_bounds_of_what_stands_in_the_panel_are_those_of_the_design() -> None:
    assert (MAX_NAME_CHARS, MAX_POINTS, PanelTags().complete) == (64, 1_000_000, False)
