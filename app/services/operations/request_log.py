"""The request log (R93): requests are gathered in memory and written together, a bounded number of them."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence

from app.domain.errors import NotFound, NotReady
from app.domain.operations.request_log import AT_ONCE, KEPT, DoorRequest, RequestOutcome
from app.domain.values import replace
from app.services.ports.storage import Store

WRITE_SECONDS = 5.0
"""Between two writes; readers are shown what was not written yet as well."""
TRIM_EVERY = 10
"""Writings of an outcome of a shop before its oldest ones are dropped."""
MOST_SHOWN = 500

_Key = tuple[str | None, RequestOutcome]


class RequestLog:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[_Key, list[DoorRequest]] = {}
        self._counted: Counter[_Key] = Counter()
        self._written: Counter[_Key] = Counter()
        self._writing = asyncio.Lock()

    def has_room(self, shop_id: str | None, outcome: RequestOutcome) -> bool:
        """Whether the next such request is kept. If not, it is counted by this question."""
        if len(self._waiting.get((shop_id, outcome), ())) < AT_ONCE[outcome]:
            return True
        self._counted[shop_id, outcome] += 1
        return False

    def note(self, request: DoorRequest) -> None:
        """A request that was answered; never waits."""
        key = request.shop_id, request.outcome
        not_kept = self._counted.pop(key, 0)
        self._waiting.setdefault(key, []).append(replace(request, not_kept=not_kept) if not_kept else request)

    async def write(self) -> int:
        """Write what was gathered. Answers 0: there is never more to do at once. Raises `NotReady`; then nothing is lost."""
        async with self._writing:
            taken = {key: list(requests) for key, requests in self._waiting.items() if requests}
            if not taken:
                return 0
            due = {key for key in taken if not self._written[key] % TRIM_EVERY}
            async with self._store.work() as work:
                await work.requests.add(sorted((one for some in taken.values() for one in some), key=lambda one: one.at))
                for shop_id, outcome in due:
                    await work.requests.keep(shop_id, outcome, KEPT[outcome])
                await work.commit()
            for key, requests in taken.items():
                del self._waiting[key][: len(requests)]
                self._written[key] += 1
        return 0

    async def close(self) -> None:
        """Write what is left, if the store takes it."""
        with contextlib.suppress(NotReady):
            await self.write()

    async def recent(
        self, shop_id: str | None, outcomes: Sequence[RequestOutcome] = (), after: int | None = None, limit: int = 100
    ) -> list[tuple[int, DoorRequest]]:
        """With their numbers, oldest first: the newest ones, or those that follow a number. Without a shop: everybody's."""
        await self.write()
        async with self._store.work() as work:
            return await work.requests.recent(shop_id, outcomes, after, min(limit, MOST_SHOWN))

    async def one(self, request_id: str, shop_id: str | None = None) -> DoorRequest:
        """Raises `NotFound` if it is not remembered, or is not of the shop."""
        await self.write()
        async with self._store.work() as work:
            found = await work.requests.find(request_id)
        if found is None or (shop_id is not None and found.shop_id != shop_id):
            raise NotFound("request")
        return found
