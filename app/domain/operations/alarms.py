"""Alarms: what each of them says to operators, in English and Polish (L5)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal, TypeGuard

from app.domain.values import value

AlarmCode = Literal[
    "installation_unconfirmed",
    "not_ready",
    "events_late",
    "receipt_missing",
    "consent_box_seems_hidden",
    "hand_work_waits",
    "parked",
    "takes_nothing",
    "claims_given_up",
    "requests_all_refused",
    "keys_are_tried",
    "key_ends_soon",
    "ledger_broken",
    "sides_differ",
    "pushes_late",
    "pushes_silent",
    "scan_late",
    "pushes_not_understood",
]
"""What can be wrong. A code that is not here is a type error where it is raised; a test compares them with `WORDS`."""

Alarm = tuple[str, AlarmCode]
"""(whom it concerns: a shop, a destination, a source, a key; empty = everybody), what is wrong."""


@value()
class AlarmNotice:
    """Something began to be wrong, or is over."""

    concerns: str
    what: AlarmCode
    over: bool
    id: str = field(default="", compare=False)
    """The same on every try, so that who receives it can tell a repetition."""

    @property
    def words(self) -> tuple[str, str]:
        """English, Polish."""
        return WORDS[self.what]


@value()
class AlarmsSaid:
    """What operators were notified of so far. It is stored: the process that checks next goes on from here."""

    raised: frozenset[Alarm] = frozenset()
    unsent: Mapping[str, tuple[AlarmNotice, ...]] = field(default_factory=dict)
    """Channel -> notices it has not taken yet, in order."""

    def written(self) -> str:
        waiting = {
            name: [[one.concerns, one.what, one.over, one.id] for one in notices]
            for name, notices in self.unsent.items()
            if notices
        }
        return json.dumps({"raised": sorted(self.raised), "unsent": waiting})


def alarms_said(written: str | None) -> AlarmsSaid:
    """None = nothing was written yet. A code of another version, which nobody here can say, is left out."""
    found = json.loads(written) if written else {}
    raised = frozenset((concerns, what) for concerns, what in found.get("raised", ()) if _is_code(what))
    return AlarmsSaid(raised, {name: _notices(listed) for name, listed in found.get("unsent", {}).items()})


def _notices(listed: Iterable[tuple[str, str, bool, str]]) -> tuple[AlarmNotice, ...]:
    return tuple(AlarmNotice(concerns, what, over, name) for concerns, what, over, name in listed if _is_code(what))


def _is_code(what: str) -> TypeGuard[AlarmCode]:
    return what in WORDS


@value()
class MailServer:
    """Where e-mails about alarms are handed in, and for whom. `tls`: `tls`, `starttls` or `none`; no user = no sign-in."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)


WORDS: Mapping[AlarmCode, tuple[str, str]] = MappingProxyType(
    {
        "installation_unconfirmed": (
            "The database may be a copy, so nothing is sent. `gateway installation confirm` ends that.",
            "Baza danych może być kopią, więc nic nie jest wysyłane. Wysyłanie odblokuje `gateway installation confirm --pl`.",
        ),
        "not_ready": ("Events cannot be stored at the moment.", "Nie można teraz zapisywać zdarzeń."),
        "events_late": ("The oldest waiting event is later than promised.", "Najstarsze zdarzenie czeka dłużej, niż obiecano."),
        "receipt_missing": (
            "A newsletter change from SALESmanago has no receipt of the shop.",
            "Sklep nie potwierdził zmiany newslettera z SALESmanago.",
        ),
        "consent_box_seems_hidden": (
            "None of the last orders carried an answer to the consent box.",
            "W żadnym z ostatnich zamówień nie było odpowiedzi na pytanie o zgodę.",
        ),
        "hand_work_waits": ("A change waits for a person to make it in the shop.", "Zmiana czeka, aż ktoś wprowadzi ją w sklepie."),
        "parked": (
            "Something could not be delivered and needs a person.",
            "Czegoś nie udało się dostarczyć; ktoś musi się tym zająć.",
        ),
        "takes_nothing": ("It has taken nothing for some minutes.", "Od kilku minut niczego nie przyjmuje."),
        "claims_given_up": (
            "Contacts are claimed for it again and again, and nothing is done: the workers get too little processor time.",
            "Kontakty są wciąż pobierane do wysłania i nic z nimi się nie dzieje: procesom brakuje czasu procesora.",
        ),
        "requests_all_refused": (
            "All of the shop's last requests, or of its panel's last webhooks, were refused. `gateway tail` shows them.",
            "Wszystkie ostatnie żądania sklepu albo ostatnie webhooki jego panelu zostały odrzucone. "
            "Pokaże je `gateway tail --pl`.",
        ),
        "keys_are_tried": (
            "An address tries keys, or callbacks, that are not valid; it is answered with 429.",
            "Ktoś z tego adresu próbuje nieprawidłowych kluczy lub wywołań zwrotnych; dostaje odpowiedź 429.",
        ),
        "key_ends_soon": ("The key ends within two weeks.", "Klucz wygaśnie w ciągu dwóch tygodni."),
        "ledger_broken": (
            "The ledger of consents does not fit its seals: lines were changed or taken away. `gateway ledger` says which.",
            "Rejestr zgód nie zgadza się z pieczęciami: wpisy zmieniono lub usunięto. `gateway ledger --pl` pokaże, które.",
        ),
        "sides_differ": (
            "The last comparison found differences between the shop and SALESmanago.",
            "Ostatnie porównanie wykazało różnice między sklepem a SALESmanago.",
        ),
        "pushes_late": ("Notices of the panel wait to be read.", "Powiadomienia panelu czekają na odczytanie."),
        "pushes_silent": ("The panel's notices have fallen silent.", "Panel przestał przysyłać powiadomienia."),
        "scan_late": ("The panel was not scanned for too long.", "Panelu zbyt długo nie odczytano w całości."),
        "pushes_not_understood": ("Notices of the panel could not be understood.", "Powiadomień panelu nie udało się zrozumieć."),
    }
)
