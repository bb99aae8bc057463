"""What would become of events: decided by the very rules that would decide them, and not kept."""

from collections.abc import Sequence

import structlog

from app.domain.commands import Command
from app.domain.errors import NotReady
from app.domain.events import Event
from app.domain.intake.inbox import InboxEvent, Settlement
from app.services.planning.people import Pseudonym
from app.services.planning.planning_round import PlanningRound
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

Verdicts = dict[int, tuple[Settlement, list[Command]]]


class DryRun:
    def __init__(self, store: Store, directory: ShopDirectory, clock: Clock, pseudonym: Pseudonym) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._pseudonym = pseudonym

    async def of(self, shop_id: str, events: Sequence[tuple[int, Event]]) -> Verdicts:
        """By the number each event is given. Leaving without a commit, nothing of it has happened."""
        inbox_events = [InboxEvent(number, shop_id, "", event) for number, event in events]
        async with self._store.work() as work:
            planning = PlanningRound(work, self._directory, self._clock, self._pseudonym)
            await planning.load(inbox_events)
            for event in inbox_events:
                await planning.plan(event)
            return planning.decided.verdicts()

    async def of_each(self, shop_id: str, events: Sequence[tuple[int, Event]]) -> tuple[Verdicts, list[int]]:
        """As `of`, and the numbers of events about which nothing can be said because something of ours fails over them (R73)."""
        try:
            return await self.of(shop_id, events), []
        except NotReady:
            raise
        except Exception:
            log.exception("dry_run_failed", shop_id=shop_id, events=len(events))
        found, failed = Verdicts(), list[int]()
        for number, event in events:
            try:
                found |= await self.of(shop_id, [(number, event)])
            except NotReady:
                raise
            except Exception:
                failed.append(number)
        return found, failed
