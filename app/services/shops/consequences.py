"""Counts what a changed configuration concerns, before it is stored (R94, B12)."""

import asyncio
from collections.abc import Callable, Mapping

from app.domain.consent import Policy
from app.domain.delivery.outcomes import Delivered
from app.domain.intake.inbox import EventState
from app.domain.shops.configuration import StoredShop
from app.domain.shops.consequences import Counted, begins_transfer, consequences
from app.domain.shops.shop import Shop
from app.domain.values import Words
from app.services.ports.shop_side import ShopSide
from app.services.ports.storage import Store

PAGE = 500
PATIENCE_SECONDS = 10.0
"""A panel that does not say by then how many accounts it has is not waited for."""


class Consequences:
    """`side_of`: what opens the side of a shop that may not be stored yet."""

    def __init__(self, store: Store, side_of: Callable[[StoredShop], ShopSide]) -> None:
        self._store = store
        self._side_of = side_of

    async def of(self, old: Mapping[str, StoredShop], new: Mapping[str, StoredShop]) -> list[Words]:
        """A line each."""
        lines: list[Words] = []
        for name, stored in sorted(new.items()):
            before = old[name].shop if name in old else None
            if before == stored.shop:
                continue
            counted = await self._counted(before, stored)
            lines += [
                Words(f"shop {name}: {said.en}", f"sklep {name}: {said.pl}") for said in consequences(before, stored.shop, counted)
            ]
        return lines

    async def _counted(self, old: Shop | None, stored: StoredShop) -> Counted:
        new = stored.shop
        async with self._store.work() as work:
            had_a_transfer = await work.backfills.ever_ran(new.id)
            events = await work.inbox.waiting_counts(new.id)
        counted = Counted(had_a_transfer=had_a_transfer)
        accounts = await self._accounts(stored) if begins_transfer(old, new, counted) else None
        more, fewer = await self._people(new) if old is not None and old.policy is not new.policy else (0, 0)
        return Counted(
            accounts=accounts,
            more=more,
            fewer=fewer,
            waiting=events.get(EventState.RECEIVED, 0) + events.get(EventState.PLANNED, 0),
            held=events.get(EventState.HELD, 0),
            had_a_transfer=had_a_transfer,
        )

    async def _accounts(self, stored: StoredShop) -> int | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                listing = await self._side_of(stored).accounts(0)
        except TimeoutError:
            return None
        return listing.total if isinstance(listing.answer.outcome, Delivered) else None

    async def _people(self, shop: Shop) -> tuple[int, int]:
        """Who may be sent under the new policy and was not, and the other way round."""
        more = fewer = last = 0
        while True:
            async with self._store.work() as work:
                page = await work.contacts.page_of_shop(shop.id, last, PAGE)
            for one in page:
                may = one.contact.transfer.permits(shop.policy) and not one.contact.erased
                more += may and shop.policy is Policy.ALL_CUSTOMERS and not one.contact.is_transferred
                fewer += not may and shop.policy is Policy.ORDER_CONSENT and one.contact.is_transferred
            if len(page) < PAGE:
                return more, fewer
            last = page[-1].id
