"""The pseudonyms of people, whose secret is made at the first start."""

import secrets

from app.services.ports.storage import Store
from app.services.shops.keyring import PEPPER, KeyRing, Pseudonyms


async def pseudonyms_of(store: Store, ring: KeyRing) -> Pseudonyms:
    return Pseudonyms(await _pepper(store, ring))


async def _pepper(store: Store, ring: KeyRing) -> str:
    """The secret of the pseudonyms: made once, kept encrypted. Of processes that start at once one makes it."""
    async with store.work() as work:
        stored = await work.registry.entry(PEPPER)
    if stored is not None:
        return ring.open(stored)
    async with store.work() as work:
        await work.inbox.lock_contacts()
        stored = await work.registry.entry(PEPPER)
        if stored is not None:
            return ring.open(stored)
        pepper = secrets.token_hex(32)
        await work.registry.set_entry(PEPPER, ring.close(pepper))
        await work.commit()
        return pepper
