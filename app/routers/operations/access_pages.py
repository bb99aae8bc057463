"""What is stored of a person, as a page for that person: no code, no English where Polish is wanted (M3).

Plain HTML with everything in it, so that it can be saved, printed, and sent to the person who asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.consent import Channel, Status, TransferConsent
from app.domain.operations.trace import EventTrace
from app.domain.person.act_origin import FROM_SALESMANAGO, origin_of
from app.domain.person.act_origin import WORDS as ORIGIN_WORDS
from app.domain.person.consent_ledger import Entry
from app.domain.person.contact import Contact
from app.domain.reasons import EXPLANATIONS
from app.domain.shops.shop import Account, Shop
from app.services.operations.consent_export import ConsentExport
from app.services.operations.trace import AccessReport

Row = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A heading with sentences or a table under it."""

    title: str
    words: tuple[str, ...] = ()
    columns: Row = ()
    """What stands over the columns; empty for a table without a head."""
    rows: tuple[Row, ...] = ()


LANGUAGES = ("pl", "en")

_PAGE = "<!doctype html><html lang=pl><meta charset=utf-8><title>Dane, które sklep … o Tobie przechowuje</title>…</html>"
PAGE_ANSWER: Mapping[str, Any] = {
    "response_description": "A page with everything in it: save it, print it, or send it to the person who asked.",
    "responses": {200: {"content": {"text/html": {"example": _PAGE}}}},
}
"""For the documentation of a route that answers with the page."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("What the shop {shop} stores about you", "Dane, które sklep {shop} o Tobie przechowuje"),
    "nothing": ("Nothing is stored about this address.", "O tym adresie nic nie jest przechowywane."),
    "erased": ("Your data was erased on {at}.", "Twoje dane usunięto {at}."),
    "data": ("Your data", "Twoje dane"),
    "consents": ("Consents and newsletter", "Zgody i newsletter"),
    "acts": ("What you agreed to and resigned from", "Na co wyrażono zgodę, a z czego zrezygnowano"),
    "tags": ("Tags", "Tagi"),
    "events": ("What happened, and what was passed on", "Co się wydarzyło i co zostało przekazane"),
    "receiver": (
        "Whom it is passed on to: SALESmanago, the marketing service of the shop ({host}).",
        "Komu dane są przekazywane: SALESmanago, usługa marketingowa sklepu ({host}).",
    ),
    "kept": (
        "Contents are kept for a limited time; consents and resignations are kept as evidence until you ask for an erasure.",
        "Treść przechowujemy przez ograniczony czas; zgody i rezygnacje są dowodem i pozostają do żądania usunięcia danych.",
    ),
    "email": ("E-mail address", "Adres e-mail"),
    "customer_id": ("Customer number", "Numer klienta"),
    "former": ("Earlier address", "Poprzedni adres"),
    "first_name": ("First name", "Imię"),
    "last_name": ("Last name", "Nazwisko"),
    "company": ("Company", "Firma"),
    "phone": ("Phone", "Telefon"),
    "gender": ("Gender", "Płeć"),
    "language": ("Language", "Język"),
    "birth_date": ("Date of birth", "Data urodzenia"),
    "street": ("Street", "Ulica"),
    "postal_code": ("Postal code", "Kod pocztowy"),
    "city": ("City", "Miejscowość"),
    "country": ("Country", "Kraj"),
    "account": ("Account in the shop", "Konto w sklepie"),
    "yes": ("yes", "tak"),
    "no": ("no", "nie"),
    "email_news": ("Newsletter by e-mail", "Newsletter e-mail"),
    "phone_news": ("Newsletter by SMS", "Newsletter SMS"),
    "transfer": ("Transfer to SALESmanago", "Przekazywanie do SALESmanago"),
    "opt_in": ("subscribed", "zapis"),
    "opt_out": ("unsubscribed", "rezygnacja"),
    "opt_in_requested": ("asked for, not confirmed", "zgłoszenie zapisu, bez potwierdzenia"),
    "removed_by_staff": ("removed by the shop", "usunięcie przez sklep"),
    "granted": ("agreed", "zgoda"),
    "withdrawn": ("withdrawn", "wycofanie zgody"),
    "unknown": ("nothing said", "brak informacji"),
    "panel_tags": ("Given by the shop", "Nadane przez sklep"),
    "earned_tags": ("From your purchases", "Z Twoich zakupów"),
    "seen_tags": ("Seen in SALESmanago", "Widoczne w SALESmanago"),
    "when": ("When", "Kiedy"),
    "what": ("What", "Co"),
    "act": ("Act", "Czynność"),
    "proof": ("Wording, page, network address", "Treść, strona, adres sieciowy"),
    "result": ("What became of it", "Co z tym zrobiono"),
    "received": ("not decided yet", "jeszcze nie rozpatrzono"),
    "planned": ("on its way to SALESmanago", "w drodze do SALESmanago"),
    "sent": ("passed on to SALESmanago", "przekazano do SALESmanago"),
    "withheld": ("not passed on", "nie przekazano"),
    "superseded": ("nothing new, not passed on", "nic nowego, nie przekazano"),
    "parked": ("could not be passed on", "nie udało się przekazać"),
    "held": ("held back", "wstrzymano"),
    "sms": ("Newsletter by SMS", "Newsletter SMS"),
}
_KINDS: Mapping[str, tuple[str, str]] = {
    "registration": ("Account created", "Założenie konta"),
    "account-change": ("Account changed", "Zmiana danych konta"),
    "subscription": ("Newsletter subscription", "Zapis do newslettera"),
    "unsubscription": ("Newsletter cancellation", "Rezygnacja z newslettera"),
    "order": ("Order", "Zamówienie"),
    "order-cancellation": ("Order cancelled", "Anulowanie zamówienia"),
    "order-return": ("Return", "Zwrot"),
    "cart": ("Cart", "Koszyk"),
    "product-view": ("Product viewed", "Obejrzenie produktu"),
    "tag-edit": ("Tags edited", "Zmiana tagów"),
    "consent": ("Consent to the transfer", "Zgoda na przekazywanie danych"),
    "erasure": ("Erasure asked for", "Żądanie usunięcia danych"),
    "access-request": ("Access asked for", "Wniosek o dostęp do danych"),
    "account-listed": ("Account found in the shop", "Konto znalezione w sklepie"),
    "subscriber-listed": ("Subscriber from a list", "Subskrybent z listy"),
    "opt-in": ("Opt-in reported by SALESmanago", "Zapis zgłoszony przez SALESmanago"),
    "opt-out": ("Opt-out reported by SALESmanago", "Rezygnacja zgłoszona przez SALESmanago"),
    "opt-in-confirmed": ("Opt-in confirmed in SALESmanago", "Zapis potwierdzony w SALESmanago"),
    "opt-out-confirmed": ("Opt-out confirmed in SALESmanago", "Rezygnacja potwierdzona w SALESmanago"),
    "upstream-status": ("Newsletter status seen in SALESmanago", "Status newslettera w SALESmanago"),
    "upstream-tags": ("Tags seen in SALESmanago", "Tagi widoczne w SALESmanago"),
    "status-not-taken": ("Status that SALESmanago did not take", "Status nieprzyjęty przez SALESmanago"),
    "drift-found": ("Difference found by comparison", "Różnica znaleziona przy porównaniu"),
}
_PROOF = ("text_version", "page", "ip", "reason")
"""`confirmed` is said by the act itself."""


def access_page(report: AccessReport, shop: Shop, account: Account | None, language: str) -> str:
    """The page, in the shop's time."""
    sections = access_sections(report, shop, account, language)
    title = escape(sections[0].title)
    head = f"<!doctype html><html lang={language}><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    body = "".join(part for at, one in enumerate(sections) for part in _html(one, "h2" if at else "h1"))
    return f"{head}<title>{title}</title>{body}</html>"


def access_sections(report: AccessReport, shop: Shop, account: Account | None, language: str) -> list[Section]:
    """What stands on the page, without how it looks; the first one is the page's title."""
    page = _Page(language, ZoneInfo(shop.time_zone))
    contact = report.contact
    before = []
    if contact is None and not report.events:
        before.append(page.say("nothing"))
    if contact is not None and contact.erased_at is not None:
        before.append(page.say("erased", at=page.time(contact.erased_at)))
    parts = [Section(page.say("title", shop=shop.host), words=tuple(before))]
    if contact is not None and not contact.erased:
        parts += page.section("data", _data(page, contact))
        parts += page.section("consents", _consents(page, contact), ("what", "act", "when"))
        parts += page.section("tags", _tags(page, contact))
    parts += page.section("acts", _acts(page, report.consents), ("when", "what", "act", "proof"))
    parts += page.section("events", _events(page, report.events), ("when", "what", "result"))
    receiver = page.say("receiver", host=account.endpoint if account is not None else "SALESmanago")
    return [*parts, Section("", words=(receiver, page.say("kept")))]


def _html(section: Section, heading: str) -> Iterable[str]:
    if section.title:
        yield _tag(heading, section.title)
    yield from (_tag("p", one) for one in section.words)
    if section.rows:
        lines = [("th", section.columns)] * bool(section.columns) + [("td", row) for row in section.rows]
        body = "".join(f"<tr>{''.join(_tag(name, cell) for cell in row)}</tr>" for name, row in lines)
        yield f"<table border=1>{body}</table>"


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


class _Page:
    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self._at = 1 if language == "pl" else 0
        self._zone = zone

    def say(self, name: str, **values: str) -> str:
        return _WORDS[name][self._at].format(**values) if name in _WORDS else name

    def kind(self, name: str) -> str:
        return _KINDS[name][self._at] if name in _KINDS else name

    def act(self, entry: Entry) -> str:
        """What was done, and by whom where another system says so."""
        origin, act = origin_of(entry), self.say(entry.kind.value)
        return f"{act} {ORIGIN_WORDS[origin][self._at]}" if origin in FROM_SALESMANAGO else act

    def why(self, event: EventTrace) -> str:
        if event.reason is None:
            return ""
        explained = EXPLANATIONS[event.reason]
        return explained.why_pl if self._at else explained.why

    def time(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def section(self, title: str, rows: Iterable[Row], columns: tuple[str, ...] = ()) -> list[Section]:
        """A table under a heading; nothing where there are no rows."""
        found = tuple(rows)
        return [Section(self.say(title), columns=tuple(self.say(one) for one in columns), rows=found)] if found else []


def _data(page: _Page, contact: Contact) -> Iterable[Row]:
    yield page.say("email"), contact.email
    if contact.customer_id:
        yield page.say("customer_id"), contact.customer_id
    for address in contact.left:
        yield page.say("former"), address
    yield page.say("account"), page.say("yes" if contact.registered else "no")
    for name, fact in contact.profile.items():
        if fact.value and name != "customer_id":
            yield page.say(name), fact.value


def _consents(page: _Page, contact: Contact) -> Iterable[Row]:
    for name, channel in (("email_news", contact.email_news), ("phone_news", contact.phone_news)):
        yield page.say(name), *_channel(page, channel)
    yield page.say("transfer"), *_transfer(page, contact.transfer)


def _channel(page: _Page, channel: Channel) -> Row:
    if channel.status is None or channel.acted_at is None:
        return page.say("unknown"), ""
    return page.say("opt_in" if channel.status is Status.OPT_IN else "opt_out"), page.time(channel.acted_at)


def _transfer(page: _Page, transfer: TransferConsent) -> Row:
    if transfer.is_withdrawn and transfer.withdrawn is not None:
        return page.say("withdrawn"), page.time(transfer.withdrawn)
    return (page.say("granted"), page.time(transfer.since)) if transfer.since is not None else (page.say("unknown"), "")


def _tags(page: _Page, contact: Contact) -> Iterable[Row]:
    panel = [name for name, flag in contact.panel_tags.items() if flag.value]
    for title, names in (("panel_tags", panel), ("earned_tags", contact.earned_tags), ("seen_tags", contact.observed.tags)):
        if names:
            yield page.say(title), ", ".join(names)


def _acts(page: _Page, chains: Iterable[ConsentExport]) -> Iterable[Row]:
    for chain in chains:
        for entry in chain.entries:
            said = entry.details or {}
            proof = ", ".join(said[name] for name in _PROOF if name in said)
            matter = {"email": "email_news", "sms": "phone_news"}.get(entry.matter.value, entry.matter.value)
            yield page.time(entry.acted_at), page.say(matter), page.act(entry), proof


def _events(page: _Page, events: Iterable[EventTrace]) -> Iterable[Row]:
    for event in events:
        became = ". ".join(filter(None, (page.say(event.state.value), page.why(event))))
        yield page.time(event.occurred_at), page.kind(event.type), became
