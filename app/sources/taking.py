"""Take a push: verify, store, answer (R80). What follows is translated like any other word of a shop."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence

import structlog

from app.domain.errors import NotFound, NotReady, UnknownCaller
from app.domain.intake.pushes import NewPush, PushLine, PushState, SourceName
from app.domain.operations.audit import Action
from app.domain.shops.senders import Address, is_expected
from app.domain.shops.shop import SourceKind
from app.services.operations.audit import note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory
from app.sources.platforms import Platforms

log = structlog.get_logger(__name__)

GROUP = 256
"""Pushes per commit: what arrives during one commit shares the next."""


class Pushes:
    """Pushes are translated by a job that looks for them every second."""

    def __init__(self, store: Store, directory: ShopDirectory, platforms: Platforms, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._platforms = platforms
        self._clock = clock
        self._waiting: list[tuple[NewPush, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def take(self, platform: str, name: str, headers: Mapping[str, str], body: bytes, sender: Address | None = None) -> bool:
        """Store a genuine push durably; one that repeats another changes nothing. False for a ping, of which nothing is kept.

        Raises `UnknownCaller` for a wrong token or signature, for a sender whose address none of the source's shops names, and for
        a source nobody configured alike; `NotFound` for a genuine push that says it is of another panel (R80); `NotReady`.
        """
        source = SourceName(platform, name)
        known = self._directory.source_secrets(source)
        plugin = self._platforms.get(_kind(platform))
        shops = self._directory.shops_of_source(source)
        expected = is_expected(sender, [one for shop in shops for one in shop.source.addresses])
        if plugin is not None and shops and expected and plugin.is_ping(headers, body):
            return False
        if plugin is None or not plugin.is_genuine(headers, body, known) or not expected:
            raise UnknownCaller("The push carries no token and signature of this source.")
        called = plugin.envelope(headers, body)
        if called.source not in (None, name):
            raise NotFound("panel behind this address")
        content_type = headers.get("content-type", "")[:100]
        uid = called.uid if called.uid is not None else f"once-{secrets.token_hex(8)}"
        await self._stored(NewPush(source=source, uid=uid[:200], kind=called.kind[:64], content_type=content_type, body=body))
        return True

    async def lines(
        self, platform: str | None = None, source: str | None = None, state: PushState | None = None, limit: int = 100
    ) -> list[PushLine]:
        async with self._store.work() as work:
            return await work.pushes.lines(platform, source, state, limit)

    async def body(self, push_id: int) -> bytes:
        """Of a push that was not understood. Raises `NotFound`: the body of every other one is gone."""
        async with self._store.work() as work:
            found = await work.pushes.body(push_id)
        if found is None:
            raise NotFound("push that is kept")
        return found

    async def again(self, ids: Sequence[int]) -> int:
        """Translate pushes that were not understood once more; answers how many."""
        async with self._store.work() as work:
            number = await work.pushes.again(ids, self._clock())
            if number:
                await note(work, self._clock, Action.PUSH_READ_AGAIN, about=", ".join(str(one) for one in ids))
            await work.commit()
        return number

    async def close(self) -> None:
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _stored(self, push: NewPush) -> None:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((push, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await answer

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            failure = await self._commit([push for push, _ in group])
            for _, answer in group:
                if answer.done():
                    continue
                if failure is None:
                    answer.set_result(None)
                else:
                    answer.set_exception(failure)

    async def _commit(self, group: Sequence[NewPush]) -> Exception | None:
        try:
            async with self._store.work() as work:
                await work.pushes.add(group, self._clock())
                await work.commit()
        except NotReady as failure:
            return failure
        except Exception as defect:  # no push may be lost in silence: its sender is answered with an error and repeats it
            log.exception("pushes_failed")
            return defect
        return None


def _kind(platform: str) -> SourceKind:
    try:
        return SourceKind(platform)
    except ValueError:
        return SourceKind.NONE
