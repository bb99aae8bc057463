"""The page on what is kept, for how long, and what an erasure leaves: every table, from the settings in force (M4).

A test compares the tables with those of the database, and `docs/explanation/privacy.md` with what this makes of the defaults.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from app.domain.operations.retention import Retention
from app.domain.values import value

Both = tuple[str, str]
"""English, Polish."""


@value(kw_only=True)
class Retained:
    """`tables` of the database that are kept alike."""

    tables: tuple[str, ...]
    holds: Both
    kept: Callable[[Retention], Both]
    left: Both
    """Of somebody who was erased."""


def _days(duration: timedelta) -> Both:
    number = duration / timedelta(days=1)
    shown = f"{number:g}"
    return f"{shown} day{'' if number == 1 else 's'}", f"{shown} {'dzień' if number == 1 else 'dni'}"


def _always(english: str, polish: str) -> Callable[[Retention], Both]:
    return lambda _: (english, polish)


def _for_ever(english: str, polish: str) -> Callable[[Retention], Both]:
    return _always(f"as long as the gateway runs: {english}", f"tak długo, jak działa bramka: {polish}")


def _contacts(kept: Retention) -> Both:
    english, polish = _days(kept.never_sent)
    return (
        f"people who were sent, or who resigned: until an erasure; all others {english} after their last event",
        f"osoby przekazane lub takie, które zrezygnowały: do usunięcia danych; pozostałe {polish} od ostatniej informacji o nich",
    )


def _inbox(kept: Retention) -> Both:
    content, parked, lines = _days(kept.content), _days(kept.parked), _days(kept.events)
    return (
        f"content: {content[0]} after it was sent, {parked[0]} if it could not be, not at all if withheld; the line: {lines[0]}",
        f"treść: {content[1]} od przekazania, {parked[1]}, gdy jej nie dostarczono, wcale, gdy nie przekazano; wiersz: {lines[1]}",
    )


def _outbox(kept: Retention) -> Both:
    content, parked = _days(kept.content), _days(kept.parked)
    return f"{content[0]} after they were sent, {parked[0]} if nobody could deliver them", (
        f"{content[1]} od wysłania, {parked[1]}, gdy nie dało się ich dostarczyć"
    )


def _reports(kept: Retention) -> Both:
    english, polish = _days(kept.parked)
    return (
        f"accounts {english} after the end; reports for ever",
        f"konta {polish} od zakończenia; raporty bezterminowo",
    )


NOTHING: Both = ("nothing", "nic")
NO_PERSON: Both = ("names nobody", "nie dotyczy osób")

RETAINED: Sequence[Retained] = (
    Retained(
        tables=("contacts", "contact_aliases"),
        holds=("people: data, statuses, tags, earlier addresses", "osoby: dane, statusy, tagi, poprzednie adresy"),
        kept=_contacts,
        left=(
            "a keyed hash of each address, the time of the erasure, and the bare times of resignations",
            "skrót adresu z kluczem, czas usunięcia oraz same daty rezygnacji",
        ),
    ),
    Retained(
        tables=("inbox",),
        holds=("events as the shop posted them, and what became of them", "zdarzenia ze sklepu i ich dalsze losy"),
        kept=_inbox,
        left=(
            "the line without content: kind, times, state, the order's number, and the event's id (hashed if it holds an address)",
            "wiersz bez treści: rodzaj, czas, stan, numer zamówienia i identyfikator zdarzenia (skrót, gdy zawierał adres)",
        ),
    ),
    Retained(
        tables=("outbox", "attempts", "calls", "contact_queues", "claims_in_flight"),
        holds=(
            "commands for SALESmanago and the shop, and every try",
            "polecenia dla SALESmanago i sklepu oraz wyniki prób",
        ),
        kept=_outbox,
        left=("that something was sent or cancelled, without content", "informacja, że coś wysłano lub anulowano, bez treści"),
    ),
    Retained(
        tables=("consents", "consent_heads", "consent_anchors"),
        holds=(
            "the ledger: who agreed to or resigned from what, when, wording, page, network address",
            "rejestr zgód: kto, na co i kiedy się zgodził lub z czego zrezygnował, treść, strona, adres sieciowy",
        ),
        kept=_for_ever("it is the evidence of consents", "jest dowodem udzielonych zgód"),
        left=(
            "that on a day somebody, named by a keyed hash, agreed or resigned; neither wording, page nor addresses",
            "informacja, że danego dnia ktoś (skrót z kluczem) wyraził zgodę lub zrezygnował; bez treści, strony i adresów",
        ),
    ),
    Retained(
        tables=("sales",),
        holds=("orders: number, goods, value, whose", "zamówienia: numer, towary, wartość, czyje"),
        kept=_for_ever("it makes one order one purchase", "dzięki temu jedno zamówienie to jeden zakup"),
        left=(
            "the order's number, and that nothing of it may be sent",
            "numer zamówienia i zakaz przekazywania go",
        ),
    ),
    Retained(
        tables=("carts",),
        holds=("carts with their goods", "koszyki z towarami"),
        kept=lambda kept: _days(kept.content),
        left=NOTHING,
    ),
    Retained(
        tables=("pushes",),
        holds=("webhooks of the shop's platform, until they are translated", "powiadomienia platformy sklepu do czasu odczytania"),
        kept=lambda kept: _days(kept.content),
        left=("lines without content", "wiersze bez treści"),
    ),
    Retained(
        tables=("backfills", "backfill_accounts", "reconciliations"),
        holds=(
            "first transfers, comparisons: counts, accounts by number",
            "pierwsze transfery i porównania: liczby, numery kont",
        ),
        kept=_reports,
        left=("the number of an account", "numer konta"),
    ),
    Retained(
        tables=("source_seen", "source_scans"),
        holds=("what a scan of the panel saw last, by number and digest", "co ostatnio pokazał panel: numery i skróty"),
        kept=_for_ever("it tells new from old", "odróżnia nowe od znanego"),
        left=("numbers and digests", "numery i skróty"),
    ),
    Retained(
        tables=("door_requests", "door_counts"),
        holds=(
            "requests without what they said; network addresses of those who tried keys, for minutes",
            "żądania bez treści; adresy sieciowe, z których próbowano kluczy, przez kilka minut",
        ),
        kept=lambda kept: _days(kept.requests),
        left=NO_PERSON,
    ),
    Retained(
        tables=("reason_counts",),
        holds=("how many events were not sent, by reason and hour", "ile zdarzeń nie przekazano, według przyczyny i godziny"),
        kept=lambda kept: _days(kept.events),
        left=NO_PERSON,
    ),
    Retained(
        tables=("audit_log", "console_sessions", "api_keys"),
        holds=("what staff did, who is signed in, keys as hashes", "działania pracowników, sesje konsoli, skróty kluczy"),
        kept=_for_ever("sessions end after eight hours", "sesje kończą się po ośmiu godzinach"),
        left=NO_PERSON,
    ),
    Retained(
        tables=("accounts", "shops", "order_boxes", "destinations", "meta"),
        holds=("configuration with encrypted secrets, counters", "konfiguracja z zaszyfrowanymi hasłami i kluczami, liczniki"),
        kept=_for_ever("it is needed", "jest potrzebna"),
        left=NO_PERSON,
    ),
)


def retention_page(kept: Retention, *, polish: bool = False) -> str:
    """As a Markdown table."""
    at = int(polish)
    heads = (("what", "tables", "kept", "left by an erasure"), ("co", "tabele", "jak długo", "co zostaje po usunięciu danych"))[at]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    for one in RETAINED:
        tables = ", ".join(f"`{name}`" for name in one.tables)
        lines.append(f"| {one.holds[at]} | {tables} | {one.kept(kept)[at]} | {one.left[at]} |")
    return "\n".join(lines) + "\n"
