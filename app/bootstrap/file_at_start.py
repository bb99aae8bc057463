"""The file of shops that `GATEWAY_CONFIG` names: applied at start, as `gateway apply` does with nobody to ask (R94, R95)."""

import asyncio
from pathlib import Path

import structlog

from app.configuration.shops_file import load
from app.domain.operations.audit import Actor, Door
from app.services.operations.audit import acts
from app.services.shops.configuration_diff import changes, refuse_moved_locations
from app.services.shops.consequences import Consequences
from app.services.shops.directory import ShopDirectory
from app.services.shops.keyring import KeyRing

log = structlog.get_logger(__name__)


async def apply_file(file: Path, ring: KeyRing, directory: ShopDirectory, consequences: Consequences) -> None:
    """What differs from what is stored, and for how many people, is logged first; the audit log has a line of it.

    Raises `BadConfiguration` with all mistakes of the file; then nothing is stored.
    """
    # In a task of its own, or whatever this process does later would be done by the file, says the audit log.
    await asyncio.create_task(_apply(file, ring, directory, consequences))


async def _apply(file: Path, ring: KeyRing, directory: ShopDirectory, consequences: Consequences) -> None:
    acts(Actor(Door.START, file.name))
    accounts, shops = load(file, ring)
    await directory.refresh()
    old = directory.stored()
    new = {one.account.id: one for one in accounts}, {one.shop.id: one for one in shops}
    refuse_moved_locations(old[1], new[1])
    lines = changes(old[0], new[0], ring) + changes(old[1], new[1], ring)
    if lines:
        ahead = await consequences.of(old[1], new[1])
        log.warning("configuration_changes", file=str(file), changes=lines, consequences=[words.en for words in ahead])
    await directory.apply(accounts, shops, lines)
