"""What a receipt warns of, in Polish: a catalogue of the kinds of warnings, each with what varies in it (R10, R90).

Receipts and the inbox hold a warning as the English sentence. Here stands which kinds there are and how each is said in Polish: a
sentence is read by its kind, and what varies (a place, a number) is put into the Polish one. A test makes warnings out of odd
values of every field and finds each in the catalogue.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

RULES: Mapping[str, str] = {
    "it is empty": "jest puste",
    "field required": "to pole jest wymagane",
    "input should be a valid string": "potrzebny jest tekst",
    "input should be a valid string, unable to parse raw data as a unicode string": "potrzebny jest tekst w Unicode",
    "input should be a valid boolean": "potrzebna jest wartość true albo false",
    "input should be a valid boolean, unable to interpret input": "potrzebna jest wartość true albo false",
    "input should be a valid list": "potrzebna jest lista",
    "input should be a valid dictionary or instance of {model}": "potrzebny jest obiekt z polami",
    "input should be greater than {least}": "potrzebna jest liczba większa niż {least}",
    "input should be greater than or equal to {least}": "potrzebna jest liczba nie mniejsza niż {least}",
    "input should be less than or equal to {most}": "potrzebna jest liczba nie większa niż {most}",
    "input should be {values}": "dozwolone wartości: {values}",
    "decimal input should have no more than {most} digits in total": "liczba może mieć najwyżej {most} cyfr",
    "decimal input should have no more than {most} decimal places": "liczba może mieć najwyżej {most} miejsc po przecinku",
    "string should have at least {least} character": "potrzebny jest co najmniej {least} znak",
    "string should have at least {least} characters": "potrzebne są co najmniej {least} znaki",
    "string should have at most {most} characters": "tekst może mieć najwyżej {most} znaków",
    "string should match pattern {pattern}": "tekst nie ma wymaganej postaci {pattern}",
    "value should have at most {most} items after validation, not {number}": "najwyżej {most}, a nie {number}",
    "a number like {example} is needed": "potrzebna jest liczba w postaci {example}",
    "a date like {example} is needed": "potrzebna jest data w postaci {example}",
    "an RFC 3339 time with offset is needed; times without zone are refused": "potrzebny jest czas RFC 3339 ze strefą",
    "this is not a date of the calendar": "takiej daty nie ma w kalendarzu",
    "the time must lie between 2000 and 24 hours from now": "czas musi mieścić się między rokiem 2000 a najbliższą dobą",
    "nobody was born on that day: not in the future, and not more than {years} years ago": (
        "nikt nie urodził się tego dnia: nie w przyszłości i nie dawniej niż {years} lat temu"
    ),
    "nobody can tell whether that comma divides thousands or decimals; write {example}": (
        "nie wiadomo, czy przecinek oddziela tysiące, czy ułamek; napisz {example}"
    ),
    "a line with a price below zero is a discount and no goods": "pozycja z ceną poniżej zera to rabat, a nie towar",
    "control characters and signs that cannot be seen are not allowed": "znaki sterujące i niewidoczne są niedozwolone",
    "{least} to {most} characters without spaces and commas": "od {least} do {most} znaków bez spacji i przecinków",
    "{least} to {most} visible ASCII characters": "od {least} do {most} widocznych znaków ASCII",
    "this is no id of a customer but what stands for none": "to nie identyfikator klienta, lecz oznaczenie jego braku",
    "this is not an e-mail address with an internet domain, at most {most} characters": (
        "to nie adres e-mail w domenie internetowej, mający najwyżej {most} znaków"
    ),
    "it names no country, and that of the address is not understood; a right one looks like {example}": (
        "numer nie wskazuje kraju, a kraju z adresu nie udało się odczytać; prawidłowy wygląda tak: {example}"
    ),
    "it is no valid phone number of {country}; a right one looks like {example}": (
        "to nieprawidłowy numer telefonu ({country}); prawidłowy wygląda tak: {example}"
    ),
    "its date cannot be read, and a consent is not guessed": "nie da się odczytać daty, a zgody się nie domyślamy",
    "nobody knows when the boxes were ticked, and a consent is not guessed": (
        "nie wiadomo, kiedy zaznaczono pola, a zgody się nie domyślamy"
    ),
}
"""Why a value was left out."""

SAYINGS: Mapping[str, str] = {
    "cut to {most} characters": "skrócono do {most} znaków",
    "control characters, or signs that cannot be seen, were left out": "pominięto znaki sterujące lub niewidoczne",
    "what was no whole sign stands as {sign}": "niepełne znaki zastąpiono znakiem {sign}",
    "spaces and commas cannot travel in an id of a product, they were replaced by _": (
        "identyfikator produktu nie może zawierać spacji ani przecinków, zastąpiono je znakiem _"
    ),
    "more than {most}: those behind the first {first} are left out": "więcej niż {most}: pominięto następne po pierwszych {first}",
    "unknown field, ignored": "nieznane pole, pominięto",
    "SALESmanago has no way to clear it; what it holds stays": "w SALESmanago nie da się tego usunąć; zostaje to, co tam jest",
    "missing, the product's id stands in its place": "brakuje, w jego miejscu jest identyfikator produktu",
    "only the first {most} tags were read": "odczytano tylko pierwsze tagi (liczba: {most})",
    "tags longer than {most} characters were cut": "skrócono tagi dłuższe niż {most} znaków",
    "a tag without letters and digits is not sent": "tag bez liter i cyfr nie jest wysyłany",
    "tags that begin with {beginning} came from SALESmanago and are not sent back": (
        "tagi zaczynające się od {beginning} pochodzą z SALESmanago i nie są tam odsyłane"
    ),
    "written without its minus: what came back is counted": "zapisano bez minusa: liczy się to, co wróciło",
    "no telephone number, left out": "to nie numer telefonu, pominięto",
    "no language like pl, left out": "to nie kod języka, np. pl; pominięto",
    "{number} {sections} longer than {most} characters, cut": "skrócono sekcje dłuższe niż {most} znaków (liczba: {number})",
    "{number} {sections} left out, a section needs letters or digits": ("pominięto sekcje bez liter i cyfr (liczba: {number})"),
    "{number} {sections} left out, `salesmanago_` and `idosell_` are beginnings of tags that are copied": (
        "pominięto sekcje zaczynające się jak kopiowane tagi, od `salesmanago_` albo `idosell_` (liczba: {number})"
    ),
    "{number} {sections} left out, an order may name {most} sections, an item {paths} paths, a path {depth} sections": (
        "pominięto sekcje (liczba: {number}): zamówienie może mieć ich {most}, pozycja {paths} ścieżek, ścieżka {depth} sekcji"
    ),
}
"""What became of a value, behind its place."""

_CLOCK = (
    "the time of the event is {seconds} s ahead of its arrival; it counts as the moment of arrival. "
    "Check the shop's clock, and that local time is sent with its offset (+01:00), not with Z"
)
_CLOCK_PL = (
    "czas zdarzenia wyprzedza jego nadejście o {seconds} s; liczy się chwila nadejścia. "
    "Sprawdź zegar sklepu i to, czy czas lokalny jest wysyłany ze swoją strefą (+01:00), a nie z Z"
)
_LEFT_OUT, _LEFT_OUT_PL = "left out, ", "pominięto: "


def in_polish(warning: str) -> str | None:
    """The same in Polish; None for a kind that the catalogue does not know."""
    whole = _read({_CLOCK: _CLOCK_PL}, warning)
    if whole is not None:
        return whole
    place, _, said = warning.partition(": ")
    if not said.startswith(_LEFT_OUT):
        found = _read(SAYINGS, said)
        return None if found is None else f"{place}: {found}"
    why = said.removeprefix(_LEFT_OUT)
    inside, _, rule = why.partition(": ")
    for prefix, words in (("", why), (f"{inside}: ", rule)):
        found = _read(RULES, words)
        if found is not None:
            return f"{place}: {_LEFT_OUT_PL}{prefix}{found}"
    return None


def rule_in_polish(rule: str) -> str | None:
    """Why a value was left out or refused; None for a rule that the catalogue does not know."""
    return _read(RULES, rule[:1].lower() + rule[1:])


def _read(catalogue: Mapping[str, str], said: str) -> str | None:
    for pattern, english in _patterns(tuple(catalogue)):
        if (found := pattern.fullmatch(said)) is not None:
            return catalogue[english].format_map(found.groupdict())
    return None


@cache
def _patterns(templates: tuple[str, ...]) -> list[tuple[re.Pattern[str], str]]:
    """What is fixed before what varies: the kind that says more is tried first."""
    ordered = sorted(templates, key=lambda one: (one.count("{"), -len(one)))
    return [(re.compile("".join(_parts(one)), re.DOTALL), one) for one in ordered]


def _parts(template: str) -> Iterator[str]:
    for part in re.split(r"(\{\w+\})", template):
        yield f"(?P<{part[1:-1]}>.+?)" if part.startswith("{") else re.escape(part)
