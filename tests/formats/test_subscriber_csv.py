"""Lists of subscribers: whatever a spreadsheet writes is read as meant, or refused, and never newer than it is (R61, B13)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.events import SubscriberListed
from app.domain.intake.inbox import NewEvent
from app.domain.shops.shop import Shop
from app.formats.subscriber_csv import COLUMNS, Mistake, NotAList, SubscriberList, decoded, event_of, parsed
from tests.support.builders import a_shop

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WARSAW = a_shop()
JAN = "jan.kowalski@example.com"
DAY = "2025-03-18 18:49:21"


def rows_of(text: str) -> list[dict[str, str]]:
    return [dict(row.cells) for row in parsed(text).rows]


def read(text: str, shop: Shop = WARSAW, now: datetime = NOW) -> list[NewEvent | list[Mistake]]:
    return [event_of(row, shop, now) for row in parsed(text).rows]


def the(text: str, shop: Shop = WARSAW, now: datetime = NOW) -> SubscriberListed:
    """The one subscriber of a list."""
    (found,) = read(text, shop, now)
    assert isinstance(found, NewEvent), found
    assert isinstance(found.event, SubscriberListed)
    return found.event


def wrong(text: str, shop: Shop = WARSAW) -> list[str]:
    (found,) = read(text, shop)
    assert isinstance(found, list), found
    return [one.column for one in found]


def dated(when: str, shop: Shop = WARSAW) -> datetime | None:
    return the(f"email;email_consent_at\n{JAN};{when}\n", shop).email_since


# -- headings and cells --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "heading"), [(column, one) for column, names in COLUMNS.items() for one in names if one != "date_modification"]
)
def test_every_heading_is_known_in_any_case_and_with_spaces_around_it(column: str, heading: str) -> None:
    extra = "" if column == "email" else "email;"
    value = JAN if column == "email" else f"{JAN};x"
    for spelling in (heading, heading.upper(), f"  {heading.title()} ", f'"{heading}"'):
        assert rows_of(f"{extra}{spelling}\n{value}\n")[0][column] == value.rpartition(";")[2]


@pytest.mark.parametrize(
    ("heading", "column"),
    [("Adres e-mail", "email"), ("Data zgody", "email_consent_at"), ("Data zgody SMS", "sms_consent_at"), ("Język", "language"),
     ("Komórka", "phone"), ("NUMER TELEFONU", "phone"), ("Wersja zgody", "text_version")],
)  # fmt: skip
def test_polish_headings_are_known_as_people_write_them(heading: str, column: str) -> None:
    assert column in rows_of(f"mail;{heading}\n{JAN};x\n" if column != "email" else f"{heading}\n{JAN}\n")[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_commas_semicolons_and_tabs_any_line_end_and_a_mark_at_the_beginning_are_understood(
    delimiter: str, line_end: str, mark: str
) -> None:
    lines = [delimiter.join(cells) for cells in (("email", "data"), (JAN, DAY), ("", ""), ("ewa@example.com", DAY))]
    assert rows_of(mark + line_end.join(lines)) == [
        {"email": JAN, "email_consent_at": DAY},
        {"email": "ewa@example.com", "email_consent_at": DAY},
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250"])
def test_polish_letters_survive_either_encoding(encoding: str) -> None:
    text = f"adres e-mail;Język;strona\n{JAN};pl;Zażółć gęślą jaźń\n"
    assert rows_of(decoded(text.encode(encoding)))[0]["page"] == "Zażółć gęślą jaźń"


def test_columns_nobody_knows_are_named_and_ignored() -> None:
    found = parsed(f"email;Imię;;Punkty\n{JAN};Jan;x;5\n")
    assert (found.ignored, dict(found.rows[0].cells)) == (("imie", "punkty"), {"email": JAN})


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "imie;nazwisko\nJan;K\n", f"{JAN};{DAY}\n", "\x00"])
def test_without_a_line_that_names_the_address_it_is_no_list_and_the_answer_repeats_nothing(text: str) -> None:
    with pytest.raises(NotAList) as refusal:
        parsed(text)
    assert JAN not in str(refusal.value)


def test_a_list_of_headings_alone_is_a_list_of_nobody() -> None:
    assert parsed("email;data\n") == SubscriberList((), ())


def test_lines_are_numbered_as_in_the_file_across_empty_and_quoted_ones() -> None:
    found = parsed('email;strona\na@example.com;x\n\n;;\n"b@example.com";"two\nlines"\nc@example.com\n')
    assert [row.cells["email"][0] for row in found.rows] == ["a", "b", "c"]
    assert found.rows[0].number == 2
    assert found.rows[1].number in (5, 6)  # it stands on both
    assert found.rows[2].number == 7
    assert found.rows[1].cells["page"] == "two\nlines"


# -- dates ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "utc"),
    [
        ("2025-03-18 18:49:21", "2025-03-18T17:49:21"),
        ("2025-07-18 18:49:21", "2025-07-18T16:49:21"),
        ("2025-03-18T18:49:21", "2025-03-18T17:49:21"),
        ("2025-03-18 18:49", "2025-03-18T17:49"),
        ("18.03.2025 18:49:21", "2025-03-18T17:49:21"),
        ("18.03.2025 18:49", "2025-03-18T17:49"),
        ("18.03.2025", "2025-03-17T23:00"),
        ("2025-03-18", "2025-03-17T23:00"),
        ("2025-03-18T18:49:21Z", "2025-03-18T18:49:21"),
        ("2025-03-18T18:49:21+02:00", "2025-03-18T16:49:21"),
        ("2025-03-18 18:49:21-0500", "2025-03-18T23:49:21"),
        ("2025-03-18T18:49:21.123456+01:00", "2025-03-18T17:49:21.123456"),
        # The night of autumn has the hour twice: the earlier one, so that no consent looks newer than it is.
        ("2025-10-26 02:30:00", "2025-10-26T00:30"),
        ("2025-10-26 01:59:59", "2025-10-25T23:59:59"),
        ("2025-10-26 03:00:00", "2025-10-26T02:00"),
        # The night of spring leaves the hour out.
        ("2025-03-30 01:59:59", "2025-03-30T00:59:59"),
        ("2025-03-30 02:30:00", "2025-03-30T01:30"),
        ("2025-03-30 03:00:00", "2025-03-30T01:00"),
    ],
)
def test_a_date_without_zone_is_the_shops_local_time_and_one_with_a_zone_is_what_it_says(when: str, utc: str) -> None:
    assert dated(when) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_each_shop_has_its_own_zone() -> None:
    assert dated("2025-03-18 18:49:21", a_shop(time_zone="America/New_York")) == datetime(2025, 3, 18, 22, 49, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "when", ["2025-03-18 18:49:21 UTC", "2025-03-18 18:49:21 +0200", "2025-03-18 18:49:21 GMT", "18.03.2025 18:49:21 Z"]
)
def test_a_zone_in_other_words_is_read_or_refused_but_never_taken_for_local_time(when: str) -> None:
    """West of Greenwich the local reading would make the consent newer than it is."""
    (found,) = read(f"email;data\n{JAN};{when}\n", a_shop(time_zone="America/New_York"))
    if isinstance(found, NewEvent):
        hour = 16 if "+0200" in when else 18
        assert found.event.email_since == datetime(2025, 3, 18, hour, 49, 21, tzinfo=UTC)  # type: ignore[union-attr]


@pytest.mark.parametrize("when", ["2025-03-18 18:49:21 or so", "2025-03-18 18:49:21;", "2025-03-18 18:49:219"])
def test_a_date_with_something_behind_it_is_no_date(when: str) -> None:
    assert wrong(f"email,data\n{JAN},{when}\n") == ["email_consent_at"]


@pytest.mark.parametrize(
    "when",
    ["yesterday", "2025-13-01", "2025-02-30", "31.04.2025", "1999-12-30", "0001-01-01", "9999-12-31", "2026-12-01", "1742320161",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "00.00.0000", "2025/03/18", "-", "NULL"],
)  # fmt: skip
def test_what_is_no_day_between_2000_and_today_is_a_mistake(when: str) -> None:
    assert wrong(f"email;data\n{JAN};{when}\n") == ["email_consent_at"]


def test_a_date_of_a_state_counts_only_beside_a_column_that_says_they_agree() -> None:
    assert wrong(f"email;date_modification\n{JAN};2025-03-18\n") == ["email_consent_at"]
    assert rows_of(f"email;date_modification;approval\n{JAN};2025-03-18;y\n")[0]["email_consent_at"] == "2025-03-18"
    assert wrong(f"email;date_modification;approval\n{JAN};2025-03-18;n\n") == ["approval"]
    assert wrong(f"email;data;registered\n{JAN};2025-03-18;y\n") == ["registered"]


def test_a_date_a_little_ahead_of_us_is_a_clock_that_runs_fast_and_one_far_ahead_a_mistake() -> None:
    at_limit = (NOW + timedelta(minutes=5)).isoformat()
    assert dated(at_limit) == NOW + timedelta(minutes=5)
    assert wrong(f"email;data\n{JAN};{(NOW + timedelta(minutes=5, microseconds=1)).isoformat()}\n") == ["email_consent_at"]


@pytest.mark.parametrize("zero", ["", "   ", "0000-00-00", "0000-00-00 00:00:00"])
def test_a_date_of_zeros_is_none_and_without_any_date_nobody_agreed(zero: str) -> None:
    assert wrong(f"email;data;data_zgody_sms\n{JAN};{zero};{zero}\n") == ["email_consent_at"]
    only_sms = the(f"email;data;data_zgody_sms;telefon\n{JAN};{zero};{DAY};600100200\n")
    assert (only_sms.email_since, only_sms.sms_since) == (None, datetime(2025, 3, 18, 17, 49, 21, tzinfo=UTC))


# -- phones and languages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["600100200", "600 100 200", "+48 600-100-200", "0048600100200"])
def test_numbers_are_read_as_of_the_shops_country(number: str) -> None:
    assert the(f"email;telefon;data\n{JAN};{number};{DAY}\n").phone == "+48600100200"


def test_a_bad_number_is_left_out_with_a_word_unless_text_messages_need_it() -> None:
    (found,) = read(f"email;telefon;data\n{JAN};12;{DAY}\n")
    assert isinstance(found, NewEvent)
    assert found.event.phone is None  # type: ignore[union-attr]
    assert len(found.warnings) == 1
    assert wrong(f"email;telefon;data_zgody_sms\n{JAN};12;{DAY}\n") == ["phone"]
    assert wrong(f"email;data_zgody_sms\n{JAN};{DAY}\n") == ["phone"]


@pytest.mark.parametrize(
    ("text", "language"),
    [("pl", "pl"), ("PL", "pl"), ("pl_PL", "pl"), ("en-GB", "en"), ("polski", "pl"), ("klingon", None), ("p", None), ("p1", None)],
)
def test_a_language_is_two_letters_or_left_out(text: str, language: str | None) -> None:
    assert the(f"email;lang;data\n{JAN};{text};{DAY}\n").language == language


# -- mistakes and ids ----------------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_a_line_is_said_and_never_its_values() -> None:
    line = "jan@@secret.example;soon;later;12secret"
    (found,) = read(f"email;data;data_zgody_sms;telefon\n{line}\n")
    assert isinstance(found, list)
    assert [one.column for one in found] == ["email", "email_consent_at", "sms_consent_at", "phone"]
    for one in found:
        assert not any(cell in f"{one.rule} {one.example}" for cell in line.split(";"))


def test_bad_lines_never_spoil_the_others() -> None:
    found = read(f"email;data\nbad;{DAY}\n{JAN};{DAY}\n{JAN};bad\newa@example.com;{DAY};too;many\nshort@example.com\n")
    assert [isinstance(one, NewEvent) for one in found] == [False, True, False, True, False]


def ids(text: str, shop: Shop = WARSAW, now: datetime = NOW) -> list[str]:
    return [one.event_id for one in read(text, shop, now) if isinstance(one, NewEvent)]


def test_the_same_line_is_the_same_event_today_tomorrow_and_in_any_order_of_columns() -> None:
    first = ids(f"email;data\n{JAN};{DAY}\n")
    assert first == ids(f"Data,E-mail\n{DAY},{JAN.upper()}\n", now=NOW + timedelta(days=3))
    assert len(set(ids(f"email;data\n{JAN};{DAY}\n{JAN};{DAY}\n"))) == 1


@pytest.mark.parametrize("edit", ["2025-03-18 18:49:22", f"{DAY};600100200", f"{DAY};;en", f"{DAY};;;v2"])
def test_an_edited_line_is_another_event(edit: str) -> None:
    heading = "email;data;telefon;lang;wersja_zgody\n"
    assert ids(f"{heading}{JAN};{DAY}\n") != ids(f"{heading}{JAN};{edit}\n")


def test_a_disabled_shops_subscribers_are_held() -> None:
    (found,) = read(f"email;data\n{JAN};{DAY}\n", a_shop(enabled=False))
    assert isinstance(found, NewEvent)
    assert found.held


# -- hostile files -------------------------------------------------------------------------------------------------------

cells = st.text(max_size=30) | st.sampled_from(
    [JAN, DAY, "600100200", '"', '""', "\x00", "0000-00-00", "a" * 400, "9999-12-31T23:59:59-23:59"]
)
hostile = st.lists(st.lists(cells, max_size=6).map(";".join), max_size=6).map("\n".join)
headed = st.lists(st.sampled_from([name for names in COLUMNS.values() for name in names]), max_size=5).map(
    lambda names: ";".join(["email", *names])
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), hostile, st.tuples(headed, hostile).map("\n".join)))
def test_no_text_does_anything_but_become_events_mistakes_or_no_list(text: str) -> None:
    try:
        found = parsed(text)
    except NotAList:
        return
    for row in found.rows:
        one = event_of(row, WARSAW, NOW)
        if isinstance(one, NewEvent):
            event = one.event
            assert isinstance(event, SubscriberListed)
            assert event.email_since or event.sms_since
            assert all(since is None or since <= NOW + timedelta(minutes=5) for since in (event.email_since, event.sms_since))
        else:
            assert one


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_do_either(raw: bytes) -> None:
    try:
        rows = parsed(decoded(b"email;data\n" + raw)).rows
    except NotAList:
        return
    for row in rows:
        one = event_of(row, WARSAW, NOW)
        assert isinstance(one, NewEvent) or one, "an event, or words about the row"


@pytest.mark.parametrize(
    ("country", "shop_country", "kept"),
    [
        ("CZ", "PL", "+420736123456"),
        ("Czechy", "PL", "+420736123456"),
        ("", "PL", "+48736123456"),
        ("", "CZ", "+420736123456"),
        ("pl", "CZ", "+48736123456"),
        ("Atlantyda", "PL", None),
        ("-", "PL", None),
    ],
)
def test_r10_a_national_number_of_a_list_belongs_to_the_country_beside_it(
    country: str, shop_country: str, kept: str | None
) -> None:
    line = f"email;kraj;telefon;data_zgody\n{JAN};{country};736 123 456;{DAY}\n"
    assert the(line, a_shop(country=shop_country)).phone == kept


def test_a_local_part_that_salesmanago_would_refuse_is_a_mistake_of_its_line() -> None:
    assert wrong(f"email;data_zgody\n{'x' * 65}@example.com;{DAY}\n") == ["email"]


@pytest.mark.parametrize(
    ("said", "kept"), [("pol", "pl"), ("es-419", "es"), ("Polski", "pl"), ("klingon", None), ("pl\u2028", "pl")]
)
def test_a_language_of_a_list_is_read_as_at_the_door(said: str, kept: str | None) -> None:
    assert the(f"email;lang;data_zgody\n{JAN};{said};{DAY}\n").language == kept
