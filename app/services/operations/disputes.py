"""People about whom the two sides disagree: to see them, and to say that somebody saw to it (R26, R27, R91)."""

from typing import NamedTuple

from app.domain.decisions.discrepancies import Conflict, ConflictKind, conflicts_of, marked_as_seen
from app.domain.operations.audit import Action
from app.domain.person.stored import StoredContact
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.operations.audit import note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

SHOWN = 500
"""People in a list."""


class DisputedPeople(NamedTuple):
    people: list[StoredContact]
    has_more: bool
    """There are others, who come onto the list when these have been seen to."""


class Disputes:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def disputed(self, shop_id: str) -> DisputedPeople:
        async with self._store.work() as work:
            found = await work.contacts.disputed(shop_id, SHOWN + 1)
        return DisputedPeople(found[:SHOWN], len(found) > SHOWN)

    async def unconfirmed(self, shop_id: str, limit: int) -> list[StoredContact]:
        """Nobody disagrees about them: their subscription waits for their click (B6)."""
        async with self._store.work() as work:
            return await work.contacts.unconfirmed(shop_id, limit)

    async def to_be_seen(self, shop: Shop, email: str, kind: ConflictKind | None = None) -> list[Conflict]:
        """What `mark_as_seen` would mark."""
        async with self._store.work() as work:
            return [one for person in await _about(work, shop, email) for one in _open(person, shop, kind)]

    async def mark_as_seen(self, shop: Shop, email: str, kind: ConflictKind | None = None) -> list[Conflict]:
        """Somebody saw to the conflicts about a person, or to those of one kind: they no longer count as open. Returns these.

        Nothing is sent, and what happens anew shows again.
        """
        now = self._clock()
        async with self._store.work() as work:
            await work.inbox.lock_contacts()  # contacts are written by one at a time
            marked: list[Conflict] = []
            for person in await _about(work, shop, email):
                contact, kinds = marked_as_seen(person, kind, now)
                if not kinds:
                    continue
                marked += [replace(one, seen_at=contact.seen_conflicts[one.key]) for one in _open(person, shop, kind)]
                await work.contacts.save([replace(person, contact=contact)], now)
                await work.contacts.mark_left_as_seen(person.id)
                about, after = f"contact {person.id}", "\n".join(kinds)
                await note(work, self._clock, Action.CONFLICTS_SEEN, shop.id, about=about, after=after)
            await work.commit()
        return marked


def _open(person: StoredContact, shop: Shop, kind: ConflictKind | None) -> list[Conflict]:
    return [
        one
        for one in conflicts_of(person, shop)
        if one.seen_at is None and kind in (None, one.kind) and one.kind is not ConflictKind.UNCONFIRMED
    ]


async def _about(work: Work, shop: Shop, email: str) -> list[StoredContact]:
    """Whether or not the list has room for them."""
    return await work.contacts.disputed_as(shop.id, email.strip().lower())
