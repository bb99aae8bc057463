"""Lists of newsletter subscribers without account, as people export them: CSV in, events and mistakes out (R61).

Dates are those on which the person agreed. A date without zone is the shop's local time; a bare day begins at midnight,
because an opt-in must never look newer than it is. Every line has an id of its own content, so the same file may be sent
again after a break: what is stored already is a duplicate.
"""

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from app.domain.event_parts import Evidence
from app.domain.events import SubscriberListed
from app.domain.intake.inbox import NewEvent
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.formats.contact_values import e164, email_address, is_national, language, phone_region

COLUMNS: dict[str, tuple[str, ...]] = {
    "email": ("email", "e-mail", "e_mail", "mail", "adres_email", "adres_e-mail"),
    "phone": ("phone", "telefon", "phone_cellular", "komorka", "numer_telefonu"),
    "email_consent_at": (
        "email_consent_at",
        "consent_at",
        "subscribed_at",
        "date_modification",
        "data_zgody",
        "data_zapisu",
        "data",
    ),
    "sms_consent_at": ("sms_consent_at", "data_zgody_sms"),
    "approval": ("approval", "zgoda", "status"),
    "registered": ("registered", "konto", "has_account"),
    "country": ("country", "kraj", "panstwo"),
    "language": ("language", "lang", "jezyk"),
    "text_version": ("text_version", "wersja_zgody"),
    "page": ("page", "strona"),
    "ip": ("ip",),
}
"""Our name of a column and the headings under which it is found."""

EXAMPLE_LINE = {"email": "ewa.nowak@example.com", "email_consent_at": "2025-03-18 18:49:21"}

_MEANING = {heading: column for column, headings in COLUMNS.items() for heading in headings}
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
_LONGEST = 255
MAX_COLUMNS = 50
_EMPTY_LINES_TOO = 10
"""Spreadsheets leave empty lines: so many times the lines that are allowed are looked at."""
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_TOLERANCE = timedelta(minutes=5)
_SAID_ONCE = ("email", "email_consent_at", "sms_consent_at", "approval", "registered")
_SEPARATOR = re.compile(r"sep=([;,\t])", re.IGNORECASE)
"""What some programs write above the headings, for Excel."""
_YES = ("y", "yes", "t", "tak", "1", "true")
_STATE_DATES = ("date_modification",)
"""Dates of a state: those of an agreement only beside a column that says it is one."""


class NotAList(ValueError):
    """The text as a whole is no list of subscribers."""


class TooManyLines(NotAList):
    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most} lines at a time")


@dataclass(frozen=True)
class Row:
    """A line of the list, by our names of its columns; empty cells are left out."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Mistake:
    """Why a line is no subscriber: which column, which rule, and a right value. Never the value itself."""

    column: str
    rule: str
    example: str


@dataclass(frozen=True)
class SubscriberList:
    rows: tuple[Row, ...]
    ignored: tuple[str, ...]
    """Headings nobody knows here."""


def decoded(raw: bytes) -> str:
    """UTF-8, or what Polish spreadsheets write: Windows-1250, and UTF-16 where they call it Unicode text."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1250", errors="replace")


def parsed(text: str, most: int | None = None) -> SubscriberList:
    """Raises `NotAList` without a heading line that names the address, and `TooManyLines` where more than `most` follow it."""
    if most is not None and max(text.count("\n"), text.count("\r")) > most * _EMPTY_LINES_TOO:
        raise TooManyLines(most)
    lines = text.lstrip("\ufeff").replace("\x00", "")
    first = next((line for line in io.StringIO(lines, newline="") if line.strip()), "")
    named = _SEPARATOR.fullmatch(first.strip("\r\n "))
    delimiter = named[1] if named else max(";,\t", key=first.count)
    columns_at_most = MAX_COLUMNS * (1 + max(lines.count("\n"), lines.count("\r")))
    if first.count(delimiter) >= MAX_COLUMNS or lines.count(delimiter) > columns_at_most:
        raise NotAList(f"at most {MAX_COLUMNS} columns")
    records = _filled_records(lines, delimiter, max(first.count(delimiter), 1))
    if named:
        next(records)
    headings = [_heading(one) for one in next(records, (0, []))[1]]
    columns = _meanings(headings)
    filled = (_row(number, columns, cells) for number, cells in records)
    rows = tuple(filled if most is None else islice(filled, most + 1))
    if most is not None and len(rows) > most:
        raise TooManyLines(most)
    return SubscriberList(rows, tuple(one for one, column in zip(headings, columns, strict=True) if column is None and one))


def _filled_records(lines: str, delimiter: str, delimiters: int) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not empty, with the line on which it ends. `delimiters`: in a line.

    Raises `NotAList` where a stray quotation mark would swallow the lines behind it: nobody would miss those subscribers.
    """
    read: list[str] = []

    def noted() -> Iterator[str]:
        for line in io.StringIO(lines, newline=""):
            read.append(line)
            yield line

    reader = csv.reader(noted(), delimiter=delimiter)
    try:
        for cells in reader:
            if len(read) > 1:
                list(csv.reader(read, delimiter=delimiter, strict=True))
                if any(line.count(delimiter) >= delimiters and "@" in line for cell in cells for line in cell.splitlines()[1:]):
                    raise csv.Error
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
            read.clear()
    except csv.Error as error:
        words = "a quotation mark opens a cell there and is not closed at its end" if len(read) > 1 else str(error)
        raise NotAList(f"line {reader.line_num - len(read) + 1} is no CSV: {words}") from None


def _meanings(headings: Sequence[str]) -> list[str | None]:
    """Our name of each column. Raises `NotAList` where nobody can tell which one says who agreed, and when."""
    columns = [_MEANING.get(heading) for heading in headings]
    if "approval" not in columns:
        columns = [None if heading in _STATE_DATES else column for heading, column in zip(headings, columns, strict=True)]
    if "email" not in columns:
        raise NotAList("the first line must name the columns, and one of them is `email`")
    twice = [column for column in _SAID_ONCE if columns.count(column) > 1]
    if twice:
        raise NotAList(f"several columns are read as `{twice[0]}`, leave the one that counts")
    return columns


def _heading(text: str) -> str:
    return text.strip().lower().translate(str.maketrans("ąćęłńóśźż ", "acelnoszz_"))[:64]


def _row(number: int, columns: Sequence[str | None], cells: Sequence[str]) -> Row:
    pairs = zip(columns, cells, strict=False)
    return Row(number, {column: cell.strip() for column, cell in pairs if column is not None and cell.strip()})


def event_of(row: Row, shop: Shop, now: datetime) -> NewEvent | list[Mistake]:
    """The event a line stands for, or everything that is wrong with it."""
    mistakes: list[Mistake] = []
    warnings: list[str] = []
    event = SubscriberListed(
        at=now,
        email=_email(row, mistakes),
        email_since=_date(row, "email_consent_at", shop, now, mistakes),
        sms_since=_date(row, "sms_consent_at", shop, now, mistakes),
        phone=_phone(row, shop, mistakes, warnings),
        phone_assumed="country" not in row.cells and is_national(row.cells.get("phone", "")),
        language=_language(row, warnings),
        evidence=Evidence(text_version=_proof(row, "text_version"), page=_proof(row, "page"), ip=_proof(row, "ip")),
    )
    if row.cells.get("approval", "y").lower() not in _YES:
        mistakes.append(Mistake("approval", "the list says that the person does not agree", "y"))
    if row.cells.get("registered", "n").lower() in _YES:
        mistakes.append(Mistake("registered", "who has an account comes with the first transfer of accounts", "n"))
    if not mistakes and event.email_since is None and event.sms_since is None:
        mistakes.append(Mistake("email_consent_at", "the date on which the person agreed is needed", "2025-03-18 18:49:21"))
    if event.sms_since is not None and event.phone is None and "phone" not in row.cells:
        mistakes.append(Mistake("phone", "a consent to text messages needs a number", "+48 600 100 200"))
    if mistakes:
        return mistakes
    content = hashlib.sha256(repr(replace(event, at=datetime.min.replace(tzinfo=UTC))).encode()).hexdigest()
    return NewEvent(
        shop_id=shop.id,
        event_id=f"import-{content[:32]}",
        type="subscriber-listed",
        event=event,
        digest=content,
        warnings=tuple(warnings),
        held=not shop.enabled,
    )


def _email(row: Row, mistakes: list[Mistake]) -> str:
    try:
        return email_address(row.cells.get("email", "")[:320])
    except ValueError as error:
        mistakes.append(Mistake("email", str(error), "jan.kowalski@example.com"))
        return ""


def _phone(row: Row, shop: Shop, mistakes: list[Mistake], warnings: list[str]) -> str | None:
    """A bad number spoils a consent to text messages; otherwise it is left out and the rest still goes (R10)."""
    text = row.cells.get("phone")
    number = e164(text, phone_region(row.cells.get("country"), shop.country)) if text else None
    if text and number is None:
        if "sms_consent_at" in row.cells:
            mistakes.append(Mistake("phone", "this is no telephone number", "+48 600 100 200"))
        else:
            warnings.append("phone: no telephone number, left out")
    return number


def _proof(row: Row, name: str) -> str | None:
    return row.cells[name][:_LONGEST] if name in row.cells else None


def _language(row: Row, warnings: list[str]) -> str | None:
    text = row.cells.get("language")
    found = language(text) if text else None
    if text and found is None:
        warnings.append("language: no language like pl, left out")
    return found


def _date(row: Row, column: str, shop: Shop, now: datetime, mistakes: list[Mistake]) -> datetime | None:
    text = row.cells.get(column)
    if text is None or text.startswith("0000-00-00"):
        return None
    at = next(_instants(text, shop), None)
    if at is None or not _OLDEST <= at <= now + _TOLERANCE:
        words = "a day between 2000 and today is needed, with or without a time"
        mistakes.append(Mistake(column, words, "2025-03-18 18:49:21"))
        return None
    return at


def _instants(text: str, shop: Shop) -> Iterator[datetime]:
    """RFC 3339 first; then local times of the shop."""
    try:
        at = datetime.fromisoformat(text[:35])
        if at.tzinfo is not None:
            yield at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    for form in _TIMES:
        try:
            local = datetime.strptime(text.replace("T", " "), form)  # noqa: DTZ007 - the zone follows
            yield local.replace(tzinfo=ZoneInfo(shop.time_zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
