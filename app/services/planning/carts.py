"""The carts of one planning round: loaded first, changed by its events, saved last."""

from collections.abc import Sequence

from app.domain.decisions.carts import StoredCart, newer_state
from app.domain.decisions.plan import Plan, Supersede, is_deferred
from app.domain.delivery.revocation import Revocation
from app.domain.event_kinds.subjects import cart_id_of
from app.domain.events import CartChanged
from app.domain.intake.inbox import InboxEvent
from app.domain.reasons import Reason
from app.domain.values import replace
from app.services.planning.people import WorkingContact
from app.services.ports.storage import Work

_Key = tuple[str, str]


class CartRound:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._carts: dict[_Key, StoredCart] = {}
        self._changed: dict[_Key, WorkingContact | None] = {}
        self._owners: set[int] = set()
        self.replaced: list[int] = []
        """Events whose cart a newer state took the place of."""

    async def load(self, events: Sequence[InboxEvent], contact_ids: Sequence[int]) -> None:
        for shop_id in {event.shop_id for event in events}:
            named = {cart for one in events if one.shop_id == shop_id and (cart := cart_id_of(one.event)) is not None}
            if named:
                found = await self._work.carts.find(shop_id, named)
                self._carts |= {(shop_id, cart_id): cart for cart_id, cart in found.items()}
        self._owners = await self._work.carts.owners(contact_ids)

    @property
    def has_owners(self) -> bool:
        return bool(self._owners)

    def concern(self, person: WorkingContact) -> bool:
        """Has the person a cart, of which a report may be on its way? Also one from before a merge of this round."""
        return bool(self._owners) and any(one.id in self._owners for one in (person, *person.absorbed))

    def changed(
        self, event: InboxEvent, happened: CartChanged, person: WorkingContact | None, plan: Plan
    ) -> tuple[Plan, Revocation | None]:
        """A cart waits for its idle hour; the newest state replaces the one before.

        Answers what becomes of the event, and what of a report on its way is outdated by it.
        """
        key = (event.shop_id, happened.cart_id)
        stored = self._of_the_same_person(key, happened, person)
        bought_at = person.contact.last_purchase_at if person is not None else None
        state = newer_state(stored.cart if stored is not None else None, happened, bought_at)
        if isinstance(state, Reason):
            assert stored is not None, "only a cart we know can be replaced or unchanged"
            if state is Reason.CART_UNCHANGED:
                # A guest's cart whose address is known now: its idle hour began when it was filled (R41).
                until = None if person is not None else stored.waits_until
                self._keep(key, replace(stored, cart=stored.cart.refreshed(happened), waits_until=until), person)
            return (Supersede(state) if is_deferred(plan) else plan), None
        outdated = None
        if stored is not None and stored.open:
            self.replaced.append(stored.event_seq)
        elif stored is not None and stored.cart.reported_at is not None:
            outdated = Revocation(cart_id=stored.cart.id)
        self._keep(key, StoredCart(event.shop_id, None, event.seq, state, open=is_deferred(plan)), person)
        return plan, outdated

    def _of_the_same_person(self, key: _Key, happened: CartChanged, person: WorkingContact | None) -> StoredCart | None:
        """The next person at the same computer has another cart, though the shop gives it the same id (X23)."""
        stored = self._carts.get(key)
        if stored is None or person is None or self._is_free_for(person, key, stored):
            return stored
        if happened.at < stored.cart.changed_at:
            return stored
        if stored.open:
            self.replaced.append(stored.event_seq)
        return None

    def _is_free_for(self, person: WorkingContact, key: _Key, stored: StoredCart) -> bool:
        """Is the cart the person's, or a guest's?"""
        if key not in self._changed:
            return stored.contact_id in (None, person.id)
        owner = self._changed[key]  # of this round: perhaps nobody who is stored yet
        return owner is None or owner.heir is person

    def _keep(self, key: _Key, cart: StoredCart, person: WorkingContact | None) -> None:
        self._carts[key] = cart
        self._changed[key] = person

    async def save(self, merged: Sequence[tuple[int, int]]) -> None:
        """`merged`: contacts that another took over. People must have been saved."""
        for former, target in merged:
            await self._work.carts.pass_on(former, target)
        kept = [(self._carts[key], owner) for key, owner in self._changed.items()]
        await self._work.carts.save([cart if owner is None else replace(cart, contact_id=owner.id) for cart, owner in kept])
