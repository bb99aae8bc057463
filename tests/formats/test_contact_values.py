"""Addresses: what the library says of a whole address is what we say of it in parts."""

from datetime import date

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.shops import countries
from app.formats import contact_values

_LOCALS = st.text("abzAZ09._+-", max_size=260) | st.text(max_size=4) | st.sampled_from(["", ".", "a..b", '"a b"', "a@b", "ż"])
_DOMAINS = st.sampled_from(
    [
        "wp.pl",
        "GMAIL.com",
        "żółw.pl",
        "xn--w-uga1v8h.pl",
        "localhost",
        "a..pl",
        "-a.pl",
        "a.pl.",
        "[127.0.0.1]",
        "",
        "a" * 63 + ".pl",
        ".".join(["abcdefgh"] * 27) + ".pl",
        "ż" * 57 + ".pl",
        "example.test",
        "a b.pl",
    ]
) | st.text("ab.-ż", max_size=8)


def _said(of: object, text: str) -> str:
    try:
        return str(of(text))  # type: ignore[operator]
    except ValueError:
        return "refused"


@given(_LOCALS, _DOMAINS, st.sampled_from(["", " ", "\n"]))
def test_an_address_in_parts_is_the_address_as_a_whole(local: str, domain: str, around: str) -> None:
    text = f"{around}{local}@{domain}{around}"
    assert _said(contact_values.email_address, text) == _said(contact_values._address, text.strip(contact_values._AROUND))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" Jan.Kowalski+Sklep@WP.pl ", "jan.kowalski+sklep@wp.pl"),
        ("jan@żółw.pl", "jan@xn--w-uga1v8h.pl"),
    ],
)
def test_what_is_kept(text: str, kept: str) -> None:
    assert contact_values.email_address(text) == kept


@pytest.mark.parametrize("text", ["", "@", "jan", "jan@", "@wp.pl", "jan@wp", "jan..k@wp.pl", ".jan@wp.pl", "a" * 249 + "@wp.pl"])
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="address"):
        contact_values.email_address(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 64 + "@wp.pl", "x" * 64 + "@wp.pl"),
        ("\u200bjan@wp.pl\ufeff", "jan@wp.pl"),
        ("\u00a0jan@wp.pl ", "jan@wp.pl"),
    ],
)
def test_what_is_copied_along_is_no_part_of_an_address(text: str, kept: str) -> None:
    assert contact_values.email_address(text) == kept


@pytest.mark.parametrize("local", ["x" * 65, "x" * 249, "a." * 32 + "b"])
def test_a_local_part_that_salesmanago_refuses_is_refused_with_the_rule(local: str) -> None:
    with pytest.raises(ValueError, match="at most 64 characters before the @"):
        contact_values.email_address(f"{local}@wp.pl")


# -- telephone numbers ---------------------------------------------------------------------------------------------------

_FORMATS = phonenumbers.PhoneNumberFormat
_TYPES = (None, *range(11))


def _examples(region: str) -> set[str]:
    """Numbers of every type that the library knows of a region, in E.164."""
    found = (
        phonenumbers.example_number(region) if kind is None else phonenumbers.example_number_for_type(region, kind)
        for kind in _TYPES
    )
    return {phonenumbers.format_number(one, _FORMATS.E164) for one in found if one and phonenumbers.is_valid_number(one)}


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_r10_every_example_number_of_every_region_is_read_as_its_own(region: str) -> None:
    for number in _examples(region):
        parsed = phonenumbers.parse(number)
        assert contact_values.e164(phonenumbers.format_number(parsed, _FORMATS.NATIONAL), region) == number
        for written in (_FORMATS.E164, _FORMATS.INTERNATIONAL, _FORMATS.RFC3966):
            for read_as in (region, "PL", "US", contact_values.NO_REGION):
                assert contact_values.e164(phonenumbers.format_number(parsed, written), read_as) == number
        assert contact_values.e164("00" + number[1:], contact_values.NO_REGION) == number


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_r10_a_national_number_without_a_country_that_is_understood_is_nobodys(region: str) -> None:
    for number in _examples(region):
        national = phonenumbers.format_number(phonenumbers.parse(number), _FORMATS.NATIONAL)
        assert contact_values.e164(national, contact_values.NO_REGION) in (None, number)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("+48 (0) 600 100 200", "+48600100200"),
        ("+48 (0)22 620 10 20", "+48226201020"),
        ("0048 600 100 200", "+48600100200"),
        ("(+48) 600-100-200", "+48600100200"),
        ("48600100200", "+48600100200"),
        ("600 100 200 wew. 12", "+48600100200"),
        ("600 100 200 ext 5", "+48600100200"),
        ("600100200x12", "+48600100200"),
        ("600 100 200 / 601 200 300", "+48600100200"),
        ("12 / 600 100 200", "+48600100200"),
        ("600100200/601200300", "+48600100200"),
        ("600100200;601200300", "+48600100200"),
        ("600100200, 601200300", "+48600100200"),
        ("600100200 lub 601200300", "+48600100200"),
        ("tel. 600 100 200 (Jan)", "+48600100200"),
        ("６００１００２００", "+48600100200"),
        ("600\u2013100\u2013200", "+48600100200"),
        ("0800 FLOWERS", None),
        ("600 100", None),
        ("brak", None),
        ("", None),
        ("0", None),
        ("6" * 256, None),
        ("+" * 300, None),
        ("1 " * 200, None),
    ],
)
def test_r10_a_number_is_found_in_what_people_write_around_it(text: str, kept: str | None) -> None:
    assert contact_values.e164(text, "PL") == kept


@given(st.text(max_size=300), st.sampled_from(["PL", "DE", "US", contact_values.NO_REGION, "XX"]))
def test_r10_no_text_breaks_the_reading_of_numbers(text: str, region: str) -> None:
    number = contact_values.e164(text, region)
    assert number is None or (number.startswith("+") and number[1:].isdigit() and number.isascii())


@pytest.mark.parametrize(
    ("country", "read_as"),
    [
        (None, "PL"),
        (" ", "PL"),
        ("cz", "CZ"),
        ("Czechy", "CZ"),
        ("CZECH REPUBLIC", "CZ"),
        ("Česká  republika", "CZ"),
        ("Słowacja", "SK"),
        ("WĘGRY", "HU"),
        ("Österreich", "AT"),
        ("UK", "GB"),
        ("Україна", "UA"),
        ("Atlantyda", contact_values.NO_REGION),
        ("XX", contact_values.NO_REGION),
        ("48", contact_values.NO_REGION),
    ],
)
def test_r10_national_numbers_are_read_as_of_the_country_of_the_address(country: str | None, read_as: str) -> None:
    assert contact_values.phone_region(country, "PL") == read_as


def test_every_country_is_one_that_numbers_are_known_of_and_no_name_means_two() -> None:
    names = [countries._folded(name) for listed in countries._NAMES.values() for name in listed]
    assert len(set(names)) == len(names)
    assert set(countries._NAMES) <= phonenumbers.SUPPORTED_REGIONS
    assert not set(names) & {code.lower() for code in phonenumbers.SUPPORTED_REGIONS}


# -- days and languages --------------------------------------------------------------------------------------------------


@given(st.dates(min_value=date(1930, 1, 1), max_value=date(2020, 12, 31)))
def test_a_day_of_birth_is_one_day_however_it_is_written(day: date) -> None:
    kept = day.strftime("%Y%m%d")
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%dT00:00:00+01:00", " %Y-%m-%d 00:00:00"):
        assert contact_values.birth_date(day.strftime(form)) == kept


@pytest.mark.parametrize(
    "text", ["", "0000-00-00", "1987-02-30", "05/06/1987", "2087-06-05", "1887-06-05", "1987-06-05\nx", "١٩٨٧-٠٦", "87-6-5"]
)
def test_what_is_no_day_of_birth_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date like|nobody was born"):
        contact_values.birth_date(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("pol", "pl"),
        ("es-419", "es"),
        ("pl_PL", "pl"),
        ("zh-Hans", "zh"),
        ("Polski", "pl"),
        ("PL.UTF-8", "pl"),
        ("klingon", None),
        ("", None),
    ],
)
def test_a_language_is_two_letters(text: str, kept: str | None) -> None:
    assert contact_values.language(text) == kept
