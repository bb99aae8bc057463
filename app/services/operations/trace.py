"""Answer "why was this (not) sent?" for one event, person or order."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.errors import NotFound
from app.domain.operations.evidence import ON_ORDER, Decided, evidence_of
from app.domain.operations.trace import EventTrace
from app.domain.operations.waiting import Waiting, waiting_of
from app.domain.person.contact import Contact
from app.domain.person.stored import StoredContact
from app.domain.values import replace
from app.services.operations.consent_export import ConsentExport, ConsentReader
from app.services.planning.event_ids import disguised, names_somebody
from app.services.planning.people import Pseudonym
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory


@dataclass(frozen=True)
class AccessReport:
    """What is stored about a person: facts as they stand, the time line, and the ledger of consents."""

    contact: Contact | None
    events: list[EventTrace]
    consents: list[ConsentExport]
    contact_id: int | None = None

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self.contact) if self.contact is not None else {}


class Trace:
    def __init__(
        self,
        store: Store,
        consents: ConsentReader,
        pseudonym: Pseudonym,
        directory: ShopDirectory,
        clock: Clock,
        sends: Callable[[], bool] = lambda: True,
    ) -> None:
        """`sends`: False while the database may be a copy, from which nothing is sent."""
        self._store = store
        self._consents = consents
        self._pseudonym = pseudonym
        self._directory = directory
        self._clock = clock
        self._sends = sends

    async def waiting(self, events: Sequence[EventTrace]) -> dict[tuple[str, str], Waiting]:
        """(shop, event id) -> why it still waits and when it is tried next, of those that wait."""
        if all(one.settled_at is not None for one in events):
            return {}
        async with self._store.work() as work:
            destinations = await work.destinations.all()
        now, sends = self._clock(), self._sends()
        found = ((one, waiting_of(one, self._directory.shop(one.shop_id), destinations, now, sends=sends)) for one in events)
        return {(one.shop_id, one.event_id): why for one, why in found if why is not None}

    async def of_event(self, shop_id: str, event_id: str) -> EventTrace:
        """Raises `NotFound` if the shop never sent such an event."""
        async with self._store.work() as work:
            found = await work.traces.of_event(shop_id, event_id)
            if found is None and names_somebody(event_id):
                found = await work.traces.of_event(shop_id, disguised(self._pseudonym, shop_id, event_id))
            if found is None:
                raise NotFound("event")
            return (await _with_evidence(work, [found]))[0]

    async def of_person(self, shop_id: str, email: str) -> list[EventTrace]:
        async with self._store.work() as work:
            return await _with_evidence(work, await self._events(work, shop_id, email))

    async def person(self, shop_id: str, email: str) -> Contact | None:
        """What is held of the person who has, or had, the address; of one who was erased that they were."""
        async with self._store.work() as work:
            found = await whose(work, shop_id, email, self._pseudonym)
        return found.contact if found is not None else None

    async def sent_from(self, shop_ids: Collection[str], limit: int) -> list[Contact]:
        """Some whom SALESmanago knows from these shops."""
        async with self._store.work() as work:
            return [one.contact for one in await work.contacts.page_of_sent(shop_ids, 0, limit)]

    async def shadowed(self, shop_id: str, limit: int) -> list[EventTrace]:
        """What a shop in shadow mode would have sent last, the newest first."""
        async with self._store.work() as work:
            return (await work.traces.shadowed(shop_id, limit))[::-1]

    async def of_order(self, shop_id: str, order_id: str) -> list[EventTrace]:
        async with self._store.work() as work:
            return await _with_evidence(work, await work.traces.of_order(shop_id, order_id))

    async def access_report(self, shop_id: str, event_id: str) -> AccessReport:
        """Everything stored about the person whom the access request names. Raises `NotFound` if there is no such request."""
        async with self._store.work() as work:
            email = await work.traces.access_request_of(shop_id, event_id)
            if email is None:
                raise NotFound("access request")
        return await self.report_about(shop_id, email)

    async def report_about(self, shop_id: str, email: str) -> AccessReport:
        """Everything stored about the person who has, or had, the address."""
        async with self._store.work() as work:
            person = await whose(work, shop_id, email, self._pseudonym)
            events = await self._events(work, shop_id, email)
        consents = await self._consents.export(shop_id, email)
        return AccessReport(person.contact if person is not None else None, events, consents, person.id if person else None)

    async def _events(self, work: Work, shop_id: str, email: str) -> list[EventTrace]:
        """Of somebody erased the lines that are left, which are kept under the hash of the address."""
        found = await work.traces.of_person(shop_id, email)
        return found or await work.traces.of_person(shop_id, self._pseudonym(shop_id, email))


async def whose(work: Work, shop_id: str, email: str, pseudonym: Pseudonym) -> StoredContact | None:
    """Who has the address in a shop, or had it, or was erased under it; the first of these that is anybody."""
    hashed = pseudonym(shop_id, email)
    for found in (
        await work.contacts.known_as(shop_id, [email], [], []),
        await work.contacts.by_ids([one.contact_id for one in await work.contacts.aliases(shop_id, [email])]),
        await work.contacts.known_as(shop_id, [], [], [hashed]),
        await work.contacts.by_ids([one.contact_id for one in await work.contacts.aliases(shop_id, [hashed])]),
    ):
        if found:
            heirs = await work.contacts.by_ids([one.merged_into for one in found[:1] if one.merged_into is not None])
            return (heirs or found)[0]
    return None


async def _with_evidence(work: Work, events: Sequence[EventTrace]) -> list[EventTrace]:
    """Each with what its decision rests on: the person's ledger entries, and the other events of its order."""
    people = {one.contact_id for one in events if one.contact_id is not None}
    ledgers = await work.consents.of(people)
    orders = {(one.shop_id, one.order_id) for one in events if one.reason in ON_ORDER and one.order_id is not None}
    by_order = {order: await work.traces.of_order(*order) for order in orders}
    found = []
    for one in events:
        others = [_decided(other) for other in by_order.get((one.shop_id, one.order_id or ""), ())]
        found.append(replace(one, evidence=evidence_of(_decided(one), ledgers.get(one.contact_id or 0, ()), others)))
    return await _with_kinds(work, found)


async def _with_kinds(work: Work, events: Sequence[EventTrace]) -> list[EventTrace]:
    """The ledger knows events by their id alone."""
    if not events:
        return []
    ids = {one.event_id for event in events for one in event.evidence if one.event_id is not None and one.source is None}
    kinds = await work.traces.kinds_of(events[0].shop_id, ids) if ids else {}
    return [
        replace(event, evidence=tuple(replace(one, source=one.source or kinds.get(one.event_id or "")) for one in event.evidence))
        for event in events
    ]


def _decided(one: EventTrace) -> Decided:
    return Decided(event_id=one.event_id, type=one.type, reason=one.reason, occurred_at=one.occurred_at, decided_at=one.decided_at)
