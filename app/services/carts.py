"""Report carts that have been quiet long enough."""

from dataclasses import replace

from app.domain.carts import ripen
from app.domain.difference import told
from app.domain.pipeline import EventState, NewCommand, Settlement, StoredCart, StoredContact, destination_of
from app.domain.plan import Await, Send, Supersede, Withhold
from app.domain.reasons import Reason
from app.services.directory import Directory
from app.services.ports import Clock, Store, Work

SWEEP = 200


class Carts:
    def __init__(self, store: Store, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def report_quiet(self, limit: int = SWEEP) -> int:
        """Decide about carts whose quiet hour is over; answers how many. Consent and purchases are judged again now (R41)."""
        async with self._store.work() as work:
            if not await work.inbox.lock_planning():
                return 0
            ripe = await work.carts.due(self._clock(), limit)
            known = await self._owners(work, {cart.contact_id for cart in ripe if cart.contact_id is not None})
            for cart in ripe:
                await self._report(work, cart, known)
            await work.commit()
        return len(ripe)

    async def _owners(self, work: Work, contact_ids: set[int]) -> dict[int, StoredContact]:
        """By the id a cart carries; a contact that was merged into another is that other one."""
        people = {person.id: person for person in await work.contacts.by_ids(contact_ids)}
        into = {person.merged_into for person in people.values() if person.merged_into is not None}
        takers = {person.id: person for person in await work.contacts.by_ids(into)} if into else {}
        return {one: takers.get(person.merged_into or 0, person) for one, person in people.items()}

    async def _report(self, work: Work, stored: StoredCart, known: dict[int, StoredContact]) -> None:
        now = self._clock()
        shop = self._directory.shop(stored.shop_id)
        if shop is None or not shop.enabled:
            settlement = Settlement(stored.event_seq, EventState.HELD, Reason.SHOP_DISABLED, stored.contact_id)
            await self._close(work, stored, settlement)
            return
        person = known.get(stored.contact_id) if stored.contact_id is not None else None
        if person is None or not (person.contact.email or person.erased_hash):
            settlement = Settlement(stored.event_seq, EventState.WITHHELD, Reason.ADDRESS_UNKNOWN, stored.contact_id)
            await self._close(work, stored, settlement)
            return
        plan = ripen(stored.cart, shop, person.contact, now)
        if shop.shadow and isinstance(plan, Send):
            plan = Withhold(Reason.SHADOW)
        settlement = Settlement(stored.event_seq, EventState.PLANNED, None, person.id)
        match plan:
            case Send(commands=commands):
                queue = [
                    NewCommand(destination_of(command, shop), shop.id, person.id, stored.event_seq, command) for command in commands
                ]
                await work.outbox.queue(queue, now)
                contact = told(person.contact, commands)
                reported = replace(person, contact=contact)
                known.update({one: reported for one, owner in known.items() if owner.id == person.id})
                await work.contacts.save([reported], now)
                settlement = replace(settlement, open_commands=len(commands))
            case Withhold(reason=reason):
                settlement = replace(settlement, state=EventState.WITHHELD, reason=reason)
            case Supersede(reason=reason) | Await(reason=reason):
                settlement = replace(settlement, state=EventState.SUPERSEDED, reason=reason)
        await self._close(work, stored, settlement)

    async def _close(self, work: Work, stored: StoredCart, settlement: Settlement) -> None:
        closed = StoredCart(stored.shop_id, stored.contact_id, stored.event_seq, stored.cart, open=False)
        await work.carts.save([closed])
        await work.inbox.settle([settlement], self._clock())
