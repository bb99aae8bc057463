"""What only a person can carry out: shown, marked as done, and replaced when something newer comes (R56)."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.commands import SetSubscription
from app.domain.errors import NotFound
from app.domain.pipeline import HandWork, Mailbox, to_newsletter, to_tags
from app.services.ports import Clock, Store, Work

SHOWN = 500


class HandWorkList:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_shop(self, shop_id: str) -> list[HandWork]:
        """Oldest first."""
        async with self._store.work() as work:
            return [
                *await work.outbox.parked(to_newsletter(shop_id), limit=SHOWN),
                *await work.outbox.parked(to_tags(shop_id), limit=SHOWN),
            ]

    async def done(self, shop_id: str, number: int) -> None:
        """A person carried it out; that is its receipt. Raises `NotFound` if nothing of that number waits for the shop."""
        if number not in {one.id for one in await self.of_shop(shop_id)}:
            raise NotFound("item of hand-work")
        async with self._store.work() as work:
            seq = await work.outbox.settle_parked(number, done=True, at=self._clock())
            if seq is not None:
                await work.inbox.done_by_hand(seq, self._clock())
            await work.commit()


async def replace_older(work: Work, mailbox: Mailbox, newer: Sequence[tuple[int, SetSubscription]], now: datetime) -> None:
    """Older items of the same person that a newer change makes pointless leave the list. The caller commits."""
    if not newer:
        return
    for item in await work.outbox.parked(mailbox.destination, mailbox.contact_id):
        if any(item.id < number and _covers(command, item.command) for number, command in newer):
            seq = await work.outbox.settle_parked(item.id, done=False, at=now)
            if seq is not None:
                await work.inbox.replaced(seq, now)


def _covers(newer: SetSubscription, older: object) -> bool:
    """Does the newer command speak of every channel the older one speaks of?"""
    return (
        isinstance(older, SetSubscription)
        and (older.email_news is None or newer.email_news is not None)
        and (older.phone_news is None or newer.phone_news is not None)
    )
