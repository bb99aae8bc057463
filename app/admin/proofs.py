"""What the doctor proves by doing it: the right to write, by a write of what is there already; clocks; certificates.

Nothing is made, changed or taken away: of a contact only its address is sent, a tag is given the points it has.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.bootstrap.gateway import Gateway
from app.clients.idosell.client import IdosellPanel
from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, message_of, name_of
from app.domain.shops.shop import Shop
from app.domain.values import Words
from app.services.ports.clock import Clock

TRIED = 20
"""People who are searched in SALESmanago before the doctor gives up."""
CLOCK_MAY_DIFFER = timedelta(seconds=30)
"""The header names whole seconds, and a call takes some."""
CERTIFICATE_ENDS_WITHIN = timedelta(days=14)
_HANDSHAKE_SECONDS = 10.0

TOO_MANY_CALLS = Words(
    "It answers 429, too many calls at the moment: nothing is proven. Ask again in some minutes.",
    "Odpowiada 429, zbyt wiele wywołań w tej chwili: niczego nie sprawdzono. Zapytaj ponownie za kilka minut.",
)


@dataclass(frozen=True)
class Finding:
    about: Words
    words: Words
    good: bool = True
    warning: bool = False
    """Good, or not proven: worth checking, and no trouble."""

    def shown(self) -> dict[str, Any]:
        about, about_pl, words, words_pl = *self.about, *self.words
        return {
            "about": about,
            "about_pl": about_pl,
            "words": words,
            "words_pl": words_pl,
            "good": self.good,
            "warning": self.warning,
        }


def account_named(account_id: str) -> Words:
    return Words(f"account {account_id}", f"konto {account_id}")


def panel_named(shop: Shop) -> Words:
    return Words(f"panel of {shop.id}", f"panel sklepu {shop.id}")


PUBLIC_ADDRESS = Words("public address", "adres publiczny")


def fault(about: Words, outcome: Outcome, otherwise: Words) -> Finding:
    """Of a call that did not succeed. Too many calls prove nothing, neither good nor bad."""
    if isinstance(outcome, Throttled):
        return Finding(about, TOO_MANY_CALLS, warning=True)
    from app.console.wording import Wording  # no other command should pay for its templates

    name, message = name_of(outcome), message_of(outcome)
    said = f"{name} {message}".strip()
    said_pl = Wording("pl").cause(": ".join(filter(None, (name, message))))
    return Finding(about, Words(f"{otherwise.en} ({said})", f"{otherwise.pl} ({said_pl})"), good=False)


async def people_there(gateway: Gateway, shops: list[Shop]) -> list[str]:
    """Addresses of some whom SALESmanago knows from us, of shops from which things are sent."""
    sending = [shop.id for shop in shops if shop.enabled and not shop.shadow]
    people = await gateway.trace.sent_from(sending, TRIED) if sending else []
    return [
        one.email for one in people if one.email and one.email == one.sent_state.email and one.is_transferred and not one.erased
    ]


async def salesmanago_writes(gateway: Gateway, account_id: str, shops: list[Shop]) -> Finding:
    """A contact of ours that is there is upserted with nothing but its address."""
    about, client = account_named(account_id), gateway.upstreams.client(account_id)
    people = await people_there(gateway, shops)
    if not people:
        words = Words(
            "the right to write is not proven yet: no contact of ours is there",
            "prawa zapisu jeszcze nie sprawdzono: nie ma tam żadnego naszego kontaktu",
        )
        return Finding(about, words, warning=True)
    shown = await client.statuses(people)
    if not isinstance(shown.answer.outcome, Delivered):
        return fault(
            about,
            shown.answer.outcome,
            Words(
                "Contacts cannot be read. Check the rights of the API user.",
                "Nie można odczytać kontaktów. Sprawdź uprawnienia użytkownika API.",
            ),
        )
    there = next((one for one in people if one in shown.contacts), None)
    if there is None:
        words = Words(
            "the right to write is not proven: none of the contacts we asked about is there any more",
            "prawa zapisu nie sprawdzono: nie ma tam już żadnego z kontaktów, o które pytaliśmy",
        )
        return Finding(about, words, warning=True)
    written = (await client.upsert(UpsertContact(email=there))).outcome
    if isinstance(written, Delivered):
        words = Words(
            "the right to write is proven: a contact was written back as it is",
            "prawo zapisu sprawdzone: kontakt zapisano ponownie bez zmian",
        )
        return Finding(about, words)
    words = Words(
        "Contacts cannot be written. Check the rights of the API user.",
        "Nie można zapisać kontaktów. Sprawdź uprawnienia użytkownika API.",
    )
    return fault(about, written, words)


async def panel_writes(gateway: Gateway, shop: Shop, panel: IdosellPanel) -> Finding:
    """A tag that a customer carries is given the points it has."""
    about = panel_named(shop)
    for email in (await people_there(gateway, [shop]))[:5]:
        outcome = await panel.write_back(email)
        if outcome is None:
            continue
        if isinstance(outcome, Delivered):
            words = Words(
                "the right to write is proven: a tag was written back as it is",
                "prawo zapisu sprawdzone: tag zapisano ponownie bez zmian",
            )
            return Finding(about, words)
        words = Words(
            "Tags cannot be written. Give the key the right CRM rw.", "Nie można zapisać tagów. Nadaj kluczowi uprawnienie CRM rw."
        )
        return fault(about, outcome, words)
    words = Words(
        "the right to write is not proven yet: no tag of a person we know is there",
        "prawa zapisu jeszcze nie sprawdzono: nie ma tam żadnego tagu osoby, którą znamy",
    )
    return Finding(about, words, warning=True)


def clock_finding(about: Words, answered: tuple[str, datetime] | None) -> Finding | None:
    """`answered`: the header `Date` of the last answer, and our time then. None where no answer had a time that can be read."""
    if answered is None:
        return None
    try:
        theirs = datetime.strptime(answered[0], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    ahead = answered[1] - theirs
    if abs(ahead) <= CLOCK_MAY_DIFFER:
        return Finding(about, Words("its clock and ours agree", "jego zegar i nasz są zgodne"))
    where, where_pl = ("ahead of", "spieszy się względem") if ahead > timedelta(0) else ("behind", "spóźnia się względem")
    seconds = f"{abs(ahead).total_seconds():.0f} s"
    words = Words(
        f"our clock is {seconds} {where} its clock, so times of consents and orders are wrong. Set it by NTP.",
        f"nasz zegar {where_pl} jego zegara o {seconds}, więc czasy zgód i zamówień są błędne. Ustaw go przez NTP.",
    )
    return Finding(about, words, good=False)


async def certificates(gateway: Gateway, shops: list[Shop], clock: Clock) -> list[Finding]:
    """Of every address with https that is called, and of the one that is given to others."""
    accounts = {account.id: account.endpoint for account in gateway.directory.accounts()}
    addresses = {accounts[shop.account]: account_named(shop.account) for shop in shops if shop.account in accounts}
    addresses |= {shop.panel.base_url: panel_named(shop) for shop in shops if shop.panel.kind.is_called and shop.panel.base_url}
    addresses |= {gateway.settings.public_url: PUBLIC_ADDRESS} if gateway.settings.public_url else {}
    found = [await certificate(about, url, clock()) for url, about in addresses.items()]
    return [one for one in found if one is not None]


async def certificate(about: Words, url: str, now: datetime, context: ssl.SSLContext | None = None) -> Finding | None:
    """Whether the certificate is believed, and for how long. None for an address without TLS, or where nobody answers."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    try:
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 443, ssl=context or ssl.create_default_context()
            )
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or "the handshake failed"
        words = Words(
            f"TLS: the certificate of {parts.hostname} is not believed ({why}).",
            f"TLS: certyfikat {parts.hostname} nie jest wiarygodny ({why}).",
        )
        return Finding(about, words, good=False)
    except (OSError, TimeoutError):
        return None  # whether it answers at all is said elsewhere
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert()
    finally:
        writer.close()
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    name, day = parts.hostname, f"{ends:%Y-%m-%d}"
    if ends - now <= CERTIFICATE_ENDS_WITHIN:
        words = Words(f"TLS: the certificate of {name} ends on {day}. Renew it.", f"TLS: certyfikat {name} wygasa {day}. Odnów go.")
        return Finding(about, words, warning=True)
    return Finding(
        about, Words(f"TLS: the certificate of {name} is good until {day}", f"TLS: certyfikat {name} jest ważny do {day}")
    )
