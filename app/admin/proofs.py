"""What the doctor proves by doing it: the right to write, by a write of what is there already; clocks; certificates.

Nothing is made, changed or taken away: a contact is told only its address, a tag is given the points it has.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from app.bootstrap.gateway import Gateway
from app.clients.idosell.client import IdosellPanel
from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, message_of, name_of
from app.domain.shops.shop import PanelKind, Shop
from app.services.ports.clock import Clock

TRIED = 20
"""People who are looked for over there before the doctor gives up."""
CLOCK_MAY_DIFFER = timedelta(seconds=30)
"""The header names whole seconds, and a call takes some."""
CERTIFICATE_ENDS_WITHIN = timedelta(days=14)
_HANDSHAKE_SECONDS = 10.0

TOO_MANY_CALLS = "answers 429, too many calls at the moment: nothing is proven. Ask again in some minutes."


@dataclass(frozen=True)
class Finding:
    about: str
    words: str
    good: bool = True
    warning: bool = False
    """Good, or not proven: worth a look, and no trouble."""


def fault(about: str, outcome: Outcome, otherwise: str) -> Finding:
    """Of a call that did not succeed. Too many calls prove nothing, neither good nor bad."""
    if isinstance(outcome, Throttled):
        return Finding(about, f"It {TOO_MANY_CALLS}", warning=True)
    said = f"{name_of(outcome)} {message_of(outcome)}".strip()
    return Finding(about, f"{otherwise} ({said})", good=False)


async def people_there(gateway: Gateway, shops: list[Shop]) -> list[str]:
    """Addresses of some whom SALESmanago knows from us, of shops from which things are sent."""
    sending = [shop.id for shop in shops if shop.enabled and not shop.shadow]
    people = await gateway.trace.sent_from(sending, TRIED) if sending else []
    return [
        one.email for one in people if one.email and one.email == one.sent_state.email and one.is_transferred and not one.erased
    ]


async def salesmanago_writes(gateway: Gateway, account_id: str, shops: list[Shop]) -> Finding:
    """A contact of ours that is there is upserted with nothing but its address."""
    about, client = f"account {account_id}", gateway.upstreams.client(account_id)
    people = await people_there(gateway, shops)
    if not people:
        return Finding(about, "the right to write is not proven yet: no contact of ours is there", warning=True)
    shown = await client.statuses(people)
    if not isinstance(shown.answer.outcome, Delivered):
        return fault(about, shown.answer.outcome, "Contacts cannot be read. Check the rights of the API user.")
    there = next((one for one in people if one in shown.contacts), None)
    if there is None:
        return Finding(
            about, "the right to write is not proven: none of the contacts we asked about is there any more", warning=True
        )
    written = (await client.upsert(UpsertContact(email=there))).outcome
    if isinstance(written, Delivered):
        return Finding(about, "the right to write is proven: a contact was written back as it is")
    return fault(about, written, "Contacts cannot be written. Check the rights of the API user.")


async def panel_writes(gateway: Gateway, shop: Shop, panel: IdosellPanel) -> Finding:
    """A tag that a customer carries is given the points it has."""
    about = f"panel of {shop.id}"
    for email in (await people_there(gateway, [shop]))[:5]:
        outcome = await panel.write_back(email)
        if outcome is None:
            continue
        if isinstance(outcome, Delivered):
            return Finding(about, "the right to write is proven: a tag was written back as it is")
        return fault(about, outcome, "Tags cannot be written. Give the key the right CRM rw.")
    return Finding(about, "the right to write is not proven yet: no tag of a person we know is there", warning=True)


def clock_finding(about: str, told: tuple[str, datetime] | None) -> Finding | None:
    """`told`: the header `Date` of the last answer, and our time then. None where nobody told a time that can be read."""
    if told is None:
        return None
    try:
        theirs = datetime.strptime(told[0], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    ahead = told[1] - theirs
    if abs(ahead) <= CLOCK_MAY_DIFFER:
        return Finding(about, "its clock and ours agree")
    where = "ahead of" if ahead > timedelta(0) else "behind"
    seconds = abs(ahead).total_seconds()
    words = f"our clock is {seconds:.0f} s {where} its clock, so times of consents and orders are wrong. Set it by NTP."
    return Finding(about, words, good=False)


async def certificates(gateway: Gateway, shops: list[Shop], clock: Clock) -> list[Finding]:
    """Of every address with https that is called, and of the one that is told to others."""
    accounts = {account.id: account.endpoint for account in gateway.directory.accounts()}
    addresses = {accounts[shop.account]: f"account {shop.account}" for shop in shops if shop.account in accounts}
    addresses |= {
        shop.panel.base_url: f"panel of {shop.id}"
        for shop in shops
        if shop.panel.kind is not PanelKind.NONE and shop.panel.base_url
    }
    addresses |= {gateway.settings.public_url: "public address"} if gateway.settings.public_url else {}
    found = [await certificate(about, url, clock()) for url, about in addresses.items()]
    return [one for one in found if one is not None]


async def certificate(about: str, url: str, now: datetime, context: ssl.SSLContext | None = None) -> Finding | None:
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
        return Finding(about, f"TLS: the certificate of {parts.hostname} is not believed ({why}).", good=False)
    except (OSError, TimeoutError):
        return None  # whether it answers at all is said elsewhere
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert()
    finally:
        writer.close()
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
    if ends - now <= CERTIFICATE_ENDS_WITHIN:
        return Finding(about, f"TLS: the certificate of {parts.hostname} ends on {ends:%Y-%m-%d}. Renew it.", warning=True)
    return Finding(about, f"TLS: the certificate of {parts.hostname} is good until {ends:%Y-%m-%d}")
