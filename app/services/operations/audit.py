"""The audit log (R95, L11): written in the transaction of what was done, so that nothing is done without its line."""

from contextvars import ContextVar

from app.domain.operations.audit import Action, Actor, AuditEntry
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

SHOWN = 200

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def acts(actor: Actor) -> None:
    """Set by an interface once the caller is known: what is done from here on, in this task, is done by them."""
    _actor.set(actor)


async def note(work: Work, clock: Clock, action: Action, shop_id: str | None = None, **words: str) -> None:
    """A line about what is done in this unit of work; the caller commits. `words`: about, before, after.

    Without an actor the gateway acts by itself (a schedule), which leaves lines in its own tables.
    """
    actor = _actor.get()
    if actor is not None:
        await work.audit.add(AuditEntry(at=clock(), actor=actor, action=action, shop_id=shop_id, **words))


class AuditLog:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def note(self, action: Action, shop_id: str | None = None, **words: str) -> None:
        """A line by itself."""
        async with self._store.work() as work:
            await note(work, self._clock, action, shop_id, **words)
            await work.commit()

    async def newest(self, shop_id: str | None = None, before: int | None = None) -> list[tuple[int, AuditEntry]]:
        """With their numbers, newest first; `before`: only those below a number."""
        async with self._store.work() as work:
            return await work.audit.newest(shop_id, before, SHOWN)
