"""Addresses, numbers, days and words as we keep them, from whichever side they come."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from app.domain.shops.countries import country_code
from app.domain.text import remembered

_REMEMBERED = 8_192
"""Customers come again within the hour; reading their address and number costs more than the rest of the event."""


def email_address(text: str) -> str:
    """An address as we keep it. Raises `ValueError` with the rule it breaks."""
    text = text.strip(_AROUND)
    local, _, domain = text.rpartition("@")
    if len(text) <= _LONGEST and len(local) <= _LONGEST_LOCAL and _ORDINARY.fullmatch(local):
        # Nothing about it can be wrong but its domain, and few domains have most of the customers.
        whole = f"{local.lower()}@{_address('a@' + domain).removeprefix('a@')}"
        if len(whole) <= _LONGEST:
            return whole
    return _address(text)


_ORDINARY = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")
_LONGEST = 254
_LONGEST_LOCAL = 64
"""Contract 1.5: SALESmanago refuses longer ones."""
_AROUND = " \t\r\n\f\v\u00a0\u200b\u2060\ufeff"
"""What comes along when an address is copied out of a page or a table."""


@remembered(_REMEMBERED)
def _address(text: str) -> str:
    if len(text.rpartition("@")[0]) > _LONGEST_LOCAL:
        raise ValueError(f"an e-mail address has at most {_LONGEST_LOCAL} characters before the @")
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("this is not an e-mail address with an internet domain, at most 254 characters") from None
    address = (found.ascii_email or found.normalized).lower()
    if "." not in address.rpartition("@")[2]:
        raise ValueError("the domain of the address has no dot")
    return address


_OLDEST_AGE = 120
_DAYS = (
    (re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})"), (1, 3, 4)),  # 1987-06-05
    (re.compile(r"(\d{4})(\d{2})(\d{2})"), (1, 2, 3)),  # 19870605
    (re.compile(r"(\d{1,2})([-.])(\d{1,2})\2(\d{4})"), (4, 3, 1)),  # 05.06.1987: the day stands first
    (re.compile(r"(1[3-9]|2\d|3[01])/(\d{1,2})/(\d{4})"), (3, 2, 1)),  # 25/06/1987; of 05/06 nobody knows which is the day
)
_MIDNIGHT = re.compile(r"(\S+?)[T ]\d{1,2}:\d{2}\S*", re.ASCII)


def birth_date(text: str) -> str:
    """A day as `YYYYMMDD`. Raises `ValueError` for what is no day of the calendar, or none on which a living person was born."""
    written = text.strip()
    timed = _MIDNIGHT.fullmatch(written)
    day = _day(timed[1] if timed else written)
    today = datetime.now(UTC).date() + timedelta(days=1)  # it is tomorrow somewhere
    if day is None:
        raise ValueError("a date like 1987-06-05 is needed")
    if not today.year - _OLDEST_AGE <= day.year or day > today:
        raise ValueError(f"nobody was born on that day: not in the future, and not more than {_OLDEST_AGE} years ago")
    return day.strftime("%Y%m%d")


def _day(text: str) -> date | None:
    for form, (year, month, day) in _DAYS:
        found = form.fullmatch(text)
        if found:
            try:
                return date(int(found[year]), int(found[month]), int(found[day]))
            except ValueError:
                return None
    return None


_LANGUAGES = {
    "pol": "pl", "eng": "en", "ger": "de", "deu": "de", "cze": "cs", "ces": "cs", "slo": "sk", "slk": "sk", "ukr": "uk",
    "rus": "ru", "fre": "fr", "fra": "fr", "ita": "it", "spa": "es", "por": "pt", "hun": "hu", "rum": "ro", "ron": "ro",
    "lit": "lt", "lav": "lv", "est": "et", "bul": "bg", "hrv": "hr", "slv": "sl", "dut": "nl", "nld": "nl", "swe": "sv",
    "dan": "da", "nor": "no", "fin": "fi", "gre": "el", "ell": "el",
    "polish": "pl", "polski": "pl", "polnisch": "pl", "english": "en", "angielski": "en", "englisch": "en",
    "german": "de", "deutsch": "de", "niemiecki": "de", "czech": "cs", "czeski": "cs", "čeština": "cs", "česky": "cs",
    "slovak": "sk", "słowacki": "sk", "slovenčina": "sk", "ukrainian": "uk", "ukraiński": "uk", "українська": "uk",
    "russian": "ru", "rosyjski": "ru", "русский": "ru", "french": "fr", "francuski": "fr", "français": "fr",
    "italian": "it", "włoski": "it", "italiano": "it", "spanish": "es", "hiszpański": "es", "español": "es",
    "hungarian": "hu", "węgierski": "hu", "magyar": "hu", "romanian": "ro", "rumuński": "ro", "română": "ro",
    "lithuanian": "lt", "litewski": "lt", "lietuvių": "lt",
}  # fmt: skip
"""Three letters, as the panel writes them (contract 1.8), and common names, to the two letters that SALESmanago takes."""

_TWO_LETTERS = re.compile(r"[A-Za-z]{2}")
_SUBTAGS = re.compile(r"[-_.@ ]")


def language(text: str) -> str | None:
    """The two letters of a language, from a code of any kind (`pl`, `pl_PL`, `es-419`, `pol`) or a common name; else None."""
    said = text.strip()
    known = _LANGUAGES.get(said.lower())
    if known is not None:
        return known
    first = _SUBTAGS.split(said, maxsplit=1)[0]
    return first.lower() if _TWO_LETTERS.fullmatch(first) else _LANGUAGES.get(first.lower())


# -- telephone numbers ---------------------------------------------------------------------------------------------------

NO_REGION = ""
"""Only numbers that say their country can be read."""


def phone_region(country: str | None, shop_country: str) -> str:
    """As of which country a national number is read: that of the person's address, and only without one the shop's (R10).

    `NO_REGION` when the address names a country nobody understands: the number must not become a stranger's.
    """
    if not country or not country.strip():
        return shop_country
    code = country_code(country)
    return code if code in phonenumbers.SUPPORTED_REGIONS else NO_REGION


_APART = re.compile(r"\s+[/\\]\s+|[,;|\n\r]|\s{3,}")
"""Between two numbers."""
_RUN = re.compile(r"(?:[+\uff0b]\s*)?[(\[]?[+\uff0b]?\d[\d\s().\[\]/\u2010-\u2015\u2212-]*")
"""Signs of one number; letters (`tel.`, `ext.`, `wew. 12`) stand outside."""
_TRUNK_IN_BRACKETS = re.compile(r"^([(\[]?(?:\+|00)\s*\d{1,3}[)\]]?[\s.-]*)\(\s*0\s*\)")
_DIALLED_ABROAD = re.compile(r"^\D{0,2}00\s*(?=[1-9])")
_LONGEST_PHONE = 250


@remembered(_REMEMBERED)
def e164(phone: str, country: str) -> str | None:
    """The first number of a text in E.164, read as of `country` when it names none; None if there is no valid one (R10)."""
    for written in _numbers(phone[:_LONGEST_PHONE]):
        number = _valid(written, country)
        if number is not None:
            return number
    return None


@remembered(_REMEMBERED)
def is_national(phone: str) -> bool:
    """The text names no country: whose number it is, somebody else has to say."""
    return e164(phone, NO_REGION) is None


def _numbers(text: str) -> Iterator[str]:
    """What may be a number, best first: of what stands together, the whole before what slashes divide."""
    for part in _APART.split(text):
        for run in _RUN.findall(part):
            whole = _TRUNK_IN_BRACKETS.sub(r"\1", run)
            yield whole
            if "/" in whole:
                yield from whole.split("/")


def _valid(written: str, country: str) -> str | None:
    parsed = _parsed(written, country)
    if parsed is None and _DIALLED_ABROAD.match(written):  # 00 is what most of Europe dials, also where the shop's country does not
        parsed = _parsed(_DIALLED_ABROAD.sub("+", written), country)
    return None if parsed is None else phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _parsed(written: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None
