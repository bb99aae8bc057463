"""Is this the database that was confirmed, or a copy of it? A copy takes events and sends nothing (J5)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from app.domain.operations.alarms import Alarm
from app.domain.operations.audit import Action
from app.domain.operations.installation import (
    UNCONFIRMED,
    KnownPlace,
    Place,
    Whereabouts,
    is_shared,
    known_places,
    whereabouts,
)
from app.domain.values import replace
from app.services.operations.audit import note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

log = structlog.get_logger(__name__)

SAID_AGAIN = timedelta(seconds=30)
"""How often a gateway writes that it is at its place, so that another one sees that both use one database."""


class Installation:
    def __init__(self, store: Store, place: Callable[[], Awaitable[Place]], clock: Clock) -> None:
        self._store = store
        self._place = place
        self._clock = clock
        self._known: tuple[KnownPlace, ...] = ()
        self._now: Whereabouts | None = None

    @property
    def whereabouts(self) -> Whereabouts | None:
        """As of the last check; None before the first."""
        return self._now

    @property
    def may_send(self) -> bool:
        """False until it was checked: an installation that does not know where it is sends nothing."""
        return self._now is not None and self._now.is_confirmed

    async def check(self, *, writes: bool = True) -> bool:
        """Find out where the database is; answers whether things may be sent. Raises `NotReady`, and the last answer stays.

        `writes`: note the first place, and now and then that this gateway is still there; without, nothing changes (R74).
        """
        here = await self._place()
        async with self._store.work() as work:
            known = known_places(await work.registry.entries())
            found = whereabouts(here, known)
            if not found.is_confirmed and is_shared(here, known, self._known):
                found = Whereabouts(here)
                log.warning("installation_shared", place=here.words)
            if writes and found.is_confirmed and self._is_to_say(here, known):
                await self._say(work, here, known)
                await work.commit()
        if not found.is_confirmed and (self._now is None or self._now.is_confirmed):
            log.error("installation_unconfirmed", here=here.words, was=[one.place.words for one in found.elsewhere])
        self._known, self._now = known, found
        return found.is_confirmed

    async def confirm(self) -> Whereabouts:
        """A person says that this is no copy, or that what it was copied from is stopped: the places of before are left."""
        here = await self._place()
        async with self._store.work() as work:
            known = known_places(await work.registry.entries())
            before = whereabouts(here, known)
            if not before.is_confirmed:
                for one in known:
                    if one.place.origin != here.origin:
                        await work.registry.set_entry(one.entry, "")
                await self._say(work, here, known)
                was = ", ".join(sorted(one.place.words for one in before.elsewhere))
                await note(work, self._clock, Action.INSTALLATION_CONFIRMED, before=was, after=here.words)
                await work.commit()
        await self.check()
        return before

    async def alarms(self) -> set[Alarm]:
        return set() if self.may_send or self._now is None else {("", UNCONFIRMED)}

    def _is_to_say(self, here: Place, known: tuple[KnownPlace, ...]) -> bool:
        seen = [one.seen_at for one in known if (one.place.origin, one.place.address) == (here.origin, here.address)]
        return not seen or abs(self._clock() - seen[0]) >= SAID_AGAIN

    async def _say(self, work: Work, here: Place, known: tuple[KnownPlace, ...]) -> None:
        now = self._clock()
        said = next((one for one in known if (one.place.origin, one.place.address) == (here.origin, here.address)), None)
        said = replace(said, place=here, seen_at=now) if said is not None else KnownPlace(here, now, now)
        await work.registry.set_entry(said.entry, said.written())
