"""Report carts that have been idle long enough."""

from collections.abc import Collection, Sequence

import structlog

from app.domain.commands import Command, as_upsert
from app.domain.decisions.carts import StoredCart, decide_cart
from app.domain.decisions.changes.sent_state import mark_sent
from app.domain.decisions.plan import Defer, Send, Supersede, Withhold, is_sent, sent_by
from app.domain.delivery.outbox import NewCommand, destination_of
from app.domain.errors import NotReady
from app.domain.intake.inbox import EventState, Settlement
from app.domain.person.stored import StoredContact
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.recovery_links import RecoveryLinks
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

SWEEP = 200


class Carts:
    def __init__(self, store: Store, directory: ShopDirectory, clock: Clock, links: RecoveryLinks) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._links = links

    async def report_quiet(self, limit: int = SWEEP) -> int:
        """Decide about carts whose idle hour is over; answers how many. Consent and purchases are checked again now (R41).

        Should something of ours fail over one of them, it is found by deciding one at a time, and parked (R73).
        """
        try:
            return await self._report(limit)
        except NotReady:
            raise
        except Exception:
            log.exception("carts_failed", carts=limit)
        try:
            return await self._report(1)
        except NotReady:
            raise
        except Exception:
            log.exception("cart_parked")
        async with self._store.work() as work:
            culprits = await work.carts.due(self._clock(), 1, self._directory.closed_shops())
            for stored in culprits:
                await self._close(
                    work, stored, Settlement(stored.event_seq, EventState.PARKED, Reason.RULE_FAILED, stored.contact_id)
                )
            await work.commit()
        return len(culprits)

    async def _report(self, limit: int) -> int:
        decided = 0
        async with self._store.work() as work:
            if not await work.inbox.try_lock_contacts():
                return 0
            # Carts of a disabled shop wait for it; by then they may be stale.
            ripe = await work.carts.due(self._clock(), limit, self._directory.closed_shops())
            known = await self._owners(work, {cart.contact_id for cart in ripe if cart.contact_id is not None})
            await work.outbox.lock_contact_queues(
                sorted(person.id for person in known.values())
            )  # in the order of those who record
            undecided = await self._undecided(work, ripe, known)
            for cart in ripe:
                person = known.get(cart.contact_id) if cart.contact_id is not None else None
                if person is not None and (cart.shop_id, person.contact.email) in undecided:
                    continue  # it may be the purchase that closes the cart
                await self._decide(work, cart, person, known)
                decided += 1
            await work.commit()
        return decided

    async def _owners(self, work: Work, contact_ids: set[int]) -> dict[int, StoredContact]:
        """By the id a cart carries; a contact that was merged into another is that other one."""
        people = {person.id: person for person in await work.contacts.by_ids(contact_ids)}
        into = {person.merged_into for person in people.values() if person.merged_into is not None}
        takers = {person.id: person for person in await work.contacts.by_ids(into)} if into else {}
        return {one: takers.get(person.merged_into or 0, person) for one, person in people.items()}

    async def _undecided(self, work: Work, ripe: Collection[StoredCart], known: dict[int, StoredContact]) -> set[tuple[str, str]]:
        emails = {person.contact.email for person in known.values() if person.contact.email}
        return await work.inbox.undecided_about({cart.shop_id for cart in ripe}, emails) if emails else set()

    async def _decide(self, work: Work, stored: StoredCart, person: StoredContact | None, known: dict[int, StoredContact]) -> None:
        now, cart = self._clock(), stored.cart
        shop = self._directory.shop(stored.shop_id)
        if shop is None:
            await self._close(work, stored, Settlement(stored.event_seq, EventState.HELD, Reason.SHOP_DISABLED, stored.contact_id))
            return
        if person is None or not (person.contact.email or person.erased_hash):
            await self._wait_for_address(work, stored)
            return
        overwrites = None
        if cart.reported_by is not None and cart.can_be_overwritten(now, person.contact.last_purchase_at):
            overwrites = await work.outbox.remote_event_id(cart.reported_by)
        plan = decide_cart(cart, shop, person.contact, now, link=self._links.link(shop, cart), overwrites=overwrites)
        if shop.shadow and is_sent(plan):
            plan = Withhold(Reason.SHADOW, sent_by(plan))
        settlement = Settlement(stored.event_seq, EventState.PLANNED, None, person.id)
        match plan:
            case Send():
                settlement = replace(settlement, open_commands=await self._queue_report(work, stored, shop, person, plan, known))
                stored = replace(stored, cart=cart.reported(now, stored.event_seq), contact_id=person.id)
            case Withhold(reason=reason, shown=shown):
                await work.outbox.show(_queued(shown, stored, shop, person), Reason.SHADOW, now)
                settlement = replace(settlement, state=EventState.WITHHELD, reason=reason)
            case Supersede(reason=reason) | Defer(reason=reason):
                settlement = replace(settlement, state=EventState.SUPERSEDED, reason=reason)
        await self._close(work, stored, settlement)

    async def _queue_report(
        self, work: Work, stored: StoredCart, shop: Shop, person: StoredContact, plan: Send, known: dict[int, StoredContact]
    ) -> int:
        """Queue the report; answers for how many commands the event waits: facts that travel along are no part of it."""
        now = self._clock()
        queue = _queued(plan.commands, stored, shop, person)
        await work.outbox.queue(queue, now)
        reported = replace(person, contact=mark_sent(person.contact, plan.commands))
        known.update({one: reported for one, owner in known.items() if owner.id == person.id})
        await work.contacts.save([reported], now)
        return sum(command.counted for command in queue)

    async def _wait_for_address(self, work: Work, stored: StoredCart) -> None:
        """A guest may still say who they are, as long as the report would not come too late (E4)."""
        if self._clock() < stored.cart.stale_at:
            await work.carts.save([replace(stored, waits_until=stored.cart.stale_at)])
            return
        settlement = Settlement(stored.event_seq, EventState.WITHHELD, Reason.ADDRESS_UNKNOWN, stored.contact_id)
        await self._close(work, stored, settlement)

    async def _close(self, work: Work, stored: StoredCart, settlement: Settlement) -> None:
        await work.carts.save([replace(stored, open=False)])
        await work.inbox.settle([settlement], self._clock())


def _queued(commands: Sequence[Command], stored: StoredCart, shop: Shop, person: StoredContact) -> list[NewCommand]:
    return [
        NewCommand(
            destination_of(command, shop),
            shop.id,
            person.id,
            stored.event_seq,
            command,
            counted=as_upsert(command) is None,
        )
        for command in commands
    ]
