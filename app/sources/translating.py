"""Translate stored pushes, the oldest first, each source apart (R80). A push that cannot be read is kept and shown, never lost."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from app.domain.delivery.outcomes import backoff
from app.domain.errors import NotReady
from app.domain.intake.pushes import NAMES_ERASED, PushState, Settled, SourceName, StoredPush
from app.domain.person.mentions import addresses_in
from app.domain.shops.shop import SourceKind
from app.domain.values import replace
from app.observability.metrics import pushes_settled
from app.services.planning.people import Pseudonym
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory
from app.sources.findings import WORDS, NotUnderstood, Translation, as_arrived
from app.sources.in_polish import DEFECT, NOT_CONFIGURED
from app.sources.platforms import Later, Platforms
from app.sources.telling import Teller

log = structlog.get_logger(__name__)

AT_ONCE = 100
LONGEST_REST = timedelta(minutes=1)
"""What a panel has to be asked for is asked for at least this often, so none of it waits longer once the panel answers (R11)."""


class Translator:
    def __init__(
        self, store: Store, directory: ShopDirectory, platforms: Platforms, teller: Teller, clock: Clock, pseudonym: Pseudonym
    ) -> None:
        self._store = store
        self._directory = directory
        self._platforms = platforms
        self._teller = teller
        self._clock = clock
        self._pseudonym = pseudonym

    async def step(self) -> int:
        """Translate what waits; answers how many pushes there were."""
        async with self._store.work() as work:
            due = await work.pushes.due(self._clock(), AT_ONCE)
        by_source: dict[SourceName, list[StoredPush]] = {}
        for push in due:
            by_source.setdefault(push.source, []).append(push)
        # A panel that does not answer holds up no other (R71).
        await asyncio.gather(*(self._of_source(source, pushes) for source, pushes in by_source.items()))
        return len(due)

    async def _of_source(self, source: SourceName, pushes: Sequence[StoredPush]) -> None:
        try:
            await self._translate(source, pushes)
        except NotReady:
            raise
        except Exception:
            if len(pushes) > 1:  # one push must not keep the others from being read (R73)
                for push in pushes:
                    await self._of_source(source, [push])
                return
            log.exception("push_failed", platform=source.platform, source=source.name, push_id=pushes[0].id)
            await self._settle(pushes, [Settled(pushes[0].id, PushState.NOT_UNDERSTOOD, words=DEFECT)])

    async def _translate(self, source: SourceName, pushes: Sequence[StoredPush]) -> None:
        shops = self._directory.shops_of_source(source)
        if not shops:
            await self._settle(pushes, [Settled(push.id, PushState.NOT_UNDERSTOOD, words=NOT_CONFIGURED) for push in pushes])
            return
        as_said = await self._platforms[SourceKind(source.platform)].read(pushes, shops)
        read = [
            as_arrived(one, push.received_at) if isinstance(one, Translation) else one
            for push, one in zip(pushes, as_said, strict=True)
        ]
        findings = [finding for one in read if isinstance(one, Translation) for finding in one.findings]
        await self._teller.tell(findings)
        settled = [_settled(push, one) for push, one in zip(pushes, read, strict=True) if not isinstance(one, Later)]
        await self._settle(pushes, settled)
        is_back = any(push.tries and not isinstance(one, Later) for push, one in zip(pushes, read, strict=True))
        await self._put_off(
            source, [(push, one) for push, one in zip(pushes, read, strict=True) if isinstance(one, Later)], is_back=is_back
        )
        _count(source, settled)

    async def _put_off(self, source: SourceName, waiting: Sequence[tuple[StoredPush, Later]], *, is_back: bool) -> None:
        """With all that was put off before, unless some of it got through: asking for each would hold up what needs no panel."""
        if not waiting:
            return
        until = self._clock() + min(backoff(max(push.tries for push, _ in waiting) + 1), LONGEST_REST)
        async with self._store.work() as work:
            await work.pushes.put_off([push.id for push, _ in waiting], until, waiting[0][1].words)
            if not is_back:
                await work.pushes.put_off_again(source, until)
            await work.commit()

    async def _settle(self, pushes: Sequence[StoredPush], settled: Sequence[Settled]) -> None:
        bodies = {push.id: push for push in pushes}
        async with self._store.work() as work:
            naming = {one.id for one in settled if one.keeps_body and await self._names_erased(work, bodies[one.id])}
            kept = [replace(one, names_erased=True, words=NAMES_ERASED) if one.id in naming else one for one in settled]
            await work.pushes.settle(kept, self._clock())
            await work.commit()

    async def _names_erased(self, work: Work, push: StoredPush) -> bool:
        """Does it name somebody who was erased before it came? They are known by hashes alone (M3)."""
        addresses = addresses_in(push.body)
        for shop in self._directory.shops_of_source(push.source):
            hashes = {self._pseudonym(shop.id, address) for address in addresses}
            if not hashes:
                continue
            if await work.contacts.known_as(shop.id, [], [], hashes) or await work.contacts.aliases(shop.id, hashes):
                return True
        return False


def _settled(push: StoredPush, read: Translation | NotUnderstood) -> Settled:
    if isinstance(read, NotUnderstood):
        return Settled(push.id, PushState.NOT_UNDERSTOOD, words=read.words[:500])
    left_out = (f"{left.about}: {WORDS[left.reason][0]}" for left in read.left[:5])
    words = "; ".join((*read.notes, *left_out))
    return Settled(
        push.id, PushState.TRANSLATED, events=sum(bool(one.first or one.again) for one in read.findings), words=words or None
    )


def _count(source: SourceName, settled: Sequence[Settled]) -> None:
    for one in settled:
        pushes_settled.labels(source.platform, source.name, one.state.value).inc()
        if one.state is PushState.NOT_UNDERSTOOD:
            log.warning("push_not_understood", platform=source.platform, source=source.name, push_id=one.id, words=one.words)
