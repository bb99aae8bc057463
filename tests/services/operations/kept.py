"""A gateway on which time passes, and what is kept no longer goes."""

from dataclasses import replace

from sqlalchemy import func, select

from app.domain.commands import AddEvent
from app.domain.events import Event
from app.domain.intake.inbox import Accepted, NewEvent
from app.domain.operations.retention import Retention
from app.services.operations.retention import Cleaner
from app.storage.engine.database import Database
from app.storage.engine.tables import metadata
from tests.conftest import Clock
from tests.support.world import World


def today(world: World, event: Event) -> Event:
    """The event as of now."""
    return replace(event, at=world.clock())


class Kept(World):
    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.cleaner = Cleaner(self.store, Retention(), clock)

    async def cleaned(self) -> int:
        total = 0
        while removed := await self.cleaner.clean():
            total += removed
        return total

    async def after(self, **duration: float) -> int:
        """So much time passes, and what is kept no longer goes."""
        self.clock.advance(**duration)
        return await self.cleaned()

    async def sizes(self) -> dict[str, int]:
        async with self.database.transaction() as connection:
            return {
                name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for name, table in metadata.tables.items()
            }

    async def again(self, event: Event, event_id: str) -> bool:
        """The shop repeats an event; is it recognised?"""
        async with self.store.work() as work:
            (answer,) = await work.inbox.add([NewEvent("shop1", event_id, "event", event, "d")], self.clock())
            await work.commit()
        assert isinstance(answer, Accepted)
        return answer.duplicate

    def purchases(self) -> list[AddEvent]:
        return self.upstream.sent(AddEvent)
