"""The words that are kept with a push, in Polish.

They are stored in English alone; a test holds every sentence of the sources against this table.
"""

import re

from app.domain.delivery.in_polish import in_polish as detail_in_polish
from app.domain.intake.pushes import NAMES_ERASED
from app.sources.findings import WORDS
from app.sources.idosell.scans.gates import Gate
from app.sources.idosell.source import DISABLED

DEFECT = "A defect of the gateway; the log has it. The push is kept."
NOT_CONFIGURED = "No shop has this source any more."

_THINGS = {
    "order": "zamówienie",
    "client": "konto",
    "return": "zwrot",
    "email newsletter": "newsletter e-mail",
    "sms newsletter": "newsletter SMS",
}
"""How what was left out begins: `order 12: …`."""
_REASONS = dict(WORDS.values())
_SENTENCES: tuple[tuple[str, str], ...] = (
    (re.escape(DEFECT), "Błąd bramki; szczegóły są w logu. Powiadomienie zostało zachowane."),
    (re.escape(NOT_CONFIGURED), "Żaden sklep nie ma już tego źródła."),
    (re.escape(NAMES_ERASED), "Dotyczyło osoby, której dane usunięto, więc jego treść skasowano."),
    ("the body is no JSON object", "treść nie jest obiektem JSON"),
    ("nothing is known of the (?:event|topic) (.+)", "nieznane zdarzenie {}"),
    ("the body has no row with (`.+`)", "w treści nie ma wiersza z {}"),
    ("the body has no `id` of an order", "w treści nie ma `id` zamówienia"),
    ("the body has no `id` of a customer", "w treści nie ma `id` klienta"),
    ("a form of more than (.+) fields", "formularz ma więcej niż {} pól"),
    ("`event` must be one of (.+)", "`event` musi być jednym z: {}"),
    (
        "`basket_id`, `client_id` or `email` must say whose basket it is",
        "`basket_id`, `client_id` lub `email` musi wskazać, czyj to koszyk",
    ),
    ("each of `items` needs `id` and a `quantity` above 0", "każda pozycja `items` musi mieć `id` i `quantity` większe od 0"),
    ("`state` must be y or n", "`state` musi mieć wartość y lub n"),
    ("`client_id` must be the number of the account", "`client_id` musi być numerem konta"),
    (
        "`occurred_at` is no time between 2000 and 24 hours from now, so the push counts as of when it came",
        "`occurred_at` nie jest czasem między rokiem 2000 a najbliższą dobą, więc liczy się chwila nadejścia powiadomienia",
    ),
    ("`order` must be the serial number of the order", "`order` musi być numerem seryjnym zamówienia"),
    (
        "`consent` must be y, n, or empty where the box was not shown",
        "`consent` musi mieć wartość y lub n, albo być puste, jeśli pola zgody nie pokazano",
    ),
    ("`shop` must be the number of a shop that is connected: (.+)", "`shop` musi być numerem podłączonego sklepu: {}"),
    ("`email` must be the person's e-mail address", "`email` musi być adresem e-mail tej osoby"),
    (
        "no key of the panel is configured, so it cannot be asked what the push leaves out",
        "nie skonfigurowano klucza do panelu, więc nie można go zapytać o to, czego brakuje w powiadomieniu",
    ),
    (re.escape(DISABLED), "sklep jest wyłączony, więc panelu nie pytamy o to, czego brakuje w powiadomieniu"),
)


_GATES = {
    Gate.CLIENTS: "konta",
    Gate.RETAIL: "zamówienia detaliczne",
    Gate.WHOLESALE: "zamówienia hurtowe",
    Gate.RETURNS: "zwroty",
    Gate.EMAIL: "newsletter e-mail",
    Gate.SMS: "newsletter SMS",
}


_SCANS: tuple[tuple[str, str], ...] = (
    ("all (.+) calls of the day were made", "wykorzystano wszystkie wywołania na dziś: {}"),
    ("the panel says that it is overloaded", "panel informuje, że jest przeciążony"),
    ("the panel ignored the dates that were asked for", "panel pominął podany zakres dat"),
    ("Unreachable|Unknown", "brak odpowiedzi"),
    ("Throttled", "zbyt wiele wywołań"),
)


def trouble_in_polish(words: str) -> str:
    """Why a scan of a panel did not go on: our own words; what the panel said stays as it is."""
    for gate, polish in (*((gate.value, polish) for gate, polish in _GATES.items()), ("tags", "tagi")):
        if words.startswith(f"{gate}: "):
            return f"{polish}: {trouble_in_polish(words.removeprefix(f'{gate}: '))}"
    for pattern, polish in _SCANS:
        if (found := re.fullmatch(pattern, words)) is not None:
            return polish.format(*found.groups())
    return detail_in_polish(words) if in_polish(words) == words else in_polish(words)


def in_polish(words: str) -> str:
    """What is not in the table is what a panel said, and stays as it is."""
    return _sentence(words) or "; ".join(_sentence(part) or _left_out(part) for part in words.split("; "))


def _sentence(words: str) -> str | None:
    for pattern, polish in _SENTENCES:
        if (found := re.fullmatch(pattern, words)) is not None:
            return polish.format(*found.groups())
    return None


def _left_out(words: str) -> str:
    about, _, reason = words.partition(": ")
    name = next((one for one in _THINGS if about == one or about.startswith(f"{one} ")), None)
    if name is None or reason not in _REASONS:
        return words
    return f"{_THINGS[name]}{about.removeprefix(name)}: {_REASONS[reason]}"
