import pytest

from app.domain.tags import (
    MAX_TAG_CHARS,
    canonical,
    collisions,
    distinct,
    outgoing_text,
    section_tags,
    source_tag,
    to_panel,
    to_upstream,
)


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
    ],
)
def test_a_tag_is_compared_in_one_folded_form(tag: str, folded: str) -> None:
    assert canonical(tag) == folded


@pytest.mark.parametrize("tag", ["ß" * MAX_TAG_CHARS, "ﬁ" * MAX_TAG_CHARS, "Wiosna 2015", "ł" * 70])
def test_folding_what_is_folded_changes_nothing(tag: str) -> None:
    assert canonical(canonical(tag)) == canonical(tag)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("  Wiosna   2015 ", "Wiosna 2015"),
        ("buty, męskie", "buty_męskie"),
        ("a,b,,c", "a_b__c"),
        ("x" * 70, "x" * 64),
        ("x" * 63 + " y", "x" * 63),
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
    ],
)
def test_different_tags_that_would_be_stored_as_one_collide(panel: list[str], groups: tuple[tuple[str, ...], ...]) -> None:
    assert collisions(panel) == groups
