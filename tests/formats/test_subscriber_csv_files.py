"""Files as spreadsheets and other programs save them: no subscriber is lost, moved or guessed."""

import codecs

import pytest

from app.formats.subscriber_csv import NotAList, decoded, parsed

DAY = "2025-03-18 18:49:21"
MANY = 200


def addresses(text: str) -> list[str]:
    return [row.cells["email"] for row in parsed(text).rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("above", ["", "{end}", " {end}{end}", "sep={delimiter}{end}", "{end}SEP={delimiter}{end}"])
def test_a_list_of_any_length_is_read_with_any_line_end_and_with_what_stands_above_its_headings(
    delimiter: str, line_end: str, above: str
) -> None:
    said = [f"jan{number}@example.com" for number in range(MANY)]
    lines = [delimiter.join(("email", "data")), *(delimiter.join((one, DAY)) for one in said)]
    text = above.format(end=line_end, delimiter=delimiter) + line_end.join(lines)
    assert addresses(text) == said
    assert parsed(text).rows[0].number == 2 + above.count("{end}")


@pytest.mark.parametrize(("mark", "encoding"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")])
def test_a_list_saved_as_unicode_text_keeps_its_headings_and_its_letters(mark: bytes, encoding: str) -> None:
    text = f"Strona\tAdres e-mail\tData zgody\r\nZażółć gęślą jaźń\tjan@example.com\t{DAY}\r\n"
    (row,) = parsed(decoded(mark + text.encode(encoding))).rows
    assert row.cells == {"page": "Zażółć gęślą jaźń", "email": "jan@example.com", "email_consent_at": DAY}


@pytest.mark.parametrize(
    "stray",
    ['"jan@example.com;{day};Sklep', 'jan@example.com;{day};"Sklep', 'jan@example.com;"{day};Sklep', 'jan@example.com;{day};"'],
)
@pytest.mark.parametrize("behind", ["", ';"', ';"Strona', ';"Strona"'], ids=["plain", "a stray one", "another stray one", "quoted"])
def test_no_line_behind_a_stray_quotation_mark_is_swallowed_and_its_line_is_named(stray: str, behind: str) -> None:
    lines = ["email;data;strona", f"ewa@example.com;{DAY};", stray.format(day=DAY)]
    lines += [f"ala{number}@example.com;{DAY}{behind if number == 5 else ''}" for number in range(10)]
    with pytest.raises(NotAList, match=r"line 3 .*quotation mark"):
        parsed("\n".join(lines))


def test_a_quoted_cell_may_hold_line_ends_delimiters_and_quotation_marks() -> None:
    (row,) = parsed(f'email;data;strona\n"jan@example.com";"{DAY}";"Sklep ""Ala"";\r\nul. Polna"\n').rows
    assert row.cells["page"] == 'Sklep "Ala";\r\nul. Polna'


@pytest.mark.parametrize(
    ("headings", "column"),
    [
        ("email;e-mail;data", "email"),
        ("email;data;data_zgody", "email_consent_at"),
        ("email;data;approval;date_modification", "email_consent_at"),
        ("email;data;zgoda;status", "approval"),
        ("email;data;konto;registered", "registered"),
        ("email;sms_consent_at;data_zgody_sms;phone", "sms_consent_at"),
    ],
)
def test_two_columns_that_may_both_say_who_agreed_and_when_are_refused_for_the_later_one_might_be_the_wrong_one(
    headings: str, column: str
) -> None:
    with pytest.raises(NotAList, match=f"several columns are read as `{column}`"):
        parsed(f"{headings}\njan@example.com;2024-01-01;2025-01-01;x\n")
