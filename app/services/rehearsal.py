"""What would become of events: decided by the very rules that would decide them, and not kept."""

from collections.abc import Sequence

from app.domain.commands import Command
from app.domain.events import Event
from app.domain.pipeline import InboxEvent, Settlement
from app.services.directory import Directory
from app.services.people import Pseudonym
from app.services.planning_round import PlanningRound
from app.services.ports import Clock, Store


class Rehearsal:
    def __init__(self, store: Store, directory: Directory, clock: Clock, pseudonym: Pseudonym) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._pseudonym = pseudonym

    async def of(self, shop_id: str, events: Sequence[tuple[int, Event]]) -> dict[int, tuple[Settlement, list[Command]]]:
        """By the number each event is given. Leaving without a commit, nothing of it has happened."""
        rehearsed = [InboxEvent(number, shop_id, "", event) for number, event in events]
        async with self._store.work() as work:
            planning = PlanningRound(work, self._directory, self._clock, self._pseudonym)
            await planning.load(rehearsed)
            for event in rehearsed:
                await planning.plan(event)
            return planning.decided.verdicts()
