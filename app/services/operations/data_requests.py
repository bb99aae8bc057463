"""What people may ask of a shop about their data, done by staff: to see what is stored, and to be erased (M1, M7)."""

import hashlib
import secrets
from dataclasses import dataclass

from app.domain.consent import Status
from app.domain.decisions.changes.salesmanago_changes import addresses_there
from app.domain.delivery.outbox import CommandState
from app.domain.errors import NotFound
from app.domain.events import ErasureRequested
from app.domain.intake.inbox import NewEvent
from app.domain.operations.audit import Action
from app.domain.person.contact import Contact
from app.domain.person.stored import Alias
from app.domain.shops.shop import Shop
from app.services.intake import Intake
from app.services.operations.audit import note
from app.services.operations.trace import AccessReport, Trace, whose
from app.services.planning.follow_ups import siblings
from app.services.planning.people import Pseudonym
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory


@dataclass(frozen=True)
class ErasurePreview:
    """What is known of a person in a shop, and what their erasure would delete where."""

    shop: Shop
    contact: Contact | None
    """None if nothing is held."""
    contact_id: int | None
    addresses: tuple[str, ...]
    """Every address the person has or had in the shop."""
    deleted_there: tuple[str, ...]
    """Addresses under which the contact in SALESmanago is deleted."""
    events: int
    """As many as the time line shows: 500 at most."""
    orders: int
    waiting: int
    """Commands that are still to be sent, and will not be."""
    acts: int
    """Lines of the consent ledger: they stay, without wording, page and addresses."""
    shops_notified: tuple[str, ...]
    """Other shops of the account that sent the person: the contact in SALESmanago is theirs too."""

    @property
    def is_known(self) -> bool:
        """Is there anything here that an erasure would delete?"""
        return self.contact is not None and not self.contact.erased

    @property
    def facts(self) -> dict[str, str | bool]:
        """What is known of the person, in a few words: enough to see whether it is the right one."""
        contact = self.contact
        if contact is None or contact.erased:
            return {}
        names = [contact.profile[name].value for name in ("first_name", "last_name") if name in contact.profile]
        return {
            "name": " ".join(filter(None, names)),
            "customer_id": contact.customer_id or "",
            "account": contact.registered,
            "email_news": contact.email_news.status is Status.OPT_IN,
            "phone_news": contact.phone_news.status is Status.OPT_IN,
            "in_salesmanago": contact.is_transferred,
        }


class DataRequests:
    """`pseudonym`: the keyed hash under which the erased are recognised."""

    def __init__(
        self, store: Store, directory: ShopDirectory, intake: Intake, trace: Trace, pseudonym: Pseudonym, clock: Clock
    ) -> None:
        self._store = store
        self._directory = directory
        self._intake = intake
        self._trace = trace
        self._pseudonym = pseudonym
        self._clock = clock

    async def access_report(self, shop_id: str, email: str) -> AccessReport:
        """Everything stored about a person, as the shop's own access request answers it. Raises `NotFound` for the shop."""
        shop = self._shop(shop_id)
        report = await self._trace.report_about(shop.id, email)
        async with self._store.work() as work:
            await note(work, self._clock, Action.ACCESS_REPORTED, shop.id, about=_numbered(report.contact_id))
            await work.commit()
        return report

    async def preview(self, shop_id: str, email: str) -> ErasurePreview:
        """What an erasure would do; nothing is changed. Raises `NotFound` for the shop."""
        shop = self._shop(shop_id)
        report = await self._trace.report_about(shop.id, email)
        async with self._store.work() as work:
            person = await whose(work, shop.id, email, self._pseudonym)
            contact, contact_id = (person.contact, person.id) if person is not None else (None, None)
            merged = await work.contacts.merged_into(contact_id) if contact_id is not None else []
            former = await work.contacts.aliases_of([contact_id, *(one.id for one in merged)]) if contact_id is not None else []
            here = dict.fromkeys((contact.email if contact is not None and contact.email else email, *_readable(former)))
            others = await work.contacts.in_shops(siblings(self._directory, shop.id), list(here))
        sent = [one for one in others if one.contact.is_transferred]
        there = [
            *addresses_there(contact or Contact(), shop, email),
            *(address for one in merged if (address := one.contact.sent_state.email) is not None),
            *(one.email for one in former if one.sent and "@" in one.email),
            *(address for one in sent if (address := one.contact.sent_state.email) in here and address is not None),
        ]
        commands = [command for event in report.events for command in event.commands]
        return ErasurePreview(
            shop=shop,
            contact=contact,
            contact_id=contact_id,
            addresses=tuple(here),
            deleted_there=tuple(dict.fromkeys(there)),
            events=len(report.events),
            orders=len({event.order_id for event in report.events if event.order_id is not None}),
            waiting=sum(command.state == CommandState.WAITING.value for command in commands),
            acts=sum(len(chain.entries) for chain in report.consents),
            shops_notified=tuple(dict.fromkeys(one.shop_id for one in sent)),
        )

    async def erase(self, shop_id: str, email: str) -> str:
        """Queue the erasure as the shop would post it; answers the event's id, which names nobody.

        Raises `NotFound` for the shop, `NotReady`.
        """
        shop = self._shop(shop_id)
        async with self._store.work() as work:
            person = await whose(work, shop.id, email, self._pseudonym)
        about = _numbered(person.id if person is not None else None)
        event_id = f"erasure-by-staff-{secrets.token_hex(8)}"
        event = NewEvent(
            shop_id=shop.id,
            event_id=event_id,
            type="erasure",
            event=ErasureRequested(at=self._clock(), email=email),
            digest=hashlib.sha256(event_id.encode()).hexdigest(),
            held=not shop.enabled,
        )
        await self._intake.accept_with(
            [event], lambda work: note(work, self._clock, Action.ERASURE_REQUESTED, shop.id, about=about, after=event_id)
        )
        return event_id

    def _shop(self, shop_id: str) -> Shop:
        shop = self._directory.shop(shop_id)
        if shop is None:
            raise NotFound("shop")
        return shop


def _numbered(contact_id: int | None) -> str:
    """How the audit log names a person: never by an address."""
    return f"contact {contact_id}" if contact_id is not None else ""


def _readable(former: list[Alias]) -> list[str]:
    """What an earlier erasure left of an address is a hash."""
    return [one.email for one in former if "@" in one.email]
