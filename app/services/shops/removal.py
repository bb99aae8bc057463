"""Take a shop out of the gateway, with everything that is held of it."""

from app.domain.errors import NotFound, NotPossible
from app.domain.operations.audit import Action
from app.services.operations.audit import note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory


class ShopRemoval:
    def __init__(self, store: Store, directory: ShopDirectory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def preview(self, shop_id: str) -> dict[str, int]:
        """How many people, events and unsent commands would go, and how many keys. Raises `NotFound`."""
        await self._directory.refresh()
        if self._directory.shop(shop_id) is None:
            raise NotFound("shop")
        async with self._store.work() as work:
            counts = await work.removal.counts(shop_id)
        return {**counts, "keys": sum(key.shop_id == shop_id for key in self._directory.all_keys())}

    async def remove(self, shop_id: str, *, unsent_too: bool) -> dict[str, int]:
        """Cut off, it is run again. Raises `NotFound`, and `NotPossible` while the shop is enabled or something is unsent."""
        found = await self.preview(shop_id)
        shop = self._directory.shop(shop_id)
        if shop is not None and shop.enabled:
            raise NotPossible("The shop is enabled. Set `enabled = false` in the file, apply it, and remove the shop then.")
        if found["unsent"] and not unsent_too:
            raise NotPossible(
                f"Unsent commands of the shop: {found['unsent']}, perhaps resignations among them. "
                "Enable it until they are sent, or say --unsent-too to drop them."
            )
        while True:
            async with self._store.work() as work:
                if not await work.removal.some(shop_id):
                    await work.removal.last(shop_id)
                    sums = {"people": "people", "events": "events", "unsent": "unsent commands", "keys": "keys"}
                    words = ", ".join(f"{label}: {found[name]}" for name, label in sums.items())
                    await note(work, self._clock, Action.SHOP_REMOVED, shop_id, before=words)
                    await work.commit()
                    break
                await work.commit()
        await self._store.remove_leftovers()
        await self._directory.refresh()
        return found
