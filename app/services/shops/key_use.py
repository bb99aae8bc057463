"""When each key was used last: noted in memory, stored at most once a minute, never by a request (R92)."""

from collections.abc import Mapping
from datetime import datetime

from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

WRITE_SECONDS = 60.0
_ENTRY = "used:"
"""Entries about the installation whose names begin so are last uses of keys."""


class KeyUse:
    def __init__(self, store: Store, directory: ShopDirectory) -> None:
        self._store = store
        self._directory = directory
        self._written: dict[str, datetime] = {}

    async def write(self) -> int:
        """Store what is newer than what was stored last. Answers 0: there is never more to do at once."""
        used = {key_id: at for key_id, at in self._directory.uses.items() if self._written.get(key_id) != at}
        if used:
            async with self._store.work() as work:
                for key_id, at in used.items():
                    await work.registry.set_entry(f"{_ENTRY}{key_id}", at.isoformat())
                await work.commit()
            self._written |= used
        return 0

    async def last(self) -> Mapping[str, datetime]:
        """Key -> its last use: as stored by any process, or as this one knows better."""
        async with self._store.work() as work:
            entries = await work.registry.entries()
        stored = {
            name.removeprefix(_ENTRY): datetime.fromisoformat(text) for name, text in entries.items() if name.startswith(_ENTRY)
        }
        ours = self._directory.uses
        return stored | {key_id: max(at, stored.get(key_id, at)) for key_id, at in ours.items()}
