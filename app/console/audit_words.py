"""What the audit log notes of how something was and is, in Polish. It is stored in English; values stay as they are."""

import re

_SENTENCES: tuple[tuple[str, str], ...] = (
    ("all", "wszystko"),
    ("contact (.+)", "kontakt {}"),
    ("gone there", "nie ma tam już tej osoby"),
    (r"(\d+) sent again, (\d+) decided again, (\d+) closed", "wysłane ponownie: {}, rozpatrzone ponownie: {}, zamknięte: {}"),
    (r"(\d+) people, (\d+) events, (\d+) unsent, (\d+) keys", "osoby: {}, zdarzenia: {}, niewysłane: {}, klucze: {}"),
    (r"(\d+) secrets under (.+)", "hasła i klucze: {}, zaszyfrowane kluczem {}"),
    (r"(\d+) secrets", "hasła i klucze: {}"),
    ("account (.+): new", "konto {}: nowe"),
    ("shop (.+): new", "sklep {}: nowy"),
    ("account (.+): (.+): changed", "konto {}: {}: zmieniono"),
    ("shop (.+): (.+): changed", "sklep {}: {}: zmieniono"),
    ("account (.+): (.+): not set → (.+)", "konto {}: {}: brak → {}"),
    ("account (.+): (.+): (.+) → not set", "konto {}: {}: {} → brak"),
    ("shop (.+): (.+): not set → (.+)", "sklep {}: {}: brak → {}"),
    ("shop (.+): (.+): (.+) → not set", "sklep {}: {}: {} → brak"),
    ("account (.+): (.+): (.+) → (.+)", "konto {}: {}: {} → {}"),
    ("shop (.+): (.+): (.+) → (.+)", "sklep {}: {}: {} → {}"),
)
_COMPILED = tuple((re.compile(pattern), polish) for pattern, polish in _SENTENCES)


def in_polish(line: str) -> str:
    """A line that says something else stays as it was noted: a number, an id, a name."""
    for pattern, polish in _COMPILED:
        found = pattern.fullmatch(line)
        if found is not None:
            return polish.format(*found.groups())
    return line
