"""What only a person can carry out: shown, marked as done, and replaced when something newer comes (R56)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.domain.commands import MirrorTags, SetSubscription, ShopStateCommand
from app.domain.delivery.outbox import ContactQueue, ManualTask, to_newsletter, to_tags
from app.domain.errors import NotFound
from app.domain.operations.audit import Action
from app.domain.reasons import Reason
from app.services.operations.audit import note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

SHOWN = 500
"""Of a list, changes of the newsletter and of tags each."""


class OpenTasks(NamedTuple):
    items: list[ManualTask]
    """Of the newsletter and then of tags, the oldest of each first."""
    has_more: bool
    """There are others, which come onto the list when these are done."""


class ManualTaskList:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_shop(self, shop_id: str) -> OpenTasks:
        async with self._store.work() as work:
            newsletter = await work.manual_tasks.items(to_newsletter(shop_id), limit=SHOWN + 1)
            tags = await work.manual_tasks.items(to_tags(shop_id), limit=SHOWN + 1)
        return OpenTasks([*newsletter[:SHOWN], *tags[:SHOWN]], max(len(newsletter), len(tags)) > SHOWN)

    async def done(self, shop_id: str, number: int) -> None:
        """A person carried it out; that is its receipt. Raises `NotFound` if nothing of that number waits for the shop."""
        async with self._store.work() as work:
            item = await work.manual_tasks.settle(number, shop_id, done=True, at=self._clock())
            if item is None:
                raise NotFound("item of hand-work")
            await work.inbox.settle_parked(item.event_seq, self._clock())
            await note(work, self._clock, Action.MANUAL_TASK_DONE, shop_id, about=str(number))
            await work.commit()


NEWEST = 2**62
"""Stands for the number of a change that came after all others."""


async def replace_older(
    work: Work, contact_queue: ContactQueue, newer: Sequence[tuple[int, ShopStateCommand]], now: datetime
) -> None:
    """Older items of the same person that a newer change makes pointless leave the list. The caller commits."""
    if not newer:
        return
    for item in await work.manual_tasks.items(contact_queue.destination, contact_queue.contact_id):
        if not any(item.id < number and _covers(command, item.command) for number, command in newer):
            continue
        settled = await work.manual_tasks.settle(item.id, None, done=False, at=now)
        if settled is not None and settled.counted:
            await work.inbox.settle_parked(settled.event_seq, now, Reason.REPLACED)


def _covers(newer: ShopStateCommand, older: object) -> bool:
    """Does the newer command cover all that the older one does? Tags are sent whole each time."""
    match newer, older:
        case MirrorTags(), MirrorTags():
            return True
        case SetSubscription(), SetSubscription():
            email = older.email_news is None or newer.email_news is not None
            return email and (older.phone_news is None or newer.phone_news is not None)
        case (MirrorTags(), _) | (SetSubscription(), _):
            return False
