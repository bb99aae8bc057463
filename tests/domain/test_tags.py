import hashlib
import unicodedata
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import tags
from app.domain.salesmanago_limits import MAX_TAG_CHARS
from app.domain.tags import (
    MAX_PANEL_TAG_CHARS,
    MOST_SECTIONS,
    MOST_TAGS,
    canonical,
    collisions,
    distinct,
    folded,
    folded_by_sign,
    is_shown,
    outgoing_text,
    section_tags,
    source_tag,
    to_panel,
    to_upstream,
)
from app.sandbox.salesmanago.memory.tags import fold


@pytest.mark.parametrize(
    ("tag", "folded"),
    [
        ("vip", "vip"),
        ("VIP", "vip"),
        ("Wiosna 2015", "wiosna_2015"),
        ("brak_aktywności", "brak_aktywnosci"),
        ("ZAŻÓŁĆ gęślą jaźń", "zazolc_gesla_jazn"),
        ("Straße", "strasse"),
        ("Ærø", "aero"),
        ("a&b!c#d", "a_b_c_d"),
        ("a-b_(c)[d]{e}", "a-b_(c)[d]{e}"),
        ("a, b", "a_b"),
        ("  a   b  ", "a_b"),
        ("z\u0307o\u0301łty", "zolty"),
        ("sklep.example.com", "sklep_example_com"),
        ("", ""),
        ("ВЗУТТЯ", "взуття"),
        ("Йога", "йога"),
        ("и\u0306ога", "йога"),
        ("Ёлка", "ёлка"),
        ("їжа", "їжа"),
        ("Παπούτσια", "παπούτσια"),
        ("ΠΑΠΟΎΤΣΙΑ", "παπούτσια"),
        ("ΠΆΠΠΟΥΣ", "πάππουσ"),
        ("ﬁlm ２０", "film_20"),
        ("İstanbul ışık", "istanbul_isik"),
        ("ǿ ǽ ẞ", "o_ae_ss"),
        ("靴・鞄", "靴_鞄"),
        ("जूते", "जूते"),
        ("٣ قطع", "٣_قطع"),
        ("👩\u200d🚀", "___"),
        ("ząb\u00ad\u200b\ufeff", "zab"),
        ("\u0301buty", "buty"),
        ("靴-\u0301", "靴-"),
        ("ж\ufe0f", "ж_"),
    ],
)
def test_a_tag_is_compared_in_one_folded_form(tag: str, folded: str) -> None:
    assert canonical(tag) == folded


@pytest.mark.parametrize("tag", ["ß" * MAX_TAG_CHARS, "ﬁ" * MAX_TAG_CHARS, "Wiosna 2015", "ł" * 70, "ﷺ" * 64])
def test_folding_what_is_folded_changes_nothing(tag: str) -> None:
    assert canonical(canonical(tag)) == canonical(tag)


@given(st.text(max_size=200))
def test_r27_every_text_has_one_form_of_at_most_64_signs_which_is_its_own(tag: str) -> None:
    form = canonical(tag)
    assert canonical(form) == form
    assert len(form) <= MAX_TAG_CHARS
    assert len(outgoing_text(tag)) <= MAX_TAG_CHARS
    assert canonical(outgoing_text(tag)) == form
    assert outgoing_text(outgoing_text(tag)) == outgoing_text(tag)
    assert not set(outgoing_text(tag)) & {",", "\x00", "\n"}
    outgoing_text(tag).encode()


@given(st.text(max_size=60) | st.text("aąłß e\u0301ж靴\u0308\u034f\ufe0f_", max_size=60))
def test_folding_quickly_and_sign_by_sign_come_to_the_same(text: str) -> None:
    if not text.isascii():
        assert folded(text) == folded_by_sign(unicodedata.normalize("NFKD", text))


def test_m10_of_characters_so_many_are_remembered_and_the_others_are_found_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "_SIGNS_REMEMBERED", 2)
    known = tags._Signs()
    assert "".join(known[ord(sign)] for sign in "łæж ł") == "laeж_l"
    assert "".join(map(chr, known)) == "łæ"


@given(st.text(max_size=200), st.sampled_from(["NFC", "NFD"]))
def test_r27_the_unicode_form_of_a_text_makes_no_difference(tag: str, form: Literal["NFC", "NFD"]) -> None:
    assert canonical(unicodedata.normalize(form, tag)) == canonical(tag)


@given(st.text("abcABCżźŻ шШйЙσΣά_", max_size=90))
def test_r27_letter_case_makes_no_difference_at_any_length(tag: str) -> None:
    assert canonical(tag.upper()) == canonical(tag)


@given(st.text(max_size=100))
def test_r27_what_salesmanago_stores_of_a_tag_is_known_again_whether_or_not_it_keeps_letters(tag: str) -> None:
    told = outgoing_text(tag)
    assume(set(told).isdisjoint("ǽǼǣǢǿǾẞ") and "," not in unicodedata.normalize("NFKD", told))
    assert is_shown(canonical(tag), {canonical(fold(told))})
    assert is_shown(canonical(tag), {canonical(told)})


@given(st.lists(st.text("ab żш", min_size=60, max_size=75), min_size=2, max_size=2))
def test_r27_two_cut_names_stay_two(names: list[str]) -> None:
    one, other = (" ".join(name.split()) for name in names)
    assume(folded(one) != folded(other))
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("sign", ["👩\u200d🚀", "🇵🇱", "e\u0323\u0301", "👍🏽", "ж\u0301"])
@pytest.mark.parametrize("before", range(50, 60))
def test_r27_a_cut_leaves_no_half_sign(before: int, sign: str) -> None:
    kept = outgoing_text("x" * before + sign * 10).rpartition("_")[0]
    assert kept == unicodedata.normalize("NFC", "x" * before + sign * 10)[: len(kept)]
    assert kept.lstrip("x") in (
        "",
        *(unicodedata.normalize("NFC", sign) * times for times in range(1, 10)),
    )


DIGEST_OF_129 = hashlib.sha256(b"x" * 129).hexdigest()[:8].encode()
"""Of a text longer than is read, this stands for the rest."""


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("  Wiosna   2015 ", "Wiosna 2015"),
        ("buty, męskie", "buty_męskie"),
        ("a,b,,c", "a_b__c"),
        ("a\x00b\u200b\u2028c\ufeff", "ab c"),
        ("u\u0308ber", "über"),
        ("x" * 64, "x" * 64),
        ("x" * 70, "x" * 55 + "_" + hashlib.sha256(b"x" * 70).hexdigest()[:8]),
        ("x" * 128, "x" * 55 + "_" + hashlib.sha256(b"x" * 128).hexdigest()[:8]),
        ("ß" * 70, "ß" * 27 + "_" + hashlib.sha256(b"ss" * 70).hexdigest()[:8]),
        ("x" * 129, "x" * 55 + "_" + hashlib.sha256(b"x" * 64 + b"_" + DIGEST_OF_129).hexdigest()[:8]),
    ],
)
def test_text_goes_out_trimmed_with_commas_replaced_and_at_most_64_characters(written: str, sent: str) -> None:
    assert outgoing_text(written) == sent


@pytest.mark.parametrize(
    ("panel", "upstream"),
    [
        ("brak_aktywności", "idosell_brak_aktywności"),
        (" VIP ", "idosell_VIP"),
        ("idosell_vip", "idosell_vip"),
        ("IDOSELL vip", "IDOSELL vip"),
        ("salesmanago", "idosell_salesmanago"),
        ("salesmanago_obuwie", None),
        ("SALESmanago_shop1_koszyk", None),
        ("salesmanago obuwie", None),
        ("", None),
        ("  ", None),
        ("***", None),
    ],
)
def test_a_panel_tag_travels_with_the_prefix_unless_it_came_from_salesmanago(panel: str, upstream: str | None) -> None:
    assert to_upstream(panel) == upstream


@pytest.mark.parametrize(
    ("upstream", "shop", "panel"),
    [
        ("MENU1", 1, "salesmanago_shop1_menu1"),
        ("koszyk", 2, "salesmanago_shop2_koszyk"),
        ("IDOSELL_VIP", 1, None),
        ("idosell vip", 1, None),
        ("SALESMANAGO_SHOP1_KOSZYK", 1, None),
        ("", 1, None),
        ("!!", 1, None),
    ],
)
def test_a_salesmanago_tag_travels_in_lower_case_unless_it_came_from_the_panel(upstream: str, shop: int, panel: str | None) -> None:
    assert to_panel(upstream, shop) == panel


@pytest.mark.parametrize(
    ("paths", "sections"),
    [
        ([("Obuwie", "Męskie"), ("Obuwie", "Damskie")], ("Obuwie", "Męskie", "Damskie")),
        ([("Obuwie",), ("OBUWIE",), ("obuwie",)], ("Obuwie",)),
        ([("Buty, klapki",)], ("Buty_klapki",)),
        ([("", " ", "***")], ()),
        ([("Взуття",), ("взуття", "Куртки")], ("Взуття", "Куртки")),
        ([tuple(f"Dział {number}" for number in range(600))], tuple(f"Dział {number}" for number in range(500))),
        ([], ()),
    ],
)
def test_every_segment_of_a_menu_path_is_one_tag(paths: list[tuple[str, ...]], sections: tuple[str, ...]) -> None:
    assert section_tags(paths) == sections


@pytest.mark.parametrize(
    ("source", "tag"),
    [
        ("allegro", "idosell_allegro_sklep.iai-shop.com"),
        (" Ceneo ", "idosell_ceneo_sklep.iai-shop.com"),
        ("", None),
        ("   ", None),
    ],
)
def test_a_source_is_one_tag_with_the_shops_host(source: str, tag: str | None) -> None:
    assert source_tag(source, "sklep.iai-shop.com") == tag


def test_a_source_tag_is_no_longer_than_any_other_tag() -> None:
    assert len(source_tag("a" * 60, "sklep.iai-shop.com") or "") <= MAX_TAG_CHARS


def test_of_tags_with_one_form_the_first_stays() -> None:
    assert distinct(["Żółty", "zolty", "inny", "ŻÓŁTY", "?"]) == ("Żółty", "inny")


@pytest.mark.parametrize(
    ("panel", "groups"),
    [
        (["a", "b"], ()),
        (["a", "a"], ()),
        (["Żółty", "zolty", "b"], (("Żółty", "zolty"),)),
        (["vip", "idosell_vip"], (("vip", "idosell_vip"),)),
        (["a b", "a_b", "c!", "c?"], (("a b", "a_b"), ("c!", "c?"))),
        (["salesmanago_x", "SALESmanago_x"], ()),
        (["VIP", "vip", "czes\u0301c\u0301", "cześć"], ()),
        (["Bluzy дитячі", "Bluzy жіночі"], ()),
    ],
)
def test_different_tags_that_would_be_stored_as_one_collide(panel: list[str], groups: tuple[tuple[str, ...], ...]) -> None:
    assert collisions(panel) == groups


def test_the_bounds_of_tags_are_those_of_the_design() -> None:
    assert (MOST_SECTIONS, MOST_TAGS, MAX_PANEL_TAG_CHARS) == (500, 1_000, 56)
